// Cells of a frame as state numbers, and rows that are equal.
#pragma once

#include "buffers.h"

namespace core {

// The different objects of a column, by identity: most columns hold few, again and again.
class Met {
  public:
    static constexpr int64_t kMost = 64;

    // Where an object stands, or the free slot where it would.
    int64_t slot_of(PyObject *x) const {
        auto address = reinterpret_cast<uintptr_t>(x);
        int64_t slot = int64_t((address >> 4) ^ (address >> 12)) & (kSlots - 1);
        while (object_[slot] && object_[slot] != x) slot = (slot + 1) & (kSlots - 1);
        return slot;
    }
    bool knows(int64_t slot) const { return object_[slot] != nullptr; }
    int16_t code(int64_t slot) const { return code_[slot]; }
    bool add(int64_t slot, PyObject *x, int16_t code) {
        if (count_ == kMost) return false;
        object_[slot] = x;
        code_[slot] = code;
        ++count_;
        return true;
    }

  private:
    static constexpr int64_t kSlots = 4 * kMost;
    PyObject *object_[kSlots] = {};
    int16_t code_[kSlots] = {};
    int64_t count_ = 0;
};

// code_objects(values, code_of, out) -> bool
//
// Writes code_of(x) for each object x of an array of objects; code_of is asked once about each.
// False, and nothing to rely on in `out`, where there are too many different ones.
inline PyObject *code_objects(PyObject *, PyObject *args) {
    Arguments all(args);
    Span<PyObject *const> cells;
    Span<int16_t> out;
    all.objects("values", &cells);
    PyObject *code_of = all.object();
    if (!all.out("out", &out) ||
        !fits(cells.size == out.size, "code_objects: arrays of different lengths"))
        return nullptr;
    Met met;
    for (int64_t i = 0; i < cells.size; ++i) {
        PyObject *x = cells[i];
        if (i && x == cells[i - 1]) {  // most columns are mostly empty
            out[i] = out[i - 1];
            continue;
        }
        int64_t slot = met.slot_of(x);
        if (!met.knows(slot)) {
            PyObject *object = x ? x : Py_None;
            PyObject *answer = PyObject_CallFunctionObjArgs(code_of, object, nullptr);
            if (!answer) return nullptr;
            long code = PyLong_AsLong(answer);
            Py_DECREF(answer);
            if (code == -1 && PyErr_Occurred()) return nullptr;
            if (!met.add(slot, x, int16_t(code))) Py_RETURN_FALSE;
        }
        out[i] = met.code(slot);
    }
    Py_RETURN_TRUE;
}

// code_strings(offsets, text, valid, skip, lengths, names, out) -> first row that names no state
//
// Strings as Arrow has them: row i is text[offsets[i]] ... text[offsets[i + 1]]. `valid` is a bitmap
// of those that are there, from bit `skip` on; empty if all are. The states' names stand end to end
// in `names`. Writes -1 for what is missing; returns -1 if every row names a state.
inline PyObject *code_strings(PyObject *, PyObject *args) {
    Arguments all(args);
    long long skip = 0;
    Span<const int64_t> offsets, lengths;
    Span<const uint8_t> text, valid, names;
    Span<int16_t> out;
    if (!all.in("offsets", &offsets).in("text", &text).in("valid", &valid).number(&skip)
             .in("lengths", &lengths).in("names", &names).out("out", &out))
        return nullptr;
    bool good = offsets.size > out.size && (!valid.size || 8 * valid.size >= skip + out.size);
    for (int64_t i = 0; good && i < out.size; ++i)
        good = 0 <= offsets[i] && offsets[i] <= offsets[i + 1] && offsets[i + 1] <= text.size;
    if (!fits(good, "code_strings: offsets beyond the text")) return nullptr;
    for (int64_t i = 0; i < out.size; ++i) {
        int64_t bit = skip + i, size = offsets[i + 1] - offsets[i], at = 0;
        out[i] = -1;
        if (valid.size && !(valid[bit >> 3] >> (bit & 7) & 1)) continue;
        for (int64_t k = 0; k < lengths.size && out[i] < 0; at += lengths[k++])
            if (lengths[k] == size && !memcmp(text.data + offsets[i], names.data + at, size_t(size)))
                out[i] = int16_t(k);
        if (out[i] < 0) return PyLong_FromLongLong(i);
    }
    return PyLong_FromLong(-1);
}

// Gives equal rows one number, in the order of their first.
class DistinctRows {
  public:
    Span<int64_t> first, which;
    int64_t count = 0;

    void lay(Arena &arena, int64_t rows) {
        first = arena.span<int64_t>(rows);
        which = arena.span<int64_t>(rows);
        slots_ = arena.span<int32_t>(slots_for(rows));
        hashes_ = arena.span<uint64_t>(rows);
    }
    void run(Rows<const int16_t> rows, Watch &watch) {
        slots_.fill(-1);
        uint64_t mask = uint64_t(slots_.size - 1);
        for (int64_t i = 0; i < rows.count; ++i) {
            if (i % 65536 == 65535 && watch.stop()) return;
            uint64_t hash = hash_of(rows[i]);
            uint64_t at = hash & mask;
            while (slots_[int64_t(at)] >= 0 && !equal(rows, slots_[int64_t(at)], i, hash))
                at = (at + 1) & mask;
            int32_t &slot = slots_[int64_t(at)];
            if (slot < 0) {
                slot = int32_t(count);
                hashes_[count] = hash;
                first[count++] = i;
            }
            which[i] = slot;
        }
    }

  private:
    static int64_t slots_for(int64_t rows) {
        int64_t size = 16;
        while (size < 2 * rows) size *= 2;
        return size;
    }
    bool equal(Rows<const int16_t> rows, int32_t number, int64_t i, uint64_t hash) const {
        return hashes_[number] == hash &&
               !memcmp(rows[first[number]].data, rows[i].data, size_t(rows.width) * 2);
    }
    static uint64_t hash_of(Span<const int16_t> row) {
        uint64_t hash = 0;
        for (int64_t j = 0; j < row.size; j += 4) {
            uint64_t word = 0;
            memcpy(&word, row.data + j, size_t(least(row.size - j, int64_t(4))) * 2);
            hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
            hash ^= hash >> 29;
        }
        return hash ^ hash >> 32;
    }

    Span<int32_t> slots_;
    Span<uint64_t> hashes_;
};

// distinct_rows(states, width) -> (first, which): the first of each set of equal rows, and for each
// row its set.
inline PyObject *distinct_rows(PyObject *, PyObject *args) {
    Arguments all(args);
    long long width = 0;
    Span<const int16_t> flat;
    if (!all.in("states", &flat).number(&width) ||
        !fits(width > 0 && flat.size % width == 0 && flat.size / width <= INT32_MAX,
              "distinct_rows: not so many rows of that width"))
        return nullptr;
    Rows<const int16_t> rows{flat.data, flat.size / width, width};
    DistinctRows found;
    Memory memory(Memory::room([&](Arena &arena) { found.lay(arena, rows.count); }));
    if (!memory) return nullptr;
    Arena arena = memory.arena();
    found.lay(arena, rows.count);
    bool stopped;
    {
        Unlocked unlocked;
        found.run(rows, unlocked.watch);
        stopped = unlocked.watch.stopped;
    }
    if (stopped) return nullptr;
    return Py_BuildValue("(NN)", bytes_of(found.first.slice(0, found.count)), bytes_of(found.which));
}

inline PyMethodDef frame_methods[] = {
    {"code_objects", code_objects, METH_VARARGS,
     "code_objects(values, code_of, out)\n--\n\nCode a column of objects by identity."},
    {"code_strings", code_strings, METH_VARARGS,
     "code_strings(offsets, text, valid, skip, lengths, names, out)\n--\n\n"
     "Code a column of strings as Arrow has them."},
    {"distinct_rows", distinct_rows, METH_VARARGS,
     "distinct_rows(states, width)\n--\n\nNumber equal rows."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace core

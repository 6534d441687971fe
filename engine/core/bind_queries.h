// Leaf queries as Python calls them.
#pragma once

#include "bind_run.h"
#include "queries.h"

namespace core {

// What `leaves` makes of a program's queries.
struct Laid {
    PyObject *prepared = nullptr;
    Prepared *tree = nullptr;
    Buffer held[2];
    Questions asked;
    void *memory = nullptr;

    ~Laid() {
        Py_XDECREF(prepared);
        free(memory);
    }
};

constexpr const char *kLaid = "fascinet.Laid";

inline Laid *laid_of(PyObject *object) {
    return static_cast<Laid *>(PyCapsule_GetPointer(object, kLaid));
}
inline void delete_laid(Laid *laid) {
    laid->~Laid();
    free(laid);
}
inline void drop_laid(PyObject *capsule) { delete_laid(laid_of(capsule)); }

// leaves(prepared, leaves, links) -> capsule; rows of int64 as the structs Leaf and LeafLink
inline PyObject *leaves(PyObject *, PyObject *args) {
    PyObject *prepared, *rows, *links;
    if (!PyArg_ParseTuple(args, "OOO", &prepared, &rows, &links)) return nullptr;
    Prepared *tree = prepared_of(prepared);
    if (!tree) return nullptr;
    void *memory = malloc(sizeof(Laid));
    if (!memory) return PyErr_NoMemory();
    Laid *laid = new (Here{}, memory) Laid;
    Py_INCREF(prepared);
    laid->prepared = prepared, laid->tree = tree;
    Questions &asked = laid->asked;
    const Program &program = tree->tree.program;
    int64_t nodes = program.nodes.size;
    bool good = laid->held[0].read_rows(rows, "leaves", &asked.leaves) &&
                laid->held[1].read_rows(links, "links", &asked.links);
    Arena count;
    if (good) {
        asked.lay(count, tree->tree, program.observed.size);
        laid->memory = malloc(count.used() + 64);
        if (!laid->memory) PyErr_NoMemory();
        good = laid->memory != nullptr;
    }
    Memory passing(good ? size_t(2 * asked.leaves.size + nodes + 64) * 8 : 8);
    if (!good || !passing) {
        delete_laid(laid);
        return nullptr;
    }
    Arena arena(aligned(laid->memory), count.used()), once = passing.arena();
    asked.lay(arena, tree->tree, program.observed.size);
    Span<int64_t> order = once.span<int64_t>(asked.leaves.size);
    Span<int64_t> key = once.span<int64_t>(asked.leaves.size), mark = once.span<int64_t>(nodes);
    asked.run(tree->tree, order, mark, key);
    return PyCapsule_New(laid, kLaid, drop_laid);
}

// ask(leaves, base, states, tables, beliefs, answer); base may be None: that which was prepared
inline PyObject *ask(PyObject *, PyObject *args) {
    Arguments all(args);
    Laid *laid = all.capsule<Laid>(kLaid);
    if (!laid) return nullptr;
    const Tree &tree = laid->tree->tree;
    Span<const double> base = laid->tree->base, tables, beliefs;
    Span<const int64_t> states;
    Span<double> answer;
    if (all.given()) all.in("base", &base);
    all.in("states", &states).in("tables", &tables).in("beliefs", &beliefs).out("answer", &answer);
    const Sizes &sizes = tree.program.sizes;
    if (!all || !fits(base.size == laid->tree->base.size &&
                          states.size == tree.program.observed.size && tables.size == sizes.tables &&
                          beliefs.size == sizes.messages && answer.size == sizes.answer,
                      kWrongLengths))
        return nullptr;
    AskingBoth space;
    Space memory(laid->tree,
                 Memory::room([&](Arena &arena) { space.lay(arena, laid->asked, tree); }));
    if (!memory) return nullptr;
    Arena arena = memory.arena();
    space.lay(arena, laid->asked, tree);
    Calibration given{base.data, states.data, tables, beliefs};
    Status status;
    if (sizes.tables < kLong) {
        status = ask(tree, laid->asked, space, given, answer, nullptr);
    } else {
        Unlocked unlocked;
        status = ask(tree, laid->asked, space, given, answer, &unlocked.watch);
    }
    if (status == Status::kStopped) return nullptr;
    Py_RETURN_NONE;
}

inline PyMethodDef query_methods[] = {
    {"leaves", leaves, METH_VARARGS,
     "leaves(prepared, leaves, links)\n--\n\nLay the leaf queries of a program out."},
    {"ask", ask, METH_VARARGS,
     "ask(leaves, base, states, tables, beliefs, answer)\n--\n\nAnswer them on a calibrated tree."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace core

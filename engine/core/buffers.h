// Python's objects at the border: arrays in by the buffer protocol, memory, signals, the lock.
#pragma once

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

#include "base.h"

namespace core {

// What an array must hold. The format letters of one size are one kind: `l`, `q` are both int64.
template <class T>
struct Kind;
template <>
struct Kind<int64_t> {
    static constexpr const char *name = "int64", *letters = "lqn";
};
template <>
struct Kind<uint64_t> {
    static constexpr const char *name = "uint64", *letters = "LQN";
};
template <>
struct Kind<int32_t> {
    static constexpr const char *name = "int32", *letters = "il";
};
template <>
struct Kind<int16_t> {
    static constexpr const char *name = "int16", *letters = "h";
};
template <>
struct Kind<uint8_t> {
    static constexpr const char *name = "uint8", *letters = "B?";
};
template <>
struct Kind<double> {
    static constexpr const char *name = "float64", *letters = "d";
};
template <>
struct Kind<float> {
    static constexpr const char *name = "float32", *letters = "f";
};

// Holds an object's buffer as long as it lives. On failure a Python exception is set.
class Buffer {
  public:
    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { release(); }

    void release() {
        if (held_) PyBuffer_Release(&view_);
        held_ = false;
    }

    // A contiguous array of numbers; `name` is for the error.
    template <class T>
    bool read(PyObject *object, const char *name, Span<const T> *out) {
        if (!open(object, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) return false;
        if (!is_kind(Kind<T>::letters, sizeof(T))) return wrong(name, Kind<T>::name);
        *out = {static_cast<const T *>(view_.buf), view_.len / Py_ssize_t(sizeof(T))};
        return true;
    }
    template <class T>
    bool write(PyObject *object, const char *name, Span<T> *out) {
        if (!open(object, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE)) return false;
        if (!is_kind(Kind<T>::letters, sizeof(T))) return wrong(name, Kind<T>::name);
        *out = {static_cast<T *>(view_.buf), view_.len / Py_ssize_t(sizeof(T))};
        return true;
    }
    // A contiguous array of records: a structured dtype on one side, a struct on the other.
    template <class T>
    bool read_records(PyObject *object, const char *name, Span<const T> *out) {
        if (!open(object, PyBUF_C_CONTIGUOUS)) return false;
        if (view_.itemsize != Py_ssize_t(sizeof(T))) return wrong(name, "records of its struct");
        *out = {static_cast<const T *>(view_.buf), view_.len / Py_ssize_t(sizeof(T))};
        return true;
    }
    // An array of objects, which it keeps alive.
    bool read_objects(PyObject *object, const char *name, Span<PyObject *const> *out) {
        if (!open(object, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) return false;
        if (!is_kind("O", sizeof(PyObject *))) return wrong(name, "objects");
        *out = {static_cast<PyObject *const *>(view_.buf),
                view_.len / Py_ssize_t(sizeof(PyObject *))};
        return true;
    }
    // Structs of int64 fields, from an int64 array with a row each.
    template <class T>
    bool read_rows(PyObject *object, const char *name, Span<const T> *out) {
        static_assert(sizeof(T) % 8 == 0, "fields of int64 only");
        Span<const int64_t> flat;
        if (!read(object, name, &flat)) return false;
        if (flat.size % int64_t(sizeof(T) / 8)) return wrong(name, "rows of its struct");
        *out = {reinterpret_cast<const T *>(flat.data), flat.size / int64_t(sizeof(T) / 8)};
        return true;
    }

  private:
    bool open(PyObject *object, int flags) {
        release();
        held_ = PyObject_GetBuffer(object, &view_, flags) == 0;
        return held_;
    }
    bool is_kind(const char *letters, size_t size) const {
        const char *format = view_.format ? view_.format : "B";
        if (*format == '@' || *format == '=' || *format == '<') ++format;
        return view_.itemsize == Py_ssize_t(size) && strchr(letters, *format) && !format[1];
    }
    bool wrong(const char *name, const char *kind) {
        PyErr_Format(PyExc_TypeError, "%s: expected a contiguous array of %s, got format '%s'",
                     name, kind, view_.format ? view_.format : "?");
        release();
        return false;
    }

    Py_buffer view_{};
    bool held_ = false;
};

// The arguments of a call, read one after the other; arrays are held as long as this lives. On failure
// a Python exception is set, and nothing more is read.
class Arguments {
  public:
    explicit Arguments(PyObject *args) : args_(args) {}

    PyObject *object() {
        PyObject *item = good_ ? PyTuple_GetItem(args_, at_++) : nullptr;
        good_ = item != nullptr;
        return item;
    }
    template <class T>
    T *capsule(const char *kind) {
        PyObject *item = object();
        void *found = item ? PyCapsule_GetPointer(item, kind) : nullptr;
        good_ = found != nullptr;
        return static_cast<T *>(found);
    }
    template <class T>
    Arguments &in(const char *name, Span<const T> *out) {
        return take([=](Buffer &held, PyObject *item) { return held.read(item, name, out); });
    }
    template <class T>
    Arguments &out(const char *name, Span<T> *out) {
        return take([=](Buffer &held, PyObject *item) { return held.write(item, name, out); });
    }
    template <class T>
    Arguments &records(const char *name, Span<const T> *out) {
        return take([=](Buffer &held, PyObject *item) { return held.read_records(item, name, out); });
    }
    template <class T>
    Arguments &rows(const char *name, Span<const T> *out) {
        return take([=](Buffer &held, PyObject *item) { return held.read_rows(item, name, out); });
    }
    Arguments &objects(const char *name, Span<PyObject *const> *out) {
        return take([=](Buffer &held, PyObject *item) { return held.read_objects(item, name, out); });
    }
    Arguments &number(long long *out) {
        PyObject *item = object();
        if (item) *out = PyLong_AsLongLong(item), good_ = !PyErr_Occurred();
        return *this;
    }
    Arguments &number(double *out) {
        PyObject *item = object();
        if (item) *out = PyFloat_AsDouble(item), good_ = !PyErr_Occurred();
        return *this;
    }
    // Whether the next is there and not None; steps over it if it is not.
    bool given() {
        if (!good_ || at_ >= PyTuple_Size(args_)) return false;
        bool some = PyTuple_GetItem(args_, at_) != Py_None;
        at_ += !some;
        return some;
    }
    // Whether the next is an array of such numbers.
    template <class T>
    bool is_next() {
        Buffer held;
        Span<const T> out;
        bool some = good_ && held.read(PyTuple_GetItem(args_, at_), "", &out);
        if (good_) PyErr_Clear();
        return some;
    }
    explicit operator bool() const { return good_; }

  private:
    template <class Read>
    Arguments &take(Read read) {
        PyObject *item = object();
        good_ = good_ && read(held_[at_ - 1], item);
        return *this;
    }

    PyObject *args_;
    Py_ssize_t at_ = 0;
    bool good_ = true;
    Buffer held_[12];
};

// False, with an exception, where arguments do not fit each other.
inline bool fits(bool good, const char *what) {
    if (!good) PyErr_SetString(PyExc_ValueError, what);
    return good;
}

// Numbers back to Python, as bytes: an array made of them is read-only.
template <class T>
inline PyObject *bytes_of(Span<T> values) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char *>(values.data),
                                     Py_ssize_t(values.size * int64_t(sizeof(T))));
}

// The memory of one call.
class Memory {
  public:
    explicit Memory(size_t size) : size_(size), start_(malloc(size)) {
        if (!start_) PyErr_NoMemory();
    }
    // How much `lay(arena)` takes.
    template <class Lay>
    static size_t room(Lay lay) {
        Arena count;
        lay(count);
        return count.used();
    }
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    ~Memory() { free(start_); }

    explicit operator bool() const { return start_ != nullptr; }
    Arena arena() const {
        size_t off = (64 - reinterpret_cast<uintptr_t>(start_) % 64) % 64;
        return {static_cast<char *>(start_) + off, size_ - off};
    }

  private:
    size_t size_;
    void *start_;
};

// Lets other Python threads run while it lives, and looks for signals when the core asks.
class Unlocked {
  public:
    Unlocked() : thread_(PyEval_SaveThread()) { watch.ask = &Unlocked::signalled, watch.state = this; }
    Unlocked(const Unlocked &) = delete;
    Unlocked &operator=(const Unlocked &) = delete;
    ~Unlocked() { PyEval_RestoreThread(thread_); }

    Watch watch;

  private:
    static bool signalled(void *self) {
        auto *mine = static_cast<Unlocked *>(self);
        PyEval_RestoreThread(mine->thread_);
        bool raised = PyErr_CheckSignals() != 0;
        mine->thread_ = PyEval_SaveThread();
        return raised;
    }

    PyThreadState *thread_;
};

}  // namespace core

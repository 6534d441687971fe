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

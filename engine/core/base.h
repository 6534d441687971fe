// The ground that the core stands on: sized arrays, a work space, bits.
//
// The core is C++17 without its standard library: the module needs nothing but the C library and
// Python's stable ABI, so one wheel serves every Python and every distribution. Nothing throws.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef CORE_CHECKED
#include <stdio.h>
#include <stdlib.h>
#define CORE_CHECK(condition)                                                         \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);   \
            abort();                                                                  \
        }                                                                             \
    } while (0)
#else
#define CORE_CHECK(condition) ((void)0)
#endif

namespace core {

// An array that somebody else owns. The checked build watches its bounds.
template <class T>
struct Span {
    T *data = nullptr;
    int64_t size = 0;

    T &operator[](int64_t i) const {
        CORE_CHECK(0 <= i && i < size);
        return data[i];
    }
    Span slice(int64_t from, int64_t to) const {
        CORE_CHECK(0 <= from && from <= to && to <= size);
        return {data + from, to - from};
    }
    T *begin() const { return data; }
    T *end() const { return data + size; }
    void fill(T value) const {
        for (T &x : *this) x = value;
    }
    void copy_from(Span<const T> other) const {
        CORE_CHECK(other.size == size);
        if (size) memcpy(data, other.data, size_t(size) * sizeof(T));
    }
    operator Span<const T>() const { return {data, size}; }
};

// Rows of one width.
template <class T>
struct Rows {
    T *data = nullptr;
    int64_t count = 0;
    int64_t width = 0;

    Span<T> operator[](int64_t i) const {
        CORE_CHECK(0 <= i && i < count);
        return {data + i * width, width};
    }
    Span<T> flat() const { return {data, count * width}; }
};

// Lists of numbers end to end: list i is values[start[i]] ... values[start[i + 1]].
struct Lists {
    Span<const int64_t> start;
    Span<const int64_t> values;

    int64_t count() const { return start.size - 1; }
    Span<const int64_t> operator[](int64_t i) const {
        return values.slice(start[i], start[i + 1]);
    }
};

// Memory for one call. What needs memory takes it in a function `lay(Arena &)`, which is called
// twice: first by an arena without memory, which only counts, then by one that has as much as was
// counted. So memory can run out in one place only, and that place can say so.
class Arena {
  public:
    Arena() = default;
    Arena(void *memory, size_t size) : memory_(static_cast<char *>(memory)), size_(size) {}

    template <class T>
    Span<T> span(int64_t count) {
        used_ = (used_ + kAlign - 1) / kAlign * kAlign;
        char *at = memory_ ? memory_ + used_ : nullptr;
        used_ += size_t(count) * sizeof(T);
        if (memory_ && used_ > size_) __builtin_trap();  // counted otherwise than taken
        return {reinterpret_cast<T *>(at), memory_ ? count : 0};
    }
    template <class T>
    Rows<T> rows(int64_t count, int64_t width) {
        Span<T> all = span<T>(count * width);
        return {all.data, memory_ ? count : 0, width};
    }
    size_t used() const { return used_ + kAlign; }  // with room to align the start

  private:
    static constexpr size_t kAlign = 64;  // a cache line, and the widest vector
    char *memory_ = nullptr;
    size_t size_ = 0;
    size_t used_ = 0;
};

// A long run asks now and then whether it is to stop (Ctrl-C, another exception in a handler).
struct Watch {
    bool (*ask)(void *state) = nullptr;
    void *state = nullptr;
    bool stopped = false;

    bool stop() {
        if (!stopped && ask) stopped = ask(state);
        return stopped;
    }
};

template <class T>
inline T least(T a, T b) {
    return b < a ? b : a;
}
template <class T>
inline T most(T a, T b) {
    return a < b ? b : a;
}

// ---------------------------------------------------------------- sets of small numbers

inline int64_t words_for(int64_t count) { return (count + 63) / 64; }
inline bool has(Span<const uint64_t> set, int64_t v) { return set[v >> 6] >> (v & 63) & 1; }
inline void put(Span<uint64_t> set, int64_t v) { set[v >> 6] |= uint64_t(1) << (v & 63); }
inline void take(Span<uint64_t> set, int64_t v) { set[v >> 6] &= ~(uint64_t(1) << (v & 63)); }
inline int64_t ones(uint64_t word) { return __builtin_popcountll(word); }

inline int64_t ones(Span<const uint64_t> set) {
    int64_t n = 0;
    for (uint64_t word : set) n += ones(word);
    return n;
}

// Calls visit(v) for each member v, ascending.
template <class Visit>
inline void each(Span<const uint64_t> set, Visit visit) {
    for (int64_t w = 0; w < set.size; ++w)
        for (uint64_t left = set[w]; left; left &= left - 1)
            visit(64 * w + __builtin_ctzll(left));
}

}  // namespace core

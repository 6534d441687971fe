// The numbers that the passes are written for: one double, eight cases side by side, numbers of any
// size, and the pairs that leaf queries carry. One template of the passes serves all.
#pragma once

#include <math.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "base.h"

namespace core {

constexpr int kLanes = 8;

#if defined(__AVX2__)
constexpr int kVector = 4;
#else
constexpr int kVector = 2;
#endif
typedef double Vector __attribute__((vector_size(8 * kVector)));
typedef int64_t Mask __attribute__((vector_size(8 * kVector)));
typedef double Anywhere __attribute__((vector_size(8 * kVector), aligned(8), may_alias));

// Eight doubles: a case a lane. Made of vectors that the processor has, since compilers split wider
// ones badly.
struct alignas(64) Lanes {
    static constexpr int kParts = kLanes / kVector;
    Vector part[kParts];

    static Lanes all(double x) {
        Lanes out;
        for (Vector &p : out.part) p = Vector{} + x;
        return out;
    }
    double &operator[](int lane) { return reinterpret_cast<double *>(part)[lane]; }
    double operator[](int lane) const { return reinterpret_cast<const double *>(part)[lane]; }
};

#define CORE_LANEWISE(expression)                                      \
    Lanes out;                                                         \
    for (int p = 0; p < Lanes::kParts; ++p) out.part[p] = expression;  \
    return out

inline Lanes operator*(const Lanes &a, const Lanes &b) { CORE_LANEWISE(a.part[p] * b.part[p]); }
inline Lanes operator*(const Lanes &a, double b) { CORE_LANEWISE(a.part[p] * b); }
inline Lanes operator+(const Lanes &a, const Lanes &b) { CORE_LANEWISE(a.part[p] + b.part[p]); }
inline Lanes share(const Lanes &a, const Lanes &b) {  // a / b, 0 where b is 0
    CORE_LANEWISE((Vector)((Mask)(a.part[p] / b.part[p]) & (b.part[p] > 0.0)));
}
inline Lanes larger(const Lanes &a, const Lanes &b) {
    CORE_LANEWISE(a.part[p] > b.part[p] ? a.part[p] : b.part[p]);
}

// mantissa * 2 ^ exponent, the mantissa 0 or in [1/2, 1): never underflows.
struct Wide {
    double mantissa;
    int64_t exponent;

    static Wide of(double x) {
        int e = 0;
        double m = frexp(x, &e);
        return {m, m > 0.0 ? e : kNone};
    }
    static constexpr int64_t kNone = -(int64_t(1) << 40);
};

inline Wide operator*(const Wide &a, const Wide &b) {
    double m = a.mantissa * b.mantissa;
    if (!(m > 0.0)) return {0.0, Wide::kNone};
    int64_t e = a.exponent + b.exponent;
    return m < 0.5 ? Wide{2.0 * m, e - 1} : Wide{m, e};
}
inline Wide operator*(const Wide &a, double b) { return a * Wide::of(b); }
inline Wide operator+(const Wide &a, const Wide &b) {
    const Wide &big = a.exponent >= b.exponent ? a : b, &small = a.exponent >= b.exponent ? b : a;
    int64_t shift = small.exponent - big.exponent;
    if (shift < -1100) return big;
    Wide sum = Wide::of(big.mantissa + ldexp(small.mantissa, int(shift)));
    sum.exponent += big.exponent;
    return sum.mantissa > 0.0 ? sum : Wide{0.0, Wide::kNone};
}
inline Wide share(const Wide &a, const Wide &b) {
    if (!(b.mantissa > 0.0) || !(a.mantissa > 0.0)) return {0.0, Wide::kNone};
    Wide ratio = Wide::of(a.mantissa / b.mantissa);
    ratio.exponent += a.exponent - b.exponent;
    return ratio;
}

inline double share(double a, double b) { return b > 0.0 ? a / b : 0.0; }
inline double larger(double a, double b) { return a > b ? a : b; }

// What a max over parents is so far, eight questions side by side: below = P(max < k), here =
// P(max = k). Products and sums of non-negative numbers, so that nothing cancels.
struct MaxPair {
    Lanes below, here;
};
inline MaxPair operator*(const MaxPair &a, const MaxPair &b) {
    return {a.below * b.below, a.here * (b.below + b.here) + a.below * b.here};
}
inline MaxPair operator*(const MaxPair &a, double b) { return {a.below * b, a.here * b}; }
inline MaxPair operator+(const MaxPair &a, const MaxPair &b) {
    return {a.below + b.below, a.here + b.here};
}

// What differs from one kind of number to the next.
template <class N>
constexpr bool kIsDouble = false;
template <>
constexpr bool kIsDouble<double> = true;

template <class N>
struct Number;

template <>
struct Number<double> {
    static constexpr int kCases = 1;
    static constexpr bool kNarrow = true;  // can underflow
    static double one() { return 1.0; }
    static double zero() { return 0.0; }
    static double of(double x) { return x; }
    static bool is_zero(double x) { return x == 0.0; }
    static double value(double x, int) { return x; }
};

template <>
struct Number<Lanes> {
    static constexpr int kCases = kLanes;
    static constexpr bool kNarrow = true;
    static Lanes one() { return Lanes::all(1.0); }
    static Lanes zero() { return Lanes::all(0.0); }
    static Lanes of(double x) { return Lanes::all(x); }
    static bool is_zero(const Lanes &x) {
        for (int i = 0; i < kLanes; ++i)
            if (x[i] != 0.0) return false;
        return true;
    }
    static double value(const Lanes &x, int lane) { return x[lane]; }
};

template <>
struct Number<Wide> {
    static constexpr int kCases = 1;
    static constexpr bool kNarrow = false;
    static Wide one() { return {0.5, 1}; }
    static Wide zero() { return {0.0, Wide::kNone}; }
    static Wide of(double x) { return Wide::of(x); }
    static bool is_zero(const Wide &x) { return x.mantissa == 0.0; }
    static double value(const Wide &x, int) {
        return x.exponent < -1100 ? 0.0 : ldexp(x.mantissa, int(least(x.exponent, int64_t(1100))));
    }
};

template <>
struct Number<MaxPair> {
    static constexpr int kCases = kLanes;
    static constexpr bool kNarrow = false;  // shares of 1: what underflows is nothing
    static MaxPair one() { return {Lanes::all(1.0), Lanes::all(0.0)}; }
    static MaxPair zero() { return {Lanes::all(0.0), Lanes::all(0.0)}; }
    static bool is_zero(const MaxPair &) { return false; }
};

// Eight doubles from anywhere, and sums of them in a fixed order: the same on every machine.
inline Lanes load(const double *x) {
    CORE_LANEWISE(*reinterpret_cast<const Anywhere *>(x + p * kVector));
}
inline void store(double *x, const Lanes &y) {
    for (int p = 0; p < Lanes::kParts; ++p)
        *reinterpret_cast<Anywhere *>(x + p * kVector) = y.part[p];
}
inline Anywhere *at_vector(double *x) { return reinterpret_cast<Anywhere *>(x); }
inline const Anywhere *at_vector(const double *x) { return reinterpret_cast<const Anywhere *>(x); }

// A vector of numbers from here and there: loads are as fast as the processor's own gather.
template <class From>
inline Vector gather(From from, const int32_t *at) {
#if defined(__AVX2__)
    return Vector{from(at[0]), from(at[1]), from(at[2]), from(at[3])};
#else
    return Vector{from(at[0]), from(at[1])};
#endif
}
inline double total(const Lanes &x) {  // ((x0 + x4) + (x2 + x6)) + ((x1 + x5) + (x3 + x7))
#if defined(__AVX2__)
    __m256d four = x.part[0] + x.part[1];
    __m128d two = _mm256_castpd256_pd128(four) + _mm256_extractf128_pd(four, 1);
    return two[0] + two[1];
#else
    Vector two = (x.part[0] + x.part[2]) + (x.part[1] + x.part[3]);
    return two[0] + two[1];
#endif
}

// The sum of products entry by entry.
inline double dot(const double *a, const double *b, int64_t n) {
    double sum = 0.0;
    int64_t j = 0;
    if (n >= kLanes) {
        Lanes many = load(a) * load(b);
        for (j = kLanes; j + kLanes <= n; j += kLanes) many = many + load(a + j) * load(b + j);
        sum = total(many);
    }
    for (; j < n; ++j) sum += a[j] * b[j];
    return sum;
}

template <class N, class Given>
inline N dot(const Given *a, const N *b, int64_t n) {
    N sum = b[0] * a[0];
    for (int64_t j = 1; j < n; ++j) sum = sum + b[j] * a[j];
    return sum;
}

// Numbers divided by others times `top`.
template <class N>
inline void shares(const N *a, const N *b, const N &top, N *__restrict__ out, int64_t n) {
    for (int64_t j = 0; j < n; ++j) out[j] = share(a[j], b[j] * top);
}
template <>
inline void shares(const double *a, const double *b, const double &top, double *__restrict__ out,
                   int64_t n) {
    int64_t j = 0;
    for (; j + kLanes <= n; j += kLanes) store(out + j, share(load(a + j), load(b + j) * top));
    for (; j < n; ++j) out[j] = share(a[j], b[j] * top);
}

template <class N>
inline N sum_of(const N *x, int64_t n) {
    N sum = x[0];
    for (int64_t j = 1; j < n; ++j) sum = sum + x[j];
    return sum;
}
template <>
__attribute__((always_inline)) inline double sum_of(const double *x, int64_t n) {
    double sum = 0.0;
    int64_t j = 0;
    if (n >= kLanes) {
        Lanes many = load(x);
        for (j = kLanes; j + kLanes <= n; j += kLanes) many = many + load(x + j);
        sum = total(many);
    }
    if (j + 4 <= n) sum += (x[j] + x[j + 2]) + (x[j + 1] + x[j + 3]), j += 4;
    for (; j < n; ++j) sum += x[j];
    return sum;
}

// The largest of some numbers, and the least positive one, at most 1.
template <class N>
inline N largest(const N *x, int64_t n) {
    N top = Number<N>::zero();
    for (int64_t j = 0; j < n; ++j) top = larger(top, x[j]);
    return top;
}
template <>
inline double largest(const double *x, int64_t n) {
    double top = 0.0;
    int64_t j = 0;
    if (n >= kLanes) {
        Lanes many = load(x);
        for (j = kLanes; j + kLanes <= n; j += kLanes) many = larger(many, load(x + j));
        for (int k = 0; k < kLanes; ++k) top = larger(top, many[k]);
    }
    for (; j < n; ++j) top = larger(top, x[j]);
    return top;
}
template <class N>
inline double least_positive(const N *x, int64_t n) {
    double low = 1.0;
    for (int64_t j = 0; j < n; ++j)
        for (int k = 0; k < Number<N>::kCases; ++k) {
            double value = Number<N>::value(x[j], k);
            low = value > 0.0 && value < low ? value : low;
        }
    return low;
}
inline Lanes smaller_positive(const Lanes &low, const Lanes &x) {
    CORE_LANEWISE((x.part[p] > 0.0) & (x.part[p] < low.part[p]) ? x.part[p] : low.part[p]);
}
template <>
inline double least_positive(const double *x, int64_t n) {
    double low = 1.0;
    int64_t j = 0;
    if (n >= kLanes) {
        Lanes many = Lanes::all(1.0);
        for (; j + kLanes <= n; j += kLanes) many = smaller_positive(many, load(x + j));
        for (int k = 0; k < kLanes; ++k) low = many[k] < low ? many[k] : low;
    }
    for (; j < n; ++j) low = x[j] > 0.0 && x[j] < low ? x[j] : low;
    return low;
}

// A product of many numbers and its logarithm, taken once.
struct LogProduct {
    double mantissa = 1.0;
    double exponent = 0.0;

    void times(double x) {
        int e = 0;
        mantissa = frexp(mantissa * frexp(x, &e), &e_);
        exponent += double(e) + double(e_);
    }
    void times(const Wide &x) {
        times(x.mantissa);
        exponent += double(x.mantissa > 0.0 ? x.exponent : 0);
    }
    double log() const {
        return mantissa > 0.0 ? ::log(mantissa) + exponent * 0.693147180559945309417 : -INFINITY;
    }

  private:
    int e_ = 0;
};

}  // namespace core

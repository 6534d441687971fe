// Which build this processor can run.
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace core {

#if defined(__x86_64__)

// True where both the processor and the operating system know all of x86-64-v3.
inline bool runs_x86_64_v3() {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
    constexpr unsigned kFma = 1u << 12, kMovbe = 1u << 22, kOsxsave = 1u << 27, kAvx = 1u << 28,
                       kF16c = 1u << 29, kPopcnt = 1u << 23, kSse42 = 1u << 20;
    constexpr unsigned kFirst = kFma | kMovbe | kOsxsave | kAvx | kF16c | kPopcnt | kSse42;
    if ((c & kFirst) != kFirst) return false;
    unsigned low, high;  // does the system keep the wide registers when it switches tasks?
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) != 6) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    constexpr unsigned kBmi1 = 1u << 3, kAvx2 = 1u << 5, kBmi2 = 1u << 8;
    if ((b & (kBmi1 | kAvx2 | kBmi2)) != (kBmi1 | kAvx2 | kBmi2)) return false;
    if (!__get_cpuid(0x80000001u, &a, &b, &c, &d)) return false;
    constexpr unsigned kLzcnt = 1u << 5;
    return (c & kLzcnt) != 0;
}

#else

inline bool runs_x86_64_v3() { return false; }

#endif

}  // namespace core

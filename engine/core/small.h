// Small tables: worked on whole, and kept from the way up to the way down.
#pragma once

#include "number.h"
#include "program.h"

namespace core {

// Multiplies a table, given as it is or as another one, by an array of fewer axes.
template <class N, class Given, class From>
inline void multiply(N *table, const Given *given, const Meeting &by, From from) {
    const int32_t *__restrict__ at = by.entries;
    const int32_t block = by.block;
    for (int32_t j = 0; j < by.count; ++j) {
        const int32_t source = by.source[j];
        const N x = from(source);
        if (block == 1) {
            for (int32_t i = 0; i < by.repeats; ++i, ++at) table[*at] = x * given[*at];
            continue;
        }
        for (int32_t i = 0; i < by.repeats; ++i, ++at) {
            N *to = table + *at;
            const Given *of = given + *at;
            if (by.along) {
                _Pragma("omp simd")
                for (int32_t l = 0; l < block; ++l) to[l] = from(source + l) * of[l];
            } else {
                _Pragma("omp simd")
                for (int32_t l = 0; l < block; ++l) to[l] = x * of[l];
            }
        }
    }
}

// Sums a table over the axes that an array does not have.
template <class N>
inline void sum_onto(const N *__restrict__ table, const Meeting &onto, N *__restrict__ out) {
    const int32_t *__restrict__ at = onto.entries;
    const int32_t block = onto.block;
    for (int32_t j = 0; j < onto.count; ++j) {
        N *__restrict__ to = out + onto.source[j];
        if (block == 1) {
            N sum = table[*at++];
            for (int32_t i = 1; i < onto.repeats; ++i, ++at) sum = sum + table[*at];
            *to = sum;
        } else if (onto.along) {
            for (int32_t i = 0; i < onto.repeats; ++i) {
                const N *__restrict__ from = table + *at++;
                for (int32_t l = 0; l < block; ++l) to[l] = i ? to[l] + from[l] : from[l];
            }
        } else {
            N sum = sum_of(table + *at++, block);
            for (int32_t i = 1; i < onto.repeats; ++i, ++at) sum = sum + sum_of(table + *at, block);
            *to = sum;
        }
    }
}

}  // namespace core

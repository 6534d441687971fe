// Small tables: worked on whole, and kept from the way up to the way down.
#pragma once

#include "tiles.h"

namespace core {

// Sums a table over the axes that an array does not have.
template <class N>
inline void sum_onto(const N *__restrict__ table, const Meeting &onto, N *__restrict__ out) {
    const int64_t count = onto.base_count, block = onto.view.block;
    const int32_t *bases = onto.bases, *terms = onto.terms;
    if (onto.view.runs) {
        for (int64_t j = 0; j < count; ++j, out += block)
            for (int64_t i = 0; i < onto.term_count; ++i) {
                const N *__restrict__ from = table + bases[j] + terms[i];
                _Pragma("omp simd")
                for (int64_t l = 0; l < block; ++l) out[l] = i ? out[l] + from[l] : from[l];
            }
        return;
    }
    int64_t j = 0;
    if constexpr (kIsDouble<N>)
        for (; block == 1 && j + kVector <= count; j += kVector) {
            auto at = [=](int64_t i) { return table[i]; };
            Vector sum = gather(at, bases + j);
            for (int64_t i = 1; i < onto.term_count; ++i) {
                auto further = [=](int64_t k) { return table[terms[i] + k]; };
                sum += gather(further, bases + j);
            }
            *at_vector(out + j) = sum;
        }
    for (; j < count; ++j) {
        N sum = sum_of(table + bases[j], block);
        for (int64_t i = 1; i < onto.term_count; ++i)
            sum = sum + sum_of(table + bases[j] + terms[i], block);
        out[j] = sum;
    }
}

// Where the numbers of the operand lie that is a small table as it is, if they are the same in all
// lanes.
inline const double *as_it_lies(const Run<Wide> &run, int64_t k) { return run.base + run.places[k].at; }
inline const double *as_it_lies(const Run<double> &run, int64_t k) {
    return run.base + run.places[k].at;
}
inline const double *as_it_lies(const Run<Lanes> &run, int64_t k) {
    return run.places[k].same ? run.base + run.places[k].lane[0] : nullptr;
}

// Whether an array is a small table as it lies.
inline bool is_all_of(const Meeting &met, const Node &n) {
    return met.flat && is_whole(met.view, n.states * n.width);
}

// The first operand of a small node if its numbers are a table as they lie.
template <class N>
inline const double *given_table(const Run<N> &run, const Node &n) {
    if (n.operands == n.operands_end) return nullptr;
    if (!is_all_of(run.tree->operand_meetings[n.operands], n)) return nullptr;
    return as_it_lies(run, n.operands);
}

template <class N, class Given>
inline void copy(const Given *from, N *__restrict__ to, int64_t size) {
    for (int64_t j = 0; j < size; ++j) to[j] = Number<N>::of(from[j]);
}

// Works a small table out: the product of operands, messages and weights; other rows are zeros.
template <class N>
inline void fill_small(const Run<N> &run, int64_t i, N *table) {
    const Node &n = run.node(i);
    const Tree &tree = *run.tree;
    const Rowed<N> &rows = run.rows[i];
    const int64_t size = n.states * n.width;
    const double *given = given_table(run, n);
    bool begun = false;
    auto meet = [&](const Meeting &by, auto from) {
        const int64_t row = by.view.row;
        for (int64_t r = by.flat ? 0 : rows.first; r < (by.flat ? 1 : rows.last); ++r) {
            const int64_t tile = by.flat ? size : n.width, at = r * tile;
            auto here = [=](int64_t j) { return from(r * row + j); };
            if (begun)
                multiply<false>(table + at, table + at, by.view, tile, One{}, here);
            else if (given)
                multiply<false>(table + at, given + at, by.view, tile, One{}, here);
            else
                multiply<false>(table + at, Nothing{}, by.view, tile, One{}, here);
        }
        begun = true;
    };
    for (int64_t k = n.operands + (given != nullptr); k < n.operands_end; ++k) {
        const Source<N> source = operand_of(run, k);
        meet(tree.operand_meetings[k], [=](int64_t j) { return source.at(j); });
    }
    for (int64_t child : run.children(n)) {
        if (!run.rows[child].live) continue;
        const N *message = run.message(child);
        meet(tree.message_meetings[child], [=](int64_t j) { return message[j]; });
    }
    const int64_t first = rows.first * n.width, last = rows.last * n.width;
    if (!begun && given) copy(given + first, table + first, last - first);
    if (!begun && !given) Span<N>{table, size}.fill(Number<N>::one());
    for (int64_t r = rows.first; rows.weight && r < rows.last; ++r)
        for (int64_t j = r * n.width; j < (r + 1) * n.width; ++j)
            table[j] = table[j] * rows.weight[r];
    Span<N>{table, first}.fill(Number<N>::zero());
    Span<N>{table + last, size - last}.fill(Number<N>::zero());
}

template <class N>
inline void send_small(const Run<N> &run, int64_t i) {
    const Node &n = run.node(i);
    N *__restrict__ table = run.kept.data + run.tree->kept[i];
    N *__restrict__ to = run.messages.data + n.message;
    fill_small(run, i, table);
    const int64_t width = n.width;
    for (int64_t j = 0; j < width; ++j) to[j] = table[j];
    for (int64_t r = 1; r < n.states; ++r)
        for (int64_t j = 0; j < width; ++j) to[j] = to[j] + table[r * width + j];
}

// Works out a small node's beliefs from its table: its children's separators, its marginal.
template <class N, class Given>
inline void share_small(const Run<N> &run, const Found<N> &found, int64_t i, const Given *table,
                        const N *share) {
    const Node &n = run.node(i);
    const Tree &tree = *run.tree;
    const int64_t width = n.width;
    N *belief = run.spread.data;
    int64_t whole = -1;
    bool some = false;
    for (int64_t child : run.children(n)) {
        some = some || tree.asked[child];
        if (tree.asked[child] && is_all_of(tree.message_meetings[child], n)) whole = child;
    }
    if (!some) {
        for (int64_t r = 0; r < n.states; ++r)
            found.answer[n.place + r] = dot(table + r * width, share, width);
        return;
    }
    if (whole >= 0) belief = run.beliefs.data + run.node(whole).message;
    for (int64_t r = 0; r < n.states; ++r) {
        N *__restrict__ to = belief + r * width;
        for (int64_t j = 0; j < width; ++j) to[j] = share[j] * table[r * width + j];
        if (n.place >= 0) found.answer[n.place + r] = sum_of(to, width);
    }
    for (int64_t child : run.children(n)) {
        if (child == whole || !tree.asked[child]) continue;
        const Node &c = run.node(child);
        const Meeting &onto = tree.message_meetings[child];
        N *to = run.beliefs.data + c.message;
        if (onto.twin == kNone) {
            sum_onto(belief, onto, to);
        } else {
            const N *from = onto.twin == kRows ? found.answer.data + n.place
                                               : run.beliefs.data + run.node(onto.twin).message;
            for (int64_t j = 0; j < c.width; ++j) to[j] = from[j];
        }
    }
}

template <class N>
inline void pass_down_small(const Run<N> &run, const Found<N> &found, int64_t i) {
    const Node &n = run.node(i);
    N *belief = run.beliefs.data + n.message, *table = run.kept.data + run.tree->kept[i];
    if (n.parent < 0) *belief = Number<N>::one();
    if (run.shared[i]) return share_small(run, found, i, table, belief);
    if (run.rows[i].live) {
        N top = Number<N>::kNarrow && run.guarded ? run.tops[i] : Number<N>::one();
        shares(belief, run.message(i), top, run.share.data, n.width);
        return share_small(run, found, i, table, run.share.data);
    }
    if (n.operands_end == n.operands + 1)
        if (const double *given = given_table(run, n))
            return share_small(run, found, i, given, belief);
    fill_small(run, i, table);
    share_small(run, found, i, table, belief);
}

}  // namespace core

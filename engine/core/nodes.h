// Collect and distribute: the two passes over a program, for any kind of number.
#pragma once

#include "small.h"

namespace core {

enum class Status : int64_t { kDone, kImpossible, kUnsafe, kStopped, kNoMemory };

// Products below 2 ^ kFloor are left to wide numbers; a program none of whose products can be below
// 2 ^ kSure needs no scaling at all.
constexpr double kFloor = -960.0, kSure = -830.0;

// Sums a node's rows onto its message.
template <class N>
inline void send(const Run<N> &run, int64_t i) {
    const Node &n = run.node(i);
    const Tiling &tiling = run.tree->tiling[i];
    Rowed<N> first = run.rows[i], others = run.rows[i];
    Factors<N> factors = factors_of(run, n);
    first.last = others.first = first.first + 1;
    for (int64_t t = 0; t < tiling.tiles; ++t) {
        Target<N> target{run.messages.data + n.message + t * tiling.tile, 0, nullptr};
        put_rows<Put::kSet>(factors, tiling, first, t, target);
        if (others.first < others.last) put_rows<Put::kAdd>(factors, tiling, others, t, target);
    }
}

template <class N>
inline void least_weight(const Rowed<N> &rows, double *floor) {
    for (int64_t r = rows.first; r < rows.last; ++r)
        for (int k = 0; k < Number<N>::kCases; ++k) {
            double x = Number<N>::value(rows.weight[r], k);
            if (x > 0.0 && x < 1.0) *floor = least(*floor, log2(x));
        }
}

// What any positive entry of a node's table is at least, as a power of two.
template <class N>
inline double table_floor(const Run<N> &run, int64_t i) {
    const Node &n = run.node(i);
    double floor = 0.0, weight = 0.0;
    for (int64_t k = n.operands; k < n.operands_end; ++k)
        floor += run.least[run.tree->program.operands[k].block];
    for (int64_t child : run.children(n))
        if (run.rows[child].live) floor += run.floors[child];
    if (run.rows[i].weight) least_weight(run.rows[i], &weight);
    return floor + weight;
}

// Divides a message by its largest number, lane by lane, and notes how small its others are.
inline double positive(double top) { return top > 0.0 ? top : 1.0; }
inline Lanes positive(const Lanes &top) {
    Lanes out = top;
    for (int k = 0; k < kLanes; ++k) out[k] = positive(top[k]);
    return out;
}
template <class N>
inline void scale(Run<N> &run, int64_t i) {
    const Node &n = run.node(i);
    Span<N> message = run.messages.slice(n.message, n.message + n.width);
    N top = largest(message.data, message.size);
    run.tops[i] = positive(top);
    N by = share(Number<N>::one(), run.tops[i]);
    for (N &x : message) x = x * by;
    double low = least_positive(message.data, message.size);
    run.floors[i] = log2(low);
}

// Passes messages to the roots. Nodes with evidence have been marked live, with their rows.
template <class N>
inline Status collect(Run<N> &run) {
    const Program &program = run.tree->program;
    for (int64_t i = 0; i < program.nodes.size; ++i) {
        const Node &n = program.nodes[i];
        Rowed<N> &rows = run.rows[i];
        if (!rows.live)
            for (int64_t child : run.children(n)) rows.live = rows.live || run.rows[child].live;
        if (!rows.live) continue;
        if constexpr (Number<N>::kNarrow)
            if (run.guarded && table_floor(run, i) < kFloor) return Status::kUnsafe;
        if (run.is_small(i))
            send_small(run, i);
        else
            send(run, i);
        if constexpr (Number<N>::kNarrow)
            if (run.guarded) scale(run, i);
        if (Number<N>::kCases == 1 && n.parent < 0 && !run.to_the_end &&
            Number<N>::is_zero(run.messages[n.message]))
            return Status::kImpossible;
        if (run.stop(n.states * n.width)) return Status::kStopped;
    }
    return Status::kDone;
}

// Adds a tile of beliefs, of a given sum, to a child's separator, or (`kOnce`) writes it there.
template <bool kOnce, class N>
inline void pass(const View &view, const Tiling &tiling, const N *__restrict__ tile, const N *sum,
                 N *__restrict__ to) {
    const int64_t block = tiling.block;
    if (!view.inner) {
        *to = kOnce ? *sum : *to + *sum;
    } else if (view.runs) {
        const int64_t length = block == 1 ? tiling.tile : block;
        for (int64_t k = 0; k * length < tiling.tile; ++k) {
            N *__restrict__ out = to + view.inner[k];
            const N *__restrict__ from = tile + k * length;
            _Pragma("omp simd")
            for (int64_t j = 0; j < length; ++j) out[j] = kOnce ? from[j] : out[j] + from[j];
        }
    } else if (kOnce) {
        for (int64_t j = 0; j < tiling.tile; ++j) to[view.inner[j]] = tile[j];
    } else if (view.repeat == 1) {
        for (int64_t j = 0; j < tiling.tile; ++j) to[view.inner[j]] = to[view.inner[j]] + tile[j];
    } else {
        for (int64_t j = 0; j < tiling.tile; j += view.repeat) {
            int64_t at = view.inner[j / block];
            to[at] = to[at] + sum_of(tile + j, view.repeat);
        }
    }
}

// Notes P(variable | separator, e) of tile t.
template <class N>
inline void keep(const Run<N> &run, const Factors<N> &factors, int64_t i, int64_t t,
                 Span<double> tables) {
    const Node &n = run.node(i);
    const Tiling &tiling = run.tree->tiling[i];
    const Rowed<N> &rows = run.rows[i];
    const N *message = run.message(i) + t * tiling.tile;
    put_rows<Put::kSet>(factors, tiling, rows, t, Target<N>{run.spread.data, tiling.tile, nullptr});
    for (int64_t r = 0; r < n.states; ++r) {
        double *to = tables.data + n.table + r * n.width + t * tiling.tile;
        const N *row = run.spread.data + r * tiling.tile;
        for (int64_t j = 0; j < tiling.tile; ++j) {
            N x = rows.first <= r && r < rows.last ? row[j] : Number<N>::zero();
            if (rows.live)
                x = share(x, Number<N>::kNarrow && run.guarded ? message[j] * run.tops[i] : message[j]);
            to[j] = Number<N>::value(x, 0);
        }
    }
}

// Whether what runs along a block runs along the whole tile.
inline bool is_whole(const Tiling &tiling) {
    return tiling.block == 1 || tiling.block == tiling.tile;
}

// Notes a node's belief of its separator, and lets those of its children begin.
template <class N>
inline void begin_down(const Run<N> &run, const Found<N> &found, int64_t i) {
    const Node &n = run.node(i);
    N *belief = run.beliefs.data + n.message;
    if (n.parent < 0) *belief = Number<N>::one();
    if (found.beliefs.size)
        for (int64_t j = 0; j < n.width; ++j)
            found.beliefs[n.message + j] = Number<N>::value(belief[j], 0);
    if (n.place >= 0 && run.tree->teller[i] < 0)
        for (int64_t r = 0; r < n.states; ++r) found.answer[n.place + r] = Number<N>::zero();
    for (int64_t child : run.children(n)) {
        const Node &c = run.node(child);
        if (!run.tree->once[child])
            run.beliefs.slice(c.message, c.message + c.width).fill(Number<N>::zero());
    }
}

// What a tile of a node's table is to be multiplied by: belief / message, of which a node that is
// not live has sent ones.
template <class N>
inline const N *share_of(const Run<N> &run, int64_t i, int64_t t) {
    int64_t tile = run.tree->tiling[i].tile, at = run.node(i).message + t * tile;
    const N *belief = run.beliefs.data + at;
    if (!run.rows[i].live) return belief;
    N top = Number<N>::kNarrow && run.guarded ? run.tops[i] : Number<N>::one();
    shares(belief, run.messages.data + at, top, run.share.data, tile);
    return run.share.data;
}

// Works out tile t of a node's beliefs, rows that do not count as zeros.
template <class N>
inline void believe(const Run<N> &run, const Factors<N> &factors, int64_t i, int64_t t, N *to,
                    int64_t step) {
    const Node &n = run.node(i);
    const Tiling &tiling = run.tree->tiling[i];
    const Rowed<N> &rows = run.rows[i];
    if (n.states == 1) {  // its table is its message
        const N *from = run.beliefs.data + n.message + t * tiling.tile;
        for (int64_t j = 0; j < tiling.tile; ++j) to[j] = from[j];
        return;
    }
    for (int64_t r = 0; r < n.states; ++r)
        if (r < rows.first || r >= rows.last)
            Span<N>{to + r * step, tiling.tile}.fill(Number<N>::zero());
    const N *__restrict__ share = share_of(run, i, t);
    if (factors.runs == 1 && factors.list.size == 1 && !rows.weight && is_whole(tiling)) {
        const Factor<N> &only = factors.list[0];
        for (int64_t r = rows.first; r < rows.last; ++r) {
            const int64_t at = only.view->start(r, t);
            N *__restrict__ out = to + r * step;
            for (int64_t j = 0; j < tiling.tile; ++j) out[j] = only.from.at(at + j) * share[j];
        }
        return;
    }
    put_rows<Put::kShare>(factors, tiling, rows, t, Target<N>{to, step, share});
}

// The marginal of a node that has no children to pass anything to, and one factor.
inline void tell_alone(const Run<double> &run, const Found<double> &found, int64_t i,
                       const Factor<double> &factor) {
    const Node &n = run.node(i);
    const Rowed<double> &rows = run.rows[i];
    int64_t tile = run.tree->tiling[i].tile;
    for (int64_t t = 0; t < run.tree->tiling[i].tiles; ++t) {
        const double *share = share_of(run, i, t);
        for (int64_t r = rows.first; r < rows.last; ++r) {
            const double *row = factor.from.values + factor.view->start(r, t);
            double sum = dot(row, share, tile);
            found.answer[n.place + r] += rows.weight ? rows.weight[r] * sum : sum;
        }
    }
}

// Passes what a node believes on to its children, and, where no child tells its marginal, adds it up.
template <class N>
inline void pass_down(const Run<N> &run, const Found<N> &found, int64_t i) {
    const Tree &tree = *run.tree;
    const Node &n = run.node(i);
    const Tiling &tiling = tree.tiling[i];
    const Rowed<N> &rows = run.rows[i];
    Factors<N> factors = factors_of(run, n);
    bool all = found.tables.size || found.beliefs.size, alone = n.place >= 0 && tree.teller[i] < 0;
    int64_t whole = -1;  // a child whose separator is this table as it lies
    bool wants_sums = alone, some = found.tables.size != 0;
    for (int64_t child : run.children(n)) {
        const View &view = tree.messages[child];
        if (!all && !tree.asked[child]) continue;
        some = true;
        if (tree.once[child] && view.runs && is_whole(tiling)) whole = child;
        wants_sums = wants_sums || !view.inner;
    }
    if constexpr (__is_same(N, double))
        if (!some && factors.runs == 1 && factors.list.size == 1 && is_whole(tiling))
            return tell_alone(run, found, i, factors.list[0]);
    for (int64_t t = 0; t < tiling.tiles; ++t) {
        if (found.tables.size) keep(run, factors, i, t, found.tables);
        N *tile = run.spread.data, *sums = run.sums.data;
        int64_t step = tiling.tile;
        if (whole >= 0) {
            tile = run.beliefs.data + run.node(whole).message + tree.messages[whole].start(0, t);
            step = tree.messages[whole].row;
        }
        believe(run, factors, i, t, tile, step);
        for (int64_t r = 0; wants_sums && r < n.states; ++r)
            sums[r] = sum_of(tile + r * step, tiling.tile);
        for (int64_t r = 0; alone && r < n.states; ++r)
            found.answer[n.place + r] = found.answer[n.place + r] + sums[r];
        for (int64_t child : run.children(n)) {
            if (child == whole || !(all || tree.asked[child])) continue;
            const View &view = tree.messages[child];
            N *to = run.beliefs.data + run.node(child).message + view.start(0, t);
            if (tree.once[child])
                for (int64_t r = 0; r < n.states; ++r)
                    pass<true>(view, tiling, tile + r * step, sums + r, to + r * view.row);
            else
                for (int64_t r = rows.first; r < rows.last; ++r)
                    pass<false>(view, tiling, tile + r * step, sums + r, to + r * view.row);
        }
    }
}

// Reads a node's marginal off a child's separator, in which its variable is an axis.
template <class N>
inline void tell(const Run<N> &run, const Node &n, int64_t child, N *answer) {
    int64_t inner = run.tree->messages[child].row, width = run.node(child).width;
    for (int64_t r = 0; r < n.states; ++r) {
        const N *from = run.beliefs.data + run.node(child).message + r * inner;
        N total = sum_of(from, inner);
        for (int64_t at = n.states * inner; at < width; at += n.states * inner)
            total = total + sum_of(from + at, inner);
        answer[r] = total;
    }
}

// Carries beliefs from the roots down.
template <class N>
inline Status distribute(Run<N> &run, const Found<N> &found) {
    const Program &program = run.tree->program;
    bool all = found.tables.size || found.beliefs.size;
    for (int64_t i = program.nodes.size - 1; i >= 0; --i) {
        if (!all && !run.tree->asked[i]) continue;
        const Node &n = program.nodes[i];
        if (!all && run.is_small(i)) {
            pass_down_small(run, found, i);
        } else {
            begin_down(run, found, i);
            pass_down(run, found, i);
            if (n.place >= 0 && run.tree->teller[i] >= 0)
                tell(run, n, run.tree->teller[i], found.answer.data + n.place);
        }
        if (run.stop(n.states * n.width)) return Status::kStopped;
    }
    return Status::kDone;
}

}  // namespace core

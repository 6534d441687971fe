// Collect and distribute: the two passes over a program, for any kind of number.
#pragma once

#include "small.h"

namespace core {

enum class Status : int64_t { kDone, kImpossible, kUnsafe, kStopped, kNoMemory };

// Products below 2 ^ kFloor are left to wide numbers; a program none of whose products can be below
// 2 ^ kSure needs no scaling at all.
constexpr double kFloor = -960.0, kSure = -830.0;

// The largest of some numbers, and the least positive one, at most 1.
template <class N>
struct Bounds {
    N top = Number<N>::zero();
    double low = 1.0;

    void take(const N *x, int64_t count) {
        top = larger(top, largest(x, count));
        low = least(low, least_positive(x, count));
    }
};

// Sums a node's rows onto its message, of which the bounds are taken if they are wanted.
template <class N>
inline void send(const Run<N> &run, int64_t i, Bounds<N> *bounds) {
    const Node &n = run.node(i);
    const Tiling &tiling = run.tree->tiling[i];
    const Rowed<N> &rows = run.rows[i];
    Factors<N> factors = factors_of(run, n);
    factors.work = run.share.data;
    for (int64_t t = 0; t < tiling.tiles; ++t) {
        N *to = run.messages.data + n.message + t * tiling.tile;
        factors.move_to(t);
        put_row<false>(factors, tiling.tile, rows, rows.first, to);
        for (int64_t r = rows.first + 1; r < rows.last; ++r)
            put_row<true>(factors, tiling.tile, rows, r, to);
        if constexpr (Number<N>::kNarrow)
            if (bounds) bounds->take(to, tiling.tile);
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

// Divides a message by its largest number, lane by lane, if that is small, and notes how small the
// others are.
constexpr double kHuge = 1e300;  // shares are no larger: what is too large meets a zero
inline double at_most(double x) { return x < kHuge ? x : kHuge; }
inline Lanes at_most(const Lanes &x) {
    CORE_LANEWISE(x.part[p] < kHuge ? x.part[p] : Vector{} + kHuge);
}
inline bool is_one(double x) { return x == 1.0; }
inline bool is_one(const Lanes &x) {
    for (int k = 0; k < kLanes; ++k)
        if (x[k] != 1.0) return false;
    return true;
}
constexpr double kSmallTop = 1.0 / 256;
inline bool is_small(double top) { return top < kSmallTop; }
inline bool is_small(const Lanes &top) {
    for (int k = 0; k < kLanes; ++k)
        if (is_small(top[k])) return true;
    return false;
}
inline double positive(double top) { return top > 0.0 ? top : 1.0; }
inline Lanes positive(const Lanes &top) {
    Lanes out = top;
    for (int k = 0; k < kLanes; ++k) out[k] = positive(top[k]);
    return out;
}
template <class N>
inline void scale(Run<N> &run, int64_t i, const Bounds<N> &bounds) {
    const Node &n = run.node(i);
    double low = bounds.low;
    run.tops[i] = Number<N>::one();
    if (is_small(bounds.top)) {
        run.tops[i] = positive(bounds.top);
        N by = share(Number<N>::one(), run.tops[i]);
        Span<N> message = run.messages.slice(n.message, n.message + n.width);
        for (N &x : message) x = x * by;
        low = least_positive(message.data, message.size);
    }
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
        Bounds<N> bounds;
        if (run.is_small(i)) {
            send_small(run, i);
            if constexpr (Number<N>::kNarrow)
                if (run.guarded) bounds.take(run.message(i), n.width);
        } else {
            send(run, i, run.guarded ? &bounds : nullptr);
        }
        if constexpr (Number<N>::kNarrow)
            if (run.guarded) scale(run, i, bounds);
        if (Number<N>::kCases == 1 && n.parent < 0 && !run.to_the_end &&
            Number<N>::is_zero(run.messages[n.message]))
            return Status::kImpossible;
        if (run.stop(n.states * n.width)) return Status::kStopped;
    }
    return Status::kDone;
}

// Adds a tile of beliefs, of a given sum, to a child's separator, or (`kOnce`) writes it there.
template <bool kOnce, class N>
inline void pass(const View &view, int64_t tile, const N *__restrict__ values, const N *sum,
                 N *__restrict__ to) {
    const int64_t block = view.block;
    if (!view.inner) {
        *to = kOnce ? *sum : *to + *sum;
    } else if (view.runs) {
        for (int64_t j = 0, k = 0; j < tile; j += block, ++k) {
            N *__restrict__ out = to + view.inner[k];
            const N *__restrict__ from = values + j;
            _Pragma("omp simd")
            for (int64_t l = 0; l < block; ++l) out[l] = kOnce ? from[l] : out[l] + from[l];
        }
    } else if (kOnce) {
        for (int64_t j = 0; j < tile; ++j) to[view.inner[j]] = values[j];
    } else if (view.repeat == 1) {
        for (int64_t j = 0; j < tile; ++j) to[view.inner[j]] = to[view.inner[j]] + values[j];
    } else {
        for (int64_t j = 0; j < tile; j += view.repeat) {
            int64_t at = view.inner[j / block];
            to[at] = to[at] + sum_of(values + j, view.repeat);
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
    factors.move_to(t);
    for (int64_t r = rows.first; r < rows.last; ++r)
        put_row<false>(factors, tiling.tile, rows, r, run.spread.data + r * tiling.tile);
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

// Notes a node's belief of its separator, and lets those of its children begin.
template <class N>
inline void begin_down(const Run<N> &run, const Found<N> &found, int64_t i) {
    const Node &n = run.node(i);
    N *belief = run.beliefs.data + n.message;
    if (n.parent < 0) *belief = Number<N>::one();
    if (found.beliefs.size)
        for (int64_t j = 0; j < n.width; ++j)
            found.beliefs[n.message + j] = Number<N>::value(belief[j], 0);
    if (n.place >= 0)
        for (int64_t r = 0; r < n.states; ++r) found.answer[n.place + r] = Number<N>::zero();
    for (int64_t child : run.children(n)) {
        const Node &c = run.node(child);
        if (!run.tree->once[child])
            run.beliefs.slice(c.message, c.message + c.width).fill(Number<N>::zero());
    }
}

// What a tile of a node's table is to be multiplied by: belief / message, of which a node that is
// not live has sent ones; or, where the parent has found it, that itself.
template <class N>
inline const N *share_of(const Run<N> &run, int64_t i, int64_t t) {
    int64_t tile = run.tree->tiling[i].tile, at = run.node(i).message + t * tile;
    const N *belief = run.beliefs.data + at;
    if (!run.rows[i].live || run.shared[i]) return belief;
    N top = Number<N>::kNarrow && run.guarded ? run.tops[i] : Number<N>::one();
    shares(belief, run.messages.data + at, top, run.share.data, tile);
    return run.share.data;
}

// Works out tile t of a node's beliefs, rows that do not count as zeros.
template <class N>
inline void believe(const Run<N> &run, Factors<N> factors, int64_t i, int64_t t, N *to,
                    int64_t step) {
    const Node &n = run.node(i);
    const Tiling &tiling = run.tree->tiling[i];
    const Rowed<N> &rows = run.rows[i];
    for (int64_t r = 0; r < n.states; ++r)
        if (r < rows.first || r >= rows.last)
            Span<N>{to + r * step, tiling.tile}.fill(Number<N>::zero());
    factors.share = share_of(run, i, t);
    factors.move_to(t);
    for (int64_t r = rows.first; r < rows.last; ++r)
        put_row<false>(factors, tiling.tile, rows, r, to + r * step);
}

// Leaves to a child whose separator is a node's table as it lies, tile by tile, what the child's own
// table is to be multiplied by: its belief / message, which is the node's share times all factors but
// that message. If `to` is given, works out the tile of beliefs there.
template <class N>
inline void share_whole(const Run<N> &run, const Factors<N> &others, int64_t i, int64_t t,
                        int64_t child, N *to) {
    const View &view = run.tree->messages[child];
    const int64_t tile = run.tree->tiling[i].tile, start = view.start(0, t);
    N *shares = run.beliefs.data + run.node(child).message + start;
    const N *message = run.message(child) + start;
    believe(run, others, i, t, shares, view.row);
    for (int64_t r = 0; r < run.node(i).states; ++r) {
        N *share = shares + r * view.row;
        const N *sent = message + r * view.row;
        for (int64_t j = 0; to && j < tile; ++j) to[r * tile + j] = share[j] * sent[j];
        if constexpr (Number<N>::kNarrow)
            if (run.guarded && !is_one(run.tops[child]))
                for (int64_t j = 0; j < tile; ++j) share[j] = at_most(core::share(share[j], run.tops[child]));
    }
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
    bool all = found.tables.size || found.beliefs.size;
    int64_t whole = -1;  // a child whose separator is this table as it lies
    bool some = found.tables.size != 0, others = some, wants_sums = false;
    for (int64_t child : run.children(n)) {
        if (!all && !tree.asked[child]) continue;
        some = true;
        if (tree.once[child] && is_whole(tree.messages[child], tiling.tile) && !all && run.rows[child].live)
            whole = child;
    }
    bool alone = n.place >= 0 && (tree.teller[i] < 0 || tree.teller[i] == whole);
    wants_sums = others = alone;
    for (int64_t child : run.children(n)) {
        if (child == whole || !(all || tree.asked[child])) continue;
        others = true;
        wants_sums = wants_sums || !tree.messages[child].inner;
    }
    if constexpr (kIsDouble<N>)
        if (!some && factors.whole == 1 && factors.list.size == 1)
            return tell_alone(run, found, i, factors.list[0]);
    if (whole >= 0) factors.leave_out(run.message(whole)), run.shared[whole] = true;
    for (int64_t t = 0; t < tiling.tiles; ++t) {
        if (found.tables.size) keep(run, factors, i, t, found.tables);
        N *tile = run.spread.data, *sums = run.sums.data;
        const int64_t step = tiling.tile;
        if (whole >= 0)
            share_whole(run, factors, i, t, whole, others ? tile : nullptr);
        else if (n.states == 1 && !run.shared[i])  // its table is its message
            tile = run.beliefs.data + n.message + t * tiling.tile;
        else
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
                    pass<true>(view, tiling.tile, tile + r * step, sums + r, to + r * view.row);
            else
                for (int64_t r = rows.first; r < rows.last; ++r)
                    pass<false>(view, tiling.tile, tile + r * step, sums + r, to + r * view.row);
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
    run.shared.fill(false);
    for (int64_t i = program.nodes.size - 1; i >= 0; --i) {
        if (!all && !run.tree->asked[i]) continue;
        const Node &n = program.nodes[i];
        if (!all && run.is_small(i)) {
            pass_down_small(run, found, i);
        } else {
            begin_down(run, found, i);
            pass_down(run, found, i);
            if (n.place >= 0 && run.tree->teller[i] >= 0 && !run.shared[run.tree->teller[i]])
                tell(run, n, run.tree->teller[i], found.answer.data + n.place);
        }
        if (run.stop(n.states * n.width)) return Status::kStopped;
    }
    return Status::kDone;
}

}  // namespace core

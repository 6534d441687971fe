// Collect and distribute: the two passes over a program, for any kind of number.
#pragma once

#include "number.h"
#include "program.h"

namespace core {

enum class Status : int64_t { kDone, kImpossible, kUnsafe, kStopped, kNoMemory };

// Products below 2 ^ kFloor are left to wide numbers; a program none of whose products can be below
// 2 ^ kSure needs no scaling at all.
constexpr double kFloor = -960.0, kSure = -830.0;

// Where the operands of each case lie: one offset, or one a lane.
template <class N>
struct Place {
    int64_t at;
    double value(const double *base, int64_t k) const { return base[at + k]; }
};
template <>
struct Place<Lanes> {
    int64_t lane[kLanes];
    bool same;
    Lanes value(const double *base, int64_t k) const {
        if (same) return Lanes::all(base[lane[0] + k]);
        Lanes out;
        for (int i = 0; i < kLanes; ++i) out[i] = base[lane[i] + k];
        return out;
    }
};
template <>
struct Place<MaxPair> {
    int64_t at;
    double value(const double *base, int64_t k) const { return base[at + k]; }
};

// What is known at a node: which of its rows count, and for how much (nothing: 1 each).
template <class N>
struct Rowed {
    int64_t first, last;
    const N *weight;
    bool live;  // it sends something other than ones
};

// One run of a program: its work space, and the case.
template <class N>
struct Run {
    const Tree *tree;
    const double *base;
    Span<Place<N>> places;      // of each operand
    Span<Rowed<N>> rows;        // of each node
    Span<N> tables;             // of live nodes; empty if none is stored
    Span<N> messages, beliefs;  // separators
    Span<N> tops;               // what each message was divided by
    Span<N> product, spread;    // a tile each
    Span<double> floors;        // log2 of what a message, undivided zeros aside, is at least
    const double *least;        // log2 of the least positive value of each block of the base
    bool guarded;
    bool to_the_end = false;  // goes on where P(e) is zero
    Watch *watch = nullptr;
    int64_t work = 0;

    void lay(Arena &arena, const Tree &of, bool store, bool down) {
        tree = &of;
        int64_t count = of.program.nodes.size;
        places = arena.span<Place<N>>(of.program.operands.size);
        rows = arena.span<Rowed<N>>(count);
        messages = arena.span<N>(of.program.sizes.messages);
        beliefs = arena.span<N>(down ? of.program.sizes.messages : 0);
        tops = arena.span<N>(count);
        product = arena.span<N>(of.widest);
        spread = arena.span<N>(of.widest);
        floors = arena.span<double>(count);
        tables = arena.span<N>(store ? of.program.sizes.tables : 0);
    }

    const Node &node(int64_t i) const { return tree->program.nodes[i]; }
    Span<const int64_t> children(const Node &n) const {
        return tree->program.children.slice(n.children, n.children_end);
    }
    bool stop(int64_t entries) {
        work += entries;
        if (work < (int64_t(1) << 22)) return false;
        work = 0;
        return watch && watch->stop();
    }
};

constexpr int64_t kBlock = 4;  // entries of a block that is worth a loop of its own

// Multiplies values into a tile; the first time it writes them.
template <bool kFirst, class N, class Value>
inline void multiply(Span<N> out, const View &view, const N &constant, Value value) {
    N *__restrict__ to = out.data;
    int64_t n = out.size, block = view.block;
    auto put = [&](int64_t j, const auto &x) { to[j] = kFirst ? constant * x : to[j] * x; };
    if (view.meets == Meets::kRun) {
        for (int64_t j = 0; j < n; ++j) put(j, value(j));
    } else if (block < kBlock) {
        const int32_t *inner = view.inner;
        for (int64_t j = 0; j < n; ++j) put(j, value(inner[j]));
    } else if (view.repeats) {
        for (int64_t j = 0; j < n; j += block) {
            const auto x = value(view.inner[j]);
            for (int64_t k = 0; k < block; ++k) put(j + k, x);
        }
    } else {
        for (int64_t j = 0; j < n; j += block) {
            int64_t from = view.inner[j];
            for (int64_t k = 0; k < block; ++k) put(j + k, value(from + k));
        }
    }
}
template <class N, class Value>
inline void multiply(Span<N> out, const View &view, bool first, const N &constant, Value value) {
    if (first)
        multiply<true>(out, view, constant, value);
    else
        multiply<false>(out, view, constant, value);
}

// Writes row r, tile t of a node's table: operands, live messages and the row's weight.
template <class N>
inline void fill(const Run<N> &run, const Node &n, int64_t r, int64_t t, const N *weight,
                 Span<N> out) {
    const Tree &tree = *run.tree;
    N constant = weight ? weight[r] : Number<N>::one();
    for (int64_t k = n.operands; k < n.operands_end; ++k) {
        const View &view = tree.operands[k];
        if (view.meets == Meets::kOne)
            constant = constant * run.places[k].value(run.base, view.start(r, t));
    }
    Span<const int64_t> children = run.children(n);
    for (int64_t child : children) {
        const View &view = tree.messages[child];
        if (view.meets == Meets::kOne && run.rows[child].live)
            constant = constant * run.messages[tree.program.nodes[child].message + view.start(r, t)];
    }
    bool first = true;
    if (Number<N>::is_zero(constant)) {
        out.fill(Number<N>::zero());
        return;
    }
    for (int64_t k = n.operands; k < n.operands_end; ++k) {
        const View &view = tree.operands[k];
        if (view.meets == Meets::kOne) continue;
        int64_t start = view.start(r, t);
        const Place<N> &place = run.places[k];
        const double *base = run.base;
        multiply(out, view, first, constant,
                 [&](int64_t j) { return place.value(base, start + j); });
        first = false;
    }
    for (int64_t child : children) {
        const View &view = tree.messages[child];
        if (view.meets == Meets::kOne || !run.rows[child].live) continue;
        const N *from = run.messages.data + tree.program.nodes[child].message + view.start(r, t);
        multiply(out, view, first, constant, [=](int64_t j) { return from[j]; });
        first = false;
    }
    if (first) out.fill(constant);
}

// Sums a node's rows onto its message; keeps the rows where the run stores tables.
template <class N>
inline void send(const Run<N> &run, int64_t i) {
    const Node &n = run.node(i);
    const Tiling &tiling = run.tree->tiling[i];
    const Rowed<N> &rows = run.rows[i];
    Span<N> message = run.messages.slice(n.message, n.message + n.width);
    for (int64_t t = 0; t < tiling.tiles; ++t) {
        N *to = message.data + t * tiling.tile;
        for (int64_t r = rows.first; r < rows.last; ++r) {
            Span<N> out = run.product.slice(0, tiling.tile);
            if (run.tables.size) {
                int64_t at = n.table + r * n.width + t * tiling.tile;
                out = run.tables.slice(at, at + tiling.tile);
            }
            fill(run, n, r, t, rows.weight, out);
            const N *__restrict__ from = out.data;
            if (r == rows.first)
                for (int64_t j = 0; j < tiling.tile; ++j) to[j] = from[j];
            else
                for (int64_t j = 0; j < tiling.tile; ++j) to[j] = to[j] + from[j];
        }
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

// Where the rows of a node's table are: stored, straight in the base, or (null) to be worked out.
template <class N>
struct Source {
    const N *rows;
    int64_t width;  // from one row to the next
};
template <class N>
inline Source<N> source_of(const Run<N> &run, int64_t i) {
    const Node &n = run.node(i);
    if (run.rows[i].live && run.tables.size) return {run.tables.data + n.table, n.width};
    if constexpr (__is_same(N, double)) {
        const View &view = run.tree->operands[n.operands];
        bool only = n.operands_end - n.operands == 1 && !run.rows[i].live;
        if (only && view.meets == Meets::kRun && run.tree->tiling[i].tiles == 1)
            return {run.base + run.places[n.operands].at + view.outer[0], view.row};
    }
    return {nullptr, 0};
}
template <class N>
inline const N *row_of(const Run<N> &run, const Source<N> &source, int64_t i, int64_t r,
                       int64_t t) {
    const Node &n = run.node(i);
    int64_t tile = run.tree->tiling[i].tile;
    if (source.rows) return source.rows + r * source.width + t * tile;
    fill(run, n, r, t, run.rows[i].weight, run.product.slice(0, tile));
    return run.product.data;
}

// Adds a tile of beliefs to a child's separator.
template <class N>
inline void pass(const Run<N> &run, int64_t child, int64_t r, int64_t t, const N *__restrict__ tile,
                 int64_t size, const N &sum) {
    const View &view = run.tree->messages[child];
    N *__restrict__ to = run.beliefs.data + run.node(child).message + view.start(r, t);
    if (view.meets == Meets::kOne)
        *to = *to + sum;
    else if (view.meets == Meets::kRun)
        for (int64_t j = 0; j < size; ++j) to[j] = to[j] + tile[j];
    else if (view.block < kBlock)
        for (int64_t k = 0; k < view.kept; ++k) {
            const N *__restrict__ from = tile + view.from[k];
            N part = from[0];
            for (int64_t d = 1; d < view.dropped; ++d) part = part + from[view.gone[d]];
            to[view.to[k]] = to[view.to[k]] + part;
        }
    else if (view.repeats)
        for (int64_t j = 0; j < size; j += view.block)
            to[view.inner[j]] = to[view.inner[j]] + sum_of(tile + j, view.block);
    else
        for (int64_t j = 0; j < size; j += view.block) {
            N *__restrict__ from = to + view.inner[j];
            for (int64_t k = 0; k < view.block; ++k) from[k] = from[k] + tile[j + k];
        }
}

// Where a distribution leaves what it finds.
template <class N>
struct Found {
    Span<N> answer;         // marginals, by place
    Span<double> tables;    // P(variable | separator, e); empty if not wanted
    Span<double> beliefs;   // P(separator | e)
};

// Notes P(variable | separator, e) of a tile.
template <class N>
inline void keep(const Run<N> &run, int64_t i, int64_t r, int64_t t, const N *row,
                 Span<double> tables) {
    const Node &n = run.node(i);
    int64_t tile = run.tree->tiling[i].tile;
    double *to = tables.data + n.table + r * n.width + t * tile;
    for (int64_t j = 0; j < tile; ++j) {
        N x = row[j];
        if (run.rows[i].live) {
            N m = run.messages[n.message + t * tile + j];
            if (Number<N>::kNarrow && run.guarded) m = m * run.tops[i];
            x = share(x, m);
        }
        to[j] = Number<N>::value(x, 0);
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
        const Tiling &tiling = run.tree->tiling[i];
        const Rowed<N> &rows = run.rows[i];
        Span<N> share_of = run.beliefs.slice(n.message, n.message + n.width);
        if (n.parent < 0) share_of[0] = Number<N>::one();
        if (found.beliefs.size)
            for (int64_t j = 0; j < n.width; ++j)
                found.beliefs[n.message + j] = Number<N>::value(share_of[j], 0);
        if (rows.live) {
            N top = Number<N>::kNarrow && run.guarded ? run.tops[i] : Number<N>::one();
            shares(share_of.data, run.messages.data + n.message, top, n.width);
        }
        Span<const int64_t> children = run.children(n);
        for (int64_t child : children) {
            const Node &c = program.nodes[child];
            run.beliefs.slice(c.message, c.message + c.width).fill(Number<N>::zero());
        }
        Source<N> source = source_of(run, i);
        for (int64_t r = 0; r < n.states; ++r) {
            N total = Number<N>::zero();
            bool counts = rows.first <= r && r < rows.last;
            for (int64_t t = 0; counts && t < tiling.tiles; ++t) {
                const N *row = row_of(run, source, i, r, t);
                const N *by = share_of.data + t * tiling.tile;
                N *out = children.size ? run.spread.data : nullptr;
                N sum = products(row, by, out, tiling.tile);
                for (int64_t child : children)
                    if (all || run.tree->asked[child])
                        pass(run, child, r, t, out, tiling.tile, sum);
                if (found.tables.size) keep(run, i, r, t, row, found.tables);
                total = total + sum;
            }
            if (found.tables.size && !counts)
                found.tables.slice(n.table + r * n.width, n.table + (r + 1) * n.width).fill(0.0);
            if (n.place >= 0) found.answer[n.place + r] = total;
        }
        if (run.stop(n.states * n.width)) return Status::kStopped;
    }
    return Status::kDone;
}

}  // namespace core

// One run of a program, and the products of a large table's factors, tile by tile.
#pragma once

#include "number.h"
#include "program.h"

namespace core {

// Where the operands of each case lie: one offset, or one a lane.
template <class N>
struct Place {
    int64_t at;
    N value(const double *base, int64_t k) const { return Number<N>::of(base[at + k]); }
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
// What is known at a node: which of its rows count, and for how much (nothing: 1 each).
template <class N>
struct Rowed {
    int64_t first, last;
    const N *weight;
    bool live;  // it sends something other than ones
};

// Where a factor of a table has its values: a message, or the base.
template <class N>
struct Source {
    const N *sent;
    const double *base;
    const Place<N> *place;
    N at(int64_t k) const { return sent ? sent[k] : place->value(base, k); }
    const N *lies() const { return sent; }
};
template <>
struct Source<double> {
    const double *values;
    double at(int64_t k) const { return values[k]; }
    const double *lies() const { return values; }
};
template <class N>
struct Factor {
    Source<N> from;
    const View *view;
};

// The factors of a node's table: first those that run along a tile, then others that vary over it,
// then those that are one value over a tile.
template <class N>
struct Factors {
    Span<Factor<N>> list;
    Span<int64_t> start;  // of each, in the tile at hand
    int64_t whole, vary;  // where the first two kinds end
    const N *share = nullptr;  // by which a tile of each row is multiplied too, if any
    N *work = nullptr;         // a tile for what lies between, where rows are added up

    const N *lies() const { return whole ? list[0].from.lies() : nullptr; }
    // Takes out a message that runs along tiles.
    void leave_out(const N *message) {
        int64_t f = 0;
        while (list[f].from.lies() != message) ++f;
        for (; f + 1 < list.size; ++f) list[f] = list[f + 1];
        --list.size, --whole, --vary;
    }
    void move_to(int64_t t) const {
        for (int64_t f = 0; f < list.size; ++f) start[f] = list[f].view->start(0, t);
    }
};

// One run of a program: its work space, and the case.
template <class N>
struct Run {
    const Tree *tree;
    const double *base;
    Span<Place<N>> places;      // of each operand
    Span<Rowed<N>> rows;        // of each node
    Span<N> messages, beliefs;  // separators
    Span<N> tops;               // what each message was divided by
    Span<N> spread, share;      // a tile of all rows; of one
    Span<N> sums;               // of rows
    Span<N> kept;               // small tables, from the way up
    Span<uint8_t> shared;       // whether a belief is divided by its message already
    Span<double> floors;        // log2 of what a message, undivided zeros aside, is at least
    Span<Factor<N>> factors;    // of the node at hand
    Span<int64_t> starts;
    const double *least;        // log2 of the least positive value of each block of the base
    bool guarded;
    bool to_the_end = false;  // goes on where P(e) is zero
    Watch *watch = nullptr;
    int64_t work = 0;

    void lay(Arena &arena, const Tree &of, bool down) {
        tree = &of;
        int64_t count = of.program.nodes.size;
        places = arena.span<Place<N>>(of.program.operands.size);
        rows = arena.span<Rowed<N>>(count);
        messages = arena.span<N>(of.program.sizes.messages);
        beliefs = arena.span<N>(down ? of.program.sizes.messages : 0);
        tops = arena.span<N>(count);
        spread = arena.span<N>(of.widest * of.most_states);
        share = arena.span<N>(of.widest);
        sums = arena.span<N>(of.most_states);
        kept = arena.span<N>(of.kept_size);
        shared = arena.span<uint8_t>(count);
        floors = arena.span<double>(count);
        factors = arena.span<Factor<N>>(of.factors);
        starts = arena.span<int64_t>(of.factors);
    }

    const Node &node(int64_t i) const { return tree->program.nodes[i]; }
    Span<const int64_t> children(const Node &n) const {
        return tree->program.children.slice(n.children, n.children_end);
    }
    bool is_small(int64_t i) const { return tree->kept[i] >= 0; }
    const N *message(int64_t i) const { return messages.data + node(i).message; }
    bool stop(int64_t entries) {
        work += entries;
        if (work < (int64_t(1) << 22)) return false;
        work = 0;
        return watch && watch->stop();
    }
};

inline Source<double> operand_of(const Run<double> &run, int64_t k) {
    return {run.base + run.places[k].at};
}
template <class N>
inline Source<N> operand_of(const Run<N> &run, int64_t k) {
    return {nullptr, run.base, &run.places[k]};
}

// Lists what a node's table is the product of: operands and the messages of live children.
template <class N>
inline Factors<N> factors_of(const Run<N> &run, const Node &n) {
    const Tree &tree = *run.tree;
    Factors<N> out{run.factors, run.starts, 0, 0};
    int64_t count = 0;
    auto put = [&](const Source<N> &from, const View &view) {
        int64_t at = count++;
        if (view.inner) {  // before those of the kinds that follow
            out.list[at] = out.list[out.vary], at = out.vary++;
            if (is_whole(view, tree.tiling[&n - tree.program.nodes.data].tile))
                out.list[at] = out.list[out.whole], at = out.whole++;
        }
        out.list[at] = {from, &view};
    };
    for (int64_t k = n.operands; k < n.operands_end; ++k) put(operand_of(run, k), tree.operands[k]);
    for (int64_t child : run.children(n))
        if (run.rows[child].live) put(Source<N>{run.message(child)}, tree.messages[child]);
    out.list.size = count;
    return out;
}

// Where a distribution leaves what it finds.
template <class N>
struct Found {
    Span<N> answer;         // marginals, by place
    Span<double> tables;    // P(variable | separator, e); empty if not wanted
    Span<double> beliefs;   // P(separator | e)
};

// What a product starts from: an array as it lies, or nothing.
struct Nothing {
    Nothing operator+(int64_t) const { return {}; }
};
template <class N>
inline N times(Nothing, int64_t, const N &x) {
    return x;
}
template <class N, class Given>
inline N times(const Given *of, int64_t j, const N &x) {
    return x * of[j];
}
inline Vector times(Nothing, int64_t, const Vector &x) { return x; }
inline Vector times(const double *of, int64_t j, const Vector &x) { return x * *at_vector(of + j); }

// One, by which nothing need be multiplied.
struct One {};
template <class N>
inline N operator*(const N &x, One) {
    return x;
}

// Sets a tile, or adds to it, `of` times `by` times what a factor says of each entry. The factor is
// given by a function of where its values lie.
template <bool kAdd, class N, class Of, class By, class From>
inline void multiply(N *to, Of of, const View &view, int64_t tile, const By &by, From from) {
    const int64_t block = view.block;
    const int32_t *inner = view.inner;
    int64_t j = 0;
    auto put = [=](int64_t j, const N &x) { to[j] = kAdd ? to[j] + times(of, j, x) : times(of, j, x); };
    if (view.runs) {
        for (; j < tile; j += block, ++inner) {
            const int64_t at = *inner;
            _Pragma("omp simd")
            for (int64_t l = 0; l < block; ++l) put(j + l, from(at + l) * by);
        }
    } else if (block > 1) {
        for (; j < tile; j += block, inner += inner != nullptr) {
            const N x = from(inner ? *inner : 0) * by;
            if (kAdd && Number<N>::is_zero(x)) continue;
            _Pragma("omp simd")
            for (int64_t l = 0; l < block; ++l) put(j + l, x);
        }
    } else {
        if constexpr (kIsDouble<N>)
            for (; j + kVector <= tile; j += kVector) {
                Vector x = times(of, j, gather(from, inner + j) * by);
                *at_vector(to + j) = kAdd ? *at_vector(to + j) + x : x;
            }
        for (; j < tile; ++j) put(j, from(inner ? inner[j] : 0) * by);
    }
}

// The product of a row's weight and of the factors that are one number over a tile.
template <class N>
inline N constant_of(const Factors<N> &given, const Rowed<N> &rows, int64_t r) {
    N out = rows.weight ? rows.weight[r] : Number<N>::one();
    for (int64_t f = given.vary; f < given.list.size; ++f)
        out = out * given.list[f].from.at(given.start[f] + r * given.list[f].view->row);
    return out;
}

// Sets a tile, or adds to it, the product of row r's factors and weight.
template <bool kAdd, class N>
inline void put_row(const Factors<N> &given, int64_t tile, const Rowed<N> &rows, int64_t r, N *to) {
    N by = constant_of(given, rows, r);
    if (Number<N>::is_zero(by)) {
        for (int64_t j = 0; !kAdd && j < tile; ++j) to[j] = by;
        return;
    }
    const N *of = given.share;
    int64_t f = 0;
    auto start_of = [&](int64_t f) { return given.start[f] + r * given.list[f].view->row; };
    if (!of && given.lies()) of = given.lies() + start_of(f++);
    if (f == given.vary) {
        for (int64_t j = 0; j < tile; ++j) {
            N x = of ? of[j] * by : by;
            to[j] = kAdd ? to[j] + x : x;
        }
    }
    for (; f < given.vary; ++f) {
        const Source<N> source = given.list[f].from;
        const View &view = *given.list[f].view;
        const int64_t start = start_of(f);
        auto from = [=](int64_t k) { return source.at(start + k); };
        N *out = kAdd ? given.work : to;
        if (kAdd && f + 1 == given.vary) {
            if (of)
                multiply<kAdd>(to, of, view, tile, by, from);
            else
                multiply<kAdd>(to, Nothing{}, view, tile, by, from);
            return;
        }
        if (of)
            multiply<false>(out, of, view, tile, by, from);
        else
            multiply<false>(out, Nothing{}, view, tile, by, from);
        of = out, by = Number<N>::one();
    }
}

}  // namespace core

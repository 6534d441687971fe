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
};
template <>
struct Source<double> {
    const double *values;
    double at(int64_t k) const { return values[k]; }
};
template <class N>
struct Factor {
    Source<N> from;
    const View *view;
};

// The factors of a node's table: first those that run along a block, then those that are one value
// over a block, then those that are one over a tile.
template <class N>
struct Factors {
    Span<Factor<N>> list;
    Span<int64_t> start;  // of each, in the tile at hand
    int64_t runs, vary;   // where the first two kinds end
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
            if (view.runs) out.list[at] = out.list[out.runs], at = out.runs++;
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

// Where the products of a tile's rows go: added up in one place, or set, as they are or times a share.
enum class Put { kAdd, kSet, kShare };

// Rows of a tile: where they go, and how far apart.
template <class N>
struct Target {
    N *to;
    int64_t step;  // 0: all to one place
    const N *share;
};

// The product of a row's weight and of the factors that are one number over a tile.
template <class N>
inline N constant_of(const Factors<N> &given, const Rowed<N> &rows, int64_t r) {
    N out = rows.weight ? rows.weight[r] : Number<N>::one();
    for (int64_t f = given.vary; f < given.list.size; ++f)
        out = out * given.list[f].from.at(given.start[f] + r * given.list[f].view->row);
    return out;
}

// Puts the products of some rows' factors and weights, entry by entry, where blocks are short. Those
// that run do so along the whole tile.
template <Put kPut, class N>
inline void put_entries(const Factors<N> &given, const Tiling &tiling, const Rowed<N> &rows,
                        const Target<N> &target) {
    const Factor<N> *list = given.list.data;
    const N *__restrict__ share = target.share;
    const int64_t tile = tiling.tile;
    for (int64_t r = rows.first; r < rows.last; ++r) {
        const N constant = constant_of(given, rows, r);
        N *__restrict__ to = target.to + r * target.step;
        auto put = [&](int64_t j, const N &y) {
            to[j] = kPut == Put::kAdd ? to[j] + y : kPut == Put::kSet ? y : share[j] * y;
        };
        auto at = [&](int64_t f) { return given.start[f] + r * list[f].view->row; };
        for (int64_t j = 0; j < tile; ++j) {
            N x = constant;
            for (int64_t f = 0; f < given.runs; ++f) x = x * list[f].from.at(at(f) + j);
            for (int64_t f = given.runs; f < given.vary; ++f)
                x = x * list[f].from.at(at(f) + list[f].view->inner[j]);
            put(j, x);
        }
    }
}

// Puts the products of some rows' factors and weights, `kRuns` factors along the blocks and `kVary`
// that vary from one to the next (-1: as many as there are). Blocks of zeros are not worked out.
template <Put kPut, int kRuns, int kVary, class N>
inline void put_blocks(const Factors<N> &given, const Tiling &tiling, const Rowed<N> &rows,
                       const Target<N> &target) {
    const Factor<N> *list = given.list.data, *vary = list + given.runs;
    const int64_t *start = given.start.data, *vary_start = start + given.runs;
    const int64_t block = tiling.block, runs = kRuns < 0 ? given.runs : kRuns;
    const int64_t varying = kVary < 0 ? given.vary - given.runs : kVary;
    for (int64_t r = rows.first; r < rows.last; ++r) {
        const N constant = constant_of(given, rows, r);
        N *__restrict__ to = target.to + r * target.step;
        bool none = Number<N>::is_zero(constant);
        if (none && kPut == Put::kAdd) continue;
        for (int64_t k = 0; k * block < tiling.tile; ++k) {
            N x = constant;
            for (int64_t f = 0; f < varying; ++f)
                x = x * vary[f].from.at(vary_start[f] + r * vary[f].view->row +
                                        vary[f].view->inner[k]);
            N *__restrict__ out = to + k * block;
            const N *__restrict__ by = kPut == Put::kShare ? target.share + k * block : nullptr;
            auto put = [&](int64_t j, const N &y) {
                out[j] = kPut == Put::kAdd ? out[j] + y : kPut == Put::kSet ? y : by[j] * y;
            };
            auto first = [&](int64_t f) {
                return start[f] + r * list[f].view->row + list[f].view->inner[k];
            };
            if (none || Number<N>::is_zero(x)) {
                if (kPut != Put::kAdd)
                    for (int64_t j = 0; j < block; ++j) out[j] = Number<N>::zero();
            } else if (kRuns == 0) {
                for (int64_t j = 0; j < block; ++j) put(j, x);
            } else if (kRuns == 1) {
                const Source<N> a = list[0].from;
                const int64_t at = first(0);
                _Pragma("omp simd")
                for (int64_t j = 0; j < block; ++j) put(j, x * a.at(at + j));
            } else if (kRuns == 2) {
                const Source<N> a = list[0].from, b = list[1].from;
                const int64_t at = first(0), bt = first(1);
                _Pragma("omp simd")
                for (int64_t j = 0; j < block; ++j) put(j, x * a.at(at + j) * b.at(bt + j));
            } else {
                for (int64_t j = 0; j < block; ++j) {
                    N y = x;
                    for (int64_t f = 0; f < runs; ++f) y = y * list[f].from.at(first(f) + j);
                    put(j, y);
                }
            }
        }
    }
}
template <Put kPut, int kRuns, class N>
inline void put_runs(const Factors<N> &given, const Tiling &tiling, const Rowed<N> &rows,
                     const Target<N> &target) {
    int64_t varying = given.vary - given.runs;
    if (varying == 0)
        put_blocks<kPut, kRuns, 0>(given, tiling, rows, target);
    else if (varying == 1)
        put_blocks<kPut, kRuns, 1>(given, tiling, rows, target);
    else if (varying == 2)
        put_blocks<kPut, kRuns, 2>(given, tiling, rows, target);
    else
        put_blocks<kPut, kRuns, -1>(given, tiling, rows, target);
}

// Puts tile t of some rows of a node's table: factors and the rows' weights.
template <Put kPut, class N>
inline void put_rows(const Factors<N> &given, const Tiling &tiling, const Rowed<N> &rows, int64_t t,
                     const Target<N> &target) {
    for (int64_t f = 0; f < given.list.size; ++f)
        given.start[f] = given.list[f].view->start(0, t);
    if (tiling.block == 1)
        put_entries<kPut>(given, tiling, rows, target);
    else if (given.runs == 0)
        put_runs<kPut, 0>(given, tiling, rows, target);
    else if (given.runs == 1)
        put_runs<kPut, 1>(given, tiling, rows, target);
    else if (given.runs == 2)
        put_runs<kPut, 2>(given, tiling, rows, target);
    else
        put_runs<kPut, -1>(given, tiling, rows, target);
}

}  // namespace core

// Collect and distribute: the two passes over a program, for any kind of number.
#pragma once

#include "number.h"
#include "program.h"
#include "small.h"

namespace core {

enum class Status : int64_t { kDone, kImpossible, kUnsafe, kStopped, kNoMemory };

// Products below 2 ^ kFloor are left to wide numbers; a program none of whose products can be below
// 2 ^ kSure needs no scaling at all.
constexpr double kFloor = -960.0, kSure = -830.0;

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

// Where the numbers of the operand lie that is a small table as it is, if they are the same in all
// lanes.
inline const double *as_it_lies(const Run<Wide> &run, int64_t k) { return run.base + run.places[k].at; }
inline const double *as_it_lies(const Run<double> &run, int64_t k) {
    return run.base + run.places[k].at;
}
inline const double *as_it_lies(const Run<Lanes> &run, int64_t k) {
    return run.places[k].same ? run.base + run.places[k].lane[0] : nullptr;
}

// The first operand of a small node if its numbers are a table as they lie.
template <class N>
inline const double *given_table(const Run<N> &run, const Node &n) {
    if (n.operands == n.operands_end || !run.tree->operand_meetings[n.operands].is_whole()) return nullptr;
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
        if (given && !begun)
            multiply(table, given, by, from);
        else
            multiply(table, table, by, from);
        begun = true;
    };
    if (!given) Span<N>{table, size}.fill(Number<N>::one()), begun = true;
    for (int64_t k = n.operands + (given != nullptr); k < n.operands_end; ++k) {
        meet(tree.operand_meetings[k],
             [&](int32_t j) { return run.places[k].value(run.base, j); });
    }
    for (int64_t child : run.children(n)) {
        if (!run.rows[child].live) continue;
        const N *message = run.message(child);
        meet(tree.message_meetings[child], [=](int32_t j) { return message[j]; });
    }
    const int64_t first = rows.first * n.width, last = rows.last * n.width;
    if (!begun) copy(given + first, table + first, last - first);
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

// Where a distribution leaves what it finds.
template <class N>
struct Found {
    Span<N> answer;         // marginals, by place
    Span<double> tables;    // P(variable | separator, e); empty if not wanted
    Span<double> beliefs;   // P(separator | e)
};

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
        if (tree.asked[child] && tree.message_meetings[child].is_whole()) whole = child;
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

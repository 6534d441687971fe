// Slopes of P(e): its derivative by every number of the base, in one pass up and one down.
//
// Upwards messages are collected as ever. Downwards each node takes the derivative by its message
// (its adjoint) and hands on the derivative by each factor of its table: the adjoint times all the
// other factors, from products of those before and those after it, never by division, so that zeros
// are exact (Darwiche 2003, doi:10.1145/765568.765570).
#pragma once

#include "nodes.h"

namespace core {

inline bool zero_in(double x, int) { return x == 0.0; }
inline bool zero_in(const Wide &x, int) { return x.mantissa == 0.0; }
inline bool zero_in(const Lanes &x, int lane) { return x[lane] == 0.0; }
inline void set_in(double &to, int, double x) { to = x; }
inline void set_in(Wide &to, int, const Wide &x) { to = x; }
inline void set_in(Lanes &to, int lane, const Lanes &x) { to[lane] = x[lane]; }

// A tile of a factor's values, and where the derivatives by them go.
template <class N>
struct SlopeFactor {
    const N *values;
    const View *view;
    N *slopes;
};

// The slopes of one run whose rows are set, relative to a scale: P(e) where that is positive.
template <class N>
class Slopes {
  public:
    Run<N> run;
    Span<N> gradient;  // of each number of the base; all zero at first

    void lay(Arena &arena, const Tree &tree, int64_t base, bool own_gradient) {
        run.lay(arena, tree, true);
        run.to_the_end = true;
        gradient = arena.span<N>(own_gradient ? base : 0);
        int64_t most_factors = tree.factors;
        factors_ = arena.span<SlopeFactor<N>>(most_factors);
        singles_ = arena.span<Single>(most_factors);
        values_ = arena.rows<N>(most_factors, tree.widest);
        before_ = arena.rows<N>(most_factors + 1, tree.widest);
        after_ = arena.span<N>(tree.widest);
        ends_ = arena.span<End>(tree.program.nodes.size + tree.program.scalars.size);
    }

    // Collects, and says ln P(e) and ln of the scale for each lane; weights' logs stand in both.
    Status up(const int64_t *states, double *log_prob, double *log_scale) {
        Status status = collect(run);
        if (status != Status::kDone) return status;
        list_ends(states);
        for (int lane = 0; lane < Number<N>::kCases; ++lane) weigh_ends(lane, log_prob, log_scale);
        return Status::kDone;
    }

    Status down() {
        const Program &program = run.tree->program;
        run.beliefs.fill(Number<N>::zero());
        for (const End &end : ends_.slice(0, end_count_))
            *end.slope = *end.slope + end.start;
        for (int64_t i = program.nodes.size - 1; i >= 0; --i) {
            const Node &n = program.nodes[i];
            undo_scale(i);
            for (int64_t r = run.rows[i].first; r < run.rows[i].last; ++r) {
                if (run.rows[i].weight && Number<N>::is_zero(run.rows[i].weight[r])) continue;
                for (int64_t t = 0; t < run.tree->tiling[i].tiles; ++t) share_out(i, r, t);
            }
            if (run.stop(2 * n.states * n.width)) return Status::kStopped;
        }
        return Status::kDone;
    }

  private:
    // A factor that is one number all over a tile.
    struct Single {
        N value;
        N *slope;
    };
    // A root's message or a scalar: P is their product.
    struct End {
        N value, start;
        N *slope;
    };

    bool live(int64_t i) const { return run.rows[i].live; }

    void list_ends(const int64_t *states) {
        const Program &program = run.tree->program;
        end_count_ = 0;
        for (int64_t i = 0; i < program.nodes.size; ++i) {
            const Node &n = program.nodes[i];
            if (n.parent >= 0) continue;
            N value = live(i) ? run.messages[n.message] : Number<N>::one();
            ends_[end_count_++] = {value, Number<N>::zero(), &run.beliefs[n.message]};
        }
        for (const Operand &scalar : program.scalars) {
            int64_t at = start_of(program, scalar, states);
            ends_[end_count_++] = {Number<N>::of(run.base[at]), Number<N>::zero(), &gradient[at]};
        }
    }

    // Sets where the pass down starts. If no end is zero the scale is P itself; if one is, it is the
    // product of the others, and only through that end does P have slopes; if more are, it has none.
    void weigh_ends(int lane, double *log_prob, double *log_scale) {
        LogProduct rest, scales;
        int64_t zeros = 0;
        for (const End &end : ends_.slice(0, end_count_)) {
            double value = Number<N>::value(end.value, lane);
            if (zero_in(end.value, lane))
                ++zeros;
            else if constexpr (Number<N>::kNarrow)
                rest.times(value);
            else
                rest.times(end.value);
        }
        if (Number<N>::kNarrow && run.guarded)
            for (int64_t i = 0; i < run.tops.size; ++i)
                if (live(i)) scales.times(Number<N>::value(run.tops[i], lane));
        for (End &end : ends_.slice(0, end_count_)) {
            bool zero = zero_in(end.value, lane);
            if (zeros == 0)
                set_in(end.start, lane, share(Number<N>::one(), end.value));
            else if (zeros == 1 && zero)
                set_in(end.start, lane, Number<N>::one());
        }
        log_scale[lane] += rest.log() + scales.log();
        log_prob[lane] = zeros ? -INFINITY : log_scale[lane];
    }

    // The adjoint is that of a message divided by its top; the table's is that of the whole one.
    void undo_scale(int64_t i) {
        if constexpr (Number<N>::kNarrow) {
            if (!run.guarded || !live(i)) return;
            const Node &n = run.node(i);
            N by = share(Number<N>::one(), run.tops[i]);
            for (N &x : run.beliefs.slice(n.message, n.message + n.width)) x = x * by;
        }
    }

    // The values of a factor for a tile, gathered.
    template <class Value>
    const N *gather(int64_t f, const View &view, int64_t tile, Value value) {
        N *to = values_[f].data;
        each_entry(view, tile, [=](int64_t j, int64_t at) { to[j] = value(at); });
        return to;
    }

    // Row r, tile t of node i: its derivative by each of its factors.
    void share_out(int64_t i, int64_t r, int64_t t) {
        const Node &n = run.node(i);
        const Tree &tree = *run.tree;
        const int64_t tile = tree.tiling[i].tile;
        int64_t tiles = 0, singles = 0;
        for (int64_t k = n.operands; k < n.operands_end; ++k) {
            const View &view = tree.operands[k];
            const Place<N> &place = run.places[k];
            int64_t start = view.start(r, t);
            N *slope = gradient.data + at_of(place) + start;
            if (!view.inner)
                singles_[singles++] = {number_at(place, start), slope};
            else
                factors_[tiles++] = {operand_tile(tiles, place, view, start, tile), &view, slope};
        }
        for (int64_t child : run.children(n)) {
            if (!live(child)) continue;
            const View &view = tree.messages[child];
            int64_t at = tree.program.nodes[child].message + view.start(r, t);
            N *slope = run.beliefs.data + at;
            const N *from = run.messages.data + at;
            if (!view.inner)
                singles_[singles++] = {*from, slope};
            else if (is_whole(view, tile))
                factors_[tiles++] = {from, &view, slope};
            else
                factors_[tiles++] = {
                    gather(tiles, view, tile, [=](int64_t at) { return from[at]; }), &view, slope};
        }
        multiply_out(i, r, t, tile, tiles, singles);
    }

    void multiply_out(int64_t i, int64_t r, int64_t t, int64_t tile, int64_t tiles,
                      int64_t singles) {
        const Node &n = run.node(i);
        const int64_t size = tile;
        const N *weight = run.rows[i].weight;
        const N *adjoint = run.beliefs.data + n.message + t * size;
        const N *all = adjoint;  // times the factors so far
        for (int64_t f = 0; f < tiles; ++f) {
            N *__restrict__ to = before_[f + 1].data;
            const N *values = factors_[f].values;
            for (int64_t j = 0; j < size; ++j) to[j] = all[j] * values[j];
            all = to;
        }
        N constant = weight ? weight[r] : Number<N>::one();
        if (singles) share_singles(all, size, singles, constant);
        for (int64_t s = 0; s < singles; ++s) constant = constant * singles_[s].value;
        if (Number<N>::is_zero(constant)) return;
        pass_to_idle(i, r, t, all, tile, constant);
        bool last = true;
        for (int64_t f = tiles - 1; f >= 0; --f) {
            const N *left = f ? before_[f].data : adjoint, *values = factors_[f].values;
            N *right = after_.data;
            if (last) {
                add(*factors_[f].view, tile, factors_[f].slopes,
                    [=](int64_t j) { return left[j] * constant; });
                if (f) for (int64_t j = 0; j < size; ++j) right[j] = values[j] * constant;
            } else {
                add(*factors_[f].view, tile, factors_[f].slopes,
                    [=](int64_t j) { return left[j] * right[j]; });
                if (f) for (int64_t j = 0; j < size; ++j) right[j] = right[j] * values[j];
            }
            last = false;
        }
    }

    // Each single number: the sum over the tile, times the other single ones.
    void share_singles(const N *all, int64_t size, int64_t singles, const N &weight) {
        N total = sum_of(all, size) * weight;
        for (int64_t s = 0; s < singles; ++s) {
            N others = total;
            for (int64_t u = 0; u < singles; ++u)
                if (u != s) others = others * singles_[u].value;
            *singles_[s].slope = *singles_[s].slope + others;
        }
    }

    // Children that send ones have slopes too, of their own parameters.
    void pass_to_idle(int64_t i, int64_t r, int64_t t, const N *all, int64_t tile,
                      const N &constant) {
        for (int64_t child : run.children(run.node(i))) {
            if (live(child)) continue;
            const View &view = run.tree->messages[child];
            N *to = run.beliefs.data + run.node(child).message + view.start(r, t);
            if (view.inner)
                add(view, tile, to, [=](int64_t j) { return all[j] * constant; });
            else
                *to = *to + sum_of(all, tile) * constant;
        }
    }

    template <class Value>
    static void add(const View &view, int64_t tile, N *to, Value value) {
        if (view.runs || view.repeat == 1) {
            each_entry(view, tile, [=](int64_t j, int64_t at) { to[at] = to[at] + value(j); });
            return;
        }
        for (int64_t j = 0; j < tile;) {
            int64_t at = view.inner[j / view.block], end = j + view.repeat;
            N sum = value(j++);
            for (; j < end; ++j) sum = sum + value(j);
            to[at] = to[at] + sum;
        }
    }

    // Operands: one base for all lanes.
    static int64_t at_of(const Place<double> &place) { return place.at; }
    static int64_t at_of(const Place<Wide> &place) { return place.at; }
    static int64_t at_of(const Place<Lanes> &place) { return place.lane[0]; }
    N number_at(const Place<N> &place, int64_t start) const {
        return Number<N>::of(run.base[at_of(place) + start]);
    }
    const N *operand_tile(int64_t f, const Place<N> &place, const View &view, int64_t start,
                          int64_t tile) {
        const double *base = run.base + at_of(place) + start;
        if constexpr (kIsDouble<N>)
            if (is_whole(view, tile)) return base;
        return gather(f, view, tile, [=](int64_t at) { return Number<N>::of(base[at]); });
    }

    Span<SlopeFactor<N>> factors_;
    Span<Single> singles_;
    Rows<N> values_, before_;
    Span<N> after_;
    Span<End> ends_;
    int64_t end_count_ = 0;
};

}  // namespace core

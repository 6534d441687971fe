// The search for a sweep: an order in which no two accumulators of a gate ever meet.
//
// On a tree, two accumulators of a gate that come from two branches are merged, and with F gates at
// once a merge has 4^F entries. In a sweep each gate is one chain, and cliques are as in a path
// decomposition (Kinnersley 1992, "The vertex separation number of a graph equals its path-width").
// With many positive findings a good sweep is smaller than the tree by orders of magnitude.
//
// Units (a variable, with those that hang on it alone) are moved about; a move is kept if the sum of
// the square roots of all cliques' sizes falls, or rises by less than a threshold that falls with
// time (Dueck & Scheuer 1990, "Threshold accepting"). The root lets not the widest clique count
// alone.
#pragma once

#include "order.h"

namespace core {

// Variables are numbered 0 to n - 1, gates 0 to at most 63, so that a word holds a set of gates.
struct SweepProblem {
    Rows<const uint64_t> scopes;    // of the factors
    Span<const uint64_t> gates_of;  // that each variable is a free parent of
    Span<const int64_t> parents;    // how many free parents each gate has
    Span<const int64_t> becomes;    // the variable that a gate's last accumulator is, -1: observed
    Span<const double> states, accumulator_states;
    Lists units;                    // variables that are eliminated right after one another
};

class SweepSearch {
  public:
    Span<int64_t> best;
    double work = 0;

    void lay(Arena &arena, const SweepProblem &problem) {
        int64_t n = problem.gates_of.size, words = problem.scopes.width;
        int64_t room = problem.scopes.count + n;
        width_ = words + 1;
        best = arena.span<int64_t>(n);
        made_ = arena.span<int64_t>(n);
        order_ = arena.span<int64_t>(n);
        current_ = arena.span<int64_t>(problem.units.count());
        trial_ = arena.span<int64_t>(problem.units.count());
        buckets_ = arena.rows<uint64_t>(room, width_);
        clique_ = arena.span<uint64_t>(width_);
        probe_ = arena.span<uint64_t>(width_);
        left_ = arena.span<int64_t>(problem.parents.size);
        ready_ = arena.span<uint8_t>(n);
        waiting_ = arena.span<uint8_t>(n);
    }

    void run(const SweepProblem &problem, int64_t rounds, double heat, uint64_t seed, Watch &watch) {
        problem_ = &problem;
        Random random(seed);
        for (int64_t u = 0; u < current_.size; ++u) current_[u] = trial_[u] = u;
        spread_out();
        double cost = play(order_, true, __builtin_nan("")), least_cost = cost;
        best.copy_from(made_);
        for (int64_t k = 1; k <= rounds; ++k) {
            if (k % 16 == 0 && watch.stop()) return;
            move(random);
            spread_out();
            double cooled = 1.0 - double(k) / double(rounds + 1);
            double bound = cost * (1.0 + heat * cooled * random.uniform());
            double value = play(order_, true, bound);
            if (value > bound) continue;
            current_.copy_from(trial_);
            cost = value;
            if (cost < least_cost) {
                least_cost = cost;
                best.copy_from(made_);
            }
        }
        work = play(best, false, __builtin_nan(""));
    }

  private:
    // Moves a short run of units elsewhere.
    void move(Random &random) {
        int64_t count = current_.size;
        int64_t run = random.uniform() < 0.6 ? 1 : 1 + random.below(4);
        run = least(run, count);
        int64_t from = random.below(count - run + 1), to = random.below(count - run + 1);
        int64_t n = 0;
        for (int64_t i = 0, j = 0; n < count;) {  // i: among those that stay, j: where it stands
            if (i == to && n == to)
                for (int64_t r = 0; r < run; ++r) trial_[n++] = current_[from + r];
            if (n == count) break;
            if (j == from) j += run;
            trial_[n++] = current_[j++];
            ++i;
        }
    }

    void spread_out() {
        int64_t n = 0;
        for (int64_t u : trial_)
            for (int64_t v : problem_->units[u]) order_[n++] = v;
    }

    double size(Span<const uint64_t> clique) const {
        double product = 1.0;
        each(clique.slice(0, width_ - 1), [&](int64_t v) { product *= problem_->states[v]; });
        for (uint64_t gates = clique[width_ - 1]; gates; gates &= gates - 1)
            product *= problem_->accumulator_states[__builtin_ctzll(gates)];
        return product;
    }

    // The next variable: one that waited for its gate's parents and need not any longer, or the
    // next in the order that need not wait.
    int64_t next(Span<const int64_t> order, int64_t &at) {
        for (int64_t v = 0; waiting_count_ && v < waiting_.size; ++v)
            if (waiting_[v] && ready_[v]) {
                waiting_[v] = 0;
                --waiting_count_;
                return v;
            }
        for (; !ready_[order[at]]; ++at, ++waiting_count_) waiting_[order[at]] = 1;
        return order[at++];
    }

    // Returns the sum of the cliques' sizes, or of their roots, and writes the order that was
    // played into `made_`. Past `bound` it breaks off.
    double play(Span<const int64_t> order, bool roots, double bound) {
        switch (width_) {  // most networks need so few words that loops over them unroll
            case 2: return play_wide<2>(order, roots, bound);
            case 4: return play_wide<4>(order, roots, bound);
            case 6: return play_wide<6>(order, roots, bound);
            default: return play_wide<0>(order, roots, bound);
        }
    }

    template <int64_t kWidth>
    double play_wide(Span<const int64_t> order, bool roots, double bound) {
        const SweepProblem &p = *problem_;
        const int64_t width = kWidth ? kWidth : width_;
        uint64_t *clique = clique_.data, *probe = probe_.data;
        int64_t alive = start();
        double total = 0;
        for (int64_t done = 0, at = 0; done < order.size; ++done) {
            int64_t v = next(order, at);
            uint64_t mine = p.gates_of[v];
            probe_.fill(0);
            put(probe_, v);
            probe[width - 1] = mine;
            clique_.copy_from(probe_);
            int64_t kept = 0;
            for (int64_t b = 0; b < alive; ++b) {
                const uint64_t *bucket = buckets_[b].data;
                uint64_t met = 0;
                for (int64_t w = 0; w < width; ++w) met |= bucket[w] & probe[w];
                if (met) {
                    for (int64_t w = 0; w < width; ++w) clique[w] |= bucket[w];
                } else if (kept++ != b) {
                    uint64_t *to = buckets_[kept - 1].data;
                    for (int64_t w = 0; w < width; ++w) to[w] = bucket[w];
                }
            }
            double entries = size(clique_) * (mine ? 2.0 : 1.0);
            total += roots ? __builtin_sqrt(entries) : entries;
            if (total > bound) return total;
            take(clique_, v);
            for (uint64_t g = mine; g; g &= g - 1) close(__builtin_ctzll(g));
            buckets_[kept].copy_from(clique_);
            alive = kept + 1;
            made_[done] = v;
        }
        return total;
    }

    // Sets all that a play starts from; returns how many buckets there are.
    int64_t start() {
        const SweepProblem &p = *problem_;
        for (int64_t f = 0; f < p.scopes.count; ++f) {
            for (int64_t w = 0; w < width_ - 1; ++w) buckets_[f][w] = p.scopes[f][w];
            buckets_[f][width_ - 1] = 0;
        }
        left_.copy_from(p.parents);
        ready_.fill(1);
        waiting_.fill(0);
        waiting_count_ = 0;
        for (int64_t g = 0; g < p.becomes.size; ++g)
            if (p.becomes[g] >= 0 && p.parents[g]) ready_[p.becomes[g]] = 0;
        return p.scopes.count;
    }

    // One parent of a gate is gone; after the last, the gate is its variable or, observed, nothing.
    void close(int64_t g) {
        if (--left_[g]) return;
        clique_[width_ - 1] &= ~(uint64_t(1) << g);
        int64_t variable = problem_->becomes[g];
        if (variable < 0) return;
        put(clique_, variable);
        ready_[variable] = 1;
    }

    const SweepProblem *problem_ = nullptr;
    Span<int64_t> made_, order_, current_, trial_, left_;
    // A bucket, a clique, what to look for in buckets: words of variables, then one of gates.
    int64_t width_ = 0;
    Rows<uint64_t> buckets_;
    Span<uint64_t> clique_, probe_;
    Span<uint8_t> ready_, waiting_;
    int64_t waiting_count_ = 0;
};

}  // namespace core

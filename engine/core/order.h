// Elimination orders: greedy ones, and the best of many that are jittered.
//
// The interaction graph has a node a variable and an edge between two that stand in one factor.
// To eliminate a variable is to join its neighbours pairwise (fill-in) and to remove it; its clique
// is the variable with its neighbours. Sizes of cliques are products of states in floating point,
// never sums of logarithms, so that every machine and the Python twin `plan/order.py` find the same
// order. Ties go to the smaller clique, then to the lower number.
#pragma once

#include "base.h"

namespace core {

// Knuth's linear congruential generator: a fixed sequence, so an evidence pattern has one plan.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed) {}

    // [0, 1) in steps of 2^-24, so that sums of such numbers and of counts are exact.
    double uniform() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return double(state_ >> 40) * 0x1p-24;
    }
    int64_t below(int64_t n) { return int64_t(uniform() * double(n)); }

  private:
    uint64_t state_;
};

enum class Measure { fill, size };

// An order, and for each place in it the neighbours of the variable when its turn comes.
struct Elimination {
    Span<int64_t> order;
    Rows<uint64_t> neighbours;
    int64_t count = 0;
    double work = __builtin_inf();  // sum of the sizes of all cliques

    void lay(Arena &arena, int64_t variables) {
        order = arena.span<int64_t>(variables);
        neighbours = arena.rows<uint64_t>(variables, words_for(variables));
    }
};

inline void swap(Elimination &a, Elimination &b) {
    Elimination kept = a;
    a = b;
    b = kept;
}

// The interaction graph, with what each variable costs at the start.
class Graph {
  public:
    Rows<uint64_t> adjacent;
    Span<uint8_t> present;  // whether it stands in any factor
    Span<double> states;
    int64_t count = 0;

    void lay(Arena &arena, int64_t variables) {
        adjacent = arena.rows<uint64_t>(variables, words_for(variables));
        present = arena.span<uint8_t>(variables);
        states = arena.span<double>(variables);
    }

    // Empties the graph for so many variables: all that were laid out, or fewer.
    void reset(int64_t variables) {
        count = variables;
        adjacent.count = variables;
        adjacent.width = words_for(variables);
        adjacent.flat().fill(0);
        present.fill(0);
    }

    void connect(Span<const int64_t> scope) {
        for (int64_t v : scope) {
            present[v] = 1;
            for (int64_t u : scope)
                if (u != v) put(adjacent[v], u);
        }
    }
};

// Eliminates greedily on a copy of a graph.
class Greedy {
  public:
    void lay(Arena &arena, int64_t variables) {
        adjacent_ = arena.rows<uint64_t>(variables, words_for(variables));
        int64_t blocks = variables / kBlock + 1;
        cost_ = arena.span<double>(blocks * kBlock);
        low_ = arena.span<double>(blocks);
        size_ = arena.span<double>(variables);
        near_ = arena.span<int64_t>(variables);
    }

    // Finds an order; gives up, and says so, once its work is not below `bound`. `noise` is added
    // to the fill-in, or multiplied with the size.
    bool run(const Graph &graph, Measure measure, Span<const double> noise, double bound,
             Elimination &out) {
        begin(graph, out);
        bool by_fill = measure == Measure::fill;
        int64_t left = 0;
        cost_.fill(kGone);
        for (int64_t v = 0; v < graph.count; ++v) {
            left += graph.present[v];
            if (graph.present[v]) cost_[v] = by_fill ? fill_in(v) + noise[v] : price(v, noise);
        }
        for (; left; --left) {
            int64_t v = cheapest();
            bool missing = cost_[v] != noise[v];  // any edge; only asked of a fill-in
            cost_[v] = kGone;
            out.work += size_of(v);
            if (out.work >= bound) return false;
            Span<const uint64_t> clique = append(v, out);
            if (by_fill) {
                join_counting(clique, missing);
            } else {
                join(clique);
                for (int64_t i = 0; i < near_count_; ++i) cost_[near_[i]] = price(near_[i], noise);
            }
        }
        return true;
    }

    // Says what a given order makes.
    void follow(const Graph &graph, Span<const int64_t> order, Elimination &out) {
        begin(graph, out);
        for (int64_t v : order) {
            out.work += size_of(v);
            join(append(v, out));
        }
    }

  private:
    static constexpr int64_t kBlock = 16;
    static constexpr double kUnknown = -1, kHuge = 1e300, kGone = __builtin_inf();

    void begin(const Graph &graph, Elimination &out) {
        graph_ = &graph;
        adjacent_.count = out.neighbours.count = graph.adjacent.count;
        adjacent_.width = out.neighbours.width = graph.adjacent.width;
        adjacent_.flat().copy_from(graph.adjacent.flat());
        size_.fill(kUnknown);
        out.count = 0;
        out.work = 0;
    }

    // Entries of the variable's clique; kept until its neighbours change.
    double size_of(int64_t v) {
        if (size_[v] != kUnknown) return size_[v];
        double size = graph_->states[v];
        each(adjacent_[v], [&](int64_t u) { size *= graph_->states[u]; });
        return size_[v] = size;
    }

    double price(int64_t v, Span<const double> noise) {
        return least(size_of(v) * noise[v], kHuge);
    }

    // Counts the edges that are missing among the neighbours, each from both its ends.
    double fill_in(int64_t v) const {
        Span<const uint64_t> mine = adjacent_[v];
        int64_t missing = 0;
        each(mine, [&](int64_t u) {
            for (int64_t w = 0; w < mine.size; ++w) missing += ones(mine[w] & ~adjacent_[u][w]);
            --missing;  // nobody is his own neighbour, which is not a missing edge
        });
        return double(missing);
    }

    // The variable of least cost; of several the one with the smaller clique, then the first. The
    // least of each block comes first, in vectors: most blocks need no closer look.
    int64_t cheapest() {
        int64_t blocks = (graph_->count + kBlock - 1) / kBlock, best = -1;
        double lowest = kGone;
        for (int64_t b = 0; b < blocks; ++b) {
            const double *cost = cost_.data + b * kBlock;
            double low = kGone;
#pragma omp simd reduction(min : low)
            for (int64_t i = 0; i < kBlock; ++i) low = cost[i] < low ? cost[i] : low;
            low_[b] = low;
            lowest = least(lowest, low);
        }
        for (int64_t b = 0; b < blocks; ++b) {
            if (low_[b] != lowest) continue;
            for (int64_t v = b * kBlock; v < (b + 1) * kBlock; ++v)
                if (cost_[v] == lowest && (best < 0 || size_of(v) < size_of(best))) best = v;
        }
        return best;
    }

    // Puts a variable into the order; returns its neighbours, which stand in `near_` then.
    Span<const uint64_t> append(int64_t v, Elimination &out) {
        Span<uint64_t> clique = out.neighbours[out.count];
        out.order[out.count++] = v;
        clique.copy_from(adjacent_[v]);
        near_count_ = 0;
        each(clique, [&](int64_t u) {
            near_[near_count_++] = u;
            take(adjacent_[u], v);
            size_[u] = kUnknown;
        });
        return clique;
    }

    // Joins the neighbours of a variable that is gone.
    void join(Span<const uint64_t> clique) {
        for (int64_t i = 0; i < near_count_; ++i) {
            Span<uint64_t> row = adjacent_[near_[i]];
            for (int64_t w = 0; w < row.size; ++w) row[w] |= clique[w];
            take(row, near_[i]);
        }
    }

    // The same, with all fill-ins brought up to date. The edges that were missing between the
    // variable and a neighbour's other neighbours are wanted no longer.
    void join_counting(Span<const uint64_t> clique, bool any_missing) {
        for (int64_t i = 0; i < near_count_; ++i) {
            Span<const uint64_t> row = adjacent_[near_[i]];
            int64_t others = 0;
            for (int64_t w = 0; w < row.size; ++w) others += ones(row[w] & ~clique[w]);
            cost_[near_[i]] -= 2 * double(others);
        }
        if (!any_missing) return;
        for (int64_t i = 0; i < near_count_; ++i)
            for (int64_t j = 0; j < i; ++j)
                if (!has(adjacent_[near_[i]], near_[j])) add_edge(near_[i], near_[j]);
    }

    // The edge is missing no longer for those that have both its ends as neighbours; for either
    // end, edges from the other to the rest of its own neighbours are missing now.
    void add_edge(int64_t a, int64_t b) {
        Span<uint64_t> of_a = adjacent_[a], of_b = adjacent_[b];
        int64_t only_a = 0, only_b = 0;
        for (int64_t w = 0; w < of_a.size; ++w) {
            only_a += ones(of_a[w] & ~of_b[w]);
            only_b += ones(of_b[w] & ~of_a[w]);
            for (uint64_t x = of_a[w] & of_b[w]; x; x &= x - 1)
                cost_[64 * w + __builtin_ctzll(x)] -= 2;
        }
        cost_[a] += 2 * double(only_a);
        cost_[b] += 2 * double(only_b);
        put(of_a, b);
        put(of_b, a);
    }

    const Graph *graph_ = nullptr;
    Rows<uint64_t> adjacent_;
    Span<double> cost_, low_, size_;
    Span<int64_t> near_;
    int64_t near_count_ = 0;
};

// ---------------------------------------------------------------- many tries

// How many orders are tried, and how far they are jittered. A try costs about as much as so many
// entries of the tables that it may save; all tries together shall cost less than one run.
struct Tries {
    static constexpr int64_t least = 4;          // two of them without noise
    static constexpr int64_t most = 64;
    static constexpr double worth = 1.0;         // entries a pair of variables
};

// Fills in the noise of try `k`: none for the first two, then more and less in turn.
inline void jitter(Span<double> noise, Measure measure, int64_t k, uint64_t seed) {
    bool strong = k / 2 % 2 == 1;
    if (measure == Measure::fill) {
        double height = k < 2 ? 0.0 : strong ? 6.0 : 3.0;  // missing edges
        Random random(seed);
        for (double &x : noise) x = height * random.uniform();
    } else {
        double height = k < 2 ? 0.0 : strong ? 15.0 : 3.0;  // up to 16 or 4 times the size
        Random random(seed);
        for (double &x : noise) x = 1.0 + height * random.uniform();
    }
}

// Searches for an order of a plain graph.
class OrderSearch {
  public:
    Graph graph;
    Elimination best;

    void lay(Arena &arena, int64_t variables) {
        graph.lay(arena, variables);
        greedy_.lay(arena, variables);
        best.lay(arena, variables);
        trial_.lay(arena, variables);
        noise_ = arena.span<double>(variables);
    }

    void run(Watch &watch) {
        double pairs = double(graph.count) * double(graph.count);
        for (int64_t k = 0; k < Tries::most && !watch.stop(); ++k) {
            if (k >= Tries::least && Tries::worth * double(k) * pairs >= best.work) break;
            Measure measure = k % 2 == 0 ? Measure::fill : Measure::size;
            jitter(noise_, measure, k, uint64_t(k + 1));
            double bound = k == 0 ? __builtin_nan("") : best.work;  // the first is never given up
            if (greedy_.run(graph, measure, noise_, bound, trial_)) swap(best, trial_);
        }
    }

  private:
    Greedy greedy_;
    Elimination trial_;
    Span<double> noise_;
};

}  // namespace core

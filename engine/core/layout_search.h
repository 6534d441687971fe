// The search for a plan where gates are open: many orders of the star graph, each played through to
// lay out the accumulators, and an order of all that found anew. The least work is kept.
//
// Greedy orders differ much in the width that they lead to where gates overlap.
#pragma once

#include "accumulators.h"
#include "order.h"

namespace core {

// How many layouts are tried. Each costs about as much as so many table entries of a run.
struct LayoutTries {
    static constexpr int64_t least = 4;   // two of them without noise
    static constexpr int64_t cheap = 12;  // so many come at the first price
    static constexpr int64_t most = 300;
    static constexpr double worth = 1500, worth_later = 10000;
};

class LayoutSearch {
  public:
    Numbering numbering;
    Layout best;
    Elimination order;  // of free variables and accumulators

    void lay(Arena &arena, const GateProblem &problem) {
        int64_t stars = problem.states.size + problem.gates.size;
        int64_t all = problem.states.size + most_of(problem);
        numbering.lay(arena, problem);
        hub_ = arena.span<int64_t>(stars);
        scope_ = arena.span<int64_t>(most(all, stars));
        noise_ = arena.span<double>(most(all, stars));
        star_.lay(arena, stars);
        star_order_.lay(arena, stars);
        graph_.lay(arena, all);
        greedy_.lay(arena, most(all, stars));
        accumulators_.lay(arena, problem);
        trial_.lay(arena, problem);
        best.lay(arena, problem);
        trial_order_.lay(arena, all);
        order.lay(arena, all);
    }

    void run(const GateProblem &problem, Watch &watch) {
        start(problem);
        for (int64_t k = 0; k < LayoutTries::most && !watch.stop(); ++k) {
            double price = k < LayoutTries::cheap ? LayoutTries::worth : LayoutTries::worth_later;
            if (k >= LayoutTries::least && double(k) * price >= order.work) break;
            Measure measure = k % 2 == 0 ? Measure::fill : Measure::size;
            jitter(noise_.slice(0, star_.count), measure, k, uint64_t(k + 1));
            greedy_.run(star_, measure, noise_, __builtin_nan(""), star_order_);
            lay_out(star_order_.order.slice(0, star_order_.count), false);
            find_order(k);
        }
    }

    // Lays out along one order of the network's free variables, as a sweep.
    void sweep(const GateProblem &problem, Span<const int64_t> variables) {
        start(problem);
        for (int64_t i = 0; i < variables.size; ++i) scope_[i] = numbering.place[variables[i]];
        lay_out(scope_.slice(0, variables.size), true);
        greedy_.follow(graph_, trial_.order.slice(0, trial_.eliminated), order);
        swap(best, trial_);
    }

  private:
    void start(const GateProblem &problem) {
        problem_ = &problem;
        numbering.run(problem);
        build_star();
        accumulators_.start(problem, numbering, hub_);
    }

    void connect_scopes(Graph &graph) {
        for (int64_t f = 0; f < problem_->scopes.count(); ++f) {
            Span<const int64_t> scope = problem_->scopes[f];
            for (int64_t i = 0; i < scope.size; ++i) scope_[i] = numbering.place[scope[i]];
            graph.connect(scope_.slice(0, scope.size));
        }
        for (int64_t v = 0; v < numbering.count; ++v)
            graph.states[v] = double(problem_->states[numbering.name[v]]);
    }

    // Each gate as a star: its hub beside each free parent. An observed gate gets a hub of its own.
    void build_star() {
        int64_t stars = numbering.count;
        for (const Gate &gate : problem_->gates) stars += problem_->observed[gate.variable];
        star_.reset(stars);
        connect_scopes(star_);
        hub_.fill(-1);
        stars = numbering.count;
        for (int64_t g = 0; g < problem_->gates.size; ++g) {
            const Gate &gate = problem_->gates[g];
            bool seen = problem_->observed[gate.variable];
            int64_t hub = seen ? stars++ : numbering.place[gate.variable];
            if (seen) star_.states[hub] = 2;
            hub_[hub] = g;
            star_.present[hub] = 1;
            for (int64_t i = gate.links; i < gate.links_end; ++i) {
                int64_t parent = problem_->links[i].parent;
                if (problem_->observed[parent]) continue;
                scope_[0] = numbering.place[parent];
                scope_[1] = hub;
                star_.connect(scope_.slice(0, 2));
            }
        }
    }

    void lay_out(Span<const int64_t> star_order, bool sweep) {
        accumulators_.run(star_order, sweep, trial_);
        graph_.reset(numbering.count + trial_.accumulators);
        connect_scopes(graph_);
        int64_t named = problem_->states.size;
        for (int64_t a = 0; a < trial_.accumulators; ++a)
            graph_.states[numbering.count + a] = double(trial_.states[a]);
        for (const Step &step : trial_.steps.slice(0, trial_.made)) {
            int64_t n = 0;
            for (int64_t i = 0; i < step.axes; ++i) {
                int64_t v = step.axis[i].variable;
                if (v >= named)
                    scope_[n++] = numbering.count + v - named;
                else if (!problem_->observed[v])
                    scope_[n++] = numbering.place[v];
            }
            graph_.connect(scope_.slice(0, n));
        }
    }

    // Keeps the layout if an order of it is the best so far. The smallest clique first seldom wins:
    // it is not worth a late try.
    void find_order(int64_t k) {
        bool better = false;
        for (Measure measure : kMeasures) {
            if (measure == Measure::size && k >= LayoutTries::least) break;
            double height = k < 4 ? 0.0 : 1.0;
            Random random(uint64_t(7 * k + 3));
            for (double &x : noise_.slice(0, graph_.count))
                x = height * random.uniform() + (measure == Measure::size ? 1.0 : 0.0);
            double bound = k == 0 && measure == Measure::fill ? __builtin_nan("") : order.work;
            if (!greedy_.run(graph_, measure, noise_, bound, trial_order_)) continue;
            swap(order, trial_order_);
            better = true;
        }
        if (better) swap(best, trial_);
    }

    static constexpr Measure kMeasures[] = {Measure::fill, Measure::size};
    const GateProblem *problem_ = nullptr;
    Span<int64_t> hub_, scope_;
    Span<double> noise_;
    Graph star_, graph_;
    Greedy greedy_;
    Elimination star_order_, trial_order_;
    Accumulators accumulators_;
    Layout trial_;
};

}  // namespace core

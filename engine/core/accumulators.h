// Noisy-MAX gates taken apart along an elimination order, without tables over all parents.
//
// A gate X = max(leak, Z_1, ..., Z_n) is worked link by link: an accumulator holds the maximum so
// far, and each link's factor says how it goes on, P(after | before, parent). An order found on the
// graph in which each gate is a star tells which parents meet when. Bucket elimination is played
// through on it: when a parent is eliminated, the accumulators that its gates hold there take one
// step, and two accumulators of one gate that meet become one, after = max(a, b). So accumulators
// form a tree that mirrors the elimination tree, and only the gates that are open at a place are
// carried through it. In a *sweep* all that holds a gate comes along when a parent is eliminated:
// each gate is one chain, and nothing is ever merged.
//
// Variables are numbered densely here: those of the network that are free, then the accumulators.
#pragma once

#include "base.h"

namespace core {

// One parent's part of a gate, and where its tables start in the base.
struct Link {
    int64_t parent;        // a variable of the network
    int64_t link;          // P(Z = z | u)                       of a free gate, from the start
    int64_t first;         // P(max(leak, Z) = y | u)            ... with the leak
    int64_t step;          // P(max(before, Z) = y | before, u)
    int64_t binary_first;  // of a gate observed in state k, one table a k: is the maximum k or less?
    int64_t binary_step;
};

struct Gate {
    int64_t variable;
    int64_t links, links_end;
    // Where the leak's own tables start, if it cannot be worked into the first link's: -1 if it can.
    int64_t leak, binary_leak;
};

struct Axis {
    int64_t variable;  // of the network; accumulators follow
    int64_t stride;
};

// One table of an accumulator: value = base[offset + sum of stride * state].
struct Step {
    int64_t offset;
    int64_t head;  // the variable that it is a distribution of, or -1
    int64_t axes;
    Axis axis[4];
};

// A network under a pattern of evidence: factors that are there, and gates that are open.
struct GateProblem {
    Span<const int64_t> states;    // of the network's variables
    Span<const uint8_t> observed;  // which of them are
    Lists scopes;                  // the free variables of each factor
    Span<const Gate> gates;
    Span<const Link> links;
    Span<const int64_t> maxima;    // where the table of a maximum starts, by number of states
};

// Free variables in a row. `place` is -1 for the others.
struct Numbering {
    Span<int64_t> place, name;
    int64_t count = 0;

    void lay(Arena &arena, const GateProblem &problem) {
        place = arena.span<int64_t>(problem.states.size);
        name = arena.span<int64_t>(problem.states.size);
    }
    void run(const GateProblem &problem) {
        place.fill(-1);
        for (int64_t v : problem.scopes.values) place[v] = 0;
        for (const Link &link : problem.links)
            if (!problem.observed[link.parent]) place[link.parent] = 0;
        for (const Gate &gate : problem.gates)
            if (!problem.observed[gate.variable]) place[gate.variable] = 0;
        count = 0;
        for (int64_t v = 0; v < place.size; ++v)
            if (place[v] == 0) {
                name[count] = v;
                place[v] = count++;
            }
    }
};

// Accumulators at most: one a link, one a merge, one a leak.
inline int64_t most_of(const GateProblem &problem) {
    return 2 * problem.links.size + problem.gates.size;
}

// What one playing-through lays out.
struct Layout {
    Span<Step> steps;
    Span<int64_t> states;  // of each accumulator
    Span<int64_t> order;   // all variables, as they were eliminated
    int64_t made = 0, accumulators = 0, eliminated = 0;

    void lay(Arena &arena, const GateProblem &problem) {
        int64_t most = most_of(problem);
        steps = arena.span<Step>(most);
        states = arena.span<int64_t>(most);
        order = arena.span<int64_t>(problem.states.size + most);
    }
};

inline void swap(Layout &a, Layout &b) {
    Layout kept = a;
    a = b;
    b = kept;
}

// Plays bucket elimination through. A *bucket* is a factor or message that is still alive: the set
// of its variables, and the accumulator that it holds of each gate that is open in it.
class Accumulators {
  public:
    void lay(Arena &arena, const GateProblem &problem) {
        int64_t gates = problem.gates.size, links = problem.links.size;
        int64_t room = problem.scopes.count() + gates + links + 2;
        int64_t most = problem.states.size + most_of(problem);
        variables_ = arena.rows<uint64_t>(room, words_for(most));
        held_ = arena.rows<int64_t>(room, gates);
        free_ = arena.span<int64_t>(room);
        buckets_ = arena.span<int64_t>(room);
        wanted_ = arena.span<int64_t>(room);
        left_ = arena.span<uint8_t>(links);
        waits_ = arena.span<int64_t>(gates);
        alive_ = arena.span<int64_t>(gates);
        leaked_ = arena.span<uint8_t>(gates);
        gate_of_ = arena.span<int64_t>(links);
        links_at_ = arena.span<int64_t>(problem.states.size + 2);
        links_of_ = arena.span<int64_t>(links);
        all_links_ = arena.span<int64_t>(links);
    }

    // Takes in the problem; `run` may then be called many times. `hub` says which gate a variable
    // of the star graph is the hub of, or -1.
    void start(const GateProblem &problem, const Numbering &numbering, Span<const int64_t> hub) {
        problem_ = &problem;
        numbering_ = &numbering;
        hub_ = hub;
        for (int64_t g = 0; g < problem.gates.size; ++g)
            for (int64_t i = problem.gates[g].links; i < problem.gates[g].links_end; ++i)
                gate_of_[i] = g, all_links_[i] = i;
        list_links();
    }

    // `star` is an order of the free variables and, numbered after them, a hub for each observed
    // gate in turn; a free gate is its own hub.
    void run(Span<const int64_t> star, bool sweep, Layout &out) {
        begin(out);
        for (int64_t v : star) {
            int64_t g = hub_[v];
            if (g >= 0 && (waits_[g] || alive_[g])) finish(g);
            if (v < numbering_->count) eliminate(v, sweep);
        }
    }

  private:
    bool observed(int64_t variable) const { return problem_->observed[variable]; }
    const Gate &gate(int64_t g) const { return problem_->gates[g]; }
    int64_t states_of(int64_t v) const {
        int64_t n = numbering_->count;
        return v < n ? problem_->states[numbering_->name[v]] : out_->states[v - n];
    }
    int64_t name_of(int64_t v) const {
        int64_t n = numbering_->count;
        return v < n ? numbering_->name[v] : problem_->states.size + v - n;
    }

    // The links of each free variable, gate after gate: a counting sort.
    void list_links() {
        links_at_.fill(0);
        for (const Link &link : problem_->links)
            if (!observed(link.parent)) ++links_at_[numbering_->place[link.parent] + 2];
        for (int64_t v = 2; v < links_at_.size; ++v) links_at_[v] += links_at_[v - 1];
        for (int64_t i = 0; i < problem_->links.size; ++i) {
            int64_t parent = problem_->links[i].parent;
            if (!observed(parent)) links_of_[links_at_[numbering_->place[parent] + 1]++] = i;
        }
    }

    void begin(Layout &out) {
        out_ = &out;
        out.made = out.accumulators = out.eliminated = 0;
        variables_.width = words_for(numbering_->count + most_of(*problem_));
        spare_ = 0;
        for (int64_t b = free_.size; b-- > 0;) free_[spare_++] = b;
        alive_buckets_ = 0;
        alive_.fill(0);
        waits_.fill(0);
        leaked_.fill(0);
        for (int64_t f = 0; f < problem_->scopes.count(); ++f) {
            if (problem_->scopes[f].size < 2) continue;  // marries nobody
            int64_t b = new_bucket();
            for (int64_t v : problem_->scopes[f]) put(variables_[b], numbering_->place[v]);
            add_bucket(b);
        }
        for (int64_t g = 0; g < problem_->gates.size; ++g) open(g);
    }

    // ------------------------------------------------------------ buckets

    int64_t new_bucket() {
        int64_t b = free_[--spare_];
        variables_[b].fill(0);
        held_[b].fill(-1);
        return b;
    }
    void drop_bucket(int64_t b) { free_[spare_++] = b; }
    void add_bucket(int64_t b) {  // an empty one is done
        if (ones(variables_[b]))
            buckets_[alive_buckets_++] = b;
        else
            drop_bucket(b);
    }

    // Moves the buckets that `wants` into `wanted_`; the others stay as they stand.
    template <class Wants>
    int64_t collect(Wants wants) {
        int64_t kept = 0, count = 0;
        for (int64_t i = 0; i < alive_buckets_; ++i) {
            int64_t b = buckets_[i];
            if (wants(b))
                wanted_[count++] = b;
            else
                buckets_[kept++] = b;
        }
        alive_buckets_ = kept;
        return count;
    }

    // Joins the wanted buckets two by two, the smallest first, so that few accumulators meet.
    int64_t product(int64_t count) {
        if (!count) return new_bucket();
        for (int64_t i = 1; i < count; ++i) {  // few, so sorted by insertion; equal ones as they stand
            int64_t b = wanted_[i], size = ones(variables_[b]), j = i;
            for (; j > 0 && ones(variables_[wanted_[j - 1]]) > size; --j) wanted_[j] = wanted_[j - 1];
            wanted_[j] = b;
        }
        for (int64_t i = 1; i < count; ++i) join(wanted_[0], wanted_[i]);
        return wanted_[0];
    }

    // Takes bucket `b` into `a`; two accumulators of one gate become one.
    void join(int64_t a, int64_t b) {
        for (int64_t w = 0; w < variables_.width; ++w) variables_[a][w] |= variables_[b][w];
        for (int64_t g = 0; g < problem_->gates.size; ++g) {
            int64_t one = held_[a][g], two = held_[b][g];
            if (two < 0) continue;
            held_[a][g] = two;
            if (one < 0) continue;
            held_[a][g] = -1;
            alive_[g] -= 2;
            int64_t width = states_of(one);
            begin_step(problem_->maxima[width]);
            add_axis(a, one, width * width);
            add_axis(a, two, width);
            int64_t after = end_step(a, g, is_complete(g), 0);
            eliminate_from(a, one);
            eliminate_from(a, two);
            keep(a, g, after);
        }
        drop_bucket(b);
    }

    void eliminate_from(int64_t b, int64_t v) {
        take(variables_[b], v);
        out_->order[out_->eliminated++] = v;
    }

    // ------------------------------------------------------------ one gate

    bool is_complete(int64_t g) const { return waits_[g] == 0 && alive_[g] == 0; }

    void keep(int64_t b, int64_t g, int64_t accumulator) {
        if (accumulator < 0 || accumulator == numbering_->place[gate(g).variable]) return;
        held_[b][g] = accumulator;
        ++alive_[g];
    }

    void begin_step(int64_t offset) {
        step_ = &out_->steps[out_->made++];
        *step_ = {};
        step_->offset = offset;
    }
    void add_axis(int64_t b, int64_t v, int64_t stride) {
        step_->axis[step_->axes++] = {name_of(v), stride};
        put(variables_[b], v);
    }
    void add_observed(int64_t variable, int64_t stride) {
        step_->axis[step_->axes++] = {variable, stride};
    }

    // Adds the accumulator that the step leads to: the gate itself where it is complete, and none
    // (-1) where it is observed too: of the two entries, the one for `maximum = k` is read. `level`
    // is the stride between the tables of an observed gate's states.
    int64_t end_step(int64_t b, int64_t g, bool complete, int64_t level) {
        int64_t variable = gate(g).variable, after = -1;
        bool seen = observed(variable);
        if (!complete) {
            after = numbering_->count + out_->accumulators;
            out_->states[out_->accumulators++] = seen ? 2 : problem_->states[variable];
        } else if (!seen) {
            after = numbering_->place[variable];
        }
        if (after >= 0)
            add_axis(b, after, 1);
        else
            ++step_->offset;
        if (seen && level) add_observed(variable, level);
        step_->head = seen ? -1 : name_of(after);
        return after;
    }

    // Steps over link i, from accumulator `before` or, if there is none, from the start.
    int64_t step(int64_t b, int64_t g, int64_t i, int64_t before, bool complete) {
        const Link &link = problem_->links[i];
        bool seen = observed(gate(g).variable), alone = false;
        if (before < 0 && !leaked_[g] && gate(g).leak >= 0) {
            before = start_from_leak(b, g);
            alone = true;
        }
        int64_t width = seen ? 2 : problem_->states[gate(g).variable];
        int64_t parent_states = problem_->states[link.parent];
        int64_t level = 4 * parent_states;
        if (before >= 0) {
            begin_step(seen ? link.binary_step : link.step);
            add_axis(b, before, parent_states * width);
        } else if (leaked_[g]) {
            begin_step(seen ? link.binary_step : link.link);
        } else {
            leaked_[g] = 1;
            begin_step(seen ? link.binary_first : link.first);
            level = 2 * parent_states;
        }
        if (observed(link.parent))
            add_observed(link.parent, width);
        else
            add_axis(b, numbering_->place[link.parent], width);
        int64_t after = end_step(b, g, complete, level);
        if (alone) eliminate_from(b, before);
        return after;
    }

    // Adds an accumulator that holds the leak alone.
    int64_t start_from_leak(int64_t b, int64_t g) {
        leaked_[g] = 1;
        bool seen = observed(gate(g).variable);
        begin_step(seen ? gate(g).binary_leak : gate(g).leak);
        return end_step(b, g, false, seen ? 2 : 0);
    }

    // Takes in the links of observed parents at once: they need no place.
    void open(int64_t g) {
        int64_t known = 0;
        for (int64_t i = gate(g).links; i < gate(g).links_end; ++i) {
            left_[i] = !observed(problem_->links[i].parent);
            waits_[g] += left_[i];
            known += !left_[i];
        }
        if (!known) return;
        int64_t b = new_bucket(), before = -1;
        for (int64_t i = gate(g).links; i < gate(g).links_end; ++i) {
            if (left_[i]) continue;
            int64_t after = step(b, g, i, before, --known == 0 && waits_[g] == 0);
            if (before >= 0) eliminate_from(b, before);
            before = after;
        }
        keep(b, g, before);
        add_bucket(b);
    }

    // Steps over some links of a gate, from the accumulator that the bucket holds, if any.
    void advance(int64_t b, int64_t g, Span<const int64_t> links) {
        int64_t before = held_[b][g];
        held_[b][g] = -1;
        alive_[g] -= before >= 0;
        for (int64_t i : links) {
            if (!left_[i]) continue;
            left_[i] = 0;
            --waits_[g];
            int64_t after = step(b, g, i, before, is_complete(g));
            if (before >= 0) eliminate_from(b, before);
            before = after;
        }
        keep(b, g, before);
    }

    // Brings together all that is left of a gate.
    void finish(int64_t g) {
        int64_t b = product(collect([&](int64_t other) { return held_[other][g] >= 0; }));
        advance(b, g, all_links_.slice(gate(g).links, gate(g).links_end));
        add_bucket(b);
    }

    // Eliminates a variable of the network: its gates take a step, then it is summed out.
    void eliminate(int64_t v, bool sweep) {
        Span<const int64_t> mine = links_of_.slice(links_at_[v], links_at_[v + 1]);
        int64_t b = product(collect([&](int64_t other) {
            if (has(variables_[other], v)) return true;
            if (sweep)
                for (int64_t i : mine)
                    if (left_[i] && held_[other][gate_of_[i]] >= 0) return true;
            return false;
        }));
        for (int64_t from = 0, to; from < mine.size; from = to) {
            int64_t g = gate_of_[mine[from]];
            bool waits = false;
            for (to = from; to < mine.size && gate_of_[mine[to]] == g; ++to)
                waits |= left_[mine[to]] != 0;
            if (waits) advance(b, g, mine.slice(from, to));
        }
        eliminate_from(b, v);
        add_bucket(b);
    }

    const GateProblem *problem_ = nullptr;
    const Numbering *numbering_ = nullptr;
    Layout *out_ = nullptr;
    Step *step_ = nullptr;
    Span<const int64_t> hub_;
    Rows<uint64_t> variables_;  // of each bucket
    Rows<int64_t> held_;        // the accumulator of each gate that it holds, or -1
    Span<int64_t> free_, buckets_, wanted_;
    int64_t spare_ = 0, alive_buckets_ = 0;
    Span<uint8_t> left_;             // links that were not stepped over yet
    Span<int64_t> waits_, alive_;    // of each gate: such links, accumulators
    Span<uint8_t> leaked_;           // whether its leak was taken in
    Span<int64_t> gate_of_;          // of each link
    Span<int64_t> links_at_, links_of_, all_links_;
};

}  // namespace core

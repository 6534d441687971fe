// The plan search as Python calls it. Arrays are int64 unless said otherwise; results are bytes.
#pragma once

#include "buffers.h"
#include "layout_search.h"
#include "order.h"
#include "sweep.h"

namespace core {

// An elimination in the order's own numbers: the places of its neighbours, ascending, as lists.
struct NeighbourLists {
    Span<int64_t> start, values, position;

    static int64_t size(const Elimination &e) {
        int64_t n = 0;
        for (int64_t k = 0; k < e.count; ++k) n += ones(e.neighbours[k]);
        return n;
    }
    void lay(Arena &arena, const Elimination &e) {
        start = arena.span<int64_t>(e.count + 1);
        values = arena.span<int64_t>(size(e));
        position = arena.span<int64_t>(e.neighbours.count);
    }
    void run(const Elimination &e) {
        for (int64_t k = 0; k < e.count; ++k) position[e.order[k]] = k;
        int64_t n = 0;
        for (int64_t k = 0; k < e.count; ++k) {
            start[k] = n;
            each(e.neighbours[k], [&](int64_t v) {  // sorted by insertion: few
                int64_t place = position[v], i = n++;
                for (; i > start[k] && values[i - 1] > place; --i) values[i] = values[i - 1];
                values[i] = place;
            });
        }
        start[e.count] = n;
        for (int64_t &x : values) x = e.order[x];
    }
};

// Writes the names of variables over their numbers: the network's, then the accumulators.
inline void rename(Span<int64_t> values, const Numbering &numbering, int64_t named) {
    for (int64_t &v : values)
        v = v < numbering.count ? numbering.name[v] : named + v - numbering.count;
}

// (order, start, neighbours, work); with `numbering`, in the network's numbers.
inline PyObject *elimination_result(const Elimination &e, const Numbering *numbering = nullptr,
                                    int64_t named = 0) {
    NeighbourLists lists;
    Arena count;
    lists.lay(count, e);
    Memory memory(count.used());
    if (!memory) return nullptr;
    Arena arena = memory.arena();
    lists.lay(arena, e);
    lists.run(e);
    if (numbering) {
        rename(lists.values, *numbering, named);
        rename(e.order.slice(0, e.count), *numbering, named);
    }
    return Py_BuildValue("(NNNd)", bytes_of(e.order.slice(0, e.count)), bytes_of(lists.start),
                         bytes_of(lists.values), e.work);
}

// Runs `task(watch)` with the lock let go; false where it was interrupted, with an exception set.
template <class Task>
inline bool unlocked(Task task) {
    Unlocked others;
    task(others.watch);
    return !others.watch.stopped;
}

inline PyObject *search_order(PyObject *, PyObject *args) {
    PyObject *start, *values, *states;
    if (!PyArg_ParseTuple(args, "OOO", &start, &values, &states)) return nullptr;
    Buffer b_start, b_values, b_states;
    Lists scopes;
    Span<const double> cards;
    if (!b_start.read(start, "start", &scopes.start) ||
        !b_values.read(values, "values", &scopes.values) || !b_states.read(states, "states", &cards))
        return nullptr;
    OrderSearch search;
    Arena count;
    search.lay(count, cards.size);
    Memory memory(count.used());
    if (!memory) return nullptr;
    Arena arena = memory.arena();
    search.lay(arena, cards.size);
    if (!unlocked([&](Watch &watch) {
            search.graph.reset(cards.size);
            search.graph.states.copy_from(cards);
            for (int64_t f = 0; f < scopes.count(); ++f) search.graph.connect(scopes[f]);
            search.run(watch);
        }))
        return nullptr;
    return elimination_result(search.best);
}

// A problem of gates as it comes from Python.
struct GateInput {
    Buffer states, observed, start, values, gates, links, maxima;
    GateProblem problem;

    bool read(PyObject *args, PyObject **last) {
        PyObject *o[7];
        *last = nullptr;
        if (!PyArg_ParseTuple(args, "OOOOOOO|O", &o[0], &o[1], &o[2], &o[3], &o[4], &o[5], &o[6],
                              last))
            return false;
        return states.read(o[0], "states", &problem.states) &&
               observed.read(o[1], "observed", &problem.observed) &&
               start.read(o[2], "start", &problem.scopes.start) &&
               values.read(o[3], "values", &problem.scopes.values) &&
               gates.read_rows(o[4], "gates", &problem.gates) &&
               links.read_rows(o[5], "links", &problem.links) &&
               maxima.read(o[6], "maxima", &problem.maxima);
    }
};

// Searches for a layout of accumulators or, with a last argument, lays them out as a sweep along
// that order. Returns (steps, states of the accumulators, elimination).
inline PyObject *search_layout(PyObject *, PyObject *args) {
    GateInput input;
    PyObject *order;
    if (!input.read(args, &order)) return nullptr;
    Buffer b_order;
    Span<const int64_t> sweep;
    if (order && !b_order.read(order, "order", &sweep)) return nullptr;
    const GateProblem &problem = input.problem;
    LayoutSearch search;
    Arena count;
    search.lay(count, problem);
    Memory memory(count.used());
    if (!memory) return nullptr;
    Arena arena = memory.arena();
    search.lay(arena, problem);
    if (!unlocked([&](Watch &watch) {
            if (order)
                search.sweep(problem, sweep);
            else
                search.run(problem, watch);
        }))
        return nullptr;
    const Layout &best = search.best;
    PyObject *elimination =
        elimination_result(search.order, &search.numbering, problem.states.size);
    if (!elimination) return nullptr;
    return Py_BuildValue("(NNN)", bytes_of(best.steps.slice(0, best.made)),
                         bytes_of(best.states.slice(0, best.accumulators)), elimination);
}

inline PyObject *search_sweep(PyObject *, PyObject *args) {
    PyObject *o[8];
    long long rounds, seed;
    double heat;
    if (!PyArg_ParseTuple(args, "OOOOOOOOLdL", &o[0], &o[1], &o[2], &o[3], &o[4], &o[5], &o[6],
                          &o[7], &rounds, &heat, &seed))
        return nullptr;
    Buffer scopes, gates_of, parents, becomes, states, accumulators, start, values;
    SweepProblem problem;
    Span<const uint64_t> flat;
    if (!scopes.read(o[0], "scopes", &flat) ||
        !gates_of.read(o[1], "gates_of", &problem.gates_of) ||
        !parents.read(o[2], "parents", &problem.parents) ||
        !becomes.read(o[3], "becomes", &problem.becomes) ||
        !states.read(o[4], "states", &problem.states) ||
        !accumulators.read(o[5], "accumulator_states", &problem.accumulator_states) ||
        !start.read(o[6], "start", &problem.units.start) ||
        !values.read(o[7], "values", &problem.units.values))
        return nullptr;
    int64_t words = words_for(problem.states.size);
    problem.scopes = {flat.data, words ? flat.size / words : 0, words};
    SweepSearch search;
    Arena count;
    search.lay(count, problem);
    Memory memory(count.used());
    if (!memory) return nullptr;
    Arena arena = memory.arena();
    search.lay(arena, problem);
    if (!unlocked([&](Watch &watch) {
            search.run(problem, rounds, heat, uint64_t(seed), watch);
        }))
        return nullptr;
    return Py_BuildValue("(Nd)", bytes_of(search.best), search.work);
}

inline PyMethodDef order_methods[] = {
    {"search_order", search_order, METH_VARARGS,
     "search_order(start, values, states, /)\n--\n\nThe best of many greedy orders."},
    {"search_layout", search_layout, METH_VARARGS,
     "search_layout(states, observed, start, values, gates, links, maxima, order=None, /)\n--\n\n"
     "Accumulators of the open gates and an order of all."},
    {"search_sweep", search_sweep, METH_VARARGS,
     "search_sweep(scopes, gates_of, parents, becomes, states, accumulator_states, start, values, "
     "rounds, heat, seed, /)\n--\n\nAn order in which no two accumulators of a gate meet."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace core

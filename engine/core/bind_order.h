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
    Memory memory(Memory::room([&](Arena &arena) { lists.lay(arena, e); }));
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
    Arguments all(args);
    Lists scopes;
    Span<const double> cards;
    if (!all.in("start", &scopes.start).in("values", &scopes.values).in("states", &cards))
        return nullptr;
    OrderSearch search;
    Memory memory(Memory::room([&](Arena &arena) { search.lay(arena, cards.size); }));
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

// Searches for a layout of accumulators or, with a last argument, lays them out as a sweep along
// that order. Returns (steps, states of the accumulators, elimination).
inline PyObject *search_layout(PyObject *, PyObject *args) {
    Arguments all(args);
    GateProblem problem;
    Span<const int64_t> sweep;
    all.in("states", &problem.states).in("observed", &problem.observed)
        .in("start", &problem.scopes.start).in("values", &problem.scopes.values)
        .rows("gates", &problem.gates).rows("links", &problem.links).in("maxima", &problem.maxima);
    bool order = all.given();
    if (order) all.in("order", &sweep);
    if (!all) return nullptr;
    LayoutSearch search;
    Memory memory(Memory::room([&](Arena &arena) { search.lay(arena, problem); }));
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
    Arguments all(args);
    long long rounds = 0, seed = 0;
    double heat = 0.0;
    SweepProblem problem;
    Span<const uint64_t> flat;
    if (!all.in("scopes", &flat).in("gates_of", &problem.gates_of).in("parents", &problem.parents)
             .in("becomes", &problem.becomes).in("states", &problem.states)
             .in("accumulator_states", &problem.accumulator_states)
             .in("start", &problem.units.start).in("values", &problem.units.values)
             .number(&rounds).number(&heat).number(&seed))
        return nullptr;
    int64_t words = words_for(problem.states.size);
    problem.scopes = {flat.data, words ? flat.size / words : 0, words};
    SweepSearch search;
    Memory memory(Memory::room([&](Arena &arena) { search.lay(arena, problem); }));
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

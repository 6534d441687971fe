// The calibrated tree of a network without evidence: findings are rows of its nodes.
#pragma once

#include "bind_run.h"

namespace core {

// What is known of a case, by place in an answer.
struct Known {
    Span<const int64_t> hard;     // the places of the states that were observed
    Span<const int64_t> soft;     // where the likelihoods of variables start
    Span<const double> weights;   // likelihoods, by place
};

// A tree that takes findings, by number or by name.
struct Named {
    PyObject *prepared = nullptr, *places = nullptr;
    Prepared *tree = nullptr;
    Span<int64_t> node_at;  // the node of each place
    size_t narrow = 0;      // the work space of a run

    ~Named() {
        Py_XDECREF(prepared);
        Py_XDECREF(places);
        free(node_at.data);
    }
};

constexpr const char *kNamed = "fascinet.Named";

inline Named *named_of(PyObject *object) {
    return static_cast<Named *>(PyCapsule_GetPointer(object, kNamed));
}
inline void delete_named(Named *named) {
    named->~Named();
    free(named);
}
inline void drop_named(PyObject *capsule) { delete_named(named_of(capsule)); }

// name(prepared, places) -> capsule; places is {variable: {state: place in an answer}}
inline PyObject *name(PyObject *, PyObject *args) {
    PyObject *prepared, *places;
    if (!PyArg_ParseTuple(args, "OO!", &prepared, &PyDict_Type, &places)) return nullptr;
    Prepared *tree = prepared_of(prepared);
    if (!tree) return nullptr;
    const Program &program = tree->tree.program;
    void *memory = malloc(sizeof(Named)), *nodes = malloc(size_t(program.sizes.answer + 1) * 8);
    if (!memory || !nodes) {
        free(memory);
        free(nodes);
        return PyErr_NoMemory();
    }
    Named *named = new (Here{}, memory) Named;
    Py_INCREF(prepared);
    Py_INCREF(places);
    named->prepared = prepared, named->places = places, named->tree = tree;
    named->node_at = {static_cast<int64_t *>(nodes), program.sizes.answer};
    named->node_at.fill(-1);
    for (int64_t i = 0; i < program.nodes.size; ++i) {
        const Node &n = program.nodes[i];
        if (n.place >= 0) named->node_at.slice(n.place, n.place + n.states).fill(i);
    }
    named->narrow = room_for<double>(tree->tree, program.sizes.answer, true);
    return PyCapsule_New(named, kNamed, drop_named);
}

// Runs findings on the tree with one kind of number.
template <class N>
inline Status run_known(const Named &named, const Known &known, bool guarded, Arena arena,
                        const Wanted &wanted, LogProduct *total) {
    const Prepared &p = *named.tree;
    const Program &program = p.tree.program;
    CaseRun<N> mine;
    mine.lay(arena, p.tree, program.sizes.answer, true);
    Run<N> &run = mine.run;
    run.base = p.base.data, run.least = p.least.data, run.guarded = guarded, run.watch = nullptr;
    for (int64_t k = 0; k < program.operands.size; ++k)
        run.places[k] = {program.operands[k].offset};
    for (int64_t i = 0; i < program.nodes.size; ++i)
        run.rows[i] = {0, program.nodes[i].states, nullptr, false};
    for (int64_t place : known.hard) {
        int64_t i = named.node_at[place], r = place - program.nodes[i].place;
        run.rows[i] = {r, r + 1, nullptr, true};
    }
    for (int64_t place : known.soft)
        if (!mine.weigh(named.node_at[place], known.weights.data + place,
                        mine.weights.data + place, total))
            return Status::kImpossible;
    return finish(run, mine.found, wanted, Case{}, total);
}

// ln P of findings; NaN with an exception set if there is no memory.
inline double log_known(const Named &named, const Known &known, const Wanted &wanted) {
    Prepared *p = named.tree;
    double sure = p->sure;
    for (int64_t place : known.soft) {
        const Node &n = p->tree.program.nodes[named.node_at[place]];
        double low = INFINITY, top = 0.0;
        for (int64_t r = 0; r < n.states; ++r) {
            double x = known.weights[place + r];
            if (x > 0.0) low = least(low, x), top = most(top, x);
        }
        if (low < top) sure += log2(low / top);
    }
    LogProduct total;
    Status status;
    {
        Space space(p, named.narrow);
        if (!space) return NAN;
        status = run_known<double>(named, known, sure < kSure, space.arena(), wanted, &total);
    }
    if (status == Status::kUnsafe) {
        total = {};
        Space space(p, room_for<Wide>(p->tree, p->tree.program.sizes.answer, true));
        if (!space) return NAN;
        status = run_known<Wide>(named, known, false, space.arena(), wanted, &total);
    }
    return status == Status::kDone ? total.log() : -INFINITY;
}

// find(named, hard, soft, weights, answer) -> ln P(findings); answer may be None
inline PyObject *find(PyObject *, PyObject *args) {
    Arguments all(args);
    Named *named = all.capsule<Named>(kNamed);
    Known known;
    Wanted wanted;
    all.in("hard", &known.hard).in("soft", &known.soft).in("weights", &known.weights);
    if (all.given()) all.out("answer", &wanted.answer);
    if (!all) return nullptr;
    int64_t places = named->node_at.size;
    bool good = (!known.soft.size || known.weights.size == places) &&
                (!wanted.answer.size || wanted.answer.size == places);
    for (int64_t place : known.hard) good = good && 0 <= place && place < places;
    for (int64_t place : known.soft) good = good && 0 <= place && place < places;
    if (!fits(good, "find: places or lengths out of range")) return nullptr;
    double found = log_known(*named, known, wanted);
    return PyErr_Occurred() ? nullptr : PyFloat_FromDouble(found);
}

constexpr int64_t kFindings = 4096;  // that are read by name

// Reads findings; false where another way must answer: a name is unknown, or no plain string.
inline bool read_names(const Named &named, PyObject *findings, int64_t *places, int64_t *count) {
    PyObject *variable, *state;
    Py_ssize_t at = 0;
    *count = 0;
    while (PyDict_Next(findings, &at, &variable, &state)) {
        if (*count == kFindings || !PyUnicode_CheckExact(variable) || !PyUnicode_CheckExact(state))
            return false;
        PyObject *states = PyDict_GetItemWithError(named.places, variable);
        if (!states || !PyDict_CheckExact(states)) return false;
        PyObject *place = PyDict_GetItemWithError(states, state);
        if (!place) return false;
        int64_t number = PyLong_AsLongLong(place);
        if (number < 0 || number >= named.node_at.size) return false;
        places[(*count)++] = number;
    }
    return true;
}

// find_names(named, findings, answer) -> ln P(findings), NaN where another way must answer
inline PyObject *find_names(PyObject *, PyObject *args) {
    PyObject *capsule, *findings, *answer;
    if (!PyArg_UnpackTuple(args, "find_names", 3, 3, &capsule, &findings, &answer)) return nullptr;
    Named *named = named_of(capsule);
    if (!named) return nullptr;
    int64_t places[kFindings], count = 0;
    if (!PyDict_CheckExact(findings) || !read_names(*named, findings, places, &count)) {
        PyErr_Clear();
        return PyFloat_FromDouble(NAN);
    }
    Buffer held;
    Wanted wanted;
    if (!held.write(answer, "answer", &wanted.answer)) return nullptr;
    if (wanted.answer.size != named->node_at.size) {
        PyErr_SetString(PyExc_ValueError, "find_names: an answer of another length");
        return nullptr;
    }
    Known known{{places, count}, {}, {}};
    double found = log_known(*named, known, wanted);
    return PyErr_Occurred() ? nullptr : PyFloat_FromDouble(found);
}

inline PyMethodDef tree_methods[] = {
    {"name", name, METH_VARARGS,
     "name(prepared, places)\n--\n\nMake a calibrated tree take findings."},
    {"find", find, METH_VARARGS,
     "find(named, hard, soft, weights, answer)\n--\n\nFindings by place; return ln P."},
    {"find_names", find_names, METH_VARARGS,
     "find_names(named, findings, answer)\n--\n\nFindings by name; return ln P, NaN if unread."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace core

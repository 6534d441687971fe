// Many cases in one call.
#pragma once

#include "bind_queries.h"
#include "bind_tree.h"

namespace core {

// Rows of a batch on the calibrated tree: the state of each variable, -1 for unknown.
struct Rows16 {
    Span<const int16_t> states;
    int64_t count, variables;

    int16_t state(int64_t row, int64_t v) const { return states[row * variables + v]; }
};

// Eight rows side by side on the calibrated tree.
struct Block {
    Run<Lanes> run;
    Span<Lanes> weights, found;
    Span<int64_t> first, node;  // of each variable: its place, its node

    void lay(Arena &arena, const Tree &tree, int64_t variables, bool down) {
        run.lay(arena, tree, down);
        weights = arena.span<Lanes>(tree.program.sizes.answer);
        found = arena.span<Lanes>(down ? tree.program.sizes.answer : 0);
        first = arena.span<int64_t>(variables);
        node = arena.span<int64_t>(variables);
    }
    void begin(const Prepared &p) {
        const Program &program = p.tree.program;
        run.base = p.base.data, run.least = p.least.data, run.guarded = p.sure < kSure;
        for (int64_t k = 0; k < program.operands.size; ++k) {
            run.places[k].same = true;
            run.places[k].lane[0] = program.operands[k].offset;
        }
        for (int64_t i = 0; i < program.nodes.size; ++i)
            if (program.nodes[i].place >= 0) {
                first[program.nodes[i].variable] = program.nodes[i].place;
                node[program.nodes[i].variable] = i;
            }
    }
    // Takes in rows from `row` on; the last one again where there are fewer than eight.
    void read(const Rows16 &rows, int64_t row) {
        const Program &program = run.tree->program;
        for (int64_t i = 0; i < program.nodes.size; ++i)
            run.rows[i] = {0, program.nodes[i].states, nullptr, false};
        for (int64_t v = 0; v < rows.variables; ++v) {
            int16_t state[kLanes];
            bool some = false;
            for (int k = 0; k < kLanes; ++k) {
                state[k] = rows.state(least(row + k, rows.count - 1), v);
                some = some || state[k] >= 0;
            }
            if (!some) continue;
            int64_t i = node[v], states = program.nodes[i].states;
            for (int64_t r = 0; r < states; ++r)
                for (int k = 0; k < kLanes; ++k)
                    weights[first[v] + r][k] = state[k] < 0 || state[k] == r ? 1.0 : 0.0;
            run.rows[i].weight = weights.data + first[v];
            run.rows[i].live = true;
        }
    }
    double log(int lane) const {
        LogProduct total;
        const Program &program = run.tree->program;
        for (int64_t i = 0; i < program.nodes.size; ++i) {
            if (!run.rows[i].live) continue;
            if (run.guarded) total.times(run.tops[i][lane]);
            if (program.nodes[i].parent < 0)
                total.times(run.messages[program.nodes[i].message][lane]);
        }
        return total.log();
    }
};

// Answers the rows; those that leave the range of a double again, alone, in wide numbers.
template <class T>
inline Status run_blocks(const Named &named, const Rows16 &rows, Arena arena, Watch *watch,
                         Span<T> answers, Span<double> logs, bool down) {
    const Prepared &p = *named.tree;
    const Program &program = p.tree.program;
    Block block;
    block.lay(arena, p.tree, rows.variables, down);
    block.begin(p);
    block.run.watch = watch;
    int64_t places = program.sizes.answer;
    for (int64_t row = 0; row < rows.count; row += kLanes) {
        block.read(rows, row);
        Status status = collect(block.run);
        bool unsafe = status == Status::kUnsafe;
        if (watch->stopped) return Status::kStopped;
        if (!unsafe && down) {
            distribute(block.run, Found<Lanes>{block.found, {}, {}});
            normalise(program, block.found);
        }
        for (int k = 0; k < kLanes && row + k < rows.count; ++k) {
            logs[row + k] = unsafe ? NAN : block.log(k);
            if (!down) continue;
            T *to = answers.data + (row + k) * places;
            if (logs[row + k] > -INFINITY)
                write_lane(program, block.found, k, to);
            else
                for (int64_t j = 0; j < places; ++j) to[j] = T(NAN);
        }
        if (watch->stop()) return Status::kStopped;
    }
    return Status::kDone;
}

// find_rows(named, states, answers, logs): states int16, a row a case; answers float64 or float32,
// or None. A row whose ln P is NaN has left the range of a double: it must be answered alone.
inline PyObject *find_rows(PyObject *, PyObject *args) {
    Arguments all(args);
    Named *named = all.capsule<Named>(kNamed);
    if (!named) return nullptr;
    Prepared *p = named->tree;
    Rows16 rows{};
    Span<double> logs, wide;
    Span<float> narrow;
    bool down = false, single = false;
    all.in("states", &rows.states);
    if (all.given()) {
        down = true, single = all.is_next<float>();
        single ? all.out("answers", &narrow) : all.out("answers", &wide);
    }
    if (!all.out("logs", &logs)) return nullptr;
    rows.variables = p->tree.program.observed.size, rows.count = logs.size;
    int64_t size = single ? narrow.size : wide.size;
    if (!fits(rows.states.size == rows.count * rows.variables &&
                  (!down || size == rows.count * p->tree.program.sizes.answer),
              "find_rows: arrays of other lengths than the tree's"))
        return nullptr;
    Block block;
    Space space(p, Memory::room([&](Arena &arena) {
        block.lay(arena, p->tree, rows.variables, down);
    }));
    if (!space) return nullptr;
    Status status;
    {
        Unlocked unlocked;
        Watch *watch = &unlocked.watch;
        status = single ? run_blocks(*named, rows, space.arena(), watch, narrow, logs, down)
                        : run_blocks(*named, rows, space.arena(), watch, wide, logs, down);
    }
    if (status == Status::kStopped) return nullptr;
    Py_RETURN_NONE;
}

// run_rows(prepared, leaves, base, shifts, states, weights, answers, logs): cases of one program, a
// row each. leaves, base, shifts and answers may be None. Shifts move operands, then scalars, a row
// each, within a base that may then be longer: so a row may have tables of its own. Places of an
// answer that nothing is said of stay as they are.
inline PyObject *run_rows(PyObject *, PyObject *args) {
    Arguments all(args);
    Prepared *p = all.capsule<Prepared>(kPrepared);
    Laid *laid = all.given() ? all.capsule<Laid>(kLaid) : nullptr;
    RowArguments rows;
    if (!p || !all || !rows.read(*p, all) || !fits(!laid || laid->tree == p, kWrongLengths))
        return nullptr;
    const Program &program = p->tree.program;
    auto &[states, shifts, weights, base, answers, logs, down] = rows;
    int64_t count = logs.size, variables = program.observed.size, places = program.sizes.answer;
    int64_t moved = program.operands.size + program.scalars.size;
    bool ask_too = down && laid;
    Arena room;
    AskingBoth asking;
    room.span<double>(ask_too ? program.sizes.tables : 0);
    room.span<double>(ask_too ? program.sizes.messages : 0);
    if (ask_too) asking.lay(room, laid->asked, p->tree);
    Memory kept(room.used());
    size_t narrow = room_for<double>(p->tree, program.sizes.weights, down);
    size_t wide = room_for<Wide>(p->tree, program.sizes.weights, down);
    Space space(p, narrow);
    if (!kept || !space) return nullptr;
    Arena arena = kept.arena();
    Span<double> tables = arena.span<double>(ask_too ? program.sizes.tables : 0);
    Span<double> beliefs = arena.span<double>(ask_too ? program.sizes.messages : 0);
    if (ask_too) asking.lay(arena, laid->asked, p->tree);
    Status status = Status::kDone;
    bool memory = true;
    {
        Unlocked unlocked;
        for (int64_t i = 0; i < count && status != Status::kStopped && memory; ++i) {
            Case given{states.slice(i * variables, (i + 1) * variables),
                       weights.slice(i * program.sizes.weights, (i + 1) * program.sizes.weights),
                       base.data, p->least.data,
                       shifts.size ? shifts.data + i * moved : nullptr};
            Wanted wanted;
            if (down) wanted = {answers.slice(i * places, (i + 1) * places), tables, beliefs};
            double sure = p->sure;
            if (program.sizes.weights) sure += weights_floor(program, given.weights);
            LogProduct total;
            status = run_case<double>(p->tree, given, sure < kSure, space.arena(), &unlocked.watch,
                                      wanted, &total);
            if (status == Status::kUnsafe) {
                void *more = malloc(wide + 64);
                memory = more != nullptr;
                if (!memory) break;
                total = {};
                status = run_case<Wide>(p->tree, given, false, Arena(aligned(more), wide),
                                        &unlocked.watch, wanted, &total);
                free(more);
            }
            logs[i] = status == Status::kDone ? total.log() : -INFINITY;
            if (ask_too && status == Status::kDone) {
                Calibration tree{base.data, given.states.data, tables, beliefs};
                status = ask(p->tree, laid->asked, asking, tree, wanted.answer, &unlocked.watch);
            }
        }
    }
    if (!memory) return PyErr_NoMemory();
    if (status == Status::kStopped) return nullptr;
    Py_RETURN_NONE;
}

inline PyMethodDef batch_methods[] = {
    {"find_rows", find_rows, METH_VARARGS,
     "find_rows(named, states, answers, logs)\n--\n\nRows of findings on a calibrated tree."},
    {"run_rows", run_rows, METH_VARARGS,
     "run_rows(prepared, leaves, states, weights, answers, logs)\n--\n\nCases of one program."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace core

// Cases of one program, eight side by side: those of a batch that share their positive findings.
#pragma once

#include "bind_run.h"

namespace core {

// How findings weigh on the rows of nodes: the finding at place p of an answer (a variable in a
// state) multiplies weights[place[i]] by factor[i] for start[p] <= i < start[p + 1].
struct FindingWeights {
    Span<const int64_t> start, place;
    Span<const double> factor;
};

// weigh_rows(states, first, start, place, factor, weights): states int16, a row a case, -1 for
// unknown; `first` is the place in an answer of each variable's first state; weights a row a case.
inline PyObject *weigh_rows(PyObject *, PyObject *args) {
    Arguments all(args);
    Span<const int16_t> states;
    Span<const int64_t> first;
    FindingWeights findings;
    Span<double> weights;
    if (!all.in("states", &states).in("first", &first).in("start", &findings.start)
             .in("place", &findings.place).in("factor", &findings.factor).out("weights", &weights))
        return nullptr;
    int64_t variables = first.size, count = variables ? states.size / variables : 0;
    int64_t width = count ? weights.size / count : 0;
    bool good = states.size == count * variables && weights.size == count * width &&
                findings.place.size == findings.factor.size && findings.start.size;
    for (int64_t place : findings.place) good = good && 0 <= place && place < width;
    if (!fits(good, "weigh_rows: arrays of lengths that do not fit")) return nullptr;
    {
        Unlocked others;
        weights.fill(1.0);
        for (int64_t row = 0; row < count; ++row) {
            double *to = weights.data + row * width;
            for (int64_t v = 0; v < variables; ++v) {
                int64_t state = states[row * variables + v], at = first[v] + state;
                if (state < 0 || at + 1 >= findings.start.size) continue;
                for (int64_t i = findings.start[at]; i < findings.start[at + 1]; ++i)
                    to[findings.place[i]] *= findings.factor[i];
            }
        }
    }
    Py_RETURN_NONE;
}

// Eight cases of a program at a time; the last case again where there are fewer.
class CaseLanes {
  public:
    void lay(Arena &arena, const Tree &tree, bool down) {
        run_.lay(arena, tree, down);
        weights_ = arena.span<Lanes>(tree.program.sizes.weights);
        found_ = arena.span<Lanes>(down ? tree.program.sizes.answer : 0);
    }

    // `shifts` move operands, then scalars, a row a case; none may be given.
    void begin(const Prepared &p, const double *base, Span<const int64_t> shifts, Watch *watch) {
        sure_ = p.sure, shifts_ = shifts;
        run_.base = base, run_.least = p.least.data, run_.watch = watch;
    }

    // Answers cases from `row` on; false for those that leave the range of a double.
    Status go(Span<const int64_t> states, Span<const double> weights, int64_t row, int64_t count,
              bool down) {
        const Program &program = run_.tree->program;
        const int64_t *state[kLanes], *shift[kLanes];
        int64_t operands = program.operands.size, moved = operands + program.scalars.size;
        double floor = 0.0;
        for (int k = 0; k < kLanes; ++k) {
            int64_t i = least(row + k, count - 1);
            state[k] = states.data + i * program.observed.size;
            logs_[k] = {};
            floor = least(floor, weigh(weights.data + i * program.sizes.weights, k));
            shift[k] = shifts_.size ? shifts_.data + i * moved : nullptr;
            for (int64_t s = 0; s < program.scalars.size; ++s)
                logs_[k].times(run_.base[start_of(program, program.scalars[s], state[k]) +
                                         (shift[k] ? shift[k][operands + s] : 0)]);
        }
        run_.guarded = sure_ + floor < kSure;
        for (int64_t o = 0; o < program.operands.size; ++o) {
            Place<Lanes> &place = run_.places[o];
            const Operand &operand = program.operands[o];
            place.same = true;
            for (int k = 0; k < kLanes; ++k) {
                place.lane[k] = k && operand.slices == operand.slices_end && !shift[k]
                                    ? place.lane[0]
                                    : start_of(program, operand, state[k]) +
                                          (shift[k] ? shift[k][o] : 0);
                place.same = place.same && place.lane[k] == place.lane[0];
            }
        }
        Status status = collect(run_);
        if (status == Status::kDone && down) {
            status = distribute(run_, Found<Lanes>{found_, {}, {}});
            normalise(program, found_);
        }
        if (status == Status::kDone) multiply_logs();
        return status;
    }
    double log(int lane) const { return logs_[lane].log(); }

    void write(int lane, double *answer) const {
        write_lane(run_.tree->program, found_, lane, answer);
    }

  private:
    // Takes in the weights of one lane, the largest of a node as 1; returns log2 of the least that
    // they multiply a product by.
    double weigh(const double *given, int lane) {
        const Program &program = run_.tree->program;
        LogProduct floor;
        for (int64_t i = 0; i < program.nodes.size; ++i) {
            const Node &n = program.nodes[i];
            run_.rows[i] = {0, n.states, nullptr, !n.conditional};
            if (n.weight < 0) continue;
            double top = 0.0, low = INFINITY;
            for (int64_t r = 0; r < n.states; ++r) {
                double x = given[n.weight + r];
                top = most(top, x);
                if (x > 0.0) low = least(low, x);
            }
            if (top != 1.0) logs_[lane].times(top);
            if (low < top) floor.times(low / top);
            double by = top > 0.0 ? 1.0 / top : 0.0;
            for (int64_t r = 0; r < n.states; ++r)
                weights_[n.weight + r][lane] = given[n.weight + r] * by;
            run_.rows[i].weight = weights_.data + n.weight;
            run_.rows[i].live = true;
        }
        return floor.log() * 1.4426950408889634;
    }

    void multiply_logs() {
        const Program &program = run_.tree->program;
        for (int64_t i = 0; i < program.nodes.size; ++i) {
            if (!run_.rows[i].live) continue;
            for (int k = 0; k < kLanes; ++k) {
                if (run_.guarded) logs_[k].times(run_.tops[i][k]);
                if (program.nodes[i].parent < 0)
                    logs_[k].times(run_.messages[program.nodes[i].message][k]);
            }
        }
    }

    Run<Lanes> run_;
    Span<Lanes> weights_, found_;
    LogProduct logs_[kLanes];
    double sure_ = 0.0;
    Span<const int64_t> shifts_;
};

// run_lanes(prepared, base, shifts, states, weights, answers, logs): cases of one program, a row each,
// as for run_rows; base, shifts and answers may be None. A case whose ln P is NaN has left the range of a double: it must be answered alone.
// Nothing is written of an answer that the program says nothing of, or of an impossible case.
inline PyObject *run_lanes(PyObject *, PyObject *args) {
    Arguments all(args);
    Prepared *p = all.capsule<Prepared>(kPrepared);
    RowArguments rows;
    if (!p || !rows.read(*p, all)) return nullptr;
    auto &[states, shifts, weights, base, answers, logs, down] = rows;
    int64_t count = logs.size, places = p->tree.program.sizes.answer;
    CaseLanes lanes;
    Space space(p, Memory::room([&](Arena &arena) { lanes.lay(arena, p->tree, down); }));
    if (!space) return nullptr;
    Arena arena = space.arena();
    lanes.lay(arena, p->tree, down);
    Status status = Status::kDone;
    {
        Unlocked others;
        lanes.begin(*p, base.data, shifts, &others.watch);
        for (int64_t row = 0; row < count && status != Status::kStopped; row += kLanes) {
            status = lanes.go(states, weights, row, count, down);
            for (int k = 0; k < kLanes && row + k < count; ++k) {
                logs[row + k] = status == Status::kDone ? lanes.log(k) : NAN;
                if (down && logs[row + k] > -INFINITY) lanes.write(k, answers.data + (row + k) * places);
            }
        }
    }
    if (status == Status::kStopped) return nullptr;
    Py_RETURN_NONE;
}

inline PyMethodDef core_methods[] = {
    {"weigh_rows", weigh_rows, METH_VARARGS,
     "weigh_rows(states, first, start, place, factor, weights)\n--\n\nFindings as row weights."},
    {"run_lanes", run_lanes, METH_VARARGS,
     "run_lanes(prepared, base, shifts, states, weights, answers, logs)\n--\n\n"
     "Cases of one program, side by side."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace core

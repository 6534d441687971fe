// Slopes of P(e) as Python calls them.
#pragma once

#include "bind_tree.h"
#include "slopes.h"

namespace core {

// How the base depends on parameters: d base[i] / d parameter[k] = value[k], start[i] <= k <
// start[i + 1]. Empty: the slopes by the base itself are wanted.
struct Jacobian {
    Span<const int64_t> start, parameter;
    Span<const double> value;
};

// What all runs of one call share.
struct SlopeCall {
    const Tree *tree;
    Case given;
    int64_t base_size, width;  // of a row of slopes
    Jacobian jacobian;
    Span<const double> weights;  // a row a case
    Span<double> logs, scales, out;
    bool guarded;
    Watch *watch;

    const double *weights_of(int64_t row) const {
        return weights.data + row * tree->program.sizes.weights;
    }
};

// A run of as many cases as the number has lanes, from `row` on; the last case fills up the lanes.
template <class N>
class SlopeRun {
  public:
    void lay(Arena &arena, const SlopeCall &call) {
        bool own = !direct(call);
        slopes_.lay(arena, *call.tree, call.base_size, own);
        weights_ = arena.span<N>(call.tree->program.sizes.weights);
        pulled_ = arena.span<N>(call.jacobian.start.size ? call.width : 0);
        pages_ = arena.span<uint64_t>(words_for((call.base_size + kPage - 1) / kPage));
    }

    // Notes the pages of the base that the program reads, the same for all cases of a call.
    void begin(const SlopeCall &call) {
        const Program &program = call.tree->program;
        pages_.fill(0);
        auto note = [&](int64_t first, int64_t last) {
            for (int64_t page = first / kPage; page <= last / kPage; ++page) put(pages_, page);
        };
        for (const Node &n : program.nodes)
            for (int64_t k = n.operands; k < n.operands_end; ++k) {
                int64_t at = start_of(program, program.operands[k], call.given.states.data);
                int64_t strides = program.operands[k].strides;
                int64_t last = at + program.strides[strides] * (n.states - 1);
                for (int64_t a = n.axes; a < n.axes_end; ++a)
                    last += program.strides[strides + 1 + a - n.axes] * (program.axes[a].states - 1);
                note(at, last);
            }
        for (const Operand &scalar : program.scalars) {
            int64_t at = start_of(program, scalar, call.given.states.data);
            note(at, at);
        }
    }

    Status go(const SlopeCall &call, int64_t row) {
        const Tree &tree = *call.tree;
        Run<N> &run = slopes_.run;
        int cases = int(least(int64_t(Number<N>::kCases), call.logs.size - row));
        double logs[kLanes] = {}, scales[kLanes] = {};
        if (direct(call)) slopes_.gradient = as_numbers(call.out);
        else each_page(call, [&](int64_t from, int64_t to) {
            slopes_.gradient.slice(from, to).fill(Number<N>::zero());
        });
        run.base = call.given.base, run.least = call.given.least;
        run.guarded = call.guarded && Number<N>::kNarrow, run.watch = call.watch;
        place(call, cases, row, scales);
        for (int64_t k = 0; k < tree.program.operands.size; ++k)
            put_place(run.places[k], start_of(tree.program, tree.program.operands[k],
                                              call.given.states.data));
        Status status = slopes_.up(call.given.states.data, logs, scales);
        if (status == Status::kDone) status = slopes_.down();
        if (status != Status::kDone) return status;
        for (int lane = 0; lane < cases; ++lane)
            call.logs[row + lane] = logs[lane], call.scales[row + lane] = scales[lane];
        return leave(call, row, cases) ? Status::kDone : Status::kUnsafe;
    }

  private:
    static constexpr int64_t kPage = 64;  // numbers of the base

    template <class Use>
    void each_page(const SlopeCall &call, Use use) const {
        each(pages_, [&](int64_t page) {
            use(page * kPage, least((page + 1) * kPage, call.base_size));
        });
    }
    // Slopes by the base of one case are written where they are wanted.
    static bool direct(const SlopeCall &call) {
        return kIsDouble<N> && call.jacobian.start.size == 0 && call.logs.size == 1;
    }
    static Span<double> as_numbers_(Span<double> out, double *) { return out; }
    template <class M>
    static Span<M> as_numbers_(Span<double>, M *) { return {}; }
    static Span<N> as_numbers(Span<double> out) {
        return as_numbers_(out, static_cast<N *>(nullptr));
    }
    static void put_place(Place<Lanes> &place, int64_t at) {
        for (int64_t &x : place.lane) x = at;
        place.same = true;
    }
    template <class P>
    static void put_place(P &place, int64_t at) { place.at = at; }

    // Sets each node's rows: the largest weight of a case counts as 1, and goes into its scale.
    void place(const SlopeCall &call, int cases, int64_t row, double *scales) {
        const Program &program = call.tree->program;
        for (int64_t i = 0; i < program.nodes.size; ++i) {
            const Node &n = program.nodes[i];
            slopes_.run.rows[i] = {0, n.states, nullptr, !n.conditional};
            if (n.weight < 0) continue;
            Span<N> mine = weights_.slice(n.weight, n.weight + n.states);
            for (int lane = 0; lane < Number<N>::kCases; ++lane) {
                const double *given = call.weights_of(row + least(lane, cases - 1)) + n.weight;
                double top = 0.0;
                for (int64_t r = 0; r < n.states; ++r) top = most(top, given[r]);
                if (top > 0.0 && top != 1.0) scales[lane] += log(top);
                for (int64_t r = 0; r < n.states; ++r)
                    set_in(mine[r], lane, Number<N>::of(top > 0.0 ? given[r] / top : 0.0));
            }
            slopes_.run.rows[i].weight = mine.data;
            slopes_.run.rows[i].live = true;
        }
    }

    // Writes the slopes, led back to parameters; false where they left the range of a double.
    bool leave(const SlopeCall &call, int64_t row, int cases) {
        bool led = call.jacobian.start.size, fine = true;
        if (led) pull(call);
        Span<N> found = led ? pulled_ : slopes_.gradient;
        auto each_part = [&](auto use) {
            if (led)
                use(int64_t(0), call.width);
            else
                each_page(call, use);
        };
        if (call.logs[row] == -INFINITY) {
            int64_t top = Wide::kNone;
            each_part([&](int64_t from, int64_t to) { top = most(top, exponent(found, from, to)); });
            if (top != Wide::kNone) {
                each_part([&](int64_t from, int64_t to) { lower(found.slice(from, to), top); });
                call.scales[row] += double(top) * 0.693147180559945309417;
            }
        }
        for (int lane = 0; lane < cases; ++lane) {
            double *out = call.out.data + (row + lane) * call.width;
            each_part([&](int64_t from, int64_t to) {
                for (int64_t k = from; k < to; ++k) {
                    out[k] = Number<N>::value(found[k], lane);
                    fine &= out[k] - out[k] == 0.0;
                }
            });
        }
        return fine || !Number<N>::kNarrow;
    }

    // Where P(e) is zero, slopes have no natural scale: wide ones are lowered by their largest
    // exponent into the range of a double.
    template <class M>
    static int64_t exponent(Span<M>, int64_t, int64_t) { return Wide::kNone; }
    static int64_t exponent(Span<Wide> found, int64_t from, int64_t to) {
        int64_t top = Wide::kNone;
        for (const Wide &x : found.slice(from, to)) top = most(top, x.exponent);
        return top;
    }
    template <class M>
    static void lower(Span<M>, int64_t) {}
    static void lower(Span<Wide> found, int64_t by) {
        for (Wide &x : found) x.exponent -= x.mantissa > 0.0 ? by : 0;
    }

    void pull(const SlopeCall &call) {
        const Jacobian &jacobian = call.jacobian;
        pulled_.fill(Number<N>::zero());
        each_page(call, [&](int64_t from, int64_t to) {
            for (int64_t i = from; i < to; ++i) {
                const N &slope = slopes_.gradient[i];
                if (Number<N>::is_zero(slope)) continue;
                for (int64_t k = jacobian.start[i]; k < jacobian.start[i + 1]; ++k) {
                    N &to = pulled_[jacobian.parameter[k]];
                    to = to + slope * jacobian.value[k];
                }
            }
        });
    }

    Slopes<N> slopes_;
    Span<N> weights_, pulled_;
    Span<uint64_t> pages_;
};

// Runs all cases by one kind of number; those that it cannot hold are left for wide ones.
template <class N>
inline Status run_slopes(Prepared *prepared, const SlopeCall &call, int64_t from, int64_t to) {
    SlopeRun<N> run;
    Space space(prepared, Memory::room([&](Arena &arena) { run.lay(arena, call); }), false);
    if (!space) return Status::kNoMemory;
    Arena arena = space.arena();
    run.lay(arena, call);
    run.begin(call);
    for (int64_t row = from; row < to; row += Number<N>::kCases) {
        Status status = run.go(call, row);
        if (status == Status::kUnsafe && Number<N>::kNarrow) {
            if (call.jacobian.start.size == 0 && call.logs.size == 1) call.out.fill(0.0);
            int64_t end = least(row + Number<N>::kCases, to);
            if constexpr (Number<N>::kNarrow) status = run_slopes<Wide>(prepared, call, row, end);
        }
        if (status != Status::kDone) return status;
    }
    return Status::kDone;
}

// slopes(prepared, base, least, states, weights, logs, scales, slopes, start, parameter, value)
//
// Cases that differ in their weights, a row each. Writes ln P(e) of each, and d P(e) / d parameter
// divided by a scale whose logarithm is written too: P(e) where that is positive. `start`,
// `parameter` and `value` are the Jacobian of the base; None: slopes by the base itself.
inline PyObject *slopes(PyObject *, PyObject *args) {
    Arguments all(args);
    Prepared *p = all.capsule<Prepared>(kPrepared);
    if (!p) return nullptr;
    const Program &program = p->tree.program;
    Span<const double> base = p->base, low = p->least;
    SlopeCall call{};
    call.tree = &p->tree;
    if (all.given()) all.in("base", &base);
    if (all.given()) all.in("least", &low);
    all.in("states", &call.given.states).in("weights", &call.weights).out("logs", &call.logs)
        .out("scales", &call.scales).out("slopes", &call.out);
    bool led = all.given();
    if (led)
        all.in("start", &call.jacobian.start).in("parameter", &call.jacobian.parameter)
            .in("value", &call.jacobian.value);
    int64_t cases = call.logs.size;
    call.given.base = base.data, call.given.least = low.data;
    call.base_size = base.size;
    call.width = cases ? call.out.size / cases : 0;
    if (!all ||
        !fits(base.size == p->base.size && low.size == p->least.size &&
                  call.given.states.size == program.observed.size && call.scales.size == cases &&
                  call.weights.size == cases * program.sizes.weights &&
                  call.out.size == cases * call.width &&
                  (led ? call.jacobian.start.size == base.size + 1
                       : call.width == base.size || !cases),
              kWrongLengths))
        return nullptr;
    double sure = 0.0, weighed = 0.0;
    for (const Operand &operand : program.operands) sure += low[operand.block];
    for (int64_t i = 0; program.sizes.weights && i < cases; ++i)
        weighed = least(weighed, weights_floor(program, call.weights.slice(
                                              i * program.sizes.weights,
                                              (i + 1) * program.sizes.weights)));
    call.guarded = sure + weighed < kSure;
    Status status;
    {
        Unlocked unlocked;
        call.watch = &unlocked.watch;
        status = cases == 1 ? run_slopes<double>(p, call, 0, 1)
                            : run_slopes<Lanes>(p, call, 0, cases);
    }
    if (status == Status::kNoMemory) return PyErr_NoMemory();
    if (status == Status::kStopped) return nullptr;
    Py_RETURN_NONE;
}

template <class N>
inline size_t room_for_slopes(const Prepared &p) {
    Arena count;
    Slopes<N> slopes;
    slopes.lay(count, p.tree, p.base.size, !kIsDouble<N>);
    return count.used();
}

// Runs findings, each one row of its node, and leaves d ln P / d base.
template <class N>
inline Status slopes_of_known(const Named &named, const Known &known, bool guarded, Arena arena,
                              Span<double> out, double *log_prob) {
    const Prepared &p = *named.tree;
    const Program &program = p.tree.program;
    Slopes<N> mine;
    mine.lay(arena, p.tree, p.base.size, !kIsDouble<N>);
    if constexpr (kIsDouble<N>)
        mine.gradient = out;
    else
        mine.gradient.fill(Number<N>::zero());
    Run<N> &run = mine.run;
    run.base = p.base.data, run.least = p.least.data, run.guarded = guarded, run.watch = nullptr;
    for (int64_t k = 0; k < program.operands.size; ++k) run.places[k] = {program.operands[k].offset};
    for (int64_t i = 0; i < program.nodes.size; ++i)
        run.rows[i] = {0, program.nodes[i].states, nullptr, !program.nodes[i].conditional};
    for (int64_t place : known.hard) {
        int64_t i = named.node_at[place], r = place - program.nodes[i].place;
        run.rows[i] = {r, r + 1, nullptr, true};
    }
    double scale = 0.0;
    *log_prob = 0.0;
    Status status = mine.up(nullptr, log_prob, &scale);
    if (status != Status::kDone || *log_prob == -INFINITY) return status;
    status = mine.down();
    bool fine = true;
    for (int64_t i = 0; i < out.size; ++i) {
        if constexpr (!kIsDouble<N>) out[i] = Number<N>::value(mine.gradient[i], 0);
        fine &= out[i] - out[i] == 0.0;
    }
    return fine || !Number<N>::kNarrow ? status : Status::kUnsafe;
}

// slopes_of_names(named, findings, slopes) -> ln P(findings), NaN where another way must answer.
// The tree is one without evidence on the base itself; slopes are zeros at first.
inline PyObject *slopes_of_names(PyObject *, PyObject *args) {
    PyObject *capsule, *findings, *slopes;
    if (!PyArg_UnpackTuple(args, "slopes_of_names", 3, 3, &capsule, &findings, &slopes))
        return nullptr;
    Named *named = named_of(capsule);
    if (!named) return nullptr;
    int64_t places[kFindings], count = 0;
    if (!PyDict_CheckExact(findings) || !read_names(*named, findings, places, &count)) {
        PyErr_Clear();
        return PyFloat_FromDouble(NAN);
    }
    Buffer held;
    Span<double> out;
    if (!held.write(slopes, "slopes", &out)) return nullptr;
    Prepared *p = named->tree;
    if (out.size != p->base.size) {
        PyErr_SetString(PyExc_ValueError, "slopes_of_names: slopes of another length");
        return nullptr;
    }
    Known known{{places, count}, {}, {}};
    double log_prob = 0.0;
    Status status;
    {
        Space space(p, room_for_slopes<double>(*p));
        if (!space) return nullptr;
        status = slopes_of_known<double>(*named, known, p->sure < kSure, space.arena(), out,
                                         &log_prob);
    }
    if (status == Status::kUnsafe) {
        Space space(p, room_for_slopes<Wide>(*p));
        if (!space) return nullptr;
        slopes_of_known<Wide>(*named, known, false, space.arena(), out, &log_prob);
    }
    return PyFloat_FromDouble(log_prob);
}

inline PyMethodDef slope_methods[] = {
    {"slopes", slopes, METH_VARARGS,
     "slopes(prepared, base, least, states, weights, logs, scales, slopes, start, parameter, value)"
     "\n--\n\nWrite the derivatives of P(e) of cases that differ in their weights."},
    {"slopes_of_names", slopes_of_names, METH_VARARGS,
     "slopes_of_names(named, findings, slopes)\n--\n\n"
     "Write d ln P(findings) / d base; return ln P, NaN if unread."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace core

// Programs on cases as Python calls them.
#pragma once

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "buffers.h"
#include "nodes.h"

struct Here {};  // where to make an object: memory that is there already
inline void *operator new(size_t, Here, void *memory) { return memory; }

namespace core {

// What `prepare` makes of a program: its arrays held, its views laid out, and one spare work space,
// which a call takes and gives back; a call that finds none makes its own.
struct Prepared {
    Arguments held;
    Tree tree;
    Span<const double> base, least;
    double sure = 0.0;  // log2 of what any product is at least
    void *views = nullptr, *spare = nullptr;

    explicit Prepared(PyObject *args) : held(args) {}
    ~Prepared() {
        free(views);
        free(spare);
    }
};


// Memory of a run; a large one in large pages, where the system has them: tables are walked with
// strides through more small pages than a processor keeps track of.
inline void *take_memory(size_t size) {
#if defined(__linux__)
    constexpr size_t kPage = size_t(1) << 21;
    if (size >= 2 * kPage) {
        void *at = aligned_alloc(kPage, (size + kPage - 1) / kPage * kPage);
        if (at) madvise(at, size, MADV_HUGEPAGE);
        return at;
    }
#endif
    return malloc(size);
}

inline void *aligned(void *at) {
    return static_cast<char *>(at) + (64 - reinterpret_cast<uintptr_t>(at) % 64) % 64;
}

constexpr const char *kPrepared = "fascinet.Prepared";
constexpr const char *kWrongLengths = "arrays of other lengths than the program's";

inline Prepared *prepared_of(PyObject *object) {
    return static_cast<Prepared *>(PyCapsule_GetPointer(object, kPrepared));
}

// A work space: the spare one, or one of its own.
class Space {
  public:
    // `tell`: set Python's exception if there is none, for which the lock must be held.
    Space(Prepared *of, size_t size, bool tell = true) : of_(of) {
        start_ = __atomic_exchange_n(&of->spare, nullptr, __ATOMIC_ACQ_REL);
        size_ = start_ ? *static_cast<size_t *>(start_) : 0;
        if (size_ < size + kHead) {
            free(start_);
            size_ = size + kHead;
            start_ = take_memory(size_);
            if (start_) *static_cast<size_t *>(start_) = size_;
        }
        if (!start_ && tell) PyErr_NoMemory();
    }
    Space(const Space &) = delete;
    Space &operator=(const Space &) = delete;
    ~Space() {
        if (start_ && size_ <= kKept) start_ = __atomic_exchange_n(&of_->spare, start_, __ATOMIC_ACQ_REL);
        free(start_);
    }

    explicit operator bool() const { return start_ != nullptr; }
    Arena arena() const {
        return {aligned(static_cast<char *>(start_) + sizeof(size_t)), size_ - kHead};
    }

  private:
    static constexpr size_t kHead = 128;             // its size, and room to align
    static constexpr size_t kKept = size_t(1) << 28;  // larger ones are given back to the system
    Prepared *of_;
    void *start_;
    size_t size_;
};

inline void delete_prepared(Prepared *p) {
    p->~Prepared();
    free(p);
}

inline void drop_prepared(PyObject *capsule) { delete_prepared(prepared_of(capsule)); }

// prepare(nodes, axes, operands, slices, strides, children, scalars, weights, observed, sizes,
//         base, least)
inline PyObject *prepare(PyObject *, PyObject *args) {
    void *memory = malloc(sizeof(Prepared));
    if (!memory) return PyErr_NoMemory();
    Prepared *p = new (Here{}, memory) Prepared(args);
    Program &program = p->tree.program;
    Span<const Sizes> size;
    p->held.records("nodes", &program.nodes).records("axes", &program.axes)
        .records("operands", &program.operands).records("slices", &program.slices)
        .in("strides", &program.strides).in("children", &program.children)
        .records("scalars", &program.scalars).in("weights", &program.weights)
        .in("observed", &program.observed).rows("sizes", &size).in("base", &p->base)
        .in("least", &p->least);
    bool good = bool(p->held);
    if (good) {
        program.sizes = size[0];
        Arena count;
        p->tree.lay(count);
        p->views = malloc(count.used() + 64);
        if (!p->views) PyErr_NoMemory();
        good = p->views != nullptr;
        if (good) {
            Arena arena(aligned(p->views), count.used());
            p->tree.lay(arena);
        }
    }
    if (!good) {
        delete_prepared(p);
        return nullptr;
    }
    for (const Operand &operand : program.operands) p->sure += p->least[operand.block];
    return PyCapsule_New(p, kPrepared, drop_prepared);
}

// One case for a program: its observed states, its weights, the numbers of the base.
struct Case {
    Span<const int64_t> states;
    Span<const double> weights;
    const double *base, *least;
    const int64_t *shifts = nullptr;  // of operands, then of scalars, if any are moved
};

// Where a run leaves what it finds; what is empty is not wanted.
struct Wanted {
    Span<double> answer, tables, beliefs;
    bool down() const { return answer.size || tables.size; }
};

// Both passes of a run whose rows are set. `total` is multiplied by P(e).
template <class N>
inline Status finish(Run<N> &run, Span<N> found, const Wanted &wanted, const Case &given,
                     LogProduct *total) {
    const Program &program = run.tree->program;
    Status status = collect(run);
    if (status != Status::kDone) return status;
    for (int64_t i = 0; i < program.nodes.size; ++i) {
        if (!run.rows[i].live) continue;
        if constexpr (Number<N>::kNarrow)
            if (run.guarded) total->times(run.tops[i]);
        if (program.nodes[i].parent < 0) total->times(run.messages[program.nodes[i].message]);
    }
    const int64_t *shifts = given.shifts ? given.shifts + program.operands.size : nullptr;
    for (int64_t k = 0; k < program.scalars.size; ++k)
        total->times(run.base[start_of(program, program.scalars[k], given.states.data) +
                              (shifts ? shifts[k] : 0)]);
    if (!(total->mantissa > 0.0)) return Status::kImpossible;
    if (!wanted.down()) return Status::kDone;
    status = distribute(run, Found<N>{found, wanted.tables, wanted.beliefs});
    if (status != Status::kDone || !wanted.answer.size) return status;
    for (const Node &n : program.nodes) {
        if (n.place < 0) continue;
        double sum = 0.0;
        for (int64_t r = 0; r < n.states; ++r) {
            wanted.answer[n.place + r] = Number<N>::value(found[n.place + r], 0);
            sum += wanted.answer[n.place + r];
        }
        double whole = 1.0 / sum;
        for (int64_t r = 0; r < n.states; ++r) wanted.answer[n.place + r] *= whole;
    }
    return Status::kDone;
}

// The work space of one case.
template <class N>
struct CaseRun {
    Run<N> run;
    Span<N> weights, found;

    void lay(Arena &arena, const Tree &tree, int64_t weighed, bool down) {
        run.lay(arena, tree, down);
        weights = arena.span<N>(weighed);
        found = arena.span<N>(down ? tree.program.sizes.answer : 0);
    }
    // Lets some rows of a node count by given weights, the largest as 1; false if none does.
    bool weigh(int64_t i, const double *given, N *to, LogProduct *total) {
        const Node &n = run.node(i);
        double top = 0.0;
        for (int64_t r = 0; r < n.states; ++r) top = most(top, given[r]);
        if (!(top > 0.0)) return false;
        if (top != 1.0) total->times(top);
        for (int64_t r = 0; r < n.states; ++r) to[r] = Number<N>::of(given[r] / top);
        run.rows[i].weight = to;
        run.rows[i].live = true;
        return true;
    }
};

// Runs a case of a program with one kind of number.
template <class N>
inline Status run_case(const Tree &tree, const Case &given, bool guarded, Arena arena, Watch *watch,
                       const Wanted &wanted, LogProduct *total) {
    const Program &program = tree.program;
    CaseRun<N> mine;
    mine.lay(arena, tree, program.sizes.weights, wanted.down());
    Run<N> &run = mine.run;
    run.base = given.base, run.least = given.least, run.guarded = guarded, run.watch = watch;
    for (int64_t k = 0; k < program.operands.size; ++k)
        run.places[k] = {start_of(program, program.operands[k], given.states.data) +
                         (given.shifts ? given.shifts[k] : 0)};
    for (int64_t i = 0; i < program.nodes.size; ++i) {
        const Node &n = program.nodes[i];
        run.rows[i] = {0, n.states, nullptr, !n.conditional};
        if (n.weight >= 0 && !mine.weigh(i, given.weights.data + n.weight,
                                         mine.weights.data + n.weight, total))
            return Status::kImpossible;
    }
    return finish(run, mine.found, wanted, given, total);
}

template <class N>
inline size_t room_for(const Tree &tree, int64_t weighed, bool down) {
    Arena count;
    CaseRun<N> run;
    run.lay(count, tree, weighed, down);
    return count.used();
}

// log2 of the least that weights multiply a product by.
inline double weights_floor(const Program &program, Span<const double> weights) {
    double floor = 0.0;
    for (const Node &n : program.nodes) {
        if (n.weight < 0) continue;
        double low = INFINITY, top = 0.0;
        for (int64_t r = 0; r < n.states; ++r) {
            double x = weights[n.weight + r];
            if (x > 0.0) low = least(low, x), top = most(top, x);
        }
        if (low < top) floor += log2(low / top);
    }
    return floor;
}

constexpr int64_t kLong = 1 << 16;  // entries from which a run lets other threads go on

// run(prepared, base, least, states, weights, answer, tables, beliefs) -> ln P(e)
//
// base and least may be None: those that were prepared. answer, tables and beliefs may be None: not
// wanted. -inf is an impossible case; nothing is written then.
inline PyObject *run(PyObject *, PyObject *args) {
    Arguments all(args);
    Prepared *p = all.capsule<Prepared>(kPrepared);
    if (!p) return nullptr;
    const Program &program = p->tree.program;
    Span<const double> base = p->base, least = p->least;
    Case given{};
    Wanted wanted;
    bool other = all.given();
    if (other) all.in("base", &base);
    if (all.given()) all.in("least", &least);
    all.in("states", &given.states).in("weights", &given.weights);
    if (all.given()) all.out("answer", &wanted.answer);
    if (all.given()) all.out("tables", &wanted.tables);
    if (all.given()) all.out("beliefs", &wanted.beliefs);
    if (!all || !fits(base.size == p->base.size && least.size == p->least.size &&
                          given.states.size == program.observed.size &&
                          given.weights.size == program.sizes.weights &&
                          (!wanted.answer.size || wanted.answer.size == program.sizes.answer) &&
                          (!wanted.tables.size || wanted.tables.size == program.sizes.tables) &&
                          (!wanted.beliefs.size || wanted.beliefs.size == program.sizes.messages),
                      kWrongLengths))
        return nullptr;
    given.base = base.data, given.least = least.data;
    double sure = p->sure;
    if (other) {
        sure = 0.0;
        for (const Operand &operand : program.operands) sure += least[operand.block];
    }
    if (program.sizes.weights) sure += weights_floor(program, given.weights);
    bool down = wanted.down(), guarded = sure < kSure;
    LogProduct total;
    Status status = Status::kUnsafe;
    {
        Space space(p, room_for<double>(p->tree, program.sizes.weights, down));
        if (!space) return nullptr;
        if (program.sizes.tables < kLong) {
            status = run_case<double>(p->tree, given, guarded, space.arena(), nullptr, wanted, &total);
        } else {
            Unlocked unlocked;
            status = run_case<double>(p->tree, given, guarded, space.arena(), &unlocked.watch, wanted,
                                      &total);
        }
    }
    if (status == Status::kUnsafe) {
        total = {};
        Space space(p, room_for<Wide>(p->tree, program.sizes.weights, down));
        if (!space) return nullptr;
        Unlocked unlocked;
        status = run_case<Wide>(p->tree, given, false, space.arena(), &unlocked.watch, wanted, &total);
    }
    if (status == Status::kStopped) return nullptr;
    return PyFloat_FromDouble(status == Status::kDone ? total.log() : -INFINITY);
}

inline PyMethodDef run_methods[] = {
    {"prepare", prepare, METH_VARARGS,
     "prepare(nodes, axes, operands, slices, strides, children, scalars, weights, observed, sizes, "
     "base, least)\n--\n\nLay a program out for `run`."},
    {"run", run, METH_VARARGS,
     "run(prepared, base, least, states, weights, answer, tables, beliefs)\n--\n\n"
     "Run a case; return ln P(e)."},
    {nullptr, nullptr, 0, nullptr},
};

// Lets the marginals of all lanes sum to 1; those of impossible cases become zeros.
inline void normalise(const Program &program, Span<Lanes> found) {
    for (const Node &n : program.nodes) {
        if (n.place < 0) continue;
        Span<Lanes> mine = found.slice(n.place, n.place + n.states);
        Lanes whole = share(Lanes::all(1.0), sum_of(mine.data, mine.size));
        for (Lanes &x : mine) x = x * whole;
    }
}

// Writes the marginals of one lane.
template <class T>
inline void write_lane(const Program &program, Span<Lanes> found, int lane, T *answer) {
    for (const Node &n : program.nodes) {
        if (n.place < 0) continue;
        for (int64_t r = 0; r < n.states; ++r) answer[n.place + r] = T(found[n.place + r][lane]);
    }
}

// The arrays of many cases of one program, a row a case: observed states, weights, answers or None,
// ln P(e) of each; another base or None, and how far each operand and scalar lies from its place or None.
struct RowArguments {
    Span<const int64_t> states, shifts;
    Span<const double> weights, base;
    Span<double> answers, logs;
    bool down = false;

    bool read(const Prepared &p, Arguments &all) {
        const Program &program = p.tree.program;
        base = p.base;
        if (all.given()) all.in("base", &base);
        if (all.given()) all.in("shifts", &shifts);
        all.in("states", &states).in("weights", &weights);
        down = all.given();
        if (down) all.out("answers", &answers);
        all.out("logs", &logs);
        int64_t count = logs.size, moved = program.operands.size + program.scalars.size;
        return all && fits(states.size == count * program.observed.size &&
                               weights.size == count * program.sizes.weights &&
                               (!down || answers.size == count * program.sizes.answer) &&
                               base.size >= p.base.size &&
                               (!shifts.size || shifts.size == count * moved),
                           kWrongLengths);
    }
};

}  // namespace core

"""The passes over warm programs against NumPy's, and what is kept ready for them."""

from dataclasses import dataclass, replace
from threading import Thread

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fascinet.engine import kernels_log, kernels_numpy, native
from fascinet.engine import kernels_numba as kernels
from fascinet.engine.engine import Engine
from fascinet.engine.fall_numba import RECORD as DOWN
from fascinet.engine.fall_numba import fall, spread_beliefs
from fascinet.engine.native import NativeProgram, observed_states
from fascinet.engine.steps import compile_program
from fascinet.engine.ready import Ready, Shelf, shelf
from fascinet.engine.request import pattern_of, read_request
from fascinet.engine.rise_numba import FIXED, PAIRED, RECORD, ROWS, TABLE, rise
from fascinet.model.gates import Table
from fascinet.model.network import Network
from fascinet.model.shipped import load
from tests.engine.networks import cases, network
from tests.strategies import Query, random_evidence, random_network

quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@dataclass(frozen=True)
class Passes:
    """What both passes left."""

    status: int
    log_prob: float
    out: np.ndarray
    work: np.ndarray
    ready: Ready
    program: NativeProgram


class Bench:
    """A case with every gate within the tree, its program padded as those with leaf queries."""

    def __init__(self, query: Query) -> None:
        self.engine = Engine(query.network, backend="numba")
        self.net = self.engine.arrays
        self.request = read_request(query.network, query.hard, query.soft, None)
        pattern = pattern_of(self.net, self.request, None)
        pattern = replace(pattern, joint=frozenset(range(len(self.net.cards))))
        self.plan = self.engine.solver.plan(pattern)
        self.program = NativeProgram(self.net, self.plan, self.net.starts)
        self.program.keep = True
        self.obs = observed_states(self.net, self.request.states)

    def run(self) -> Passes:
        prog = self.program.prog
        warm, own = self.program.warm, self.net is self.program.net
        ready = warm.of(self.obs) if own else warm.moved(self.net, self.obs)
        work = np.full(int(prog[11]), np.nan)  # nothing may be read before it is written
        soft = [self.request.soft[v] for v in self.program.soft_order]
        work[: sum(map(len, soft))] = np.concatenate([*soft, []])
        out = np.full(int(self.net.starts[-1]), np.nan)
        if ready.status != kernels.DONE:
            return Passes(ready.status, ready.log_prob, out, work, ready, self.program)
        status, log_prob = rise(ready.ints, ready.floats, work)
        if status == kernels.DONE:
            fall(ready.ints, work, out)
        return Passes(status, log_prob + ready.log_prob, out, work, ready, self.program)

    def check(self) -> Passes:
        """Hold the passes against NumPy's."""
        steps = compile_program(self.net, self.plan)
        case = kernels_numpy.Case(self.request.states, self.request.soft)
        tree = kernels_log.collect(self.net, steps, case)
        found = self.run()
        if tree.log_prob == -np.inf:
            assert found.status == kernels.IMPOSSIBLE
            return found
        assert found.status == kernels.DONE
        assert found.log_prob == pytest.approx(tree.log_prob, rel=1e-12, abs=1e-12)
        beliefs = kernels_numpy.distribute(steps, tree)
        self.check_tables(found, beliefs)
        for v, marginal in kernels_numpy.marginals(steps, beliefs).items():
            if v < len(self.net.cards):
                at = found.out[self.net.starts[v] : self.net.starts[v + 1]]
                np.testing.assert_allclose(at, marginal, rtol=1e-11, atol=1e-15)
                np.testing.assert_array_equal(at == 0.0, marginal == 0.0)
        return found

    def check_tables(self, found: Passes, beliefs: list[np.ndarray]) -> None:
        """Hold P(residual | separator), the separators' posteriors and all beliefs against them."""
        prog, work = found.program.prog, found.work
        spread_beliefs(prog, work)
        for c, belief in enumerate(beliefs):
            q = kernels.HEAD + kernels.CLIQUE * c
            n, rows, cols, table, message = (int(i) for i in prog[q : q + 5])
            assert table % 8 == 0 and message % 4 == 0
            separator = belief.reshape(rows, cols).sum(axis=1)
            weights = work[message : message + rows]
            np.testing.assert_allclose(weights, separator, rtol=1e-10, atol=1e-15)
            given_row = work[table : table + n].reshape(rows, cols)
            np.testing.assert_allclose(
                given_row * separator[:, None], belief.reshape(rows, cols), rtol=1e-10, atol=1e-15
            )
            sums = given_row.sum(axis=1)
            assert np.all((np.abs(sums - 1.0) < 1e-12) | (sums == 0.0))
            shift = table + int(prog[10])
            np.testing.assert_allclose(
                work[shift : shift + n], belief.ravel(), rtol=1e-10, atol=1e-15
            )


def joins(ready: Ready) -> int:
    """Return how many operands are joined with another one, or laid anew."""
    count, p = 0, int(ready.ints[1])
    for _ in range(int(ready.ints[0])):
        count += int(ready.ints[p + RECORD]) if ready.ints[p] in {PAIRED, TABLE} else 0
        p = int(ready.ints[p + 8])
    return count


def margins(found: Passes) -> int:
    """Return how many sums there are beside the children's separators."""
    ints, prog = found.ready.ints, found.program.prog
    cliques = int(prog[0])
    parents = prog[kernels.HEAD :][: kernels.CLIQUE * cliques].reshape(cliques, -1)[:, 5]
    sums, p = 0, int(ints[2])
    for _ in range(int(ints[4])):
        paired, marks, here = bool(ints[p]), int(ints[p + 5]), int(ints[p + 6])
        p += DOWN + (marks if paired else 0)
        for _ in range(here):
            p += 4 + int(ints[p + 2]) * int(ints[p + 3])
        p, sums = p + (0 if paired else 5 * marks), sums + here
    assert p == ints.size
    return sums - int((parents >= 0).sum())


def kinds(ready: Ready) -> list[int]:
    """Return the kind of each clique."""
    found, p = list[int](), int(ready.ints[1])
    for _ in range(int(ready.ints[0])):
        found.append(int(ready.ints[p]))
        p = int(ready.ints[p + 8])
    assert p == ready.ints[2]
    return found


@quick
@given(
    seed=st.integers(0, 2**32 - 1), size=st.integers(1, 14),
    states=st.sampled_from([2, 2, 2, 4, 5]), share=st.sampled_from([0.0, 0.1, 0.3]),
)  # fmt: skip
@example(seed=5, size=14, states=2, share=0.1)
def test_passes_match_numpy(seed: int, size: int, states: int, share: float) -> None:
    net = random_network(seed, size, parents=4, states=states)
    Bench(random_evidence(net, seed + 1, share)).check()


@pytest.mark.parametrize(
    "name", "asia cancer earthquake sachs child alarm hepar2 insurance win95pts".split()
)
def test_passes_match_numpy_on_the_reference_networks(name: str) -> None:
    net, rng = network(name), np.random.default_rng(1)
    for evidence in cases(name)[:4]:
        free = [v for v in net.variables if v not in evidence]
        picked = rng.choice(free, len(free) // 3, replace=False)
        soft = {str(v): rng.random(len(net.states(str(v)))).tolist() for v in picked}
        Bench(Query(net, evidence, soft)).check()
        Bench(Query(net, evidence, {})).check()


def test_every_kind_of_clique_is_met() -> None:
    soft = {v: [0.3, 0.6] for v in network("win95pts").variables}
    met = set(kinds(Bench(Query(network("win95pts"), {}, soft)).check().ready))
    for seed in range(40):
        net = random_network(seed, 16, parents=4, states=3)
        met |= set(kinds(Bench(random_evidence(net, seed, 0.1)).check().ready))
    assert met == {FIXED, ROWS + 1, ROWS + 2, TABLE, PAIRED}


def test_small_operands_are_joined_and_separators_share_margins() -> None:
    joined, shared = 0, 0
    for seed in range(12):
        net, rng = random_network(seed, 20, parents=5, states=3), np.random.default_rng(seed)
        soft = {v: (rng.random(len(net.states(v))) + 0.1).tolist() for v in net.variables}
        found = Bench(Query(net, {}, soft)).check()
        joined += joins(found.ready) > 0
        shared += margins(found) > 0
    assert joined >= 6 and shared >= 3


@pytest.mark.parametrize("states", [2, 4])
def test_a_lone_clique_has_no_room_to_double_all_its_operands(states: int) -> None:
    """Some would fit behind the tables: then none is doubled, and places are listed one by one."""
    rng, names = np.random.default_rng(states), [f"v{i}" for i in range(4)]
    gates = {v: Table(rng.dirichlet(np.ones(states))) for v in names[:3]}
    last = Table(rng.dirichlet(np.ones(states), size=(states,) * 3))
    net = Network(
        {v: [f"s{k}" for k in range(states)] for v in names}, {names[3]: names[:3]},
        {**gates, names[3]: last},
    )  # fmt: skip
    soft = {v: (rng.random(states) + 0.1).tolist() for v in names}
    found = Bench(Query(net, {}, soft)).check()
    assert set(kinds(found.ready)) <= {TABLE, PAIRED}
    assert states > 2 or kinds(found.ready) == [TABLE]


def test_a_case_without_likelihoods_is_all_constant() -> None:
    found = Bench(Query(network("alarm"), cases("alarm")[0], {})).check()
    assert set(kinds(found.ready)) == {FIXED}


def chain(length: int, rare: float) -> Network:
    """Return a chain whose every step is improbable."""
    names = [f"v{i}" for i in range(length)]
    step = np.array([[1.0 - rare, rare], [1.0 - rare / 2, rare / 2]])
    gates = {v: Table(step[0] if i == 0 else step) for i, v in enumerate(names)}
    above = {v: names[i - 1 : i] if i else list[str]() for i, v in enumerate(names)}
    return Network({v: ["n", "y"] for v in names}, above, gates)


@pytest.mark.parametrize("rare", [1e-3, 1e-20])
def test_messages_are_scaled_where_they_grow_small(rare: float) -> None:
    """P(e) of about 1e-1200: no double holds it, the logarithm keeps its digits."""
    net = chain(int(1200 / -np.log10(rare)), rare)
    soft = {v: [0.0, 1.0] for v in net.variables}
    found = Bench(Query(net, {}, soft)).check()
    assert found.log_prob < -2000.0


def test_many_small_messages_into_one_clique() -> None:
    """Each of 120 messages is a hundredth: they are scaled though none is very small."""
    names = ["hub", *(f"v{i}" for i in range(120))]
    gates = {v: Table(np.array([[0.7, 0.3], [0.2, 0.8]])) for v in names[1:]}
    above = {"hub": list[str](), **{v: ["hub"] for v in names[1:]}}
    net = Network({v: ["n", "y"] for v in names}, above, {"hub": Table([0.5, 0.5]), **gates})
    found = Bench(Query(net, {}, {v: [0.01, 0.005] for v in names[1:]})).check()
    assert found.status == kernels.DONE and found.log_prob < -500.0


def test_a_range_beyond_doubles_is_told() -> None:
    soft = {"v0": [1.0, 1e-200], "v1": [1e-150, 1e-300], "v2": [0.0, 1e-300]}
    found = Bench(Query(chain(3, 1e-100), {}, soft)).run()
    assert found.status in {kernels.UNSAFE, kernels.IMPOSSIBLE}


def test_large_likelihoods_are_scaled_too() -> None:
    soft = {f"v{i}": [1e80, 3e80] for i in range(30)}
    assert Bench(Query(chain(30, 0.3), {}, soft)).check().log_prob > 5000.0


def test_the_same_bits_come_out_again_in_any_thread() -> None:
    net = random_network(8, 16, parents=4, states=3)
    bench = Bench(random_evidence(net, 3, 0.1))
    first, later = bench.run(), list[Passes]()
    threads = [Thread(target=lambda: later.append(bench.run())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(later) == 8
    for found in later:
        np.testing.assert_array_equal(found.out, first.out)
        assert found.log_prob == first.log_prob


def ready(size: int) -> Ready:
    return Ready(np.zeros(0, np.int32), np.zeros(size // 8), kernels.DONE, 0.0)


def test_the_shelf_drops_what_was_not_used_for_longest() -> None:
    shelf = Shelf(bound=3000)
    items = [ready(1000) for _ in range(4)]
    for i in range(3):
        shelf.put((i, b""), items[i])
    assert shelf.get((0, b"")) is items[0]
    shelf.put((3, b""), items[3])
    assert shelf.get((1, b"")) is None
    assert [shelf.get((i, b"")) is items[i] for i in (0, 2, 3)] == [True] * 3
    assert shelf.held == 3000 and len(shelf) == 3


def test_the_shelf_keeps_the_newest_even_if_it_is_too_large() -> None:
    shelf = Shelf(bound=100)
    shelf.put((0, b""), ready(800))
    shelf.put((1, b""), ready(8000))
    shelf.put((1, b""), ready(8000))
    assert len(shelf) == 1 and shelf.held == 8000


def test_observed_states_have_sets_of_their_own() -> None:
    net = network("alarm")
    bench = Bench(Query(net, {"HR": "LOW"}, {"CO": [0.2, 0.5, 0.3]}))
    warm = bench.program.warm
    low, other = warm.of(bench.obs), bench.obs.copy()
    other[net.variables.index("HR")] = 1
    assert warm.of(bench.obs) is low
    another = warm.of(other)
    assert another is not low and another.ints is low.ints
    assert not np.array_equal(another.floats, low.floats)
    unread = bench.obs.copy()
    unread[net.variables.index("CO")] = 2  # not observed: no factor reads its state
    assert warm.of(unread) is low


def test_other_numbers_in_the_same_network() -> None:
    net = network("alarm")
    bench = Bench(Query(net, {"HR": "LOW"}, {"CO": [0.2, 0.5, 0.3]}))
    bench.check()
    moved = replace(bench.net, base=bench.net.base**1.5)
    warm = bench.program.warm
    other, own = warm.moved(moved, bench.obs), warm.of(bench.obs)
    assert other.ints is own.ints and not np.array_equal(other.floats, own.floats)
    bench.net = moved
    assert bench.check().log_prob != pytest.approx(own.log_prob)


def test_bits_stay_while_sets_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new set drops all others: threads lay them anew over and over."""
    monkeypatch.setattr(shelf, "bound", 0)
    engine = Engine(load(), backend="numba")
    asked = [{"stiffness": "yes"}, {"stiffness": "no"}, {"myotonia": "yes", "seizures": "no"}]
    asked = [{**a, "age_group": s} for a in asked for s in engine.network.states("age_group")[:2]]
    first, wrong = [engine.posterior(e).flat for e in asked], list[int]()

    def ask(seed: int) -> None:
        for i in np.random.default_rng(seed).integers(len(asked), size=12):
            if not np.array_equal(engine.posterior(asked[i]).flat, first[i]):
                wrong.append(int(i))

    threads = [Thread(target=ask, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(shelf) == 1


def test_large_programs_do_without_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"stiffness": "yes", "myotonia": "yes", "seizures": "no"}
    usual = Engine(load(), backend="numba").posterior(asked)
    engine, held = Engine(load(), backend="numba"), len(shelf)
    monkeypatch.setattr(native, "LARGE", 100)
    found = engine.posterior(asked)
    np.testing.assert_allclose(found.flat, usual.flat, rtol=1e-11, atol=1e-14)
    assert len(shelf) == held, "nothing was laid"

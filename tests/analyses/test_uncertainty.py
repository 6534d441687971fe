"""Beta fits against SciPy, the delta method against finite differences and Monte Carlo."""

import numpy as np
import pytest
from scipy import special, stats

from fascinet.engine.analyses import beta
from fascinet.engine.analyses.hypotheses import differential, present
from fascinet.engine.analyses.parameters import parameters_of
from fascinet.engine.analyses.uncertainty import delta_intervals, draw_rows, row_sizes
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import OptionError
from fascinet.model.gates import NoisyMax
from tests.analyses import networks


def with_ranges(network, spread):
    """Give every strictly positive figure the range θ ± spread θ(1-θ)."""
    meta = {v: dict(network.meta.get(v, {})) for v in network.variables}
    for v in network.variables:
        gate = network.gate(v)
        if isinstance(gate, NoisyMax):
            arrays = (*gate.links, gate.leak)
        elif hasattr(gate, "values"):
            arrays = (gate.values,)
        else:
            continue
        free = [np.where((a > 0) & (a < 1), a, np.nan) for a in arrays]
        room = [spread * a * (1 - a) for a in free]
        meta[v]["ranges"] = (
            tuple(a - r for a, r in zip(free, room, strict=True)),
            tuple(a + r for a, r in zip(free, room, strict=True)),
        )
    return network.replace(meta=meta)


def test_beta_functions_equal_scipy() -> None:
    rng = np.random.default_rng(0)
    a, b = 10 ** rng.uniform(-2, 4, 500), 10 ** rng.uniform(-2, 4, 500)
    x = np.clip(stats.beta(a, b).ppf(rng.uniform(0.001, 0.999, 500)), 0, 1)
    assert beta.log_gamma(a) == pytest.approx(special.gammaln(a), rel=1e-12, abs=1e-12)
    assert beta.beta_cdf(x, a, b) == pytest.approx(special.betainc(a, b, x), abs=1e-9)


def test_a_fitted_beta_holds_95_percent_in_its_range() -> None:
    p, low, high = (
        np.array([0.05, 0.5, 0.9]),
        np.array([0.01, 0.3, 0.8]),
        np.array([0.2, 0.6, 0.97]),
    )
    size = beta.concentration(p, low, high)
    fitted = stats.beta(size * p, size * (1 - p))
    assert fitted.cdf(high) - fitted.cdf(low) == pytest.approx(0.95, abs=1e-6)
    assert fitted.mean() == pytest.approx(p)


@pytest.mark.parametrize("weight", [5.0, 20.0, 200.0])
def test_a_rare_state_of_a_spread_is_worth_what_the_others_are(weight: float) -> None:
    """Its range begins at 0, so that a Beta of almost no weight would hold 95% in it, too."""
    p = np.array([0.003, 0.012, 0.165, 0.65, 0.17])
    half = 1.96 * np.sqrt(p * (1 - p) / (weight + 1))
    size = beta.concentration(p, np.maximum(p - half, 0.0), np.minimum(p + half, 1.0))
    assert size == pytest.approx(weight, rel=0.35)


def test_zero_points_and_missing_ranges() -> None:
    zero = float(beta.concentration(np.array(0.0), np.array(0.0), np.array(0.03)))
    assert stats.beta(1, zero - 1).ppf(0.975) == pytest.approx(0.03)
    nothing = beta.concentration(np.full(2, 0.3), np.array([0.3, np.nan]), np.array([0.3, np.nan]))
    assert np.isinf(nothing).all()


def test_delta_equals_finite_differences() -> None:
    network = with_ranges(networks.clinic(), 0.4)
    engine, evidence = Engine(network), {"twitching": "yes", "weakness": "objective"}
    target = present(network, "grave")
    figures, sizes = parameters_of(network), row_sizes(network)
    p = engine.posterior(evidence)["grave"]["yes"]
    variance = 0.0
    for row in np.flatnonzero(np.isfinite(sizes)):
        cut = slice(figures.starts[row], figures.starts[row] + figures.widths[row])
        theta = figures.values[cut]
        slope = np.zeros(theta.size)
        for k in range(theta.size):
            moved = figures.values.copy()
            moved[cut] = theta + 1e-6 * (np.eye(theta.size)[k] - theta)
            slope[k] = (
                Engine(figures.rebuild(moved)).posterior(evidence)["grave"]["yes"] - p
            ) / 1e-6
        variance += (theta * slope**2).sum() / (sizes[row] + 1)
    low, high = delta_intervals(engine, evidence, [target])
    odds = np.log(p / (1 - p))
    width = 1.959963984540054 * np.sqrt(variance) / (p * (1 - p))
    assert low[0] == pytest.approx(1 / (1 + np.exp(-(odds - width))), rel=1e-4)
    assert high[0] == pytest.approx(1 / (1 + np.exp(-(odds + width))), rel=1e-4)


@pytest.mark.parametrize("build", [networks.clinic, networks.wide])
def test_delta_and_monte_carlo_agree(build) -> None:
    network = with_ranges(build(), 0.25)
    finding = {"twitching": "yes"} if build is networks.clinic else {"pain": "yes", "sign": "some"}
    engine = Engine(network)
    quick = engine.uncertainty(finding, draws=4000)
    slow = engine.uncertainty(finding, draws=400, method="monte_carlo", seed=3)
    assert slow.low == pytest.approx(quick.low, abs=0.03)
    assert slow.high == pytest.approx(quick.high, abs=0.03)
    assert slow.p_top == pytest.approx(quick.p_top, abs=0.08)
    assert quick.p_top.sum() == pytest.approx(1.0)
    assert np.all((quick.low <= quick.posterior) & (quick.posterior <= quick.high))


def test_draws_are_seeded_and_keep_their_means() -> None:
    network = with_ranges(networks.clinic(), 0.3)
    figures, sizes = parameters_of(network), row_sizes(network)
    rng = np.random.default_rng(1)
    drawn = np.array([draw_rows(figures, sizes, rng) for _ in range(2000)])
    assert drawn.mean(axis=0) == pytest.approx(figures.values, abs=0.01)
    assert np.add.reduceat(drawn[0], figures.starts) == pytest.approx(1.0)
    engine = Engine(network)
    one, two = (engine.uncertainty({"twitching": "yes"}, seed=5).p_top for _ in range(2))
    assert (one == two).all()


def test_without_ranges_nothing_is_uncertain() -> None:
    engine = Engine(networks.asia())
    found = engine.uncertainty({"xray": "yes"}, ["lung"])
    assert found.uncertain == 0 and found.low == pytest.approx(found.posterior)
    wide = engine.uncertainty({"xray": "yes"}, ["lung"], sample_size=20)
    assert wide.low[0] < wide.posterior[0] < wide.high[0]
    assert list(found.to_frame()) == ["variable", "state", "posterior", "low", "high", "p_top"]
    with pytest.raises(OptionError):
        engine.uncertainty({}, method="guess")


def test_differential_is_asked_by_default() -> None:
    network = networks.clinic()
    found = Engine(network).uncertainty({"twitching": "yes"})
    assert [h.name for h in found.hypotheses] == [h.name for h in differential(network)]

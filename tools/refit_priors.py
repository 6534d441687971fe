"""Fit the causes' unconditional priors to what is known of people who come with twitching.

The illness scripts say P(cause | twitching, setting). Causes have arcs between them and compete
for the twitching, so the unconditional prior that gives this back is found by iteration on the
log-odds with the whole network:

    logit π ← logit π + logit target − logit P(cause | twitching = yes, setting)

A cause joined by noisy-MAX keeps a background of at least BACKGROUND of its target: idiopathic,
genetic and unlisted origins exist, so that denying every listed risk never rules a disease out.
What its parents make beyond the rest stays above the target; the check is that it stays inside the
target's range and within a factor NEAR of its value. Run `python -m tools.refit_priors` after any
prior, link or arc changed; it writes `data/fitted_priors.yaml`. With `--add`, only causes that are
missing there are added, at their stated prior, and those that are gone removed.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fascinet.engine.api.engine import Engine
from fascinet.model.build import build_network
from fascinet.model.load import load_knowledge
from fascinet.model.schema import Figure, Knowledge

Fitted = dict[str, dict[str, dict[str, float]]]

STEPS = 25
DAMPING = 0.9
TOLERANCE = 0.01
BACKGROUND, CEILING = 0.25, 0.95
NEAR = 1.25
HEADER = """\
# Written by `python -m tools.refit_priors`; do not edit by hand.
# The unconditional prior (background, where a cause has parents joined by noisy-MAX) by cause,
# setting and state, that gives back P(cause | twitching, setting) of the illness scripts.
"""


class Target(NamedTuple):
    """One number to reproduce."""

    cause: str
    setting: str
    state: str
    figure: Figure
    floor: float


class Reached(NamedTuple):
    """A target and the P(state | twitching, setting) of the network."""

    target: Target
    got: float

    @property
    def inside(self) -> bool:
        """Whether it lies in the target's range."""
        low, high = self.target.figure.range
        return low <= self.got <= high

    @property
    def near(self) -> bool:
        """Whether it lies within a factor NEAR of the stated value."""
        return 1.0 / NEAR <= self.got / self.target.figure.p <= NEAR


def targets(knowledge: Knowledge) -> Iterator[Target]:
    """Yield every P(state | twitching, setting) that an illness script states."""
    for cause in knowledge.causes.values():
        for setting, link in cause.prior.settings.items():
            for state, figure in link.items():
                share = BACKGROUND if cause.prior.form == "noisy_max" else 0.0
                yield Target(cause.id, setting, state, figure, share * figure.p)


def reach(knowledge: Knowledge) -> list[Reached]:
    """Return what the network of this knowledge gives for every target."""
    engine = Engine(build_network(knowledge))
    wanted = list(knowledge.causes)
    posteriors = {
        setting: engine.posterior({"setting": setting, "twitching": "yes"}, targets=wanted)
        for setting in knowledge.settings
    }
    return [Reached(t, posteriors[t.setting][t.cause][t.state]) for t in targets(knowledge)]


def logit(p: float) -> float:
    """Return ln p / (1 − p)."""
    return float(np.log(p / (1.0 - p)))


def step(fitted: Fitted, reached: list[Reached]) -> tuple[Fitted, float]:
    """Return the next priors, and the largest misfit in log-odds of those that can still move."""
    out: Fitted = {}
    worst = 0.0
    for (cause, setting, state, figure, floor), got in reached:
        old = fitted.get(cause, {}).get(setting, {}).get(state, figure.p)
        miss = logit(figure.p) - logit(min(max(got, 1e-12), 1.0 - 1e-12))
        new = 1.0 / (1.0 + np.exp(-(logit(old) + DAMPING * miss)))
        new = float(np.clip(new, max(floor, 1e-12), CEILING))
        worst = max(worst, abs(miss) if new > floor else 0.0)
        out.setdefault(cause, {}).setdefault(setting, {})[state] = new
    return out, worst


def fit(knowledge: Knowledge, steps: int = STEPS) -> Knowledge:
    """Return the knowledge with fitted priors."""
    for _ in range(steps):
        fitted, worst = step({c: dict(s) for c, s in _plain(knowledge)}, reach(knowledge))
        if worst < TOLERANCE:
            break
        knowledge = knowledge.model_copy(update={"fitted": fitted})
    return knowledge


def _plain(knowledge: Knowledge) -> Iterator[tuple[str, dict[str, dict[str, float]]]]:
    for cause, by_setting in knowledge.fitted.items():
        if cause in knowledge.causes:
            yield cause, {setting: dict(states) for setting, states in by_setting.items()}


def added(knowledge: Knowledge) -> Knowledge:
    """Return the knowledge with the stated prior where none is fitted, and without stale ones."""
    fitted: Fitted = {}
    for cause, setting, state, figure, _ in targets(knowledge):
        kept = knowledge.fitted.get(cause, {}).get(setting, {}).get(state, figure.p)
        fitted.setdefault(cause, {}).setdefault(setting, {})[state] = kept
    return knowledge.model_copy(update={"fitted": fitted})


def write(path: Path, knowledge: Knowledge) -> None:
    """Write the fitted priors as YAML, one cause a block."""
    lines = [HEADER]
    for cause, by_setting in sorted(knowledge.fitted.items()):
        lines.append(f"{cause}:")
        for setting, states in by_setting.items():
            inner = ", ".join(f"{state}: {p:.4g}" for state, p in states.items())
            lines.append(f"  {setting}: {{{inner}}}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Fit, write, and print every target with what is reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[1] / "data")
    parser.add_argument("--check", action="store_true", help="only print what is reached")
    parser.add_argument("--add", action="store_true", help="only add what is missing")
    options = parser.parse_args()
    knowledge = load_knowledge(options.folder)
    if options.add:
        write(options.folder / "fitted_priors.yaml", added(knowledge))
        return
    if not options.check:
        knowledge = fit(knowledge)
        write(options.folder / "fitted_priors.yaml", knowledge)
    for found in (reached := reach(knowledge)):
        cause, setting, state, figure, _ = found.target
        low, high = figure.range
        mark = " " if found.near and found.inside else "~" if found.inside else "!"
        what = f"{mark} {cause}={state} {setting}: {found.got:.4g}"
        print(f"{what} (target {figure.p}, {low} to {high})")
    print(
        f"{sum(r.inside for r in reached)} of {len(reached)} inside their range, "
        f"{sum(r.near for r in reached)} within {NEAR}x"
    )


if __name__ == "__main__":
    main()

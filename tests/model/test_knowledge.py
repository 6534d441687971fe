"""What the shipped knowledge must say: vignettes, bounds, priors, monotony, completeness."""

from functools import lru_cache

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.differential import RedFlag
from fascinet.engine.clinic.red_flags import red_flags
from fascinet.model.build import build_network, triggers
from fascinet.model.case import Case
from fascinet.model.gates import NoisyMax, Table
from fascinet.model.load import load_knowledge, shipped_folder
from fascinet.model.schema import Figure, Vignette

KNOWLEDGE = load_knowledge()
NETWORK = build_network(KNOWLEDGE)
GROUPS = {
    "muscle_fatigue_overexertion", "electrolyte_imbalance", "stress_anxiety", "drugs_substances",
    "als", "peripheral_neuropathy", "multiple_sclerosis", "dystonia",
    "nerve_compression_radiculopathy", "benign_fasciculation_syndrome", "other",
}  # fmt: skip
# causes that are everywhere do not lead a differential by being present
UBIQUITOUS = {"poor_sleep", "stress_anxiety", "muscle_fatigue", "dehydration"}


@lru_cache(maxsize=1)
def engine() -> Engine:
    return Engine(NETWORK)


def present(evidence: dict[str, str]) -> dict[str, float]:
    """Return P(present | evidence) of every cause."""
    p = engine().posterior(evidence, targets=list(KNOWLEDGE.causes))
    return {c: 1.0 - p[c][NETWORK.states(c)[0]] for c in KNOWLEDGE.causes}


def flags(evidence: dict[str, str]) -> tuple[RedFlag, ...]:
    """Return the red flags of a case."""
    return red_flags(KNOWLEDGE, Case(hard=evidence), engine().posterior(evidence))


# -------------------------------------------------------------------- vignettes


@pytest.mark.parametrize("vignette", KNOWLEDGE.vignettes, ids=lambda v: v.id)
def test_vignette(vignette: Vignette) -> None:
    evidence = {**vignette.findings, "setting": vignette.setting}
    causes = present(evidence)
    for cause, bound in vignette.below.items():
        assert causes[cause] < bound
    for cause, bound in vignette.above.items():
        assert causes[cause] > bound
    ranked = sorted(set(causes) - UBIQUITOUS - set(evidence), key=lambda c: -causes[c])
    assert not vignette.first or ranked[0] in vignette.first
    assert set(vignette.red_flags) <= {flag.id for flag in flags(evidence)}


def test_isolated_eyelid_twitch_of_a_young_person_is_not_als() -> None:
    evidence = {
        "setting": "primary_care", "age_group": "18-39", "twitching": "yes", "eyelid_twitch": "yes",
        "twitch_spread": "single_site", "stress_anxiety": "acute", "caffeine_excess": "yes",
    }  # fmt: skip
    assert present(evidence)["als"] < 1e-4


def test_als_is_more_probable_with_each_of_its_signs() -> None:
    evidence = {"setting": "primary_care", "age_group": "60+", "twitching": "yes"}
    last = present(evidence)["als"]
    signs = {"weakness": "objective", "atrophy": "yes", "umn_signs": "yes", "bulbar": "yes",
             "tongue_signs": "yes", "emg": "widespread_denervation"}  # fmt: skip
    for name, state in signs.items():
        evidence[name] = state
        now = present(evidence)["als"]
        assert now > last
        last = now
    assert last > 0.99


def test_subjective_weakness_raises_no_urgent_flag() -> None:
    evidence = {"setting": "primary_care", "twitching": "yes", "weakness": "subjective"}
    assert not [flag for flag in flags(evidence) if flag.level == "urgent"]


EVERYDAY = [("caffeine_excess", "yes"), ("stress_anxiety", "acute"), ("intense_exercise", "yes")]


@pytest.mark.parametrize(("cause", "state"), EVERYDAY)
def test_an_everyday_trigger_explains_als_away(cause: str, state: str) -> None:
    evidence = {"setting": "primary_care", "age_group": "60+", "twitching": "yes"}
    assert present({**evidence, cause: state})["als"] < present(evidence)["als"]


# -------------------------------------------------------------------- priors


NEAR = 1.25  # a realised prior lies within this factor of the stated one


def test_fitted_priors_give_back_the_stated_ones() -> None:
    for setting in KNOWLEDGE.settings:
        p = engine().posterior(
            {"setting": setting, "twitching": "yes"},
            targets=[*KNOWLEDGE.causes, "electrolyte_imbalance"],
        )
        for cause in KNOWLEDGE.causes.values():
            for state, figure in cause.prior.settings[setting].items():
                _inside(p[cause.id][state], figure, f"{cause.id}={state} in {setting}")
                assert 1 / NEAR <= p[cause.id][state] / figure.p <= NEAR, (cause.id, setting)
        expected = KNOWLEDGE.mechanisms["electrolyte_imbalance"].expected[setting]
        _inside(p["electrolyte_imbalance"]["yes"], expected, f"electrolytes in {setting}")


def _inside(got: float, figure: Figure, what: str) -> None:
    assert figure.low <= got <= figure.high, f"{what}: {got} outside {figure.range}"


def test_als_prior_follows_age_and_family() -> None:
    base = {"setting": "primary_care", "twitching": "yes", "sex": "male"}
    young = present({**base, "age_group": "18-39"})["als"]
    old = present({**base, "age_group": "60+"})["als"]
    family = present({**base, "age_group": "60+", "family_history": "yes"})["als"]
    assert young < old < family


# -------------------------------------------------------------------- structure


def test_links_of_causes_never_lower_a_finding() -> None:
    for v in NETWORK.variables:
        gate = NETWORK.gate(v)
        if not isinstance(gate, NoisyMax) or NETWORK.meta[v]["kind"] not in {"finding", "test"}:
            continue
        for link in gate.links:
            assert np.allclose(link[0], np.eye(gate.states)[0]), v


def test_every_group_has_a_cause_and_every_cause_a_finding() -> None:
    assert {c.group for c in KNOWLEDGE.causes.values()} == GROUPS
    assert all(c.all_findings or c.trigger for c in KNOWLEDGE.causes.values())


def test_triggers_only_fire_with_their_cause() -> None:
    for name, (cause, _) in triggers(KNOWLEDGE).items():
        if cause:
            assert NETWORK.parents(name) == (cause,)
            assert NETWORK.cpt(name)[0, 0] == 1.0


def test_ranges_are_shaped_like_their_gates_and_hold_their_figures() -> None:
    for v in NETWORK.variables:
        cited = NETWORK.meta[v].get("ranges")
        gate = NETWORK.gate(v)
        if cited is None:
            continue
        values = (*gate.links, gate.leak) if isinstance(gate, NoisyMax) else (gate.to_table(),)
        for value, low, high in zip(values, *cited, strict=True):
            assert value.shape == low.shape == high.shape
            known = ~np.isnan(low)
            assert (low[known] <= value[known] + 1e-9).all(), v
            assert (value[known] <= high[known] + 1e-9).all(), v


def test_tables_have_few_parents() -> None:
    for v in NETWORK.variables:
        if isinstance(NETWORK.gate(v), Table):
            assert len(NETWORK.parents(v)) <= 7, v


def test_names_of_the_contract_are_kept() -> None:
    states = {
        "weakness": ("none", "perceived", "subjective", "objective"),
        "nerve_compression": ("none", "root", "entrapment"),
        "stress_anxiety": ("none", "acute", "chronic"),
        "sodium_disorder": ("normal", "low", "high"),
        "twitch_duration": ("hours", "days", "weeks", "months", "years"),
        "twitch_spread": ("single_site", "focal_limb", "widespread"),
        "emg": ("normal", "isolated_fasciculations", "focal_neurogenic", "widespread_denervation"),
        "setting": ("general", "primary_care", "neuromuscular_clinic"),
        "age_group": ("18-39", "40-59", "60+"),
    }
    for name, wanted in states.items():  # others may come between them, their order stays
        assert tuple(s for s in NETWORK.states(name) if s in wanted) == wanted


def test_figures_name_their_place_and_source() -> None:
    places = list(KNOWLEDGE.figures())
    assert len(places) > 800
    assert all(p.figure.source in KNOWLEDGE.sources for p in places)
    assert "causes/als.yaml: findings.weakness.objective" in {p.where for p in places}


def test_yes_and_no_are_states_and_not_truth_values() -> None:
    assert KNOWLEDGE.causes["als"].states == ("no", "yes")
    assert (shipped_folder() / "causes" / "als.yaml").is_file()

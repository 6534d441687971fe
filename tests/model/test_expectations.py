"""A finding that is a sign of a disease never lowers it, in any company."""

import json
import sys
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.build import build_network
from fascinet.model.expectations import broken, rivals, unlinked
from fascinet.model.load import load_knowledge
from fascinet.model.schema import Knowledge

ROOT = Path(__file__).parents[2]
KNOWLEDGE = load_knowledge()
COMPOSED = sorted((ROOT / "data" / "cases" / "composed").glob("*.json")) or sorted(
    (ROOT / "tests" / "data" / "composed").glob("*.json")
)
LONG = {"co-001", "co-011"}  # more causes are open than in all others together


@lru_cache(maxsize=1)
def engine() -> Engine:
    return Engine(build_network(KNOWLEDGE))


def tool() -> ModuleType:
    path = ROOT / "tools" / "check_expectations.py"
    spec = spec_from_file_location("check_expectations", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["check_expectations"] = module
    spec.loader.exec_module(module)
    return module


def test_the_signs_that_once_lowered_their_disease_are_listed() -> None:
    signs = {c: set(KNOWLEDGE.expectations[c].signs) for c in ("als", "ms", "nerve_compression")}
    assert signs["als"] >= {"weakness", "hand_atrophy", "proximal_weakness", "foot_drop"}
    assert signs["ms"] >= {"ino", "eye_movement"}
    assert signs["nerve_compression"] >= {"distal_weakness", "hand_atrophy", "foot_drop"}


def without(cause: str, finding: str, p: float | None = None) -> Knowledge:
    """Return the knowledge with one link of a cause taken away, or weakened to `p`."""
    record = KNOWLEDGE.causes[cause]
    findings = {f: link for f, link in record.findings.items() if f != finding}
    if p is not None:
        weak = record.findings[finding]["yes"].model_copy(update={"p": p, "range": (p, p)})
        findings[finding] = {"yes": weak}
    made = record.model_copy(update={"findings": findings})
    return KNOWLEDGE.model_copy(update={"causes": {**KNOWLEDGE.causes, cause: made}})


def test_every_sign_has_a_link_above_chance() -> None:
    assert list(unlinked(KNOWLEDGE)) == []
    for cause, finding in (("als", "hand_atrophy"), ("als", "foot_drop"), ("ms", "ino")):
        assert list(unlinked(without(cause, finding))) == [(cause, finding, "yes")]


def test_a_sign_far_too_weak_is_found_out() -> None:
    told = {"setting": "primary_care", "twitching": "yes", "age_group": "60+",
            "weakness": "objective"}  # fmt: skip
    weak = without("als", "hand_atrophy", 0.0031)
    assert not list(broken(engine(), KNOWLEDGE, told, ["als"]))
    found = {b.finding for b in broken(Engine(build_network(weak)), weak, told, ["als"])}
    assert found == {"hand_atrophy"}


def test_the_rivals_of_a_cause_show_its_sign_as_often() -> None:
    assert "hereditary_neuropathy" in rivals(KNOWLEDGE, "als", "foot_drop", "yes")
    assert rivals(KNOWLEDGE, "thyroid_excess", "tsh", "suppressed") == ()


@pytest.mark.parametrize("vignette", KNOWLEDGE.vignettes, ids=lambda v: v.id)
def test_vignettes(vignette: object) -> None:
    evidence = {**vignette.findings, "setting": vignette.setting}  # type: ignore[attr-defined]
    assert list(broken(engine(), KNOWLEDGE, evidence)) == []


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.slow] * (p.stem in LONG), id=p.stem) for p in COMPOSED],
)
def test_composed_cases(path: Path) -> None:
    packet = json.loads(path.read_text(encoding="utf-8"))
    case = shipped_reasoner().read(packet, strict=False)
    evidence = {**case.hard, "setting": "primary_care"}
    assert list(broken(engine(), KNOWLEDGE, evidence)) == []


def test_simulated_people() -> None:
    assert tool().survey(40, seed=5) == []


def test_reported_weakness_never_reassures() -> None:
    base = {"setting": "primary_care", "twitching": "yes"}
    for who in ({}, {"age_group": "60+", "sex": "male"}, {"infection_recent": "yes"}):
        for cause in ("als", "gbs", "mmn", "cidp", "myasthenia", "inflammatory_myopathy"):
            unknown = engine().posterior({**base, **who}, targets=[cause])[cause]["yes"]
            told = {**base, **who, "weakness": "subjective"}
            assert engine().posterior(told, targets=[cause])[cause]["yes"] > unknown

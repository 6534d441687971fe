"""Learnt figures written back into the knowledge base: only they change, and they come back."""

import difflib
import doctest
from pathlib import Path

import numpy as np
import pytest

import fascinet as fn
from fascinet.engine.learning.learn import Learned
from fascinet.model import write_figures
from fascinet.model.build import build_network
from fascinet.model.errors import FormatError, LearningError
from fascinet.model.load import load_knowledge, shipped_folder
from fascinet.model.validate import check
from fascinet.model.write_figures import changed
from tests.learning.test_learn import cough, drawn

VARIABLES = ["weakness", "twitch_duration", "trigger_als", "high_stress", "als"]


def test_examples_run() -> None:
    assert doctest.testmod(write_figures).failed == 0


@pytest.fixture(scope="module")
def found() -> Learned:
    network = fn.load()
    return fn.learn(network, drawn(network, 25, 0.5, 3), variables=VARIABLES, iterations=1)


def test_the_figures_come_back_as_they_were_learnt(found: Learned, tmp_path: Path) -> None:
    written = found.write_knowledge(tmp_path / "new", title="simulated people")
    again = build_network(load_knowledge(tmp_path / "new"))
    assert written.places
    assert {place.split(":")[0] for place in written.places} >= {"risks.yaml", "causes/bfs.yaml"}
    assert any("P(als=yes" in text for text in written.left_out)  # several figures, one prior
    before, after = found.before, found.network
    moved = 0
    for v in again.variables:
        if v not in VARIABLES:
            assert again.gate(v).cards == before.gate(v).cards
            continue
        for old, new, now in zip(
            _parts(before, v), _parts(after, v), _parts(again, v), strict=True
        ):
            same = np.isclose(now, old, atol=1e-6) | np.isclose(now, new, atol=2e-6)
            assert same.mean() > 0.97, v  # what is left to a resting state follows
            moved += int((~np.isclose(now, old, atol=1e-6)).sum())
    assert moved > 10
    assert again.cpt("high_stress")[1] == pytest.approx(after.cpt("high_stress")[1], abs=1e-6)
    assert not [i for i in check(tmp_path / "new") if i.level == "error"]


def _parts(network: fn.Network, v: str) -> tuple[np.ndarray, ...]:
    gate = network.gate(v)
    return (gate.values,) if hasattr(gate, "values") else (*gate.links, gate.leak)


def test_all_else_in_the_files_stays_to_the_letter(found: Learned, tmp_path: Path) -> None:
    written = found.write_knowledge(tmp_path / "new", source="clinic2026", title="Clinic {2026}")
    lines = []
    for path in sorted(shipped_folder().rglob("*.yaml")):
        name = path.relative_to(shipped_folder())
        if "built" in name.parts:
            continue
        old, new = path.read_text(), (tmp_path / "new" / name).read_text()
        lines += [x for x in difflib.ndiff(old.splitlines(), new.splitlines()) if x[:2] == "+ "]
    assert 0 < len(lines) <= len(written.places)
    assert all("source: clinic2026" in line and "before: " in line for line in lines)
    assert "title = {Clinic (2026)}" in (tmp_path / "new" / "sources.bib").read_text()
    row = written.to_frame().iloc[0]
    assert row["n"] >= 1 and row["before"] != row["after"]


def test_rows_with_few_cases_stay_as_they_are_cited(found: Learned, tmp_path: Path) -> None:
    one = found.write_knowledge(tmp_path / "one").places
    ten = found.write_knowledge(tmp_path / "ten", least=10.0).places
    assert set(ten) < set(one)


def test_what_cannot_be_written_is_refused(found: Learned, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    with pytest.raises(FormatError, match="expected a new or empty folder"):
        found.write_knowledge(tmp_path / "full")
    assert (tmp_path / "full" / "notes").read_text() == "mine"
    other = fn.learn(cough(), drawn(cough(), 20))
    with pytest.raises(LearningError, match="is not the knowledge of the network"):
        other.write_knowledge(tmp_path / "other")
    with pytest.raises(LearningError, match="no figure of the knowledge"):
        found.write_knowledge(tmp_path / "none", least=1e9)
    assert not (tmp_path / "other").exists() and not (tmp_path / "none").exists()


def test_figures_in_blocks_and_bare_ones_are_found() -> None:
    text = "a:\n  b:\n    p: 0.5\n    range: [0.1, 0.9]\n  # kept\n  c: {p: 0.2, source: x}\nd: 1\n"
    new = changed(text, {("a", "b"): {"p": 0.6}, ("a", "c", "yes"): {"p": 0.3}}, "f.yaml")
    assert new == "a:\n  b:\n    {p: 0.6}\n  # kept\n  c: {p: 0.3}\nd: 1\n"
    with pytest.raises(FormatError, match="f.yaml: no figure at a.e"):
        changed(text, {("a", "e"): {"p": 0.6}}, "f.yaml")

"""Two versions of a small knowledge base: the shipped one and an edited copy."""

import shutil
from pathlib import Path

import pytest

from fascinet.engine.clinic.difference import compare
from fascinet.model.load import load_knowledge, shipped_folder


@pytest.fixture(scope="module")
def edited(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("edited") / "data"
    shutil.copytree(shipped_folder(), folder)
    script = folder / "causes" / "als.yaml"
    text = script.read_text().splitlines()
    line = next(i for i, t in enumerate(text) if t.strip().startswith("atrophy:"))
    text[line] = "  atrophy: {p: 0.01, range: [0.001, 0.05], source: expert_estimate, grade: D}"
    script.write_text("\n".join(text) + "\n")
    keep = ("V2", "V4")
    cases = (folder / "vignettes.yaml").read_text().split("\n- id: ")
    chosen = [c for c in cases[1:] if c.split("\n")[0] in keep]
    head = cases[0] if not cases[0].startswith("- id: ") else ""
    (folder / "vignettes.yaml").write_text(head + "".join(f"\n- id: {c}" for c in chosen) + "\n")
    return folder


def test_a_changed_figure_is_named_and_blamed(edited) -> None:
    found = compare(load_knowledge(), load_knowledge(edited))
    assert [f.where for f in found.figures] == ["causes/als.yaml: findings.atrophy.yes"]
    assert found.variables == ("atrophy",)
    cases = {c.case: c for c in found.cases}
    assert set(cases) >= {"V2", "V4"}
    change = cases["V2"]
    assert change.leader == "als" and change.change_db < -3
    assert change.by["atrophy"] == pytest.approx(change.change_db, abs=1e-6)
    assert found.title().startswith("1 figure and 1 variable differ")

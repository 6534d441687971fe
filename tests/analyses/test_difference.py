"""Two versions of a small knowledge base: the shipped one and an edited copy."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.difference import Swaps, changed_variables, compare, swapped
from fascinet.model.gates import Function, Gate, NoisyMax, Table
from fascinet.model.load import load_knowledge, shipped_folder
from fascinet.model.network import Network


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


def test_gates_exchanged_under_one_plan_are_those_of_a_network_of_its_own() -> None:
    """Tables, noisy-ORs and a function that became a table; one gate that cannot matter."""
    rng = np.random.default_rng(4)

    def network(links: list[float], cause: float, last: Gate) -> Network:
        noisy = NoisyMax(tuple(np.array([[1.0, 0.0], [1 - p, p]]) for p in links), [0.98, 0.02])
        return Network(
            dict.fromkeys("abxyz", ["no", "yes"]),
            {"a": (), "b": (), "x": ("a", "b"), "y": ("x",), "z": ("b",)},
            {"a": Table([1 - cause, cause]), "b": Table([0.8, 0.2]), "x": noisy, "y": last,
             "z": Table(rng.dirichlet(np.ones(2), 2))},
        )  # fmt: skip

    old = network([0.4, 0.7], 0.1, Function([0, 1], 2))
    new = network([0.5, 0.2], 0.3, Table([[0.9, 0.1], [0.2, 0.8]]))
    changed = changed_variables(old, new)
    assert set(changed) == {"a", "x", "y", "z"}
    seen = {"y": "yes"}
    found = dict(Swaps(Engine(old), new, changed).log_odds("a", "no", seen))
    for v in changed:
        other = swapped(old, new, v)
        assert other is not None
        p = Engine(other).posterior(seen)["a"]
        want = 10 * np.log10(p["yes"] / p["no"])
        assert found[v] == pytest.approx(want, abs=1e-10), v

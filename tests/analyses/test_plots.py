"""Charts draw offline, and `fascinet diff` speaks plainly."""

from pathlib import Path

import pytest

from fascinet.cli_analyses import diff, show
from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.difference import CaseChange, Difference, FigureChange
from fascinet.model.errors import FormatError
from tests.analyses import networks

EVIDENCE = {"twitching": "yes", "weakness": "objective"}


@pytest.mark.parametrize("name", ["sensitivity", "explain", "information", "uncertainty"])
def test_charts_become_svg(name) -> None:
    converter = pytest.importorskip("vl_convert", reason="charts become SVG by vl-convert")
    engine = Engine(networks.clinic())
    chart = {
        "sensitivity": lambda: engine.sensitivity("grave", "yes", EVIDENCE).plot(),
        "explain": lambda: engine.explain("grave", "yes", EVIDENCE).plot(),
        "information": lambda: engine.value_of_information(None, EVIDENCE).plot(),
        "uncertainty": lambda: engine.uncertainty(EVIDENCE, sample_size=50).plot(),
    }[name]()
    svg = converter.vegalite_to_svg(chart.to_json())
    assert svg.startswith("<svg") and "grave" in svg or name == "information"


def test_a_tornados_labels_tell_its_bars_apart_and_a_complement_has_none() -> None:
    found = Engine(networks.clinic()).sensitivity("grave", "yes", EVIDENCE)
    rows = next(iter(found.plot(12).to_dict()["datasets"].values()))
    labels = [row["parameter"] for row in rows if "parameter" in row]
    assert len(set(labels)) == len(labels) > 3
    assert "grave = no" not in labels and "grave = yes" in {x.partition("\n")[0] for x in labels}


def test_diff_names_what_changed_and_refuses_what_is_no_folder(capsys, tmp_path) -> None:
    change = CaseChange("V2", ("als",), ("other",), "als", -3.2, {"atrophy": -3.2})
    figure = FigureChange("causes/als.yaml: findings.atrophy.yes", {"p": 0.5}, None)
    show(Difference((figure,), ("atrophy",), (change,)))
    out = capsys.readouterr().out
    assert "findings.atrophy.yes: 0.5 → nothing" in out and "atrophy -3.2" in out
    with pytest.raises(FormatError, match="expected a folder"):
        diff(tmp_path / "none", Path(tmp_path), "table")

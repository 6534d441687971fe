"""Every report of explain, next, whatif and sensitivity, on any network."""

import json
from pathlib import Path

import pytest

from fascinet.cli import run
from fascinet.cli_reports import REPORTS, report_of
from fascinet.model.formats import write
from tests.analyses import networks

NETWORKS = Path(__file__).parents[1] / "data" / "networks"
ASIA = ["--network", str(NETWORKS / "asia.bif.gz"), "-f", "dysp=yes", "-f", "xray=yes"]
ALARM = ["--network", str(NETWORKS / "alarm.bif.gz"), "-f", "BP=LOW", "-f", "HRBP=HIGH"]
SHIPPED = ["-f", "weakness=objective", "-f", "setting=primary_care"]
SUBJECTS = {
    "asia": (ASIA, "lung=yes", "bronc=yes", "smoke=no"),
    "alarm": (ALARM, "HYPOVOLEMIA=TRUE", "LVFAILURE=TRUE", "LVFAILURE=TRUE"),
    "shipped": (SHIPPED, "als=yes", "ms=yes", "caffeine_excess=no"),
}
ALL = [(c, r) for c, reports in REPORTS.items() for r in reports]
NEEDS_CAUSES = {("whatif", "causes"), ("next", "actions"), ("next", "utility")}


def arguments(command: str, report: str, subject: str) -> list[str]:
    case, target, other, do = SUBJECTS[subject]
    out = [command, *case, "--report", report, "--format", "json"]
    if command != "whatif" and report not in ("actions", "utility"):
        out += ["--target", target]
    if command == "whatif":
        out += ["--do", do]
    if report in ("contrast", "reach"):
        out += ["--against", other] if report == "contrast" else ["--reach", "0.9"]
    return out


@pytest.mark.parametrize(("command", "report"), ALL)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_report_is_json(command, report, subject, capsys) -> None:
    if (command, report) in NEEDS_CAUSES and subject != "shipped":
        return
    if (report, subject) in (("pairs", "alarm"), ("policy", "alarm")):
        return  # as on asia, only longer
    code = run(arguments(command, report, subject))
    said = capsys.readouterr()
    assert code == 0, said.err
    found = json.loads(said.out)
    assert found["report"] == report
    assert found.get("rows") or report in ("policy", "reach")


def test_the_default_is_a_table_with_the_figures(capsys) -> None:
    assert run(["explain", *ASIA, "--target", "lung=yes"]) == 0
    said = capsys.readouterr().out
    assert "0.6213" in said and "xray" in said and "+14.5 dB" in said


def test_deterministic_nodes_and_zeros(capsys, tmp_path) -> None:
    """In an OR of a cause that is never there, only the other one can speak."""
    file = tmp_path / "or.json"
    write(networks.deterministic(), file)
    for command in ("explain", "sensitivity"):
        line = [command, "--network", str(file), "-f", "or=yes", "--target", "b=yes"]
        assert run([*line, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["rows"]
    line = ["next", "--network", str(file), "--target", "b", "--format", "json"]
    assert run(line) == 0
    assert {r["variable"]: r["bits"] for r in json.loads(capsys.readouterr().out)["rows"]} == {
        "a": 0.0, "or": 0.0,  # a is never "yes", and "or" follows it alone
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["explain", *ASIA, "--target", "lungs=yes"], "did you mean 'lung'"),
        (["explain", *ASIA, "--target", "lung=maybe"], "maybe"),
        (["explain", *ASIA], "--target"),
        (["explain", *ASIA, "--target", "lung=yes", "--report", "why"], "weights"),
        (["explain", *ASIA, "--target", "lung=yes", "--report", "contrast"], "--against"),
        (["explain", *ASIA, "-f", "xrays=yes", "--target", "lung=yes"], "did you mean 'xray'"),
        (["explain", *ASIA, "--target", "xray=yes"], "xray"),
        (["sensitivity", *ASIA, "--target", "lung=yes", "--reach", "much"], "a probability"),
        (["sensitivity", "--network", "none.bif", "--target", "a=b"], "none.bif"),
        (["next", *ASIA, "--report", "actions"], "shipped"),
        (["whatif", *ASIA], "--do"),
        (["whatif", *ASIA, "--do", "smoke=rarely"], "rarely"),
        (
            ["explain", *ASIA[:2], "-f", "either=no", "-f", "lung=yes", "--target", "bronc=yes"],
            "impossible",
        ),
    ],
)
def test_bad_input_is_one_clear_line(line, said, capsys) -> None:
    assert run(line) == 2
    out, err = capsys.readouterr()
    assert not out and said in err
    assert len(err.strip().splitlines()) == 1 and err.startswith("fascinet: ")


@pytest.mark.parametrize(
    ("command", "older", "name"),
    [
        ("explain", "meter", "rarity"), ("explain", "path", "mechanisms"),
        ("whatif", "worlds", "compare"), ("sensitivity", "weak", "poorly_sourced"),
        ("sensitivity", "movers", "changes"), ("sensitivity", "poorly-sourced", "poorly_sourced"),
    ],
)  # fmt: skip
def test_reports_keep_the_names_of_earlier_versions(command, older, name) -> None:
    assert report_of(command, older) == name
    assert name in REPORTS[command]

"""Names of networks, short options, quiet runs, the version, and JSON that keeps its keys."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

import fascinet as fn
from fascinet.cli import run
from fascinet.cli_complete import RANKS, SETTINGS
from fascinet.cli_output import print_table
from fascinet.engine.clinic.reasoner import RANKS as RANKINGS
from fascinet.engine.core import BUILD
from fascinet.model.examples import EXAMPLES
from fascinet.model.shipped import shipped_network
from tests.cli.test_completion import complete

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "output.schema.json").read_text())
CASE = ["-f", "weakness=objective", "-f", "atrophy=yes"]
COMMANDS = {
    "diagnose": ["diagnose", *CASE],
    "next": ["next", *CASE],
    "query": ["query", "alarm", "-f", "BP=LOW", "--targets", "HISTORY,LVFAILURE"],
    "ask": ["ask", "lung=yes | smoke=yes", "--network", "asia", "--against", "smoke=no"],
    "learn": ["learn", "asia", "people.csv", "out.json"],
    "solve": ["solve", "umbrella.json"],
    "audit": ["audit", "cases.csv", "bronc=yes", "--network", "asia", "--groups", "smoke,site"],
    "findings": ["findings", "water", "pill"],
    "info": ["info", "asia"],
    "check": ["check"],
    "report": ["explain", "--network", "asia", "-f", "dysp=yes", "--target", "lung=yes"],
}


def test_names_known_to_the_command_line_are_those_of_the_network() -> None:
    assert shipped_network().states("setting") == SETTINGS
    assert RANKS == RANKINGS


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_asked_by_its_name(name, capsys) -> None:
    assert run(["info", name, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == name


def test_findings_on_the_line_are_those_of_a_file(capsys, tmp_path) -> None:
    file = tmp_path / "e.json"
    file.write_text('{"BP": "LOW"}')
    ask = ["query", "alarm", "--targets", "HISTORY", "--format", "json"]
    said = []
    for more in (["-f", "BP=LOW"], ["--evidence", str(file)]):
        assert run([*ask, *more]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert run([*ask, "--evidence", str(file), "-f", "BP=HIGH"]) == 2
    assert "BP is given as LOW and as HIGH" in capsys.readouterr().err
    assert run([*ask, "--do", "LVFAILURE=TRUE"]) == 0
    assert json.loads(capsys.readouterr().out)["posteriors"]["HISTORY"]["TRUE"] > 0.5


def test_a_wrong_name_gets_the_nearest(capsys) -> None:
    assert run(["query", "alarms"]) == 2
    assert "did you mean 'alarm'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["query"], ["diagnose"], ["cohort"]])
def test_help_has_a_short_name(command, capsys) -> None:
    assert run([*command, "-h"]) == 0
    assert capsys.readouterr().out.startswith("Usage: fascinet")


def test_help_lists_what_an_option_takes(capsys) -> None:
    assert run(["explain", "-h"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert ", ".join(SETTINGS) in said and "weights, contrast" in said


def test_the_version_names_the_build(fascinet) -> None:
    build = "NumPy" if BUILD == "numpy" else f"core {BUILD}"
    assert re.fullmatch(rf"fascinet \d\S* \({build}\)", fascinet("--version").out.strip())


def test_quiet_leaves_errors_alone(fascinet, tmp_path) -> None:
    asia = "tests/data/networks/asia.bif.gz"
    loud = fascinet("convert", asia, tmp_path / "a.json")
    assert loud.err == f"{tmp_path / 'a.json'}: 8 variables\n"
    assert (
        fascinet("-q", "convert", "tests/data/networks/asia.bif.gz", tmp_path / "b.json").err == ""
    )
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert fascinet("--quiet", "info", "none.bif").is_bad_input()


@pytest.mark.parametrize("name", COMMANDS)
def test_json_keeps_its_keys(name, capsys, tmp_path, monkeypatch) -> None:
    (tmp_path / "people.csv").write_text("smoke,bronc\nyes,yes\nno,\nno,no\n")
    cases = fn.simulate(fn.example("asia"), 60, missing=0.1)
    cases.assign(site=["north", "south"] * 30).to_csv(tmp_path / "cases.csv", index=False)
    b = fn.NetworkBuilder().variable("rain").table("rain", 0.3).decision("umbrella")
    b.utility("u", [[10, 0], [7, 8]], parents=["umbrella", "rain"]).diagram().save(
        tmp_path / "umbrella.json"
    )
    monkeypatch.chdir(tmp_path)
    assert run([*COMMANDS[name], "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, {**SCHEMA, "$ref": f"#/$defs/{name}"})
    assert not [key for key in keys(found) if re.search(r"\s", key)]


def keys(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(k for x in value.values() for k in keys(x))]
    return [k for x in value for k in keys(x)] if isinstance(value, list) else []


def test_the_schema_refuses_what_lacks_a_key(capsys) -> None:
    assert run([*COMMANDS["query"], "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    del found["log_prob_evidence"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, {**SCHEMA, "$ref": "#/$defs/query"})


def test_text_is_left_aligned_and_numbers_right(capsys) -> None:
    print_table("t", ["anything", "n"], [["a", "1.5"], ["longer", "<0.1%"]])
    lines = [line for line in capsys.readouterr().out.splitlines() if "1.5" in line or "<0" in line]
    assert lines[0].startswith(" a ") and lines[0].rstrip().endswith("  1.5")


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("wait", [0.02, 0.1, 0.3, 0.8])
def test_an_interrupt_is_one_line_whenever_it_comes(wait, tmp_path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("BP,HRBP\n" + "LOW,\n,HIGH\nNORMAL,LOW\n" * 200_000)
    command = [sys.executable, "-c", WAITING, "cohort", str(table), str(tmp_path / "o.csv"),
               "--network", "alarm"]  # fmt: skip
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    time.sleep(wait)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=120)
    assert (started.returncode, out, err) == (130, "", "fascinet: stopped\n")
    assert not (tmp_path / "o.csv").exists()


WAITING = """
import sys
from fascinet.__main__ import main

class Telling:  # main has begun when it imports its first module
    def find_spec(self, name, path=None, target=None):
        if name == "fascinet.streams":
            print("ready", flush=True)

sys.meta_path.insert(0, Telling())
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(
    "swallow",
    [
        pytest.param("try:\n        wait()\n    except BaseException: pass", id="caught"),
        pytest.param("class Wait:\n        __del__ = wait\n    Wait()", id="in a finalizer"),
        pytest.param(
            "class Wait:\n        __set_name__ = wait\n    class Kept: x = Wait()", id="wrapped"
        ),
    ],
)
def test_an_interrupt_that_other_code_swallows_comes_again(swallow) -> None:
    """What is interrupted may be a library that catches everything, or a finalizer."""
    lines = f"""
import sys, time
import fascinet.__main__ as command

def wait(*given):
    print("ready", flush=True)
    time.sleep(6)

def run(arguments):
    {swallow}
    for _ in range(600):  # a second interrupt is seen between two short waits
        time.sleep(0.01)
    return 0

sys.unraisablehook = lambda unraisable: None
command._run = run
command.main()
"""
    started = subprocess.Popen(
        [sys.executable, "-c", lines], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=120)
    assert (started.returncode, out, err) == (130, "", "fascinet: stopped\n")


def test_names_and_states_are_completed(tmp_path) -> None:
    def offered(line: str) -> set[str]:
        return complete(f"fascinet {line}", tmp_path)

    assert offered("explain --setting p") == {"primary_care"}
    assert offered("explain --report w") == {"weights"}
    assert offered("diagnose -f atroph") >= {"atrophy=yes", "atrophy=no"}
    assert offered("query al") == {"alarm"}
    assert offered("query alarm -f BP=L") == {"BP=LOW"}
    assert offered("query alarm -f HR") >= {"HR", "HRBP", "HREKG", "HRSAT"}

"""Bad input: exit 2, one clear line on standard error, nothing on standard output."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

PACKETS = Path(__file__).parents[1] / "data" / "cases" / "packets"
NETWORK = Path(__file__).parents[1] / "data" / "networks" / "asia.bif.gz"

ONLY_UNMAPPED = {
    "id": "x",
    "phenotypicFeatures": [{"type": {"id": "HP:0000545", "label": "Myopia"}}],
}
CONTRADICTORY = {
    "id": "x",
    "phenotypicFeatures": [
        {"type": {"id": "HP:0009053", "label": "Distal lower limb muscle weakness"}},
        {"type": {"id": "HP:0001324", "label": "Muscle weakness"}, "excluded": True},
    ],
}

CASES = [
    ("diagnose", "nothing given", [], b"", "no case"),
    ("diagnose", "unknown finding", ["-f", "weaknes=objective"], b"", "did you mean 'weakness'"),
    ("diagnose", "unknown state", ["-f", "weakness=objectiv"], b"", "did you mean 'objective'"),
    ("diagnose", "no state", ["-f", "weakness"], b"", "NAME=STATE"),
    ("diagnose", "unknown setting", ["-f", "weakness=none", "--setting", "ward"], b"", "setting"),
    ("diagnose", "unknown rank", ["-f", "weakness=none", "--rank", "best"], b"", "rank"),
    ("diagnose", "unknown option", ["--fnding", "x"], b"", "No such option"),
    ("diagnose", "unknown do", ["-f", "weakness=none", "--do", "coffee=no"], b"", "coffee"),
    (
        "diagnose", "contradictory options",
        ["-f", "weakness=none", "-f", "weakness=objective"], b"", "contradictory",
    ),
    ("diagnose", "empty stdin", ["-"], b"", "empty"),
    ("diagnose", "blank stdin", ["-"], b" \n", "empty"),
    ("diagnose", "broken JSON", ["-"], b'{"findings": ', "not JSON"),
    ("diagnose", "a list", ["-"], b"[]", "expected a JSON object"),
    ("diagnose", "binary", ["-"], b"\x89PNG\x00\xff\xfe", "not a text file"),
    ("diagnose", "unknown in a file", ["-"], b'{"findings": {"twiching": "yes"}}', "twiching"),
    ("diagnose", "number as state", ["-"], b'{"findings": {"weakness": 2}}', "weakness"),
    (
        "diagnose", "a key twice", ["-"],
        b'{"findings": {"weakness": "none", "weakness": "objective"}}', "contradictory",
    ),
    ("diagnose", "age no number", ["-f", "age=old"], b"", "expected years, got 'old'"),
    ("diagnose", "age out of range", ["-f", "age=300"], b"", "between 0 and 130"),
    ("diagnose", "another encoding", ["-"], '{"findings": {"é": "ü"}}'.encode("latin-1"), "UTF-8"),
    ("diagnose", "bare NaN", ["-"], b'{"findings": {"weakness": NaN}}', "weakness"),
    ("diagnose", "deep nesting", ["-"], b'{"findings":' * 20000, "nested too deeply"),
    ("diagnose", "unknown key", ["-"], b'{"findngs": {"weakness": "none"}}', "findngs"),
    ("diagnose", "missing file", ["no/such.json"], b"", "cannot be read"),
    ("diagnose", "a folder", ["tests"], b"", "cannot be read"),
    ("diagnose", "only unmapped", ["-"], json.dumps(ONLY_UNMAPPED).encode(), "Myopia"),
    ("diagnose", "contradictory packet", ["-"], json.dumps(CONTRADICTORY).encode(), "contradict"),
    ("diagnose", "broken packet", ["-"], b'{"phenotypicFeatures": [{"type": 3}]}', "type"),
    ("explain", "unknown target", ["-f", "weakness=objective", "--target", "alz"], b"", "'alz'"),
    ("sensitivity", "bad state", ["-f", "weakness=none", "--target", "als=maybe"], b"", "maybe"),
    ("whatif", "no intervention", ["-f", "weakness=none"], b"", "--do"),
    ("next", "no case", [], b"", "no case"),
    ("query", "missing network", ["no.bif"], b"", "no.bif"),
    ("query", "unknown suffix", ["pyproject.toml"], b"", "format"),
    ("query", "unknown target", [NETWORK, "--targets", "lngu"], b"", "did you mean 'lung'"),
    ("query", "unknown state", [NETWORK, "--evidence", "-"], b'{"dysp": "maybe"}', "maybe"),
    ("query", "a number", [NETWORK, "--evidence", "-"], b'{"dysp": 1}', "dysp"),
    (
        "query", "impossible evidence", [NETWORK, "--evidence", "-"],
        b'{"tub": "yes", "either": "no"}', "tub=yes",
    ),
    ("evaluate", "missing folder", ["no/such"], b"", "truth.csv"),
    ("evaluate", "no folder", [], b"", "DIR"),
    ("convert", "missing input", ["no.bif", "out.bif"], b"", "no.bif"),
    ("convert", "unknown suffix", [NETWORK, "out.foo"], b"", "out.foo"),
    ("info", "missing network", ["no.bif"], b"", "no.bif"),
    ("info", "unknown format", ["--format", "xml"], b"", "xml"),
    ("check", "missing folder", ["no/such"], b"", "no/such"),
    ("cohort", "missing table", ["no.csv", "out.csv"], b"", "no.csv"),
    ("ask", "unknown state", ["lung=maybe", "--network", NETWORK], b"", "maybe"),
    ("ask", "half a question", ["lung=yes |", "--network", NETWORK], b"", "character 11"),
    ("ask", "nothing to compare", ["lung=yes", "--against", "smoke=no", "--network", NETWORK], b"",
     "expected a question with a condition"),
    ("learn", "missing table", [NETWORK, "no.csv", "out.json"], b"", "no.csv"),
    ("learn", "unknown suffix", [NETWORK, "no.csv", "out.foo"], b"", "out.foo"),
    ("solve", "missing file", ["no.json"], b"", "no.json"),
    ("solve", "a network", ["tests/data/networks/asia.bif.gz"], b"", "format of an influence"),
    ("simulate", "a share above one", ["5", "out.csv", "--missing", "2"], b"", "missing"),
    ("nosuch", "unknown command", [], b"", "nosuch"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "arguments", "stdin", "said"),
    [(c, a, i, s) for c, _, a, i, s in CASES],
    ids=[f"{c}: {name}" for c, name, *_ in CASES],
)
def test_bad_input_is_one_line(
    fascinet: Callable, command: str, arguments: list[str], stdin: bytes, said: str
) -> None:
    result = fascinet(command, *arguments, stdin=stdin)
    assert result.is_bad_input(), result
    assert said in result.err


def test_a_binary_file_is_refused(fascinet: Callable, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_bytes(bytes(range(256)) * 8)
    assert fascinet("diagnose", path).is_bad_input()
    assert fascinet("query", path).is_bad_input()

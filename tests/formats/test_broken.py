"""Bad files: one line, with file and where it can be the line, and never a traceback."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from fascinet.model.errors import FascinetError, FormatError
from fascinet.model.formats import FORMATS, FormatWarning, json_format, read, write
from fascinet.model.formats.xmltree import parse_xml
from tests.formats.support import FOLDER, gated

SCHEMA = json.loads((Path(json_format.__file__).parent / "network.schema.json").read_text())
SUFFIXES = [".bif", ".xmlbif", ".net", ".uai", ".xdsl", ".json"]
LAUGHS = """<!DOCTYPE BIF [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<BIF VERSION="0.3"><NETWORK><NAME>&b;</NAME></NETWORK></BIF>"""
EXTERNAL = """<!DOCTYPE BIF [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<BIF><NETWORK><NAME>&a;</NAME></NETWORK></BIF>"""


@pytest.mark.parametrize("suffix", [".xmlbif", ".xdsl"])
@pytest.mark.parametrize("text", [LAUGHS, EXTERNAL])
def test_xml_entities_are_refused(suffix: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"n{suffix}"
    path.write_text(text)
    with pytest.raises(FormatError, match=r":1: XML entity 'a' is declared"):
        read(path)


def test_deep_xml_is_refused() -> None:
    with pytest.raises(FormatError, match="nested deeper than 64"):
        parse_xml("<a>" * 100 + "</a>" * 100, "deep.xdsl")


def test_the_schema_accepts_what_we_write_and_refuses_what_we_refuse(tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for network in (gated(), read(FOLDER / "alarm.bif.gz")):
        data = json.loads(json_format.render(network))
        jsonschema.validate(data, SCHEMA)
        data["variables"][0]["gate"]["kind"] = "magic"
        assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(data)
        (tmp_path / "n.json").write_text(json.dumps(data))
        with pytest.raises(FormatError, match=r"variables\[0\].gate: expected a kind of table"):
            read(tmp_path / "n.json")


Change = Callable[[dict], object]
JSON_FAULTS: dict[str, tuple[Change, str]] = {
    "version": (lambda d: d.update(schema_version=9), "expected schema_version 1, got 9"),
    "format": (lambda d: d.pop("format"), '"format": "fascinet-network"'),
    "states": (lambda d: d["variables"][0].pop("states"), r"variables\[0\]: expected 'states'"),
    "number": (lambda d: d["variables"][1].update(name=3), r"variables\[1\]: expected 'name'"),
    "rows": (
        lambda d: d["variables"][1]["gate"].update(values=[0.5, 0.4, 0.2]),
        r"variables\[1\].gate of 'Age \(y\)': table: expected rows that sum to 1",
    ),
    "shape": (
        lambda d: d["variables"][1]["gate"].update(values=[0.5, 0.5]),
        r"gate.values: expected shape \(3,\), got \(2,\)",
    ),
    "links": (lambda d: d["variables"][0]["gate"]["links"].pop(), "expected 2 links, got 1"),
    "outcome": (
        lambda d: d["variables"][4]["gate"].update(outcome=[[0.5, 1], [1, 1], [0, 1]]),
        "expected whole numbers",
    ),
    "parent": (lambda d: d["variables"][0].update(parents=["who", "risk"]), "variable 'who'"),
    "cycle": (lambda d: d["variables"][2].update(d["variables"][2] | CYCLE), "cycle"),
}
CYCLE = {"parents": ["z"], "gate": {"kind": "table", "values": [[0.5, 0.5], [0.5, 0.5]]}}


@pytest.mark.parametrize("fault", JSON_FAULTS)
def test_a_fault_in_json_is_named(fault: str, tmp_path: Path) -> None:
    change, message = JSON_FAULTS[fault]
    data = json.loads(json_format.render(gated()))
    change(data)
    (tmp_path / "n.json").write_text(json.dumps(data))
    with pytest.raises(FormatError, match=message):
        read(tmp_path / "n.json")


FAULTS = {
    "a.xmlbif": ("<BIF><NETWORK></BIF>", r":1: mismatched tag"),
    "b.xmlbif": ("<html/>", r":1: expected <BIF> with a <NETWORK>"),
    "c.xmlbif": ("<BIF><NETWORK>\n<VARIABLE TYPE='utility'><NAME>u</NAME></VARIABLE>"
                 "</NETWORK></BIF>", r":2: variable 'u' is of type 'utility'"),
    "a.xdsl": ("<smile><nodes>\n<decision id='d'/></nodes></smile>", r":2: .*got <decision>"),
    "a.net": ("node a { states = (\"n\" \"y\"); }\npotential (a) { data = (0.5 0.6); }",
              r":2: P\(a\): expected numbers that sum to 1, got 1.1"),
    "b.net": ("node a { states = (\"n\" \"y\"); }\npotential (a) { model_data = (x); }",
              r":2: .*expected 'data', got 'model_data'"),
    "c.net": ("net { }\nutility u { }", r":2: expected 'net', 'node' or 'potential'"),
    "d.net": ("node a { states = (\"n\" \"y\")", "expected ';' after a value"),
    "a.uai": ("MARKOV\n1 2", r":1: expected a BAYES network, got 'MARKOV'"),
    "b.uai": ("BAYES\n2\n2 2\n1\n1 0\n", r":4: expected one table a variable, 2, got 1"),
    "c.uai": ("BAYES 1 2 1 1 0\n2 0.5 nought", r":2: .*expected numbers, got 'nought'"),
    "d.uai": ("BAYES 1 2 1 1 5\n2 0.5 0.5", r":1: expected a variable, a number up to 0"),
    "a.json": ("{\n\"format\": ,}", r":2: not JSON"),
    "b.json": ("[NaN]", "NaN is no number"),
    "c.json": ("[" * 10**5, "not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line(name: str, tmp_path: Path) -> None:
    text, message = FAULTS[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        read(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.filterwarnings("ignore::fascinet.model.formats.FormatWarning")
def test_damaged_files_never_raise_anything_else(suffix: str, tmp_path: Path) -> None:
    rng = random.Random(suffix)
    write(gated(), tmp_path / f"good{suffix}")
    good = (tmp_path / f"good{suffix}").read_text()
    path = tmp_path / f"bad{suffix}"
    for _ in range(150):
        start = rng.randrange(len(good))
        stop = min(len(good), start + rng.choice([1, 3, 40]))
        middle = rng.choice(["", '"', "{", ")", ";", "<", "-1", "1e999", "\x00", "x ", "{}"])
        path.write_text(good[:start] + middle + good[stop:])
        try:
            read(path)
        except FascinetError as error:
            assert "\n" not in str(error)


def test_every_suffix_of_the_registry_is_tested() -> None:
    assert {form.suffixes[0] for form in FORMATS.values()} == set(SUFFIXES)
    assert issubclass(FormatWarning, UserWarning)

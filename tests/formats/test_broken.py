"""Bad files: one line, with file and where it can be the line, and never a traceback."""

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.model.errors import FascinetError, FormatError
from fascinet.model.formats import FORMATS, FormatWarning, json_format, read, write
from fascinet.model.formats.json_place import line_of
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
JSON_FAULTS: dict[str, tuple[Change, str, str]] = {
    "version": (
        lambda d: d.update(schema_version=9), "expected schema_version 1, got 9", "schema_version"
    ),
    "format": (lambda d: d.pop("format"), '"format": "fascinet-network"', "{"),
    "states": (lambda d: d["variables"][0].pop("states"), r"\[0\]: expected 'states'", "{"),
    "number": (lambda d: d["variables"][1].update(name=3), r"\[1\]: expected 'name'", "3,"),
    "text": (
        lambda d: d["variables"][1]["states"].append(77),
        r"variables\[1\].states: expected a list of strings", "77",
    ),
    "rows": (
        lambda d: d["variables"][1]["gate"].update(values=[0.5, 0.4, 0.2]),
        r"variables\[1\].gate of 'Age \(y\)': table: expected rows that sum to 1", '"gate": {',
    ),
    "shape": (
        lambda d: d["variables"][1]["gate"].update(values=[0.5, 0.5]),
        r"gate.values: expected shape \(3,\), got \(2,\)", '"values": [',
    ),
    "link": (
        lambda d: d["variables"][0]["gate"]["links"].append([["a"]]),
        "expected 2 links, got 3", '"gate": {',
    ),
    "links": (
        lambda d: d["variables"][0]["gate"]["links"].pop(), "expected 2 links, got 1", '"gate": {'
    ),
    "kind": (
        lambda d: d["variables"][2]["gate"].update(kind="magic"), "expected a kind of", '"gate": {'
    ),
    "word": (
        lambda d: d["variables"][0]["gate"].update(leak=["much", 0, 0]),
        r"variables\[0\].gate.leak: expected nested lists of numbers", '"leak": [',
    ),
    "outcome": (
        lambda d: d["variables"][4]["gate"].update(outcome=[[0.5, 1], [1, 1], [0, 1]]),
        "expected whole numbers", '"outcome": [',
    ),
    "parent": (
        lambda d: d["variables"][0].update(parents=["who", "risk"]), "variable 'who'", "{"
    ),
    "twice": (lambda d: d["variables"].append(d["variables"][0]), "is declared twice", "{"),
}  # fmt: skip
CYCLE = {"parents": ["z"], "gate": {"kind": "table", "values": [[0.5, 0.5], [0.5, 0.5]]}}


@pytest.mark.parametrize("fault", JSON_FAULTS)
def test_a_fault_in_json_is_named_with_its_line(fault: str, tmp_path: Path) -> None:
    change, message, at = JSON_FAULTS[fault]
    data = json.loads(json_format.render(gated()))
    change(data)
    text = json.dumps(data, indent=1, ensure_ascii=False)
    (tmp_path / "n.json").write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        read(tmp_path / "n.json")
    found = re.match(r".*n\.json:(\d+): ", str(caught.value))
    assert found, str(caught.value)
    assert at in text.splitlines()[int(found.group(1)) - 1]


def test_a_cycle_in_json_is_named(tmp_path: Path) -> None:
    data = json.loads(json_format.render(gated()))
    data["variables"][2].update(CYCLE)
    (tmp_path / "n.json").write_text(json.dumps(data))
    with pytest.raises(FormatError, match=r"n\.json: the arcs make a cycle: .*→"):
        read(tmp_path / "n.json")


@given(data=st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
), indent=st.sampled_from([None, 1, 3]))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_the_line_of_any_value_is_found(data: object, indent: int | None) -> None:
    text = json.dumps(data, indent=indent)
    for path, value in every(data, []):
        line = line_of(text, path)
        start = sum(len(x) + 1 for x in text.split("\n")[: line - 1])
        shown = json.dumps(value, indent=indent).split("\n")[0]
        assert shown in text[start:].split("\n")[0]


def every(data: object, path: list[str | int]) -> Iterator[tuple[list[str | int], object]]:
    """Yield every value with its path."""
    yield path, data
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    for key, value in items:
        yield from every(value, [*path, key])


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
    "b.json": ('["NaN",\nNaN]', r":2: not JSON: NaN is no number"),
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

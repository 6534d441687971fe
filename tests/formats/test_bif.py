"""The BIF reader is strict, names file and line, and loses nothing that BIF can hold."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.model.errors import FascinetError, FormatError
from fascinet.model.formats import FormatWarning, read, write
from fascinet.model.formats.bif_tokens import TOKEN, is_stray, parts_of, starts_of, tokens_of
from fascinet.model.gates import Function, Gate, Table, noisy_or
from fascinet.model.network import Network

HEAD = """network "two nodes" { property "version = 1.2" ; }
// a comment; variable ghost { }
variable Disease { type discrete [ 3 ] { PFC, Asy/Patch, "a b;c" }; /* block
comment */ property label = The disease ; }
variable "Age (y)" { type discrete [ 2 ] { <5, 5+ }; }
"""
PRIOR = 'probability ( "Age (y)" ) { table 2.5e-1, 7.5E-1; }\n'
TABLE = """probability ( Disease | "Age (y)" ) {
  (<5) 0.2, 0.3, 0.5;
  default 1 0 0;
}
"""


def save(folder: Path, text: str) -> Path:
    path = folder / "net.bif"
    path.write_text(text)
    return path


def test_names_states_order_and_numbers_are_kept(tmp_path: Path) -> None:
    network = read(save(tmp_path, HEAD + PRIOR + TABLE))
    assert network.name == "two nodes"
    assert network.version == "1.2"
    assert network.variables == ("Disease", "Age (y)")
    assert network.states("Disease") == ("PFC", "Asy/Patch", "a b;c")
    assert network.parents("Disease") == ("Age (y)",)
    assert network.meta["Disease"] == {"label": "The disease"}
    np.testing.assert_array_equal(network.cpt("Disease"), [[0.2, 0.3, 0.5], [1, 0, 0]])
    np.testing.assert_array_equal(network.cpt("Age (y)"), [0.25, 0.75])


def test_table_with_parents_lists_the_variable_itself_slowest(tmp_path: Path) -> None:
    table = 'probability ( Disease | "Age (y)" ) { table 0.2 1 0.3 0 0.5 0; }'
    network = read(save(tmp_path, HEAD + PRIOR + table))
    np.testing.assert_array_equal(network.cpt("Disease"), [[0.2, 0.3, 0.5], [1, 0, 0]])


def test_writing_and_reading_gives_the_same_network(tmp_path: Path) -> None:
    network = read(save(tmp_path, HEAD + PRIOR + TABLE))
    for name in ("again.bif", "again.bif.gz"):
        write(network, tmp_path / name)
        again = read(tmp_path / name)
        assert (again.hash, again.name, again.version) == (network.hash, "two nodes", "1.2")
        assert again.meta == network.meta


def test_rows_off_by_rounding_are_renormalised_with_one_warning(tmp_path: Path) -> None:
    rounded = TABLE.replace("0.2, 0.3, 0.5", "0.2, 0.3, 0.4995")
    with pytest.warns(FormatWarning, match=r"net.bif: 1 row\(s\) off by up to 0.0005"):
        network = read(save(tmp_path, HEAD + PRIOR + rounded))
    assert network.cpt("Disease")[0].sum() == pytest.approx(1.0, abs=1e-15)


def test_a_number_below_zero_by_single_precision_is_zero(tmp_path: Path) -> None:
    rounded = TABLE.replace("0.2, 0.3, 0.5", "-1.19209e-07, 0.5, 0.5")
    with pytest.warns(FormatWarning, match=r"net.bif: 1 row\(s\) off by up to 1.2e-07"):
        network = read(save(tmp_path, HEAD + PRIOR + rounded))
    assert network.cpt("Disease")[0].tolist() == [0.0, 0.5, 0.5]


BROKEN = {
    "sum": (TABLE.replace("0.5;", "0.6;"), r"net.bif:8: .*sum to 1, got 1.1"),
    "negative": (TABLE.replace("0.2, 0.3", "-0.2, 0.7"), r":8: .*at least 0, got -0.2"),
    "nan": (TABLE.replace("0.2", "nan"), r":8: "),
    "word": (TABLE.replace("0.3", "o.3"), r":8: expected a number .* got 'o.3'"),
    "few": (TABLE.replace("0.3, ", ""), r":8: .*expected 3 numbers, got 2"),
    "state": (TABLE.replace("(<5)", "(<6)"), r":8: .*unknown state '<6' of 'Age"),
    "twice": (TABLE.replace("default", "(<5)"), r":9: .*given twice"),
    "missing": (TABLE.replace("default 1 0 0;", ""), r":7: .*no row for \(5\+\)"),
    "arity": (TABLE.replace("(<5)", "(<5, 5+)"), r":8: .*expected 1 states, got 2"),
    "parent": (TABLE.replace('"Age (y)"', "Age"), r":7: unknown variable 'Age'"),
    "double": (TABLE + TABLE, r":11: .*given twice"),
    "itself": (TABLE.replace('| "Age (y)"', "| Disease"), r":7: .*listed twice"),
    "absent": ("", "no table for 'Disease'"),
    "open": (TABLE[:-3], r"expected '}'"),
    "rubbish": (TABLE + "colour blue", r":11: expected 'network', .* got 'colour'"),
    "string": (TABLE + '"', r":11: expected 'network'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_table_is_an_error_with_its_line(tmp_path: Path, case: str) -> None:
    text, message = BROKEN[case]
    with pytest.raises(FormatError, match=message):
        read(save(tmp_path, HEAD + PRIOR + text))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[ 3 ]", "[ 4 ]", ":3: variable 'Disease': expected 4 states, got 3"),
        ("Asy/Patch", "PFC", ":3: .*'PFC' is listed twice"),
        ('"Age (y)" {', "Disease {", ":5: .*declared twice"),
        ("discrete", "continuous", ":3: expected 'discrete', got 'continuous'"),
    ],
)
def test_a_broken_declaration_is_an_error_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        read(save(tmp_path, HEAD.replace(old, new, 1) + PRIOR + TABLE))


def test_a_cycle_is_an_error(tmp_path: Path) -> None:
    text = """variable a { type discrete [ 2 ] { n, y }; }
    variable b { type discrete [ 2 ] { n, y }; }
    probability ( a | b ) { (n) 0.5, 0.5; (y) 1, 0; }
    probability ( b | a ) { (n) 0.5, 0.5; (y) 1, 0; }"""
    with pytest.raises(FormatError, match="cycle"):
        read(save(tmp_path, text))


def test_files_that_cannot_be_read_are_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "a.bif.gz").write_bytes(gzip.compress(b"network x { }" * 50)[:-9])
    (tmp_path / "b.bif.gz").write_text("not packed")
    (tmp_path / "c.bif").write_bytes(b"network\n\xff")
    for name in ("a.bif.gz", "b.bif.gz", "c.bif", "missing.bif", "unknown.doc"):
        with pytest.raises(FascinetError) as caught:
            read(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_file_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fascinet.model.formats.common.ENTRY_LIMIT", 15)
    causes = [f"c{i}" for i in range(3)]
    states = dict.fromkeys([*causes, "x"], ("no", "yes"))
    gates: dict[str, Gate] = {c: Table(np.array([0.9, 0.1])) for c in causes}
    function = Function(np.ones((2, 2, 2), dtype=np.int64), 2)
    network = Network(states, {"x": causes}, gates | {"x": function})
    target = tmp_path / "old.bif"
    target.write_text("precious")
    with pytest.raises(FormatError, match="BIF cannot hold the gate of 'x'.* 16 entries"):
        write(network, target)
    assert target.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["old.bif"]


def test_what_bif_cannot_hold_is_named_in_one_warning(tmp_path: Path) -> None:
    gates = {"c": Table(np.array([0.9, 0.1])), "x": noisy_or([0.5], 0.01)}
    states = dict.fromkeys(gates, ("no", "yes"))
    network = Network(states, {"x": ["c"]}, gates, meta={"c": {"label": "Cause", "codes": [1]}})
    with pytest.warns(FormatWarning) as caught:
        write(network, tmp_path / "x.bif")
    assert len(caught) == 1
    assert str(caught[0].message).endswith(
        "x.bif: BIF cannot hold noisy-MAX gates (written as full tables: 'x'); "
        "attributes of variables ('codes')"
    )
    assert caught[0].filename == __file__
    assert read(tmp_path / "x.bif").meta == {"c": {"label": "Cause"}}


PIECES = [
    "//",
    "/*",
    "*/",
    "/",
    "*",
    '"',
    "\\",
    "{",
    "}",
    "(",
    ";",
    "|",
    ",",
    " ",
    "\n",
    "a",
    "0.5",
]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_tokens_by_pieces_are_the_tokens_of_the_whole(text: str) -> None:
    """No comment, quote or number is cut in two where the text is taken piece by piece."""
    whole = [t for t in TOKEN.findall(text) if t]
    whole = [part for t in whole for part in (parts_of(t) if is_stray(t) else (t,))]
    assert tokens_of(text) == [*whole, ""]
    assert [text[k] for k in starts_of(text)] == [t[0] for t in whole]


def test_equal_tokens_are_one_string() -> None:
    tokens = tokens_of(HEAD + PRIOR + TABLE)
    assert len({id(t) for t in tokens if t}) == len({t for t in tokens if t})

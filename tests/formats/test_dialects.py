"""What other programs write: read where it has one meaning, else refused by name."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from fascinet.model.errors import FascinetError, FormatError, OptionError
from fascinet.model.formats import FormatWarning, format_of, read, read_evidence
from fascinet.model.formats.bif_names import cut
from fascinet.model.gates import Function, NoisyMax
from fascinet.model.network import Network
from tests.formats.support import FOLDER, same_parameters


def put(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


# ------------------------------------------------------------------ BIF

INTERVALS = """network n {{ }}
variable a {{ type discrete [ 3 ] {{ {a} }}; }}
variable b {{ type discrete [ 2 ] {{ {b} }}; }}
probability ( a ) {{ table 0.2, 0.3, 0.5; }}
probability ( b | a ) {{ ({a0}) 0.1, 0.9; ({a1}) 0.2, 0.8; ({a2}) 0.3, 0.7; }}
"""
LISTS = [
    (("[0,5)", "[5,10)", "[10,20]"), ("(-Inf,0.5]", "(0.5,Inf)")),
    (("0-5]", "(5-10]", "(10+"), ("y(1)", "n")),
    (("[1]", "[2]", "x"), ("a[0]", "a[1]")),
    (("]0;5]", "]5;10]", "]10;20["), ("(x)", "[x]")),
]


@pytest.mark.parametrize(("a", "b"), LISTS)
@pytest.mark.parametrize("between", [", ", ",\n   "])
def test_bare_brackets_in_states(
    a: tuple[str, ...], b: tuple[str, ...], between: str, tmp_path: Path
) -> None:
    text = INTERVALS.format(a=between.join(a), b=between.join(b), a0=a[0], a1=a[1], a2=a[2])
    network = read(put(tmp_path / "n.bif", text))
    assert network.states("a") == a
    assert network.states("b") == b
    assert network.cpt("b").tolist() == [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    network.save(tmp_path / "again.bif")
    assert same_parameters(read(tmp_path / "again.bif"), network)


def test_brackets_are_cut_as_the_number_of_states_says() -> None:
    assert cut("[0, 5), [5, 10)", 2) == ["[0, 5)", "[5, 10)"]
    assert cut("[0,5),[5,10)", 2) == ["[0,5)", "[5,10)"]
    assert cut("[0 [1 x", 3) == ["[0", "[1", "x"]
    assert cut("[0,5), [5,10)", 7) is None


def test_a_list_that_cannot_be_cut_is_an_error_with_its_line(tmp_path: Path) -> None:
    text = "network n { }\nvariable a { type discrete [ 5 ] { [0,5), [5,10) }; }\n"
    with pytest.raises(FormatError, match=r"n.bif:2: expected a state"):
        read(put(tmp_path / "n.bif", text))


MAX = """network z {{}}
variable b {{ type discrete[2] {{ no, yes }}; }}
variable c {{ type discrete[3] {{ no, some, much }}; }}
variable a {{ type discrete[{n}] {{ {states} }}; }}
probability ( b ) {{ table .8 .2; }}
probability ( c ) {{ table .7 .2 .1; }}
probability ( a | b, c ) {{
  property {function};
{rows}}}
"""
ROWS = """  (no, no) 0.95, 0.04, 0.01; // leak
  (yes, no) 0.30, 0.50, 0.20;
  (no, some) 0.60, 0.30, 0.10;
  (no, much) 0.19, 0.31, 0.50;
"""


def of_max(path: Path, function: str = "function max", rows: str = ROWS) -> Path:
    return put(
        path / "n.bif", MAX.format(n=3, states="no, mild, bad", function=function, rows=rows)
    )


@pytest.mark.parametrize(
    "function",
    ["function max", '"function = noisy-max"', "function Noisy_Max", "function noisymax"],
)
def test_function_max_is_a_noisy_max_of_the_rows_as_they_stand(
    function: str, tmp_path: Path
) -> None:
    network = read(of_max(tmp_path, function))
    assert isinstance(network.gate("a"), NoisyMax)
    table = network.cpt("a")
    assert table[0, 0] == pytest.approx([0.95, 0.04, 0.01])
    assert table[1, 0] == pytest.approx([0.3, 0.5, 0.2])
    assert table[0, 2] == pytest.approx([0.19, 0.31, 0.5])
    leak, one, other = (np.cumsum(table[at]) for at in ((0, 0), (1, 0), (0, 2)))
    assert np.cumsum(table[1, 2]) == pytest.approx(one * other / leak)


def test_a_whole_table_says_all_whatever_made_it_up(tmp_path: Path) -> None:
    network = read(
        of_max(tmp_path, rows="table " + ", ".join(["0.25"] * 6 + ["0.5"] * 6 + ["0.25"] * 6) + ";")
    )
    assert network.cpt("a")[1, 2].tolist() == [0.25, 0.5, 0.25]


def test_two_states_and_an_or(tmp_path: Path) -> None:
    rows = "(no, no) .9 .1; (yes, no) .45 .55; (no, some) .3 .7; (no, much) .18 .82;"
    text = MAX.format(n=2, states="no, yes", function="function noisy-or", rows=rows)
    table = read(put(tmp_path / "n.bif", text)).cpt("a")
    assert table[1, 1, 0] == pytest.approx(0.45 * 0.3 / 0.9)


@pytest.mark.parametrize(
    ("function", "rows", "message"),
    [
        ("function min", ROWS, "expected a full table or function max, got function 'min'"),
        ("function max", ROWS + "(yes, much) .1 .1 .8;", "at most one parent departs"),
        ("function max", "(no, no) .95 .04 .01;", "no row for states number"),
        ("function max", "", "at most one parent departs from rest"),
        ("function max", ROWS.replace("0.60, 0.30, 0.10", "0.96, 0.03, 0.01"), "weaker than"),
        ("function max", ROWS.replace("0.60, 0.30, 0.10", "0.9, 0.3, 0.1"), "sum to 1"),
    ],
)
def test_what_is_no_function_max_is_named(
    function: str, rows: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=message) as error:
        read(of_max(tmp_path, function, rows))
    assert "n.bif:" in str(error.value)


def test_default_rows(tmp_path: Path) -> None:
    head = (
        "network n {} variable a { type discrete[2] { x, y }; } "
        "variable b { type discrete[2] { x, y }; } probability ( a ) { table 0.5 0.5; }\n"
    )
    body = "probability ( b | a ) {{ {} }}"
    text = head + body.format("default 0.4, 0.6; (y) 1.0, 0.0;")
    assert read(put(tmp_path / "n.bif", text)).cpt("b").tolist() == [[0.4, 0.6], [1.0, 0.0]]
    both = head + body.format("table 0.4 0.4 0.6 0.6; (y) 1.0, 0.0;")
    with pytest.raises(FormatError, match="'b' has a table and rows besides"):
        read(put(tmp_path / "n.bif", both))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-be", "shift-jis"])
def test_another_encoding_by_option(encoding: str, tmp_path: Path) -> None:
    name = "Größe" if encoding != "shift-jis" else "大きさ"
    text = f'network n {{}} variable "{name}" {{ type discrete[1] {{ x }}; }} '
    text += f'probability ( "{name}" ) {{ table 1; }}'
    path = put(tmp_path / "n.bif", text, encoding)
    assert read(path, encoding=encoding).variables == (name,)
    with pytest.raises(FascinetError):
        read(path)
    with pytest.raises(FormatError, match="unknown encoding 'latin-99'"):
        read(path, encoding="latin-99")


# ------------------------------------------------------------------ HUGIN

NODES = """node a {{ states = ("no" "yes"); position = (1 2); }}
node b {{ states = ("x" "y"); }}
potential (a) {{ data = ({a}); }}
potential (b | a) {{ data = (({b})({c})); }}
"""


def test_a_class_without_instances_is_read(tmp_path: Path) -> None:
    inner = NODES.format(a="0.2 0.8", b="0.5 0.5", c="0.1 0.9")
    plain = put(tmp_path / "n.net", "net { node_size = (80 40); }\n" + inner)
    wrapped = "class Fire\n{\n inputs = ();\n outputs = (a);\n node_size = (80 40);\n" + inner + "}"
    found = read(put(tmp_path / "n.oobn", wrapped))
    assert same_parameters(found, read(plain))
    assert found.name == "Fire"
    for extra, message in (
        ("class Other { }", "class 'Other' besides 'Fire'"),
        ("", "'one' is an instance of another class"),
    ):
        inside = "" if extra else "instance one : Other (;) { }\n"
        text = wrapped.replace("node a", inside + "node a", 1) + extra
        with pytest.raises(FormatError, match=message):
            read(put(tmp_path / "n.oobn", text))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ('decision d { states = ("x" "y"); }', "'d' is a decision node"),
        ("utility u { }", "'u' is a utility node"),
        ("function f { }", "'f' is a function node"),
        ("discrete function g { }", "'g' is a function node"),
    ],
)
def test_nodes_that_are_no_chance_nodes_are_named(block: str, message: str, tmp_path: Path) -> None:
    text = "net { }\n" + NODES.format(a="0.2 0.8", b="0.5 0.5", c="0.1 0.9") + block
    with pytest.raises(FormatError, match=rf"n.net:6: .*: {message}: only discrete chance nodes"):
        read(put(tmp_path / "n.net", text))


def test_rows_of_proportions_are_normalised_with_a_warning(tmp_path: Path) -> None:
    text = "net { }\n" + NODES.format(a="1 3", b="0.5 0.5", c="20 80")
    with pytest.warns(FormatWarning, match=r"2 row\(s\) off by up to 99 were renormalised"):
        network = read(put(tmp_path / "n.net", text))
    assert network.cpt("a").tolist() == [0.25, 0.75]
    assert network.cpt("b").tolist() == [[0.5, 0.5], [0.2, 0.8]]
    for bad in ("0 0", "-1 2", "nan 1", "inf 1", "0.5 0.6"):
        text = "net { }\n" + NODES.format(a=bad, b="0.5 0.5", c="1 0")
        with pytest.raises(FormatError, match=r"P\(a\): expected"):
            read(put(tmp_path / "n.net", text))


def test_an_expression_is_named_and_a_table_beside_one_is_read(tmp_path: Path) -> None:
    text = "net { }\n" + NODES.format(a="0.2 0.8", b="0.5 0.5", c="0.1 0.9")
    model = "model_nodes = (); model_data = (NoisyOR (a)); "
    with pytest.warns(FormatWarning, match="the table of 'b' is read, its expression is not"):
        read(put(tmp_path / "n.net", text.replace("{ data = ((", "{ " + model + "data = ((")))
    only = text.replace("data = ((0.5 0.5)(0.1 0.9));", model)
    with pytest.raises(FormatError, match="'model_nodes', an expression, which is not evaluated"):
        read(put(tmp_path / "n.net", only))


def test_numbered_and_interval_nodes(tmp_path: Path) -> None:
    text = """net { }
node n { subtype = number; state_values = (0 2 5); }
node i { subtype = interval; state_values = (0 10 20 infinity); }
potential (n) { data = (0.2 0.3 0.5); } potential (i) { data = (0.2 0.3 0.5); }"""
    network = read(put(tmp_path / "n.net", text))
    assert network.states("n") == ("0", "2", "5")
    assert network.states("i") == ("0 - 10", "10 - 20", "20 - infinity")


# ------------------------------------------------------------------ XMLBIF 0.2

OLD = """<?xml version="1.0"?>
<BIF><NETWORK><NAME>Dog</NAME>
<VARIABLE><NAME>out</NAME><TYPE>discrete</TYPE><VALUE>yes</VALUE><VALUE>no</VALUE></VARIABLE>
<VARIABLE><NAME>light</NAME><TYPE>discrete</TYPE><VALUE>on</VALUE><VALUE>off</VALUE></VARIABLE>
<PROBABILITY><FOR>out</FOR><TABLE>0.15 0.85</TABLE></PROBABILITY>
<PROBABILITY><FOR>light</FOR><GIVEN>out</GIVEN>{}</PROBABILITY>
</NETWORK></BIF>"""
ENTRY = "<ENTRY><VALUE>{}</VALUE><TABLE>{}</TABLE></ENTRY>"


@pytest.mark.parametrize(
    "table",
    [
        "<TABLE>0.6 0.05 0.4 0.95</TABLE>",  # the variable itself slowest
        "<TABLE>0.6 0.4 0.05 0.95</TABLE>",  # fastest
        ENTRY.format("no", "0.05 0.95") + ENTRY.format("yes", "0.6 0.4"),
        "<DEFAULT><TABLE>0.6 0.4</TABLE></DEFAULT>" + ENTRY.format("no", "0.05 0.95"),
    ],
)
def test_xmlbif_of_version_02(table: str, tmp_path: Path) -> None:
    text = OLD.format(table).replace('<?xml version="1.0"?>', '<?XML VERSION="1.0"?>')
    network = read(put(tmp_path / "n.xml", text))
    assert network.states("light") == ("on", "off")
    assert network.cpt("light").tolist() == [[0.6, 0.4], [0.05, 0.95]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "nor entries for all rows"),
        (ENTRY.format("no", "0.05 0.95"), "nor entries for all rows"),
        (ENTRY.format("maybe", "0.05 0.95"), "unknown state 'maybe'"),
        ("<TABLE>0.6 0.3 0.05 0.95</TABLE>", "expected numbers that sum to 1"),
    ],
)
def test_bad_xmlbif_of_version_02(table: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=message):
        read(put(tmp_path / "n.xml", OLD.format(table)))


def test_continuous_variables_are_named(tmp_path: Path) -> None:
    text = OLD.format("<TABLE>1</TABLE>").replace("discrete", "continuous", 1)
    with pytest.raises(FormatError, match="variable 'out' is of type 'continuous'"):
        read(put(tmp_path / "n.xml", text))


# ------------------------------------------------------------------ UAI


def test_a_markov_network_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="got 'MARKOV': a Markov network is not read"):
        read(put(tmp_path / "n.uai", "MARKOV\n1\n2\n1\n1 0\n2\n0.3 0.7\n"))


@pytest.mark.parametrize("text", ["2 0 1 2 0", "2\n0 1\n2 0\n", "1\n2 0 1 2 0"])
def test_uai_evidence(text: str, tmp_path: Path) -> None:
    asia = read(FOLDER / "asia.bif.gz")
    names = asia.variables
    found = read_evidence(put(tmp_path / "n.uai.evid", text), asia)
    assert found == {names[0]: asia.states(names[0])[1], names[2]: asia.states(names[2])[0]}
    with pytest.raises(FormatError, match="evidence is no network"):
        read(tmp_path / "n.uai.evid")


@pytest.mark.parametrize(
    "text", ["", "x", "1 99 0", "1 0 9", "2 0 1 0 0", "9" * 5000, "-1 0 0", "3 0 1"]
)
def test_bad_uai_evidence_is_one_line(text: str, tmp_path: Path) -> None:
    asia = read(FOLDER / "asia.bif.gz")
    with pytest.raises(FormatError, match=r"n.evid: ") as error:
        read_evidence(put(tmp_path / "n.evid", text), asia)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


# ------------------------------------------------------------------ names, gates


def test_the_case_of_a_suffix_does_not_matter(tmp_path: Path) -> None:
    asia = read(FOLDER / "asia.bif.gz").replace(name="")
    for name in ("A.BIF", "a.Net", "a.XMLBIF", "a.bif.GZ", "a.Json", "A.XDSL"):
        asia.save(tmp_path / name)
        assert read(tmp_path / name).variables == asia.variables
    with gzip.open(tmp_path / "a.bif.GZ") as stream:
        assert stream.read(7) == b"network"
    with pytest.raises(OptionError):
        format_of("a.docx")


@pytest.mark.parametrize("suffix", [".json", ".xdsl", ".bif", ".net", ".uai", ".xmlbif"])
@pytest.mark.filterwarnings("ignore::fascinet.model.formats.FormatWarning")
def test_a_function_without_parents_comes_back(suffix: str, tmp_path: Path) -> None:
    network = Network({"x": ("a", "b", "c")}, {}, {"x": Function(np.array(2), 3)})
    network.save(tmp_path / f"n{suffix}")
    back = read(tmp_path / f"n{suffix}")
    assert back.cpt(back.variables[0]).tolist() == [0.0, 0.0, 1.0]
    if suffix in (".json", ".xdsl"):
        assert isinstance(back.gate("x"), Function)

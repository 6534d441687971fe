"""Text as other programs write it: encodings, byte order marks, blanks before a declaration."""

from pathlib import Path

import pytest

from fascinet.model.errors import FormatError
from fascinet.model.formats import FormatWarning, read

XDSL = (
    "<?xml version='1.0' encoding='{}'?>\n<smile version='1.0' id='N'><nodes>\n"
    "<cpt id='Médico'><state id='sí'/><state id='no'/>"
    "<probabilities>0.2 0.8</probabilities></cpt></nodes></smile>"
)
NET = (
    'net {}\r\nnode café { states = ("sí" "no"); }\r\n'
    "potential (café) { data = (0.2 0.8); % línea\r\n}"
)


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("UTF-8", "utf-8"), ("ISO-8859-1", "latin-1"), ("ISO-8859-1", "utf-8"),
        ("windows-1252", "cp1252"), ("UTF-16", "utf-16"),
    ],
)  # fmt: skip
def test_xml_is_read_as_it_declares(declared: str, written: str, tmp_path: Path) -> None:
    """UTF-8 that says Latin-1 is taken for what it is: no Latin-1 text looks like it."""
    file = tmp_path / "a.xdsl"
    file.write_bytes(XDSL.format(declared).encode(written))
    network = read(file)
    assert network.variables == ("Médico",)
    assert network.states("Médico") == ("sí", "no")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_tell_the_encoding(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_bytes(NET.encode(encoding))
    assert read(file).states("café") == ("sí", "no")


def test_latin_1_that_does_not_say_so_is_read_with_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_bytes(NET.encode("latin-1"))
    with pytest.warns(FormatWarning, match="a.net:2: expected UTF-8 text; read as Latin-1"):
        assert read(file).states("café") == ("sí", "no")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    binary, odd = tmp_path / "a.net", tmp_path / "a.xdsl"
    binary.write_bytes(b"\x00\xff\x10net")
    odd.write_bytes(b"<?xml version='1.0' encoding='zip'?><smile id='\xff'/>")
    with pytest.raises(FormatError, match="a.net: expected UTF-8 text"):
        read(binary)
    with pytest.raises(FormatError, match="a.xdsl: expected ZIP text"):
        read(odd)


def test_blanks_before_the_declaration_do_not_shift_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.xdsl"
    file.write_text("\n\n  " + XDSL.format("UTF-8"), encoding="utf-8")
    assert read(file).variables == ("Médico",)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("0.2 0.8", "0.2 0.9"), encoding="utf-8")
    with pytest.raises(FormatError, match=r"a.xdsl:5: .*sum to 1"):
        read(file)
    file.write_text(text.replace("</nodes>", "</node>"), encoding="utf-8")
    with pytest.raises(FormatError, match=r"a.xdsl:5: mismatched tag"):
        read(file)

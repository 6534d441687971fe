"""Every formula of the documentation becomes MathML, with no command left over."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools.docs_math import FormulaError, mathml, on_page_content

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
FENCE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$(?!\d)", re.DOTALL)
FOUND = [
    (page.stem, block or line, bool(block))
    for page in PAGES
    for block, line in FORMULA.findall(FENCE.sub("", page.read_text()))
]


def test_the_pages_of_the_mathematics_have_formulas() -> None:
    assert {page for page, _, block in FOUND if block} >= {
        "gates", "inference", "sensitivity", "explain", "value", "uncertainty"
    }  # fmt: skip


@pytest.mark.parametrize(("page", "tex", "block"), FOUND)
def test_a_formula_becomes_mathml(page: str, tex: str, block: bool) -> None:
    found = mathml(tex, block=block)
    root = ElementTree.fromstring(found)
    assert root.tag.endswith("math"), page
    assert root.attrib["display"] == ("block" if block else "inline")
    assert "\\" not in "".join(root.itertext())


def test_a_command_that_is_not_known_stops_the_build() -> None:
    with pytest.raises(FormulaError, match="nonesuch"):
        mathml(r"\nonesuch{x}", block=False)


def test_the_marks_of_a_page_are_replaced() -> None:
    page = '<p>a <span class="arithmatex">\\(p &lt; 1\\)</span></p>'
    found = on_page_content(page)
    assert found.startswith("<p>a <math ")
    assert "arithmatex" not in found
    block = on_page_content('<div class="arithmatex">\\[x\\]</div>')
    assert block.startswith('<div class="formula"><math ')

"""The report of a case as PDF, by fpdf2, in DejaVu Sans (see static/fonts/LICENSE.txt)."""

from functools import lru_cache
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from fascinet.dashboard.report import LIMITS, Report, compose
from fascinet.dashboard.state import Case

FONTS = Path(__file__).with_name("static") / "fonts"
FAMILY = "DejaVu"
WIDTHS = (74, 24, 24, 40, 24)
HEADS = ("Cause", "Before", "Now", "95% interval", "Accounts for")
MISSING = "\N{WHITE SQUARE}"


def pdf_of(case: Case) -> bytes:
    """Return the report of a case as PDF."""
    return to_pdf(compose(case))


def to_pdf(report: Report) -> bytes:
    """Return the report as PDF."""
    pdf = FPDF(format="A4")
    pdf.set_title(report.title)
    pdf.set_lang("en")
    pdf.set_auto_page_break(True, 16)
    pdf.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
    pdf.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
    pdf.add_page()
    _line(pdf, report.title, 16, bold=True)
    _line(pdf, f"{LIMITS[0]} {report.context}.", 10, bold=True)
    for flag in report.flags:
        _line(pdf, flag, 10, bold=True)
    for title, items in (
        ("Present", report.present),
        ("Absent", report.absent),
        ("Uncertain", report.uncertain),
        ("Not asked, and worth asking", report.missing),
    ):
        _list(pdf, title, items)
    _table(pdf, report)
    for title, items in (
        ("Why the first stands there", report.reasons),
        ("Limits", LIMITS),
        ("Sources", report.sources),
    ):
        _list(pdf, title, items)
    _line(pdf, report.model, 8)
    return bytes(pdf.output())


@lru_cache(maxsize=1)
def letters() -> frozenset[int]:
    """Return the code points that both cuts of the font have."""
    from fontTools.ttLib import TTFont

    fonts = [TTFont(FONTS / f"DejaVuSans{cut}.ttf") for cut in ("", "-Bold")]
    plain, bold = (frozenset(font.getBestCmap() or {}) for font in fonts)
    return plain & bold


def printable(text: str) -> str:
    """Return text with a visible square for every letter that the font lacks."""
    return "".join(c if ord(c) in letters() or c == "\n" else MISSING for c in text)


def _line(pdf: FPDF, text: str, size: int, *, bold: bool = False) -> None:
    pdf.set_font(FAMILY, "B" if bold else "", size)
    pdf.multi_cell(0, size * 0.5, printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1)


def _list(pdf: FPDF, title: str, items: tuple[str, ...]) -> None:
    if items:
        pdf.ln(2)
        _line(pdf, title, 12, bold=True)
        for item in items:
            _line(pdf, f"• {item}", 10)


def _table(pdf: FPDF, report: Report) -> None:
    pdf.ln(2)
    _line(pdf, "Differential", 12, bold=True)
    pdf.set_font(FAMILY, "", 9)
    with pdf.table(
        col_widths=WIDTHS, text_align=("LEFT", *("RIGHT",) * 4), line_height=5,
        borders_layout="HORIZONTAL_LINES", headings_style=FontFace(emphasis="BOLD"),
    ) as table:  # fmt: skip
        for line in (HEADS, *report.rows):
            table.row([printable(text) for text in line])

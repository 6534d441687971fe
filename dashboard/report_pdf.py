"""The report of a case as PDF, by fpdf2, with its core fonts."""

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from fascinet.dashboard.report import LIMITS, Report

WIDTHS = (74, 24, 24, 40, 24)
HEADS = ("Cause", "Before", "Now", "95% interval", "Explains")
PLAIN = str.maketrans({"–": "-", "—": "-", "−": "-", "≈": "~", "×": "x", "÷": "/", "…": "...",
                       "“": '"', "”": '"', "’": "'", "‘": "'", "≥": ">=", "≤": "<="})  # fmt: skip


def to_pdf(report: Report) -> bytes:
    """Return the report as PDF."""
    pdf = FPDF(format="A4")
    pdf.set_title(report.title)
    pdf.set_lang("en")
    pdf.set_auto_page_break(True, 16)
    pdf.add_page()
    _line(pdf, report.title, 16, bold=True)
    _line(pdf, f"{LIMITS[0]} {report.context}.", 10, bold=True)
    for flag in report.flags:
        _line(pdf, flag, 10, bold=True)
    for title, items in (
        ("Present", report.present),
        ("Absent", report.absent),
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


def latin(text: str) -> str:
    """Return text in the letters that the core fonts have."""
    return text.translate(PLAIN).encode("latin-1", "replace").decode("latin-1")


def _line(pdf: FPDF, text: str, size: int, *, bold: bool = False) -> None:
    pdf.set_font("Helvetica", "B" if bold else "", size)
    pdf.multi_cell(0, size * 0.5, latin(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1)


def _list(pdf: FPDF, title: str, items: tuple[str, ...]) -> None:
    if items:
        pdf.ln(2)
        _line(pdf, title, 12, bold=True)
        for item in items:
            _line(pdf, f"- {item}", 10)


def _table(pdf: FPDF, report: Report) -> None:
    pdf.ln(2)
    _line(pdf, "Differential", 12, bold=True)
    for i, row in enumerate((HEADS, *report.rows)):
        pdf.set_font("Helvetica", "B" if i == 0 else "", 10)
        for j, (width, text) in enumerate(zip(WIDTHS, row, strict=True)):
            align = "L" if j == 0 else "R"
            short = latin(text) if j or len(text) < 42 else latin(text[:40]) + "..."
            pdf.cell(width, 6, short, border="B", align=align)
        pdf.ln(6)

"""Handouts of a teaching case: without the answers for students, with them for afterwards."""

from html import escape

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from fascinet.dashboard.reasons import describe
from fascinet.dashboard.report import STYLE
from fascinet.dashboard.report_pdf import FAMILY, FONTS, printable
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.words import listed, mid, percent, state_words
from fascinet.engine.teaching.case_file import TeachingCase, check_case
from fascinet.engine.teaching.words import name_of

NOTICE = "For teaching only. Not for the care of a patient."
BLANK = "______ %"


def lines(case: TeachingCase, *, answers: bool) -> tuple[tuple[str, str], ...]:
    """Return what is told at each step, and beside it a blank or the answer."""
    found = check_case(rooms(), case) if answers else ()
    out: list[tuple[str, str]] = []
    for k in range(len(case.steps) + 1):
        told = describe(case.steps[k - 1].finding, case.steps[k - 1].state) if k else "The story"
        out.append((told, percent(found[k].probability) if answers else BLANK))
    return tuple(out)


def head(case: TeachingCase, *, answers: bool) -> tuple[str, ...]:
    """Return what stands above the steps; objectives and the leader only among the answers."""
    who = [state_words(s) for v, s in case.ground.items() if v == "sex"]
    who += [f"age {s}" for v, s in case.ground.items() if v == "age_group"]
    place = f"Seen in: {state_words(case.setting)}."
    asks = f"After each step: how probable is {mid(name_of(rooms(), case.cause))}?"
    out = [f"A person whose muscles twitch{': ' + ', '.join(who) if who else ''}. {place}", asks]
    names = [mid(name_of(rooms(), c)) for c in case.distractors]
    out += [f"Think of {listed(names)}, too."] if names else []
    if answers:
        end = check_case(rooms(), case)[-1]
        out.append(f"At the end the most probable cause is {mid(name_of(rooms(), end.leader))} "
                   f"({percent(end.leader_probability)}).")  # fmt: skip
        out += [f"Objective: {text}" for text in case.objectives]
    return tuple(out)


def html_of(case: TeachingCase, *, answers: bool) -> str:
    """Return a handout as one HTML file that needs nothing else."""
    title = f"{case.title}: answers" if answers else case.title
    notes = [case.note, *(s.note for s in case.steps)] if answers else [""] * (len(case.steps) + 1)
    rows = "".join(
        f"<tr><th scope='row'>{escape(told)}</th><td class='num'>{escape(cell)}</td>"
        f"<td>{escape(note)}</td></tr>"
        for (told, cell), note in zip(lines(case, answers=answers), notes, strict=True)
    )
    above = "".join(f"<p>{escape(text)}</p>" for text in head(case, answers=answers))
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p><b>{NOTICE}</b></p>{above}<table><tbody>{rows}</tbody></table>"
        f"<p class='small'>{escape(_model())}</p></body></html>"
    )


def pdf_of(case: TeachingCase, *, answers: bool) -> bytes:
    """Return a handout as PDF."""
    title = f"{case.title}: answers" if answers else case.title
    pdf = FPDF(format="A4")
    pdf.set_title(title)
    pdf.set_lang("en")
    pdf.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
    pdf.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
    pdf.add_page()
    _write(pdf, title, 16, "B")
    for text in (NOTICE, *head(case, answers=answers)):
        _write(pdf, text, 10)
    pdf.ln(3)
    pdf.set_font(FAMILY, "", 11)
    with pdf.table(
        col_widths=(130, 40), text_align=("LEFT", "RIGHT"), line_height=8,
        borders_layout="HORIZONTAL_LINES", first_row_as_headings=False,
    ) as table:  # fmt: skip
        for row in lines(case, answers=answers):
            table.row([printable(cell) for cell in row])
    pdf.ln(3)
    told = [("The story", case.note)]
    told += [(describe(s.finding, s.state), s.note) for s in case.steps]
    for name, note in told if answers else ():
        if note:
            _write(pdf, f"{name}: {note}", 10)
    _write(pdf, _model(), 8)
    return bytes(pdf.output())


def _write(pdf: FPDF, text: str, size: int, style: str = "") -> None:
    pdf.set_font(FAMILY, style, size)
    pdf.multi_cell(0, size * 0.55, printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1)


def _model() -> str:
    net = rooms().network
    return f"{net.name} {net.version}, network {net.hash[:12]}"

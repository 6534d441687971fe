"""Cases: the library, opening and saving files, the report, and the link to share."""

import re
from functools import partial

import streamlit as st

from fascinet.dashboard import later, library, phenopacket, report, report_pdf, service
from fascinet.dashboard.frame import address, open_page, plain, show_differential
from fascinet.dashboard.library import Entry, Opened
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Case, Session
from fascinet.dashboard.tables import link, table
from fascinet.dashboard.teaching import own_cases
from fascinet.dashboard.teaching.talk import case_of, talk_from
from fascinet.dashboard.words import counted, state_words
from fascinet.engine.clinic.reasoner import GROUPS
from fascinet.model.errors import FascinetError

LEAD = "Open a published case, a vignette or a file; save and share the case on the screen."
VIEWS = ("Library", "Open a file", "Save and share")


def page() -> None:
    """Draw the page."""
    known, here = open_page("Cases", LEAD)
    view = st.segmented_control("Show", VIEWS, default=VIEWS[0], key="cases-view", required=True)
    draw = {VIEWS[0]: _library, VIEWS[1]: _file, VIEWS[2]: _save}
    draw[str(view)](known, here)


def take(here: Session, opened: Opened, title: str) -> None:
    """Make an opened case the current one, and say what was left out."""
    here.go(opened.case, title)
    n = len(opened.case.hard) + len(opened.case.soft)
    here.notices = [f"{title}: {counted(n, 'finding')} entered, age and sex among them."]
    if opened.missed:
        here.warnings.append(f"Not in this network: {', '.join(opened.missed[:12])}.")
    here.warnings += list(opened.warnings)


def _library(known: Resources, here: Session) -> None:
    entries = {e.id: e for e in library.entries()}
    kinds = (("Published", "Composed") if entries else ()) + ("Mine",)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Kind", kinds, default=kinds[0], key="cases-kind", required=True
        )  # fmt: skip
        told = kind != "Mine" and st.toggle("Show the diagnoses", key="cases-told")
        group = st.selectbox(
            "Group", ["", *GROUPS], format_func=lambda g: state_words(g) if g else "all",
            key="cases-group",
        ) if told else ""  # fmt: skip
    if kind == "Mine":
        _mine(here)
        return
    shown = [e for e in entries.values() if e.composed == (kind == "Composed")]
    shown = [e for e in shown if not group or e.cause == group]
    names = {e.id: _name(e) if told else library.blind(e) for e in shown}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            "Case", list(names), key=f"case-{kind}-{told}-{group}", format_func=names.__getitem__,
            width=640,
        )  # fmt: skip
        if st.button("Open this case", key="open-case", disabled=not names):
            _open(here, entries[picked])
    if told:
        rows = [(e.id, e.diagnosis, state_words(e.cause), e.citation, link(e.link)) for e in shown]
        heads = ("Case", "Diagnosis", "Group", "Source", "Link")
    else:
        rows = [(e.id, library.blind(e).partition(": ")[2]) for e in shown]
        heads = ("Case", "Who comes, and why")
    caption = f"{counted(len(rows), 'case')}; what a case does not mention is unknown, not absent"
    st.html(table(caption, heads, rows))


def _mine(here: Session) -> None:
    picked = own_cases.draw()
    if picked is not None:
        take(here, Opened(case_of(talk_from(picked)), (), ()), picked.title)
        show_differential()


def _name(entry: Entry) -> str:
    """Return what stands for a case in the list; typing its PMID or DOI finds it."""
    marks = re.search(r"PMID:\d+|10\.\d{4,}/\S+", f"{entry.citation} {entry.url}")
    return " · ".join(filter(None, (entry.id, entry.diagnosis, marks.group() if marks else "")))


def _open(here: Session, entry: Entry) -> None:
    try:
        take(here, library.open_entry(entry), entry.id)
    except FascinetError as error:
        st.error(plain(f"{entry.id} cannot be opened: {error}"))
        return
    show_differential()


def _file(known: Resources, here: Session) -> None:
    st.markdown(
        "A GA4GH Phenopacket (JSON or YAML) or a case saved here. Only codes of findings, results, "
        "age and sex are read; nothing is kept on the server."
    )
    upload = st.file_uploader("Case file", type=["json", "yaml", "yml"], key="case-upload")
    if upload is None:
        return
    try:
        opened = library.open_upload(upload.getvalue(), upload.name)
    except FascinetError as error:
        st.error(plain(f"This file was refused: {error}"))
        return
    n = len(opened.case.hard) + len(opened.case.soft)
    st.success(f"{counted(n, 'finding')} read, age, sex and the complaint among them.")
    if opened.missed:
        st.caption(plain(f"Not in this network: {', '.join(opened.missed[:20])}"))
    if st.button("Open it", key="open-upload"):
        take(here, opened, "Opened file")
        show_differential()


def _save(known: Resources, here: Session) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Report", anchor=False)
        st.caption("Findings, differential, reasons, sources, limits and the network's hash.")
        _download("Report as web page", "report.html", "text/html", partial(_html, here.case))
        _download("Report as PDF", "report.pdf", "application/pdf", partial(_pdf, here.case))
        st.header("Case", anchor=False)
        _download("Case as JSON", "case.json", "application/json", partial(library.save, here.case))
        _download(
            "Case as Phenopacket", "phenopacket.json", "application/json",
            partial(phenopacket.to_packet, here.case),
        )  # fmt: skip
        if left_out := phenopacket.lost(here.case):
            st.caption(plain(f"Left out of the Phenopacket: {'; '.join(left_out)}."))
        _download("Differential as CSV", "differential.csv", "text/csv", partial(_csv, here.case))
    with right:
        st.header("Link", anchor=False)
        st.caption("It holds codes of findings only, no name, date or free text.")
        st.code(_address(here.case), language=None, wrap_lines=True)


def _address(case: Case) -> str:
    """Return the address that opens the case: of this server's home page, if it is known."""
    home = (st.context.url or "").rpartition("/")[0]
    return f"{home}/?{address(case)}" if home else f"?{address(case)}"


def _download(label: str, name: str, mime: str, make: partial[str] | partial[bytes]) -> None:
    st.download_button(label, make, name, mime, key=f"save-{name}", on_click="ignore", width=260)


def _html(case: Case) -> str:
    return later.fetch(report.html_of, case)


def _pdf(case: Case) -> bytes:
    return later.fetch(report_pdf.pdf_of, case)


def _csv(case: Case) -> str:
    return str(later.fetch(service.whole, case).to_frame().to_csv(index=False))

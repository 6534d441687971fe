"""Cases: the library, opening and saving files, the report, and the link to share."""

import re
from functools import partial
from urllib.parse import quote

import streamlit as st

from fascinet.dashboard import later, library, phenopacket, report, report_pdf, service
from fascinet.dashboard.frame import open_page, plain
from fascinet.dashboard.library import Entry, Opened
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Case, Session, to_link
from fascinet.dashboard.tables import link, table
from fascinet.dashboard.words import state_words
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
    here.go(opened.case)
    here.title = title
    n = len(opened.case.hard) + len(opened.case.soft)
    here.notices = [f"{title}: {n} findings entered."]
    if opened.missed:
        here.notices.append(f"Not in this network: {', '.join(opened.missed[:12])}.")
    here.notices += list(opened.warnings)


def _library(known: Resources, here: Session) -> None:
    entries = {e.id: e for e in library.entries()}
    if not entries:
        st.caption("This installation has no case library.")
        return
    kind = st.segmented_control(
        "Kind", ("Published", "Composed"), default="Published", key="cases-kind", required=True
    )
    shown = [e for e in entries.values() if e.composed == (kind == "Composed")]
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    picked = left.selectbox(
        "Case", [e.id for e in shown], key=f"case-{kind}",
        format_func=lambda i: _name(entries[i]),
    )  # fmt: skip
    right.button(
        "Open this case", key="open-case", width="stretch",
        on_click=_open, args=(here, entries[str(picked)]),
    )  # fmt: skip
    rows = [(e.id, e.diagnosis, state_words(e.cause), e.citation, link(e.link)) for e in shown]
    st.html(table(
        f"{len(rows)} cases; what a case does not mention is unknown, not absent",
        ("Case", "Diagnosis", "Cause", "Source", "Link"), rows,
    ))  # fmt: skip


def _name(entry: Entry) -> str:
    """Return what stands for a case in the list; typing its PMID or DOI finds it."""
    marks = re.search(r"PMID:\d+|10\.\d{4,}/\S+", f"{entry.citation} {entry.url}")
    return " · ".join(filter(None, (entry.id, entry.diagnosis, marks.group() if marks else "")))


def _open(here: Session, entry: Entry) -> None:
    try:
        take(here, library.open_entry(entry), entry.id)
    except FascinetError as error:
        here.notices = [f"{entry.id} cannot be opened: {error}"]


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
    st.success(f"{len(opened.case.hard) + len(opened.case.soft)} findings read.")
    if opened.missed:
        st.caption(plain(f"Not in this network: {', '.join(opened.missed[:20])}"))
    st.button(
        "Open it",
        key="open-upload",
        on_click=take,
        args=(here, opened, "Opened file"),
    )


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
            st.caption(plain(f"A Phenopacket cannot hold: {'; '.join(left_out)}."))
        _download("Differential as CSV", "differential.csv", "text/csv", partial(_csv, here.case))
    with right:
        st.header("Link", anchor=False)
        st.caption("It holds codes of findings only, no name, date or free text.")
        st.code(_address(here.case), language=None, wrap_lines=True)


def _address(case: Case) -> str:
    """Return the address that opens the case: of this server's home page, if it is known."""
    home = (st.context.url or "").rpartition("/")[0]
    codes = "&".join(f"{k}={quote(v, safe='~.,:')}" for k, v in to_link(case).items())
    return f"{home}/?{codes}" if home else f"?{codes}"


def _download(label: str, name: str, mime: str, make: partial[str] | partial[bytes]) -> None:
    st.download_button(label, make, name, mime, key=f"save-{name}", on_click="ignore", width=260)


def _html(case: Case) -> str:
    return later.fetch(report.html_of, case)


def _pdf(case: Case) -> bytes:
    return later.fetch(report_pdf.pdf_of, case)


def _csv(case: Case) -> str:
    return str(later.fetch(service.whole, case).to_frame().to_csv(index=False))

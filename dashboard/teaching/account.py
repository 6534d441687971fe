"""The learner's account: a nickname and a key, what is kept, and how to take it or have it gone."""

import json

import streamlit as st

from fascinet.dashboard.frame import plain
from fascinet.dashboard.tables import table
from fascinet.dashboard.teaching import browser, charts
from fascinet.dashboard.teaching.lesson import VISIT, Lesson, ledger, lesson, rooms, sign_in
from fascinet.dashboard.teaching.parts import off
from fascinet.dashboard.words import counted
from fascinet.engine.teaching.words import name_of
from fascinet.model.errors import LedgerError

SHOWN = 8


def draw(now: Lesson) -> None:
    """Draw the account, or how to get one."""
    st.header("Your record", anchor=False)
    browser.remember(browser.LEARNER, now.key)
    if not now.key:
        _enter(now)
        return
    try:
        name, visits = ledger().nickname(now.key), ledger().visits(now.key)
        bins, errors = ledger().calibration(now.key), ledger().errors(now.key)
        progress = ledger().progress(now.key)
    except LedgerError as error:
        st.warning(plain(f"{error}. The lesson goes on; nothing is kept."), icon=None)
        return
    ended = sum(v["ended"] for v in visits)
    st.markdown(plain(f"{name}: {counted(ended, 'consultation')} finished."))
    st.caption("This browser remembers you. To come back from another, keep this key; whoever has "
               "it can read your record.")  # fmt: skip
    st.code(now.key, language=None)
    if bins:
        rows, spec = charts.reliability([(b.stated, b.present, b.count) for b in bins])
        st.caption("Calibration: of all you called 30% probable, were 30% there?")
        st.vega_lite_chart(rows, spec, key="account-reliability")
    if len(progress) > 1:
        rows, spec = charts.progress(progress)
        st.caption("Progress: the share of right answers among the last ten exercises")
        st.vega_lite_chart(rows, spec, key="account-progress")
    if errors:
        st.html(_errors(errors))
    with st.container(horizontal=True):
        st.download_button("Take my data", json.dumps(ledger().export(now.key), indent=1),
                           "my-record.json", "application/json", key="account-export",
                           on_click="ignore")  # fmt: skip
        st.button("Sign out", key="account-leave", on_click=_leave)
        st.button("Delete my data", key="account-delete", on_click=_forget)


def _errors(errors: dict[str, tuple[float, int]]) -> str:
    """Return how far off the learner is by finding, the worst first."""
    order = sorted(errors, key=lambda v: -abs(errors[v][0]))[:SHOWN]
    rows = [(name_of(rooms(), v), off(errors[v][0]), str(errors[v][1])) for v in order]
    return table("How far off, by finding: mean of the log ratio of odds",
                 ("Finding", "You answer", "Tried"), rows, (2,))  # fmt: skip


def _enter(now: Lesson) -> None:
    st.caption("A nickname is enough; without one nothing is kept.")
    with st.form("account-form", border=False):
        name = st.text_input("Nickname", key="account-name", max_chars=40)
        key = st.text_input("Or the key of a record that you have", key="account-key",
                            max_chars=60)  # fmt: skip
        sent = st.form_submit_button("Keep a record", key="account-send")
    if not sent:
        return
    try:
        sign_in(now, key.strip() or ledger().enrol(name))
    except LedgerError as error:
        now.trouble = str(error)
    if not now.key:
        st.warning(plain(now.trouble), icon=None)
        now.trouble = ""
        return
    st.rerun()


def _forget() -> None:
    now = lesson()
    try:
        ledger().forget(now.key)
    except LedgerError as error:
        now.trouble = str(error)
        return
    _leave()


def _leave() -> None:
    now = lesson()
    now.key, now.visit, now.done = "", None, {}
    st.query_params.pop(VISIT, None)

"""The learner's account: a nickname and a key, what is kept, and how to take it or have it gone."""

import json

import streamlit as st

from fascinet.dashboard.frame import plain
from fascinet.dashboard.teaching import charts
from fascinet.dashboard.teaching.lesson import Lesson, ledger, lesson
from fascinet.dashboard.words import counted
from fascinet.model.errors import LedgerError


def draw(now: Lesson) -> None:
    """Draw the account, or how to get one."""
    st.header("Your record", anchor=False)
    if not now.key:
        _enter(now)
        return
    try:
        name, visits = ledger().nickname(now.key), ledger().visits(now.key)
        bins = ledger().calibration(now.key)
    except LedgerError as error:
        st.warning(plain(f"{error}. The lesson goes on; nothing is kept."), icon=None)
        return
    ended = sum(v["ended"] for v in visits)
    st.markdown(plain(f"{name}: {counted(ended, 'consultation')} finished."))
    st.caption("To come back, keep this key; whoever has it can read your record.")
    st.code(now.key, language=None)
    if bins:
        rows, spec = charts.reliability([(b.stated, b.present, b.count) for b in bins])
        st.caption("Calibration: of all you called 30% probable, were 30% there?")
        st.vega_lite_chart(rows, spec, key="account-reliability")
    with st.container(horizontal=True):
        st.download_button("Take my data", json.dumps(ledger().export(now.key), indent=1),
                           "my-record.json", "application/json", key="account-export",
                           on_click="ignore")  # fmt: skip
        st.button("Delete my data", key="account-delete", on_click=_forget)


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
        if key.strip():
            ledger().nickname(key.strip())
            now.key = key.strip()
        else:
            now.key = ledger().enrol(name)
        now.done = ledger().history(now.key)
    except LedgerError as error:
        st.warning(plain(str(error)), icon=None)
        return
    st.rerun()


def _forget() -> None:
    now = lesson()
    try:
        ledger().forget(now.key)
    except LedgerError as error:
        now.trouble = str(error)
        return
    now.key, now.visit, now.done = "", None, {}

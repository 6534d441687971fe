"""What one browser remembers of a session, so that a reload does not lose it."""

import re

import streamlit as st

from fascinet.dashboard.components import mount

LEARNER, TEACHER, NOTES = "fascinet_learner", "fascinet_teacher", "fascinet_notes"
DAYS = 180
SAFE = re.compile(r"[\w.\-]{1,100}")


def remembered(name: str) -> str:
    """Return what the browser sent when this session began, "" for nothing or nonsense."""
    found = str(st.context.cookies.get(name, ""))
    return found if SAFE.fullmatch(found) else ""


def remember(name: str, value: str) -> None:
    """Have the browser remember a key, and forget it if it is "".

    The cookie goes to this machine's server alone and to no other site.
    """
    data = {"name": name, "value": value, "days": DAYS}
    mount("cookie", data, lambda _: None, key=f"remember-{name}")

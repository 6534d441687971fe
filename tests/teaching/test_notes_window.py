"""The presenter's notes: in a window of their own, never on the wall, and it turns the steps."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fascinet.engine.teaching.classroom import Classroom
from tests.teaching.test_authoring import TEXT
from tests.teaching.test_pages import CASE, opened, settled

pytestmark = pytest.mark.browser
NOTE = "Ask: why <b>is</b> that rare?"


def test_notes_are_on_the_teachers_screen_and_not_on_the_wall(
    tab: Page, lessons: str, own_cases: Path
) -> None:
    own_cases.mkdir(exist_ok=True)
    text = TEXT.replace("note: Write a number down first.", f'note: "{NOTE}"')
    assert NOTE in text
    (own_cases / "notes.yaml").write_text(text)
    opened(tab, lessons, "present", "?case=mine:notes.yaml")
    settled(tab)
    expect(tab.get_by_test_id("step")).to_have_text("Step 0 of 2")
    settled(tab)
    tab.get_by_role("button", name="Projector").click()
    expect(tab.get_by_test_id("stHeader")).to_be_hidden()
    settled(tab)
    with tab.expect_popup() as window:
        tab.get_by_role("link", name="Notes").click()
    notes = window.value
    expect(notes.get_by_text(NOTE, exact=True)).to_be_visible()
    expect(notes.get_by_text("Step 0 of 2")).to_be_visible()
    expect(tab.get_by_text(NOTE)).to_have_count(0)
    notes.keyboard.press("ArrowRight")  # its keys turn the steps of the wall
    expect(tab.get_by_test_id("step")).to_have_text("Step 1 of 2")
    expect(notes.get_by_text("Step 1 of 2")).to_be_visible()
    expect(notes.get_by_text(NOTE)).to_have_count(0)
    notes.reload()
    expect(notes.get_by_text("Step 1 of 2")).to_be_visible()
    tab.reload()  # the browser knows the window's key
    expect(tab.get_by_test_id("step")).to_have_text("Step 1 of 2")
    settled(tab)
    notes.get_by_role("button", name="Next").click()
    expect(tab.get_by_test_id("step")).to_have_text("Step 2 of 2")
    expect(notes.get_by_text("This is the last step.")).to_be_visible()
    # a class on the same case: who is stuck is told there, too
    tab.goto(f"{lessons}/room{CASE}")
    settled(tab)
    tab.get_by_role("button", name="Open a room").click()
    settled(tab)
    expect(tab.get_by_test_id("code")).to_be_visible()
    expect(notes.get_by_text("Nobody has joined yet.")).to_be_visible()
    tab.get_by_role("button", name="Close the room").click()
    expect(tab.get_by_role("button", name="Open a room")).to_be_visible()


def test_no_phone_and_no_guess_reads_the_notes(lessons: str, phones: str) -> None:
    for url in (f"{phones}/notes/x", f"{phones}/notes/x/now", f"{lessons}/notes/guess/now"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url, timeout=20)
    turn = urllib.request.Request(f"{lessons}/notes/guess/next", b"")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(turn, timeout=20)


def test_a_room_keeps_the_notes_for_its_teacher(tmp_path: Path) -> None:
    from dataclasses import replace

    from tests.teaching.test_classroom import TALK

    rooms = Classroom(f"sqlite:///{tmp_path / 'ledger.db'}")
    talk = replace(TALK, notes=("first", "", "last"))
    assert rooms.now(rooms.open(talk)[0]).talk == talk

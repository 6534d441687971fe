"""The pages that teach, in a real browser: a learner's whole session, and a talk by keys."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from fascinet.teaching import open_ledger
from tests.browser import choose, faults, fill, opened, settled

pytestmark = pytest.mark.browser
CASE = (
    "?e=age_group.60%2B~sex.male~twitching.yes~weakness.objective~atrophy.yes"
    "~emg.widespread_denervation"
)
PAGES = ("patient", "exercises", "present", "room")


def log(tab: Page) -> Locator:
    return tab.get_by_role("list", name="The consultation so far").get_by_role("listitem")


def learn(tab: Page, way: str, typed: str, option: str) -> None:
    before = log(tab).count()
    tab.get_by_test_id("stButtonGroup").get_by_text(way, exact=True).click()
    choose(tab, f"^{way}", typed, option)
    tab.get_by_test_id("stButton").get_by_role("button", name=way, exact=True).click()
    expect(log(tab).nth(before)).to_be_visible()


def test_a_learners_whole_session(tab: Page, lessons: str, lesson_ledger: str) -> None:
    opened(tab, lessons, "patient", "")
    tab.get_by_role("textbox", name="Nickname").fill("Owl <b>")
    tab.get_by_role("button", name="Keep a record").click()
    expect(tab.get_by_text("Owl <b>: 0 consultations finished.")).to_be_visible()
    key = tab.get_by_test_id("stCode").inner_text().strip()
    tab.get_by_role("button", name="Bring the patient in").click()
    expect(tab.get_by_text("“My muscles have been twitching")).to_be_visible()
    learn(tab, "Ask", "sleep", "Trouble sleeping")
    learn(tab, "Examine", "clonus", "Clonus")
    learn(tab, "Order", "creatine", "Creatine kinase")
    tab.reload()  # what is kept is gone on with
    expect(log(tab)).to_have_count(3)
    expect(tab.get_by_text(re.compile("2 questions, 1 test · cost 1"))).to_be_visible()
    expect(tab.get_by_role("button", name="Commit and see")).to_be_disabled()
    choose(tab, "Think of a cause", "benign", "Benign fasciculation")
    choose(tab, "Think of a cause", "amyo", "Amyotrophic")
    tab.get_by_role("slider").nth(1).press("Home")
    settled(tab)
    tab.get_by_role("button", name="State this").click()
    settled(tab)
    tab.get_by_text("Show the engine's belief").click()
    table = tab.get_by_role("region", name="Your differential beside the engine's")
    expect(table.get_by_role("row").nth(1)).to_contain_text("%")
    choose(tab, "What is it", "benign", "Benign fasciculation")
    choose(tab, "What would you do", "sleep", "Sleep, hydration")
    tab.get_by_role("button", name="Commit and see").click()
    settled(tab)
    expect(tab.get_by_test_id("truth")).to_be_visible()
    expect(tab.get_by_role("heading", name="Habits that the record shows")).to_be_visible()
    expect(tab.get_by_role("region", name=re.compile("What each step could tell"))).to_be_visible()
    expect(tab.get_by_role("heading", name="Argue with a figure")).to_be_visible()
    expect(tab.get_by_text(re.compile("would settle"))).to_be_visible()
    ledger = open_ledger(lesson_ledger)
    (visit,) = ledger.visits(key)
    assert visit["ended"]
    assert visit["record"]["verdict"] == {"cause": "bfs", "action": "A1"}
    tab.get_by_role("button", name="Next patient").click()
    expect(tab.get_by_text("1 consultation finished.")).to_be_visible()
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="Take my data").click()
    data = json.loads(taken.value.path().read_text())
    assert data["nickname"] == "Owl <b>"
    assert {e["cause"] for e in data["estimates"]} == {"als", "bfs"}
    tab.get_by_role("button", name="Delete my data").click()
    expect(tab.get_by_role("button", name="Keep a record")).to_be_visible()
    assert ledger.calibration(key) == ()


def test_exercises_are_marked_and_counted(tab: Page, lessons: str) -> None:
    opened(tab, lessons, "exercises", "")
    choose(tab, "^Practise", "Odds", "^Odds$")
    fill(tab, "1 to …", "0", role="spinbutton")
    tab.get_by_role("button", name="Check").click()
    expect(tab.get_by_text("Not this time.")).to_be_visible()
    expect(tab.get_by_role("region", name="How it goes")).to_contain_text("Odds")
    tab.get_by_role("button", name="Next exercise").click()
    expect(tab.get_by_role("button", name="Check")).to_be_visible()
    choose(tab, "^Practise", "What absent", "What absent tells")
    tab.get_by_role("radio").first.check(force=True)
    tab.get_by_role("button", name="Check").click()
    expect(tab.get_by_text(re.compile("It is: "))).to_be_visible()


def test_a_talk_is_given_by_keys_alone(tab: Page, lessons: str) -> None:
    opened(tab, lessons, "present", CASE)
    step, ranking = tab.get_by_test_id("step"), tab.get_by_role("list", name="Most probable now")
    expect(step).to_have_text("Step 0 of 3")
    expect(ranking).to_have_count(0)
    tab.keyboard.press("Enter")
    expect(ranking).to_be_visible()
    settled(tab)
    tab.keyboard.press("ArrowRight")
    expect(step).to_have_text("Step 1 of 3")
    expect(ranking).to_have_count(0)
    tab.keyboard.press("PageDown")
    expect(step).to_have_text("Step 2 of 3")
    tab.keyboard.press("PageUp")
    expect(step).to_have_text("Step 1 of 3")
    tab.keyboard.press("ArrowLeft")
    expect(step).to_have_text("Step 0 of 3")
    expect(ranking).to_be_visible()  # the class had spoken here
    tab.keyboard.press("ArrowRight")
    expect(step).to_have_text("Step 1 of 3")
    tab.reload()  # the address knows the case and the step
    expect(step).to_have_text("Step 1 of 3")
    settled(tab)
    tab.get_by_role("button", name="Back").first.click()
    expect(step).to_have_text("Step 0 of 3")
    tab.set_viewport_size({"width": 1920, "height": 1080})
    tab.get_by_role("button", name="Projector").click()
    expect(tab.get_by_test_id("stHeader")).to_be_hidden()
    settled(tab)
    sizes = tab.evaluate(
        "[...document.querySelectorAll("
        "'.stMainBlockContainer :is(p, li, button, kbd, kbd *, svg text)')]"
        ".filter(e => e.getClientRects().length && e.textContent.trim())"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 20
    slider = tab.get_by_role("slider")
    tab.keyboard.press("ArrowRight")
    expect(step).to_have_text("Step 1 of 3")
    settled(tab)
    slider.press("ArrowRight")  # the class says more
    tab.get_by_role("button", name="The class has spoken").click()
    expect(ranking).to_be_visible()
    settled(tab)
    expect(tab.get_by_test_id("said")).to_contain_text("15%")
    tab.get_by_role("button", name="Change it").click()
    expect(slider).to_have_attribute("aria-valuetext", "15%")
    expect(ranking).to_have_count(0)
    tab.keyboard.press("ArrowRight")
    expect(step).to_have_text("Step 2 of 3")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_of_ours_and_a_phone_shows_the_whole_width(
    tab: Page, lessons: str, path: str, scheme: str
) -> None:
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened(tab, lessons, path, CASE if path in {"present", "room"} else "")
    assert faults(tab) == []
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390

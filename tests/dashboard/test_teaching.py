"""What a teacher does with the pages, in a real browser: compare, plan, import, print, present."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from fascinet.dashboard.serve import APP
from tests.browser import PATHS, opened, settled

pytestmark = pytest.mark.browser


def evidence(tab: Page) -> Locator:
    return tab.get_by_role("list", name="Findings in evidence")


def test_intervals_follow_and_a_test_is_answered_with_one_click(tab: Page, server: str) -> None:
    opened(tab, server)
    row = tab.locator('tr[data-id="als"]')
    expect(row).to_contain_text(re.compile(r"\d+% – \d+%"))
    expect(row.locator(".whisker")).to_be_visible()
    # and a test is answered with one click
    card = tab.get_by_role("region", name="Best next test")
    name = card.locator(".name").first.inner_text()
    card.get_by_role("group", name=f"Answers to {name}").get_by_role("button").first.click()
    expect(evidence(tab)).to_contain_text(name)


def test_two_cases_stand_side_by_side(tab: Page, server: str) -> None:
    opened(tab, server, "if")
    tab.get_by_text("Side by side", exact=True).click()
    tab.get_by_role("button", name="Keep this case as A").click()
    expect(tab.get_by_text("A and the case now are the same")).to_be_visible()
    tab.get_by_role("button", name="Remove Muscle atrophy").click()
    differ = tab.get_by_role("region", name="Findings that differ")
    expect(differ).to_contain_text("Muscle atrophy")
    expect(differ).to_contain_text("unknown")
    expect(tab.get_by_role("region", name="Present, by scenario")).to_be_visible()
    tab.get_by_role("button", name="Go back to A").click()
    expect(evidence(tab)).to_contain_text("Muscle atrophy")


def test_an_outcome_is_entered_from_the_tree(tab: Page, server: str) -> None:
    opened(tab, server, "next")
    table = tab.get_by_role("region", name=re.compile("the causes that it touches most"))
    expect(table).to_be_visible()
    settled(tab)
    answers = tab.get_by_role("radiogroup", name="Enter the answer")
    answers.get_by_role("radio").first.click()
    expect(tab.get_by_role("button", name="Undo")).to_be_enabled()


def test_two_nodes_and_the_paths_between_them(tab: Page, server: str) -> None:
    opened(tab, server, "network")
    tab.get_by_role("radio", name="Whole network").click()
    first = tab.get_by_role("button", name=re.compile("^Amyotrophic lateral sclerosis:"))
    second = tab.get_by_role("button", name=re.compile("^Needle EMG:"))
    first.focus()
    first.press("Enter")
    expect(tab.get_by_role("heading", name="Amyotrophic lateral sclerosis")).to_be_visible()
    settled(tab)
    second.focus()
    second.press("Shift+Enter")
    paths = tab.get_by_role("list", name="Open paths")
    expect(paths).to_contain_text("Amyotrophic lateral sclerosis → Needle EMG")
    settled(tab)  # the graph is drawn anew
    third = tab.get_by_role("button", name=re.compile("^Muscle atrophy:"))
    third.focus()
    third.press("Enter")
    expect(tab.get_by_role("heading", name="Muscle atrophy")).to_be_visible()
    expect(paths).to_have_count(0)


def test_places_in_the_ranking_are_told(tab: Page, server: str) -> None:
    opened(tab, server, "sure")
    expect(tab.get_by_role("heading", name="If all figures moved at once")).to_be_visible()
    expect(tab.get_by_text(re.compile("comes first in .* draws"))).to_be_visible()


NO_CASES = {
    "bomb.json": b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
    "broken.json": b'{"phenotypicFeatures": [{"type": {"id": 7}}], "subject": "',
    "deep.json": b"[" * 100_000,
}


def test_files_that_are_no_cases_are_refused(tab: Page, server: str, tmp_path: Path) -> None:
    opened(tab, server, "cases")
    tab.get_by_text("Open a file", exact=True).click()
    upload = tab.locator('input[type="file"]')
    refused = tab.get_by_text("This file was refused")
    for name, data in NO_CASES.items():
        upload.set_input_files({"name": name, "mimeType": "application/json", "buffer": data})
        expect(refused).to_be_visible()
        expect(tab.get_by_text(name)).to_be_visible()
        tab.get_by_role("button", name=f"Remove {name}").click()
        expect(refused).to_have_count(0)
    big = tmp_path / "big.json"
    big.write_bytes(b" " * 50_000_000)
    upload.set_input_files(big)
    expect(tab.get_by_text(re.compile("must be .*MB or smaller|exceeds", re.I))).to_be_visible()
    tab.get_by_role("button", name="Remove Muscle atrophy").click()
    expect(evidence(tab)).not_to_contain_text("Muscle atrophy")


def test_a_case_saved_is_a_case_opened(tab: Page, server: str, tmp_path: Path) -> None:
    opened(tab, server, "cases")
    tab.get_by_text("Save and share", exact=True).click()
    with tab.expect_download() as saved:
        tab.get_by_role("button", name="Case as JSON").click()
    saved.value.save_as(tmp_path / "case.json")
    assert json.loads((tmp_path / "case.json").read_text())["findings"]["atrophy"] == "yes"
    with tab.expect_download() as report:
        tab.get_by_role("button", name="Report as PDF").click()
    assert report.value.path().read_bytes().startswith(b"%PDF")
    tab.get_by_role("button", name="Reset").click()
    expect(evidence(tab)).not_to_contain_text("Muscle atrophy")
    tab.get_by_text("Open a file", exact=True).click()
    tab.locator('input[type="file"]').set_input_files(tmp_path / "case.json")
    tab.get_by_role("button", name="Open it").click()
    expect(evidence(tab)).to_contain_text("Muscle atrophy")


def test_paper_shows_the_answer_and_not_the_controls(tab: Page, server: str) -> None:
    opened(tab, server)
    expect(tab.locator('tr[data-id="als"]')).to_be_visible()
    tab.emulate_media(media="print")
    expect(tab.get_by_test_id("stSidebar")).to_be_hidden()
    expect(tab.get_by_test_id("stHeader")).to_be_hidden()
    expect(tab.locator('tr[data-id="als"]')).to_be_visible()


def test_every_page_fits_a_phone(tab: Page, server: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    wide: dict[str, int] = {}
    for path in PATHS:
        opened(tab, server, path)
        expect(evidence(tab)).to_be_visible()
        settled(tab)
        wide[path] = tab.evaluate(
            "Math.max(document.documentElement.scrollWidth,"
            " ...[...document.querySelectorAll('[data-testid=stVegaLiteChart] svg, table.fn')]"
            ".map((e) => e.getBoundingClientRect().right))"
        )
    assert {path: w for path, w in wide.items() if w > 390} == {}


def test_nothing_is_reported_to_anyone() -> None:
    settings = (APP.parent / ".streamlit" / "config.toml").read_text()
    assert "gatherUsageStats = false" in settings

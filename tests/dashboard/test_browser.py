"""The dashboard in a real browser: every page, real clicks, real text."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import PATHS, faults, opened

pytestmark = pytest.mark.browser
AT_EACH_CHANGE = ("", "why", "next", "cases")  # the others, and the dark ones, in test-all


def row(tab: Page, cause: str) -> Locator:
    return tab.locator(f'tr[data-id="{cause}"]')


def test_a_click_on_a_finding_moves_the_ranking(tab: Page, server: str) -> None:
    opened(tab, server, query="")
    expect(row(tab, "bfs")).to_contain_text("Benign fasciculation")
    tab.get_by_label("Muscle atrophy: present", exact=True).check()
    expect(tab.get_by_role("list", name="Findings in evidence")).to_contain_text("Muscle atrophy")
    expect(tab.get_by_role("region", name="Red flags")).to_contain_text("Muscle wasting")
    expect(tab).to_have_url(re.compile("atrophy.yes"))
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_role("region", name="Red flags")).to_have_count(0)
    tab.get_by_role("button", name="Redo").click()
    expect(tab.get_by_role("region", name="Red flags")).to_be_visible()
    tab.get_by_role("button", name="Pause Muscle atrophy").click()
    expect(tab.get_by_role("region", name="Red flags")).to_have_count(0)
    tab.get_by_role("button", name="Reset").click()
    expect(tab.get_by_role("button", name="Remove Muscle atrophy")).to_have_count(0)


def test_search_by_lay_words_and_hpo_id_and_enter(tab: Page, server: str) -> None:
    opened(tab, server, query="")
    box = tab.get_by_role("searchbox", name="Find a finding")
    box.fill("HP:0003202")
    expect(tab.get_by_label("Muscle atrophy: present", exact=True)).to_be_visible()
    expect(tab.get_by_label("Eyelid myokymia: present", exact=True)).to_be_hidden()
    box.press("Enter")
    expect(tab.get_by_role("list", name="Findings in evidence")).to_contain_text("Muscle atrophy")
    box.fill("zzzz")
    expect(tab.get_by_text("No finding has these words")).to_be_visible()


def test_keyboard_alone_enters_a_finding(tab: Page, server: str) -> None:
    opened(tab, server, query="")
    box = tab.get_by_role("searchbox", name="Find a finding")
    expect(box).to_be_visible()
    tab.keyboard.press("Control+k")
    expect(box).to_be_focused()
    tab.keyboard.type("tremor")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Remove Tremor")).to_be_visible()


def test_soft_evidence_by_a_slider(tab: Page, server: str) -> None:
    opened(tab, server, query="")
    tab.get_by_role("button", name="More about Muscle atrophy").click()
    slider = tab.get_by_label("Likelihood of Muscle atrophy: present")
    slider.fill("80")
    expect(tab.get_by_role("list", name="Findings in evidence")).to_contain_text("likely present")


def test_the_best_next_question_is_answered_with_one_click(tab: Page, server: str) -> None:
    opened(tab, server)
    card = tab.get_by_role("region", name="Best next question")
    expect(card).to_be_visible()
    name = card.locator(".name").first.inner_text()
    card.get_by_role("button", name=name).first.click()
    expect(tab.get_by_role("list", name="Findings in evidence")).to_contain_text(name)


def test_network_shows_what_lies_behind_a_node(tab: Page, server: str) -> None:
    opened(tab, server, "network")
    node = tab.get_by_role("button", name=re.compile("^Amyotrophic lateral sclerosis:"))
    node.focus()
    node.press("Enter")
    expect(tab.get_by_role("heading", name="Amyotrophic lateral sclerosis")).to_be_visible()
    expect(tab.get_by_text("Belief in each state").first).to_be_visible()
    expect(node).to_have_attribute("aria-pressed", "true")


def test_why_tells_it_three_ways(tab: Page, server: str) -> None:
    opened(tab, server, "why")
    expect(tab.get_by_test_id("headline")).to_contain_text("before")
    expect(tab.get_by_role("region", name=re.compile("Textbook"))).to_contain_text("Muscle atrophy")
    tab.get_by_text("As people", exact=True).click()
    expect(tab.get_by_text("exactly these findings").first).to_be_visible()
    tab.get_by_text("Nomogram", exact=True).click()
    expect(tab.get_by_text("Lay a ruler")).to_be_visible()


def test_what_next_shows_the_outcome_tree(tab: Page, server: str) -> None:
    opened(tab, server, "next")
    expect(tab.get_by_role("region", name=re.compile("^Tests"))).to_contain_text("Needle EMG")
    expect(
        tab.get_by_role("region", name=re.compile("the causes that it touches most"))
    ).to_be_visible()


def test_what_if_compares_worlds(tab: Page, server: str) -> None:
    opened(tab, server, "if")
    expect(tab.get_by_text(re.compile("Most changed|No cause changes"))).to_be_visible()
    tab.get_by_role("radio", name="If we treated").click()
    expect(tab.get_by_test_id("still")).to_contain_text("Would it still twitch?")
    tab.get_by_role("radio", name="If it had never been").click()
    expect(tab.get_by_test_id("still")).to_be_visible()
    tab.get_by_text("Another prior", exact=True).click()
    expect(tab.get_by_text("In the network")).to_be_visible()


def test_how_sure_names_the_figures_that_matter(tab: Page, server: str) -> None:
    opened(tab, server, "sure")
    expect(tab.get_by_text(re.compile("95% interval .* to "))).to_be_visible()
    expect(tab.get_by_role("heading", name="Influential and poorly sourced")).to_be_visible()


def test_knowledge_shows_scripts_and_sources(tab: Page, server: str) -> None:
    opened(tab, server, "knowledge", query="")
    expect(tab.get_by_role("region", name=re.compile("^Figures of"))).to_be_visible()
    tab.get_by_text("References", exact=True).click()
    expect(tab.get_by_role("link", name="open").first).to_be_visible()


def test_a_published_case_opens(tab: Page, server: str) -> None:
    opened(tab, server, "cases", query="")
    tab.get_by_role("button", name="Open this case").click()
    expect(tab.get_by_role("heading", name="Differential", level=1)).to_be_visible()
    expect(tab.get_by_text(re.compile("findings? entered"))).to_be_visible()


def test_a_hostile_file_is_refused_and_the_session_goes_on(tab: Page, server: str) -> None:
    opened(tab, server, "cases", query="")
    tab.get_by_text("Open a file", exact=True).click()
    bad = b'{"findings": {"<script>alert(1)</script>": "yes"}}'
    upload = tab.locator('input[type="file"]')
    upload.set_input_files({"name": "bad.json", "mimeType": "application/json", "buffer": bad})
    expect(tab.get_by_text("This file was refused")).to_contain_text("<script>")
    tab.get_by_label("Muscle atrophy: present", exact=True).check()
    expect(tab.get_by_role("list", name="Findings in evidence")).to_contain_text("Muscle atrophy")


def test_a_script_in_the_link_is_text(tab: Page, server: str) -> None:
    alarms: list[str] = []
    tab.on("dialog", lambda d: (alarms.append(d.message), d.dismiss()))
    opened(tab, server, query="?e=<img src=x onerror=alert(1)>.yes")
    expect(tab.get_by_text("this network does not know")).to_be_visible()
    assert alarms == []


def test_a_phone_reaches_the_findings(tab: Page, server: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    opened(tab, server)
    tab.get_by_role("button", name="☰ Findings").click()
    expect(tab.get_by_role("searchbox", name="Find a finding")).to_be_in_viewport()
    wide = tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        pytest.param(p, s, marks=[pytest.mark.slow] * (s == "dark" or p not in AT_EACH_CHANGE))
        for p in PATHS
        for s in ("light", "dark")
    ],
)
def test_axe_finds_nothing_of_ours(tab: Page, server: str, path: str, scheme: str) -> None:
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened(tab, server, path)
    expect(tab.get_by_role("searchbox", name="Find a finding")).to_be_visible()
    expect(tab.get_by_role("list", name="Findings in evidence")).to_be_visible()
    assert faults(tab) == []

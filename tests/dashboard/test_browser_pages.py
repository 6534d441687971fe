"""On each page, in a real browser: figures moved, bars clicked, reports saved."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import opened

pytestmark = pytest.mark.browser


def test_any_figure_moves_beyond_its_cited_range(tab: Page, server: str) -> None:
    opened(tab, server, "if")
    tab.get_by_text("Another figure", exact=True).click()
    stands = tab.get_by_text(re.compile("^Cited .*the slider stands"))
    expect(stands).to_contain_text("inside")
    slider = tab.get_by_role("slider", name="Value")
    slider.focus()
    slider.press("End")
    expect(stands).to_contain_text("outside")
    expect(tab.get_by_text("Most changed")).to_be_visible()


def test_a_clicked_bar_shows_its_figures_curve(tab: Page, server: str) -> None:
    opened(tab, server, "sure")
    reading = tab.get_by_text(re.compile("^Now .*cited range"))
    expect(reading).to_be_visible()
    before = reading.inner_text()
    bars = tab.locator("path[aria-roledescription='bar'][aria-label*='shows muscle']")
    bars.first.click()
    expect(reading).not_to_have_text(before)
    expect(reading).to_contain_text("Grade")


def test_a_node_names_its_sources_and_the_article(tab: Page, server: str) -> None:
    opened(tab, server, "network")
    tab.get_by_role("radio", name="Whole network").click()
    tab.get_by_role("button", name=re.compile("^Muscle cramps:")).click()
    tab.get_by_text("How it depends on them, with sources").click()
    gate = tab.get_by_role("region", name=re.compile("noisy"))
    expect(gate.get_by_role("columnheader", name="Source")).to_be_visible()
    assert gate.get_by_role("link").first.get_attribute("href")
    expect(tab.get_by_role("region", name="What the article says of it")).to_be_visible()
    choices = tab.get_by_role("radiogroup", name="Set as a finding")
    choices.get_by_text("present", exact=True).click()
    expect(tab.get_by_role("list", name="Findings in evidence")).to_contain_text("Muscle cramps")


def test_figures_are_filtered_by_cause(tab: Page, server: str) -> None:
    opened(tab, server, "knowledge", query="")
    tab.get_by_text("Figures", exact=True).click()
    count = tab.get_by_text(re.compile(r"^\d+ figures?\."))
    expect(count).to_be_visible()
    everything = int(count.inner_text().split()[0])
    tab.get_by_role("combobox", name=re.compile("Cause")).click()
    tab.get_by_role("option", name="Amyotrophic lateral sclerosis").click()
    expect(count).not_to_have_text(re.compile(f"^{everything} "))
    assert 0 < int(count.inner_text().split()[0]) < everything


def test_the_report_comes_as_page_and_as_pdf(tab: Page, server: str, tmp_path: Path) -> None:
    opened(tab, server, "cases")
    tab.get_by_text("Save and share", exact=True).click()
    for name, start in (("Report as web page", b"<!doctype html>"), ("Report as PDF", b"%PDF")):
        with tab.expect_download(timeout=120_000) as coming:
            tab.get_by_role("button", name=name).click()
        path = tmp_path / coming.value.suggested_filename
        coming.value.save_as(path)
        assert path.read_bytes().startswith(start)


def test_the_link_opens_the_case(tab: Page, server: str) -> None:
    opened(tab, server, "cases")
    tab.get_by_text("Save and share", exact=True).click()
    link = tab.get_by_test_id("stCode").inner_text().strip()
    assert link.startswith(server)
    tab.goto(link)
    who = tab.get_by_text("Primary care · age 60+ · male")
    expect(who).to_be_visible()
    expect(tab.get_by_role("button", name="Remove Muscle atrophy")).to_be_visible()
    expect(tab.get_by_text("this network does not know")).to_have_count(0)


def test_the_ranking_holds_at_960_pixels(tab: Page, server: str) -> None:
    tab.set_viewport_size({"width": 960, "height": 600})
    opened(tab, server, "")
    row = tab.locator('tr[data-id="als"]')
    bar = row.locator(".track").bounding_box()
    assert bar is not None and bar["width"] > 80
    row.get_by_role("button", name=re.compile("^Why ")).click()
    parts = tab.locator('tr[data-detail="als"] .parts')
    expect(parts).to_contain_text("What would change it")
    assert parts.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")


def test_the_second_step_opens_on_demand(tab: Page, server: str) -> None:
    opened(tab, server, "next")
    touched = tab.get_by_role("region", name=re.compile("the causes that it touches most"))
    expect(touched).to_be_visible()
    second = tab.get_by_role("region", name=re.compile("^Two steps ahead"))
    expect(second).to_have_count(0)
    tab.get_by_text(re.compile("^Two steps ahead")).click()
    expect(second).to_be_visible()

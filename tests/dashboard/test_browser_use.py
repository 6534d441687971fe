"""In a real browser: keyboard, zoom, history, motion, print, and where the answer stands."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import browser
from tests.browser import PATHS, SIX, settled, watched

pytestmark = pytest.mark.browser
CONTRA = (
    "?e=twitching.yes~age_group.40-59~sex.female~atrophy.yes~umn_signs.yes~weakness.none"
    "~foot_drop.yes~emg.normal~ncs.normal~serum_ca.high~chvostek.yes~oculogyric.yes"
)
FIFTEEN = (
    "?e=twitching.yes~age_group.18-39~sex.female~eyelid_twitch.yes~caffeine_excess.yes"
    "~high_stress.yes~insomnia.yes~weakness.none~atrophy.no~umn_signs.no~tremor.yes~fatigue.yes"
    "~cramps.yes~falls.no~foot_drop.no~bulbar.no"
)
FOCUSED = "(e) => e === e.getRootNode().activeElement"
# what is drawn beyond the right edge and cannot be scrolled to, with its text
CUT = """() => [...document.querySelectorAll('.stMain h1, .stMain h2, .stMain p, .stMain button,'
    + '.stMain label, .stMain summary, .stMain table, .stMain [data-testid="stVegaLiteChart"]')]
  .filter((e) => e.offsetParent && !e.closest('.fn-scroll, .st-key-bottom'))
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => `${e.tagName} ${e.textContent.slice(0, 50)}`)"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """One session for the whole file; each test opens its own address."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield watched(context.new_page())
    context.close()


def opened(page: Page, server: str, path: str = "", query: str = SIX, wide: int = 1440,
           tall: int = 900) -> None:  # fmt: skip
    page.set_viewport_size({"width": wide, "height": tall})
    page.emulate_media(media="screen", reduced_motion="no-preference", color_scheme="light")
    browser.opened(page, server, path, query)


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="Findings in evidence")


@pytest.mark.parametrize("query", [SIX, CONTRA, FIFTEEN, ""], ids=["six", "odd", "15", "none"])
def test_the_first_row_is_near_the_top(page: Page, server: str, query: str) -> None:
    opened(page, server, query=query)
    expect(page.get_by_role("region", name="Best next test")).to_be_visible()
    settled(page)
    box = page.locator("tbody tr").first.bounding_box()
    assert box is not None and box["y"] < 400
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize(("wide", "tall"), [(390, 844), (960, 600), (720, 450)])
def test_the_answer_is_on_the_first_screen(page: Page, server: str, wide: int, tall: int) -> None:
    opened(page, server, wide=wide, tall=tall)
    expect(page.get_by_test_id("answer")).to_be_in_viewport(ratio=1)


def test_zoomed_to_200_percent_nothing_is_cut(page: Page, server: str) -> None:
    for path in PATHS:
        opened(page, server, path, wide=720, tall=450)
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 720, path
        assert page.evaluate(CUT) == [], path


def test_back_leaves_no_dead_step(page: Page, server: str) -> None:
    opened(page, server, "cases")
    opened(page, server, query="")
    for name in ("Muscle cramps", "Falls"):
        page.get_by_label(f"{name}: present", exact=True).check()
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    page.get_by_role("link", name="Why", exact=True).first.click()
    expect(page.get_by_role("heading", name="Why", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Differential", level=1)).to_be_visible()
    expect(chips(page)).to_contain_text("Muscle cramps")
    page.go_back()  # edits are no steps: this leaves for the page before
    expect(page.get_by_role("heading", name="Cases", level=1)).to_be_visible()


def test_the_focus_stays_after_undo_and_removal(page: Page, server: str) -> None:
    opened(page, server)
    page.get_by_role("button", name="Remove Muscle atrophy").press("Enter")
    expect(page.get_by_role("button", name="Remove Muscle atrophy")).to_have_count(0)
    after = chips(page).get_by_role("button", name=re.compile("^Remove")).last
    expect(after).to_be_focused()
    undo = page.get_by_role("button", name="Undo")
    undo.press("Enter")
    expect(page.get_by_role("button", name="Remove Muscle atrophy")).to_be_visible()
    expect(page.get_by_role("button", name="Redo")).to_be_focused()  # undo has nothing left to do


def test_a_row_of_the_list_is_one_tab_stop(page: Page, server: str) -> None:
    opened(page, server, query="")
    first = page.get_by_label("Eyelid myokymia: unknown", exact=True)
    first.focus()
    page.keyboard.press("Tab")
    row = page.locator('.row[data-id="eyelid_twitch"] + .row')
    assert row.evaluate("(e) => e.contains(e.getRootNode().activeElement)")
    page.keyboard.press("ArrowRight")  # within the row the arrows choose
    expect(row.get_by_role("radio", checked=True)).to_be_focused()


def test_the_first_tab_skips_to_the_answer(page: Page, server: str) -> None:
    opened(page, server)
    expect(chips(page)).to_be_visible()  # only what is drawn can be reached
    expect(page.get_by_role("region", name="Best next test")).to_be_visible()
    settled(page)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name=re.compile("^Skip to"))
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('.stMain').contains(document.activeElement)")


def test_ctrl_k_opens_and_escape_empties_the_search(page: Page, server: str) -> None:
    opened(page, server, query="")
    box = page.get_by_role("searchbox", name="Find a finding")
    expect(box).to_be_visible()
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.type("coffee")
    hits = page.get_by_role("listbox", name="Findings with these words")
    expect(hits.get_by_role("option", selected=True)).to_contain_text("Caffeine")
    page.keyboard.press("Escape")
    expect(box).to_have_value("")
    expect(hits).to_be_hidden()
    expect(page.get_by_role("button", name="Remove Caffeine excess")).to_have_count(0)


def test_reduced_motion_is_respected(page: Page, server: str) -> None:
    opened(page, server)
    bar = page.locator(".track .bar").first
    moves = "(e) => getComputedStyle(e).transitionDuration"
    assert bar.evaluate(moves) != "0s"
    page.emulate_media(reduced_motion="reduce")
    assert bar.evaluate(moves) == "0s"


def test_a_grey_print_tells_ends_and_directions_apart(page: Page, server: str) -> None:
    opened(page, server)
    settled(page)
    page.emulate_media(media="print")
    share = page.locator(".track .share").first
    assert "repeating" in share.evaluate("(e) => getComputedStyle(e).backgroundImage")
    expect(page.get_by_role("searchbox", name="Find a finding")).to_be_hidden()
    opened(page, server, "sure")
    bars = page.locator("path[aria-roledescription='bar']")
    expect(bars.first).to_be_visible()
    fills = bars.evaluate_all("(all) => [...new Set(all.map((e) => e.getAttribute('fill-opacity')"
                              " + e.getAttribute('fill')))]")  # fmt: skip
    assert len(fills) == 2
    for path, up in (("why", "▲"), ("network", "▲")):
        opened(page, server, path)
        expect(page.locator(".stMain svg text").filter(has_text=up).first).to_be_visible()


def test_no_word_in_the_story_is_broken_or_runs_into_its_value(page: Page, server: str) -> None:
    opened(page, server, "network", FIFTEEN)
    nodes = page.locator("g.node")
    expect(nodes.first).to_be_visible()
    over = nodes.evaluate_all("""(all) => all.filter((e) => {
      const label = e.querySelector('.label').getBoundingClientRect();
      const value = e.querySelector('.value').getBoundingClientRect();
      return label.right > value.left;
    }).map((e) => e.textContent)""")
    assert over == []
    said = nodes.locator(".label").all_text_contents()
    assert said and not any("…" in text for text in said)


def test_if_i_learned_starts_with_what_tells_most(page: Page, server: str) -> None:
    opened(page, server, "next")
    rows = page.get_by_role("region", name=re.compile("^(Questions|Tests)")).locator("tbody tr")
    expect(rows.first).to_be_visible()
    told = {r.get_by_role("rowheader").inner_text().split("\n")[0]:
            float(r.get_by_role("cell").nth(1).inner_text()) for r in rows.all()}  # fmt: skip
    page.get_by_role("link", name="What if", exact=True).first.click()
    chosen = page.get_by_role("combobox", name=re.compile("If I learned about"))
    expect(chosen).to_be_visible()
    name = (chosen.input_value() or chosen.inner_text()).strip()
    assert told[name] == max(told.values())

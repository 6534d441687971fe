"""In a real browser: what Enter takes, what is counted once, and many states in a narrow column."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.browser
CASE = "?e=twitching.yes~weakness.objective~foot_drop.yes"


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """One session for the whole file; each test opens its own address."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def searched(page: Page, server: str, words: str) -> tuple[Locator, Locator]:
    """Open an empty case and type; return the box and the hits once they are there."""
    page.goto(server)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    box = page.get_by_role("searchbox", name="Find a finding")
    box.fill(words)
    hits = page.get_by_role("listbox", name="Findings with these words")
    expect(hits).to_be_visible()
    return box, hits


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="Findings in evidence").get_by_role("listitem")


def test_a_word_for_several_things_enters_none_of_them(page: Page, server: str) -> None:
    box, hits = searched(page, server, "thyroid")
    for text in ("Hyperthyroidism", "Hypothyroidism", "TSH: raised"):
        expect(hits.get_by_role("option").filter(has_text=text)).to_have_count(1)
    expect(hits.get_by_role("option", selected=True)).to_have_count(0)
    expect(page.get_by_text("Enter takes none of these")).to_be_visible()
    expect(chips(page)).to_have_count(1)
    box.press("Enter")
    expect(box).to_have_value("thyroid")  # nothing was taken
    box.press("ArrowDown")
    first = hits.get_by_role("option", selected=True)
    expect(page.get_by_text(f"Enter takes: {first.inner_text().split(chr(10))[0]}")).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value("")
    expect(chips(page)).to_have_count(2)
    expect(page.get_by_role("button", name="Remove TSH")).to_be_visible()


def test_what_enter_takes_is_highlighted_and_said(page: Page, server: str) -> None:
    box, hits = searched(page, server, "weakness")
    expect(hits.get_by_role("option").filter(has_text="Weakness:")).to_have_count(3)
    taken = hits.get_by_role("option", selected=True)
    expect(taken).to_contain_text("Weakness: reported")
    expect(page.get_by_text("Enter takes: Weakness: reported")).to_be_visible()
    box.press("Enter")
    expect(page.get_by_role("button", name="Remove Weakness")).to_be_visible()


def test_a_sign_that_another_one_tells_is_counted_once(page: Page, server: str) -> None:
    page.goto(f"{server}/why{CASE}")
    said = "Weakness (found on examination) is already told by foot drop: one sign, counted once."
    expect(page.get_by_text(said)).to_be_visible()


def test_many_states_stand_within_their_column(page: Page, server: str) -> None:
    page.goto(f"{server}/if{CASE}")
    about = page.get_by_role("combobox", name="If I learned about")
    expect(about).to_be_visible()
    about.click()
    about.fill("Pattern of weakness")
    page.get_by_role("option", name="Pattern of weakness or sensory loss").click()
    last = page.get_by_role("radio", name="split hand (thumb side wasted)")
    expect(last).to_be_visible()
    right = last.evaluate("(e) => e.getBoundingClientRect().right")
    column = last.evaluate("(e) => e.closest('[data-testid=stColumn]').getBoundingClientRect()")
    assert right <= column["right"] + 1

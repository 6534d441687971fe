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


def test_a_description_is_proposed_and_taken_one_by_one(page: Page, server: str) -> None:
    page.goto(server)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_text("Describe in words").click()
    box = page.get_by_label("Description")
    box.fill("62-year-old man, weak grip, no numbness")
    box.press("Control+Enter")
    take = page.get_by_role("button", name="+ Paraesthesia: none")
    expect(take).to_be_visible()
    expect(page.get_by_role("button", name="+ Weakness of hand or fingers")).to_be_visible()
    expect(chips(page)).to_have_count(1)  # nothing is entered unasked
    take.click()
    expect(page.get_by_role("button", name="Remove Paraesthesia")).to_be_visible()
    expect(take).to_have_count(0)
    expect(chips(page)).to_have_count(2)


def test_the_cause_in_focus_has_no_number_that_could_be_stale(page: Page, server: str) -> None:
    page.goto(f"{server}/why{CASE}")
    focus = page.get_by_role("combobox", name="Cause in focus")
    expect(focus).to_be_visible()
    focus.click()
    names = page.get_by_role("option")
    expect(names.first).to_be_visible()
    assert not [text for text in names.all_inner_texts() if "%" in text]


def test_knowledge_follows_the_cause_in_focus(page: Page, server: str) -> None:
    page.goto(f"{server}/{CASE}")
    cause = page.get_by_role("button", name="Peripheral neuropathy", exact=True)
    cause.click()
    expect(cause).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Knowledge", exact=True).first.click()
    expect(
        page.get_by_role("heading", name="Peripheral neuropathy", level=2, exact=True)
    ).to_be_visible()


def test_a_phone_turns_pages_with_the_bottom_bar(page: Page, server: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server}/{CASE}")
    expect(page.get_by_test_id("answer")).to_be_in_viewport(ratio=1)
    link = page.locator(".st-key-bottom").get_by_role("link", name="What next")
    expect(link).to_be_in_viewport()
    link.click()
    expect(page.get_by_role("heading", name="What next", level=1)).to_be_in_viewport()
    expect(page.get_by_role("searchbox", name="Find a finding")).not_to_be_in_viewport()
    page.set_viewport_size({"width": 1440, "height": 900})


def test_what_rises_though_nothing_caused_it_is_explained(page: Page, server: str) -> None:
    seen = "?e=twitching.yes~age_group.18-39~eyelid_twitch.yes~caffeine_excess.yes"
    page.goto(f"{server}/if{seen}")
    about = page.get_by_role("combobox", name="If I learned about")
    expect(about).to_be_visible()
    about.click()
    about.fill("Caffeine excess")
    page.get_by_role("option", name="Caffeine excess").click()
    page.get_by_role("radio", name="absent", exact=True).click()
    expect(page.get_by_text("something else has to account for")).to_be_visible()
    page.get_by_role("radio", name="If we treated").click()
    expect(page.get_by_role("combobox", name="If we treated")).to_have_value("Caffeine excess")


def test_grey_paper_tells_directions_apart_on_every_page(page: Page, server: str) -> None:
    mixed = (
        f"{server}/%s?e=twitching.yes~age_group.18-39~sex.female~eyelid_twitch.yes~high_stress.yes"
    )
    mixed += "~caffeine_excess.yes~insomnia.yes~weakness.none"
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(mixed % "")
    expect(chips(page).filter(has_text="✓").first).to_be_visible()
    expect(chips(page).filter(has_text="✕").first).to_be_visible()
    white = "(e) => getComputedStyle(e).backgroundColor"
    assert page.get_by_test_id("stApp").evaluate(white) == "rgb(255, 255, 255)"
    for path in ("why", "if"):
        page.goto(mixed % path)
        for mark in ("▲", "▼"):
            drawn = page.locator(".stMain svg text").filter(has_text=mark).first
            expect(drawn).to_be_attached(timeout=90_000)
    page.goto(mixed % "next")
    down = page.locator(".fn-way .down").first
    expect(down).to_be_attached(timeout=90_000)  # every question and test is weighed first
    assert "repeating" in down.evaluate("(e) => getComputedStyle(e).backgroundImage")
    page.emulate_media(media="screen", color_scheme="light")

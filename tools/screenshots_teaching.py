"""Take pictures of the pages that teach, in light and dark, into docs/screenshots/.

A consultation, its review, exercises, a talk and a class on a projector, and a student's phone.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect, sync_playwright

from fascinet.dashboard.serve import command
from tools.browser import ARGS, MISSING, chromium_path
from tools.screenshots import (
    OUT,
    PORT,
    SETTLED_MS,
    TALLEST,
    settled,
    shrink,
    wait_until_up,
)

HOME, PHONES = f"http://127.0.0.1:{PORT}", f"127.0.0.1:{PORT + 1}"
CASE = "?e=twitching.yes~age_group.60%2B~sex.male~weakness.objective~atrophy.yes~umn_signs.yes"
DESK, PHONE, WALL = (1440, 900), (390, 844), (1920, 1080)
STUDENTS = 7


def main() -> int:
    """Take all pictures."""
    chromium = chromium_path()
    if chromium is None:
        print(MISSING, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        own = {"FASCINET_LEDGER": f"sqlite:///{folder}/ledger.db", "FASCINET_PHONES": PHONES,
               "FASCINET_CASES": folder}  # fmt: skip
        server = subprocess.Popen(
            command(PORT), stdout=subprocess.DEVNULL, env={**os.environ, **own}
        )
        try:
            wait_until_up()
            browser = p.chromium.launch(executable_path=chromium, args=ARGS)
            for scheme in ("light", "dark"):
                for size, visit in ((DESK, learner), (PHONE, learner), (WALL, talk), (WALL, room)):
                    visit(opened(browser, size, scheme), scheme)
            browser.close()
        finally:
            server.terminate()
            server.wait(20)
    return 0


def opened(browser: Browser, size: tuple[int, int], scheme: str) -> Page:
    """Open a browser of its own."""
    wide, high = size
    context = browser.new_context(
        viewport={"width": wide, "height": high},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


def go(page: Page, path: str) -> None:
    """Open a page of the dashboard."""
    page.goto(f"{HOME}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)
    settled(page)


def keep(page: Page, name: str, scheme: str) -> None:
    """Keep a picture, as tall as the page but at most `TALLEST`."""
    size = page.viewport_size or {"width": 0, "height": 0}
    block = "(document.querySelector('.stMainBlockContainer') ?? document.body).scrollHeight"
    high = size["height"]
    if size["width"] < WALL[0]:
        high = max(high, min(page.evaluate(block) + 80, TALLEST))
    page.set_viewport_size({"width": size["width"], "height": high})
    page.wait_for_timeout(SETTLED_MS)
    path = OUT / f"{name}-{scheme}-{size['width']}.png"
    page.screenshot(path=path)
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    shrink(path)


def then(page: Page, act: Callable[[], object]) -> None:
    """Do something and wait for what it brings."""
    act()
    settled(page)


def choose(page: Page, label: str, typed: str) -> None:
    """Pick the first hit of a word."""
    box = page.get_by_role("combobox", name=re.compile(label)).first
    box.click()
    box.press_sequentially(typed)
    then(page, page.get_by_role("option").first.click)


def learn(page: Page, way: str, typed: str) -> None:
    """Ask, examine or order."""
    then(page, page.get_by_test_id("stButtonGroup").get_by_text(way, exact=True).click)
    choose(page, f"^{way}", typed)
    then(page, page.get_by_test_id("stButton").get_by_role("button", name=way, exact=True).click)


# ------------------------------------------------------------------------------- the pages


def learner(page: Page, scheme: str) -> None:
    """Meet a patient with ALS; on a desk also see the review, and do an exercise."""
    go(page, "patient")
    then(page, page.get_by_text("With a cause that I choose").click)
    then(page, page.get_by_role("button", name="Bring the patient in").click)
    for way, typed in (("Ask", "sleep"), ("Examine", "weakness"), ("Examine", "atrophy"),
                       ("Order", "creatine")):  # fmt: skip
        learn(page, way, typed)
    choose(page, "Think of a cause", "amyo")
    choose(page, "Think of a cause", "benign")
    then(page, lambda: page.get_by_role("slider").first.press("ArrowRight"))
    then(page, page.get_by_role("button", name="State this").click)
    then(page, page.get_by_text("Show the engine's belief").click)
    keep(page, "patient", scheme)
    if (page.viewport_size or {"width": 0})["width"] == PHONE[0]:
        page.context.close()
        return
    choose(page, "What is it", "benign")
    choose(page, "What would you do", "sleep")
    then(page, page.get_by_role("button", name="Commit and see").click)
    page.get_by_text(re.compile("would settle")).first.wait_for()
    settled(page)
    keep(page, "review", scheme)
    go(page, "exercises")
    choose(page, "^Practise", "Nomogram")
    page.get_by_role("spinbutton").fill("12")
    then(page, lambda: page.get_by_role("spinbutton").press("Tab"))
    then(page, page.get_by_role("button", name="Check").click)
    keep(page, "exercises", scheme)
    page.context.close()


def talk(page: Page, scheme: str) -> None:
    """Tell a case to a class on a projector."""
    go(page, f"present{CASE}")
    then(page, page.get_by_role("button", name="Projector").click)
    then(page, page.get_by_role("button", name="Start the clock").click)
    for k in range(4):
        if k:
            then(page, page.get_by_role("button", name="Next", exact=False).first.click)
            then(page, lambda: page.get_by_role("slider").press("ArrowRight"))
        then(page, page.get_by_role("button", name="The class has spoken").click)
    keep(page, "present", scheme)
    page.context.close()


def room(page: Page, scheme: str) -> None:
    """Hold a class with phones."""
    browser = page.context.browser
    assert browser is not None
    go(page, f"room{CASE}")
    then(page, page.get_by_role("button", name="Open a room").click)
    code = page.get_by_test_id("code").inner_text()
    phone = page
    for k in range(STUDENTS):
        phone = opened(browser, PHONE, scheme)
        phone.goto(f"http://{PHONES}/join/{code}")
        for _ in range(k * k % 5):
            phone.get_by_role("slider").press("ArrowLeft")
        phone.get_by_role("button", name="Send").click()
        phone.get_by_text("is kept").wait_for()
    keep(phone, "class-phone", scheme)
    then(page, page.get_by_role("button", name="Projector").click)
    then(page, page.get_by_role("button", name="Reveal").click)
    expect(page.get_by_test_id("count")).to_have_text(f"{STUDENTS} of {STUDENTS} students answered")
    keep(page, "class", scheme)
    then(page, page.get_by_role("button", name="Close the room").click)
    page.context.close()


if __name__ == "__main__":
    raise SystemExit(main())

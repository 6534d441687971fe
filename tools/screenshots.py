"""Take pictures of every page: light and dark, 1440 and 390 px wide, into docs/screenshots/."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from fascinet.dashboard.serve import command
from tools.browser import ARGS, MISSING, chromium_path

OUT = Path(__file__).parents[1] / "docs" / "screenshots"
CASE = "?e=twitching.yes~age_group.60%2B~sex.male~weakness.objective~atrophy.yes~umn_signs.yes"
PAGES = {
    "differential": "", "network": "network", "why": "why", "what-next": "next", "what-if": "if",
    "how-sure": "sure", "knowledge": "knowledge", "cases": "cases",
}  # fmt: skip
SIZES = {1440: 900, 390: 844}
TALLEST = 2100
SETTLED_MS = 700
PORT = 8643


def main(names: list[str]) -> int:
    """Take the pictures of the pages named, or of all."""
    chromium = chromium_path()
    if chromium is None:
        print(MISSING, file=sys.stderr)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(command(PORT), stdout=subprocess.DEVNULL)
    try:
        wait_until_up()
        with sync_playwright() as p:
            browser = p.chromium.launch(executable_path=chromium, args=ARGS)
            for name in names or list(PAGES):
                for scheme in ("light", "dark"):
                    for width in SIZES:
                        picture(browser, name, scheme, width)
            browser.close()
    finally:
        server.terminate()
        server.wait(20)
    return 0


def wait_until_up() -> None:
    """Wait until the server answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/_stcore/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not come up")


def picture(browser: Browser, name: str, scheme: str, width: int) -> None:
    """Take one picture, as tall as the page but at most `TALLEST`."""
    dark = scheme == "dark"
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if dark else "light",
    )
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{PORT}/{PAGES[name]}{CASE}")
    expect(page.get_by_role("list", name="Findings in evidence")).to_be_visible(timeout=60_000)
    settled(page)
    height = page.evaluate("document.querySelector('.stMainBlockContainer').scrollHeight") + 80
    page.set_viewport_size({"width": width, "height": max(SIZES[width], min(height, TALLEST))})
    page.wait_for_timeout(SETTLED_MS)
    path = OUT / f"{name}-{scheme}-{width}.png"
    page.screenshot(path=path)
    context.close()
    shrink(path)


def settled(page: Page) -> None:
    """Wait until the page is drawn whole and nothing moves any more."""
    app = page.get_by_test_id("stApp")
    page.wait_for_timeout(SETTLED_MS)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)
    page.wait_for_timeout(SETTLED_MS)


def shrink(path: Path) -> None:
    """Keep the picture in 128 colours, a third of the size."""
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(128)
    small.save(path, optimize=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

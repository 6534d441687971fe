"""One server a test session, on a free port of 127.0.0.1, and a Chromium."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import PATIENCE, served, watched
from tools.browser import ARGS, MISSING, chromium_path

FAILED = pytest.StashKey[bool]()
RESULTS = Path(__file__).parents[2] / "test-results"
expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with served({"PYTHONUNBUFFERED": "1"}) as url:
        yield url


@pytest.fixture(scope="module")  # its event loop would be in the way of other files' own
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def tab(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open a fresh browser session; on failure its picture stays in test-results/."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = watched(context.new_page())
    outside: list[str] = []
    page.on("request", lambda r: outside.append(r.url) if _is_outside(r.url) else None)
    yield page
    if request.node.stash.get(FAILED, False):
        RESULTS.mkdir(exist_ok=True)
        page.screenshot(path=RESULTS / f"{request.node.name}.png", full_page=True)
    context.close()
    assert outside == []


def _is_outside(url: str) -> bool:
    local = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "about:")
    return not url.startswith(local)

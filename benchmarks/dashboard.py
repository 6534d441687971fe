"""How fast the dashboard answers: a click to new posteriors on the screen, and many sessions.

`python -m benchmarks.dashboard [--clicks N] [--sessions N] [--seconds S]` prints a table and
writes benchmarks/results/dashboard.json.
"""

import argparse
import json
import platform
import socket
import statistics
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from fascinet.dashboard import service
from fascinet.dashboard.serve import command
from tools.browser import ARGS, chromium_path

OUT = Path(__file__).parent / "results" / "dashboard.json"
FINDINGS = ("Muscle atrophy", "Tremor", "Eyelid myokymia", "Muscle cramps", "Falls")
STATES = ("present", "absent", "unknown")
PAUSE = 2.0
# resolves with the milliseconds from a click to another ranking on the screen, at most 30 s
CLICK = """([label, state]) => new Promise((done) => {
  const root = (n) => [...document.querySelectorAll('*')].map((e) => e.shadowRoot)
    .find((r) => r && r.querySelector(n));
  const ranking = root('table caption');
  const name = `[aria-label="${label}: ${state}"]`;
  const read = () => ranking.querySelector('tbody')?.textContent;
  const before = read();
  const start = performance.now();
  const timer = setInterval(() => {
    const took = performance.now() - start;
    if (read() !== before || took > 30000) { clearInterval(timer); done(took); }
  }, 4);
  root(name).querySelector(name).click();
})"""

# resolves with the ms from a click in the navigation to the page's heading, at most 30 s
SWITCH = """(title) => new Promise((done) => {
  const start = performance.now();
  const timer = setInterval(() => {
    const took = performance.now() - start;
    if (document.querySelector('h1')?.textContent === title || took > 30000) {
      clearInterval(timer);
      done(took);
    }
  }, 4);
  [...document.querySelectorAll('header a')].find((a) => a.textContent.trim() === title).click();
})"""
# resolves with the ms from an edit on a page until the page is drawn whole, at most 30 s
WHOLE = """([label, state]) => new Promise((done) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const name = `[aria-label="${label}: ${state}"]`;
  const root = [...document.querySelectorAll('*')].map((e) => e.shadowRoot)
    .find((r) => r && r.querySelector(name));
  const start = performance.now();
  let ran = false;
  const timer = setInterval(() => {
    const took = performance.now() - start, now = app.dataset.testScriptState;
    ran ||= now === 'running';
    if ((ran && now === 'notRunning') || took > 30000) { clearInterval(timer); done(took); }
  }, 4);
  root.querySelector(name).click();
})"""
TOUR = ("Why", "What if", "Network", "Knowledge", "Differential")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=30)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(command(port), stdout=subprocess.DEVNULL)
    try:
        up = wait_until_up(url)
        with sync_playwright() as p:
            browser = p.chromium.launch(executable_path=chromium_path(), args=ARGS)
            results = {
                "machine": {"cores": psutil.cpu_count(), "python": platform.python_version(),
                            "load_before": psutil.getloadavg()[0]},
                "server_up_s": up,
                "first_page_s": first_page(browser, url),
                "warm_page_s": first_page(browser, url),
                "engine": engine(options.clicks),
                "click": clicks(browser, url, options.clicks),
                **pages(browser, url, options.clicks),
                "load": load(browser, url, options.sessions, options.seconds, server.pid),
            }  # fmt: skip
            browser.close()
    finally:
        server.terminate()
        server.wait(20)
    report(results)


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_until_up(url: str) -> float:
    """Return the seconds until the server answers."""
    start = time.monotonic()
    while time.monotonic() - start < 60:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
            return time.monotonic() - start
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the server did not come up")


def first_page(browser: Browser, url: str) -> float:
    """Return the seconds from opening the address to the ranking."""
    context = browser.new_context()
    page = context.new_page()
    start = time.monotonic()
    ranking(page, url)
    took = time.monotonic() - start
    context.close()
    return took


def ranking(page: Page, url: str) -> None:
    """Open the address and wait for the ranking."""
    page.goto(url)
    expect(page.locator('tr[data-id="als"], tr[data-id="bfs"]').first).to_be_visible(timeout=60_000)


def clicks(browser: Browser, url: str, count: int) -> dict[str, float]:
    """Return median and p95 of the milliseconds from a click to new posteriors."""
    context = browser.new_context()
    page = context.new_page()
    ranking(page, url)
    settled(page)
    times: list[float] = []
    for i in range(count):
        times.append(float(page.evaluate(CLICK, list(click(i)))))
        settled(page)
    context.close()
    return summary(times)


def pages(browser: Browser, url: str, count: int) -> dict[str, dict[str, float]]:
    """Return ms of page switches after the first, and from an edit to What next complete."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    ranking(page, url)
    settled(page)
    turns: list[float] = []
    for title in TOUR * (1 + max(1, count // len(TOUR))):
        turns.append(float(page.evaluate(SWITCH, title)))
        page.wait_for_timeout(500)
    page.evaluate(SWITCH, "What next")
    page.wait_for_timeout(1000)
    whole: list[float] = []
    for i in range(count):
        whole.append(float(page.evaluate(WHOLE, list(click(i)))))
        page.wait_for_timeout(300)
    context.close()
    return {"switch": summary(turns[len(TOUR) :]), "next_whole": summary(whole)}


def engine(count: int) -> dict[str, float]:
    """Return medians of the CPU ms that the same clicks take of the engine, in this process.

    `posterior_ms` is every marginal of the new case; `diagnosis_ms` is the ranking with red flags,
    responsibility and conflict; both with the planning that new findings need.
    """
    service.warm()
    known = service.resources()
    ids = {e.label: e.id for e in known.catalogue.entries}
    state = dict(zip(STATES, ("yes", "no", ""), strict=True))
    case, posterior, diagnosis = known.blank, list[float](), list[float]()
    for i in range(count):
        finding, word = click(i)
        case = case.with_state(ids[finding], state[word])
        for function, times in ((service.beliefs, posterior), (service.differential, diagnosis)):
            start = time.thread_time()
            function.__wrapped__(case)
            times.append(1000 * (time.thread_time() - start))
    return {"posterior_ms": round(statistics.median(posterior), 2),
            "diagnosis_ms": round(statistics.median(diagnosis), 2)}  # fmt: skip


def click(i: int) -> tuple[str, str]:
    """Return the finding and the state of click `i`."""
    return FINDINGS[i % len(FINDINGS)], STATES[i // len(FINDINGS) % 3]


def settled(page: Page) -> None:
    """Wait until the page is drawn whole, so that clicks are measured one by one."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)
    expect(page.get_by_role("region", name="Best next test")).to_be_visible(timeout=60_000)


def load(browser: Browser, url: str, sessions: int, seconds: float, pid: int) -> dict[str, float]:
    """Return what a click costs with many sessions, each clicking every two seconds."""
    contexts = [browser.new_context() for _ in range(sessions)]
    pages = [opened(context, url) for context in contexts]
    before = memory(pid)
    times: list[float] = []
    errors = turn = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        for page in pages:
            state = "present" if turn % 2 == 0 else "absent"
            took = page.evaluate(CLICK, [FINDINGS[turn // 2 % len(FINDINGS)], state])
            times.append(float(took))
            errors += page.get_by_test_id("stException").count()
        turn += 1
        pages[0].wait_for_timeout(max(0.0, 1000 * (PAUSE - (time.monotonic() - start))))
    after = memory(pid)
    for context in contexts:
        context.close()
    return {**summary(times), "sessions": sessions, "seconds": seconds, "errors": errors,
            "memory_before_mb": before, "memory_after_mb": after}  # fmt: skip


def opened(context: BrowserContext, url: str) -> Page:
    """Open one session."""
    page = context.new_page()
    ranking(page, url)
    return page


def memory(pid: int) -> float:
    """Return the server's resident memory in MB."""
    return round(psutil.Process(pid).memory_info().rss / 1e6, 1)


def summary(times: list[float]) -> dict[str, float]:
    """Return count, median and p95 in milliseconds."""
    ordered = sorted(times)
    return {
        "clicks": len(times),
        "median_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
        "max_ms": round(ordered[-1], 1),
    }


def report(results: dict[str, Any]) -> None:
    """Print the table and write the file."""
    took, many, mine = results["click"], results["load"], results["engine"]
    for name, value in (
        ("server up", f"{results['server_up_s']:.2f} s"),
        ("first page", f"{results['first_page_s']:.2f} s"),
        ("page, warm", f"{results['warm_page_s']:.2f} s"),
        ("click to posteriors", f"median {took['median_ms']} ms, p95 {took['p95_ms']} ms"),
        ("page switch", f"median {results['switch']['median_ms']} ms, "
         f"p95 {results['switch']['p95_ms']} ms"),
        ("What next complete", f"median {results['next_whole']['median_ms']} ms, "
         f"p95 {results['next_whole']['p95_ms']} ms"),
        ("of it the engine", f"posterior {mine['posterior_ms']} ms CPU, "
         f"whole diagnosis {mine['diagnosis_ms']} ms"),
        (f"{many['sessions']} sessions", f"median {many['median_ms']} ms, p95 {many['p95_ms']} ms, "
         f"{many['errors']} errors, {many['memory_before_mb']} → {many['memory_after_mb']} MB"),
    ):  # fmt: skip
        print(f"{name:<22}{value}")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

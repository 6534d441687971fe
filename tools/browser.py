"""The Chromium of tests, pictures and measurements: where it is, and how it is started."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")  # as in install_browser.sh
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
MISSING = "Chromium is not installed: make browser"


def chromium_path() -> str | None:
    """Return the path of the first Chromium on the PATH, None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)

"""Settings of all tests, and the order of their files: the longest begin."""

from pathlib import Path

import pytest
from hypothesis import settings

# a deadline would measure the load of the machine, not the code
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

# a file that computes beside one that waits for a browser
LONGEST = (
    "engine/test_fuzz.py", "dashboard/test_browser.py", "cli/test_cohort.py",
    "teaching/test_pages.py", "cases/test_red_flags.py", "dashboard/test_teaching.py",
    "fuzz/test_fuzz.py", "dashboard/test_browser_pages.py", "model/test_expectations.py",
    "dashboard/test_browser_use.py", "fuzz/test_bombs.py", "teaching/test_classroom.py",
    "formats/test_divorce.py", "teaching/test_authoring.py", "engine/test_robust.py",
    "dashboard/test_hardening.py", "cli/test_cohort_kept.py", "cases/test_native.py",
)  # fmt: skip
HERE = Path(__file__).parent
PLACE = {HERE / name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: PLACE.get(item.path, len(PLACE)))

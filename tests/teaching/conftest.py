"""One server for the pages that teach, with a ledger of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import free_port, served
from tests.dashboard.conftest import (  # noqa: F401  (fixtures and a hook, used by name)
    chromium,
    pytest_runtest_makereport,
    tab,
)


@pytest.fixture(scope="session")
def lesson_ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def own_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own") / "cases"


@pytest.fixture(scope="session")
def phones() -> str:
    """Where the students' pages are served on a port of their own."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def lessons(lesson_ledger: str, own_cases: Path, phones: str) -> Iterator[str]:
    settings = {
        "FASCINET_LEDGER": lesson_ledger, "FASCINET_CASES": str(own_cases),
        "FASCINET_PHONES": phones.removeprefix("http://"),
    }  # fmt: skip
    with served(settings) as url:
        yield url

"""The page on the engine names what is there, and the path that a query takes."""

import re
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType

import fascinet as fn

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "engine.md").read_text()
DOTTED = re.compile(r"`(fascinet\.[\w.]+)`")


def test_every_name_on_the_page_exists() -> None:
    for name in DOTTED.findall(PAGE):
        try:
            import_module(name)
        except ImportError:
            module, _, last = name.rpartition(".")
            assert hasattr(import_module(module), last), name


def test_every_header_on_the_page_exists() -> None:
    for header in re.findall(r"`(\w+\.h)`", PAGE):
        assert (ROOT / "engine" / "core" / header).is_file(), header


def test_a_query_goes_the_way_that_the_page_tells() -> None:
    steps = PAGE.split("## One query")[1].split("## The program")[0]
    told = {m for m in DOTTED.findall(steps) if ".reference." not in m and ".fixed." not in m}
    modules = {m.rpartition(".")[0] for m in told}
    seen: set[str] = set()

    def watch(frame: FrameType, event: str, _: object) -> None:
        seen.add(frame.f_globals.get("__name__", ""))

    engine = fn.Engine(fn.load())
    sys.setprofile(watch)
    try:
        engine.posterior({"setting": "primary_care", "weakness": "objective"})
    finally:
        sys.setprofile(None)
    assert modules <= seen

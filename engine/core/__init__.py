"""The compiled core, or nothing: which of its builds this machine runs.

`core` is the module, or None where there is none; the engine then answers by its NumPy twin,
`fascinet.engine.reference`, which gives the same numbers more slowly. FASCINET_CORE chooses a build
by name (`numpy` for none): for tests, and for bug reports.
"""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

MODULES = {"x86-64-v3": "_core_v3", "baseline": "_core", "checked": "_core_checked"}
NUMPY = "numpy"


def _load(name: str) -> ModuleType | None:
    """Return a build's module, None where it was not compiled; a broken one raises."""
    path = f"{__name__}.{MODULES[name]}"
    return import_module(path) if find_spec(path) else None


def _choose(wanted: str) -> ModuleType | None:
    """Return the build that was asked for, or the best that this processor runs."""
    if wanted == NUMPY:
        return None
    if wanted:
        module = _load(wanted) if wanted in MODULES else None
        if module is None:
            there = [NUMPY, *(name for name in MODULES if _load(name))]
            raise ImportError(f"FASCINET_CORE={wanted}: no such build; there are {there}")
        return module
    baseline: Any = _load("baseline")
    if baseline is None:
        print(
            "fascinet: the compiled core is missing, so the engine runs in NumPy, more slowly; "
            "see docs/install.md",
            file=sys.stderr,
        )
        return None
    return (baseline.runs_x86_64_v3() and _load("x86-64-v3")) or baseline


core: Any = _choose(os.environ.get("FASCINET_CORE", ""))
BUILD: str = core.BUILD if core else NUMPY

__all__ = ["BUILD", "core"]

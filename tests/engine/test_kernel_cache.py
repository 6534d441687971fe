"""Kept kernels are made anew when anything that they call changes, in whatever file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

INNER = """
from fascinet.engine.kernel_cache import njit
STEP = {step}
@njit(cache=True)
def inner(x):
    return {body}
"""
OUTER = """
from fascinet.engine.kernel_cache import njit
from inner_kernel import inner
@njit(cache=True)
def outer(x):
    return inner(x) + 1
"""
RUN = "from outer_kernel import outer; print(outer(1), sum(outer.stats.cache_hits.values()))"


def answer(folder: Path) -> tuple[int, int]:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kept")}
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    value, hits = done.stdout.split()
    return int(value), int(hits)


@pytest.mark.parametrize(
    ("step", "body", "want"), [(0, "x + 2", 4), (5, "x + STEP", 7)], ids=["code", "constant"]
)
def test_a_change_in_what_is_called_is_noticed(
    tmp_path: Path, step: int, body: str, want: int
) -> None:
    (tmp_path / "outer_kernel.py").write_text(OUTER)
    (tmp_path / "inner_kernel.py").write_text(INNER.format(step=0, body="x + STEP"))
    assert answer(tmp_path) == (2, 0)
    assert answer(tmp_path) == (2, 1)
    (tmp_path / "inner_kernel.py").write_text(INNER.format(step=step, body=body))
    assert answer(tmp_path) == (want, 0)

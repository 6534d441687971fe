"""Kept machine code answers as Numba does, and any trouble with it leads back to Numba."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from struct import pack_into
from typing import Any

import pytest

from fascinet.engine import machine_code
from fascinet.engine.elf import undefined_symbols
from fascinet.engine.kernels_numba import collect
from fascinet.engine.loader import RELOCATIONS, is_able, layout, load, sections_of
from fascinet.model import disk_cache

SETTING = """
import json, sys
import numpy as np
import fascinet as fn
engine = fn.Engine(fn.load(), backend="numba")
given = {"weakness": "objective", "atrophy": "yes", "setting": "primary_care"}
found = engine.posterior(given, targets=["als", "emg", "ck"])
"""
QUESTION = (
    SETTING
    + """
slopes = engine.derivatives(given)["weakness"]
print(json.dumps({
    "numba": "numba" in sys.modules,
    "llvm": "llvmlite" in sys.modules,
    "posterior": [dict(found[v]) for v in ("als", "emg", "ck")],
    "log": float(found.log_prob_evidence),
    "slopes": float(sum(np.abs(s).sum() for s in slopes)),
}))
"""
)
LATER = (
    SETTING
    + """
before = "numba" in sys.modules
import numba
made = int(numba.njit(lambda n: np.arange(n).sum())(10))
again = fn.Engine(fn.load(), backend="numba").posterior(given, targets=["als", "emg", "ck"])
print(json.dumps([before, made, again["als"] == found["als"]]))
"""
)


def ask(cache: Path, question: str = QUESTION) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", question],
        env={**os.environ, "FASCINET_CACHE": str(cache)},
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def first(cache: Path) -> dict[str, object]:
    return ask(cache)


@pytest.fixture(scope="module")
def store(cache: Path, first: dict[str, object]) -> Path:
    (path,) = cache.glob("kernels-*.pickle")
    return path


def test_the_second_process_answers_the_same_without_numba(
    cache: Path, first: dict[str, object], store: Path
) -> None:
    second = ask(cache)
    assert first.pop("numba") and not second.pop("numba")
    assert first.pop("llvm") and second.pop("llvm") == (not is_able())
    assert second == first


def test_llvm_links_where_the_loader_cannot(cache: Path, first: dict[str, object]) -> None:
    unable = "from fascinet.engine import machine_code\nmachine_code.is_able = lambda: False\n"
    third = ask(cache, unable + QUESTION)
    assert not third.pop("numba") and third.pop("llvm")
    assert third["posterior"] == first["posterior"] and third["slopes"] == first["slopes"]


@pytest.mark.skipif(not is_able(), reason="the loader is for x86-64 on Linux")
def test_the_loader_refuses_what_it_cannot_place(store: Path) -> None:
    code = next(iter(pickle.loads(store.read_bytes()).values())).code

    def find(symbol: str) -> int:
        raise ValueError(f"unknown symbol {symbol}")

    with pytest.raises(ValueError, match="unknown symbol"):
        load(code, find)
    other = code[:0x12] + b"\xb7\x00" + code[0x14:]  # AArch64
    with pytest.raises(ValueError, match="x86-64"):
        load(other, find)
    with pytest.raises(ValueError, match="ELF"):
        load(b"no object file", find)


@pytest.mark.skipif(not is_able(), reason="the loader is for x86-64 on Linux")
def test_the_loader_takes_full_addresses_only(store: Path) -> None:
    code = bytearray(next(iter(pickle.loads(store.read_bytes()).values())).code)
    sections = sections_of(bytes(code))
    placed, _ = layout(sections)
    changed = next(s for s in sections if s.kind == RELOCATIONS and s.info in placed)
    pack_into("<I", code, changed.offset + 8, 2)  # relative to the place where it is written
    with pytest.raises(ValueError, match="full addresses"):
        load(bytes(code), lambda symbol: 0)


def test_a_broken_store_leads_back_to_numba(
    first: dict[str, object], store: Path, tmp_path: Path
) -> None:
    (tmp_path / store.name).write_bytes(store.read_bytes()[:-100])
    again = ask(tmp_path)
    assert again["numba"]
    assert again["posterior"] == first["posterior"]


def test_an_unknown_symbol_is_never_given_to_llvm(store: Path) -> None:
    kept = pickle.loads(store.read_bytes())
    code = next(iter(kept.values()))
    needed = undefined_symbols(code.code)
    assert "PyArg_UnpackTuple" in needed
    bad = code.code.replace(b"PyArg_UnpackTuple\0", b"PyArg_UnpackTupl3\0")
    strange = machine_code.ObjectCode(bad, code.wrapper, code.environments)
    assert machine_code.link(strange, "strange") is None


def test_what_is_no_elf_object_is_refused() -> None:
    with pytest.raises(ValueError, match="ELF"):
        undefined_symbols(b"not an object file at all")


def test_kernels_are_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(collect)) is collect


def test_numba_may_follow_kept_machine_code(cache: Path, store: Path) -> None:
    assert ask(cache, LATER) == [False, 45, True]


def test_processes_that_compile_at_the_same_time_keep_what_both_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = machine_code.ObjectCode(b"", "", ())
    monkeypatch.setenv("FASCINET_CACHE", str(tmp_path))
    disk_cache.keep(machine_code.store_name(), {("other", ()): code})
    mine = {("mine", ()): code}
    monkeypatch.setattr(machine_code, "stored", lambda: mine)
    machine_code.share()
    assert disk_cache.kept(machine_code.store_name()).keys() == {("mine", ()), ("other", ())}

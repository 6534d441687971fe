"""What set-up lays out says what the YAML says, and is used only while it fits it."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fascinet.model import prebuilt, shipped
from fascinet.model.build import build_network
from fascinet.model.digest import FACTS, digest_of
from fascinet.model.find import Entry, Index, Phrase, index_in
from fascinet.model.gates import KINDS
from fascinet.model.load import load_knowledge
from fascinet.model.network import Network, gate_arrays
from fascinet.model.prebuild import prebuild
from fascinet.model.schema import Knowledge


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prebuild(tmp_path_factory.mktemp("made"))


@pytest.fixture
def data(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with what was laid out, and links to its sources."""
    for file in prebuilt.DATA.iterdir():
        if file.name != prebuilt.BUILT:
            (tmp_path / file.name).symlink_to(file)
    shutil.copytree(built, tmp_path / prebuilt.BUILT)
    monkeypatch.setattr(prebuilt, "DATA", tmp_path)
    monkeypatch.delenv("FASCINET_PREBUILT", raising=False)
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    prebuilt._parts.cache_clear()  # pyright: ignore[reportPrivateUsage]
    prebuilt._numbers.cache_clear()  # pyright: ignore[reportPrivateUsage]


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal, arrays bit by bit."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def test_each_part_says_what_the_sources_say(data: Path) -> None:
    knowledge = load_knowledge()
    assert Knowledge.model_validate(prebuilt.prebuilt("knowledge")) == knowledge
    assert prebuilt.prebuilt("digest", FACTS) == digest_of(knowledge)
    assert prebuilt.prebuilt("find", (Index, Entry, Phrase)) == index_in(knowledge)
    network = build_network(knowledge)
    quick = Network(**prebuilt.prebuilt("network", KINDS.values()))
    assert (quick.hash, quick.name, quick.version) == (
        network.hash, network.name, network.version
    )  # fmt: skip
    assert same(dict(quick.meta), dict(network.meta))


def test_a_changed_source_is_read_itself(data: Path) -> None:
    findings = data / "findings.yaml"
    text = findings.read_text()
    findings.unlink()
    findings.write_text(text + "\n")
    assert prebuilt.prebuilt("digest", FACTS) is None


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "manifest"])
def test_what_is_damaged_is_not_used(data: Path, damage: str) -> None:
    file = data / prebuilt.BUILT / ("manifest.json" if damage == "manifest" else "digest.json")
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "changed":
        file.write_bytes(content.replace(b"true", b"null", 1))
    else:
        file.write_bytes(content[: len(content) // 2])
    assert prebuilt.prebuilt("digest", FACTS) is None


@pytest.mark.parametrize("file", ["manifest.json", "numbers.npy", "network.json"])
@pytest.mark.parametrize("what", ["cut", "gone", "pipe", "device", "folder", "nested", "long"])
def test_the_network_is_not_read_from_what_is_damaged(data: Path, file: str, what: str) -> None:
    """Nor waited for: a pipe that nobody writes to, or a device without an end."""
    assert prebuilt.prebuilt("network", KINDS.values()) is not None
    _forget()
    place = data / prebuilt.BUILT / file
    content = place.read_bytes()
    place.unlink()
    if what == "cut":
        place.write_bytes(content[:-8])
    elif what == "pipe":
        os.mkfifo(place)
    elif what == "device":
        place.symlink_to("/dev/zero")
    elif what == "folder":
        place.mkdir()
    elif what == "nested":
        place.write_bytes(b"[" * 100_000)
    elif what == "long":
        with place.open("wb") as empty:
            empty.truncate(2**33)
    assert prebuilt.prebuilt("network", KINDS.values()) is None


def test_it_can_be_left_unread(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert prebuilt.prebuilt("digest", FACTS) is not None
    _forget()
    monkeypatch.setenv("FASCINET_PREBUILT", "off")
    assert prebuilt.prebuilt("digest", FACTS) is None


def test_only_data_is_kept(data: Path) -> None:
    for file in (data / prebuilt.BUILT).iterdir():
        if file.suffix == ".npy":
            assert np.load(file, allow_pickle=False).dtype == np.float64
        else:
            json.loads(file.read_text(encoding="utf-8"))


def test_the_shipped_network_is_the_one_of_its_sources() -> None:
    """A wheel may have been laid out with another NumPy, whose last digits differ."""
    quick, slow = shipped.shipped_network(), build_network(load_knowledge())
    assert quick.variables == slow.variables
    for v in slow.variables:
        assert (quick.states(v), quick.parents(v)) == (slow.states(v), slow.parents(v))
        for a, b in zip(gate_arrays(quick.gate(v)), gate_arrays(slow.gate(v)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=0)

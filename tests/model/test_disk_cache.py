"""What is kept between runs is read again, and never stands in the way."""

from pathlib import Path

import pytest

from fascinet.model.disk_cache import fingerprint, remember


def test_a_value_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASCINET_CACHE", str(tmp_path / "kept"))
    made: list[int] = []
    for _ in range(2):
        assert remember("x", lambda: made.append(1) or "value") == "value"
    assert len(made) == 1
    (file,) = (tmp_path / "kept").iterdir()
    assert fingerprint() in file.name


def test_a_broken_copy_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASCINET_CACHE", str(tmp_path))
    (tmp_path / f"x-{fingerprint()}.pickle").write_bytes(b"junk")
    assert remember("x", lambda: 7) == 7
    assert remember("x", lambda: 8) == 7


def test_an_unwritable_folder_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FASCINET_CACHE", str(tmp_path / "file" / "below"))
    assert remember("x", lambda: 7) == 7
    monkeypatch.setenv("FASCINET_CACHE", "off")
    assert remember("x", lambda: 9) == 9

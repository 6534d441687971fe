"""The user's library of teaching cases: kept whole or not at all, and what is wrong is named."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from fascinet.engine.teaching.case_library import default_folder
from fascinet.model.errors import CaseError, OptionError
from fascinet.teaching import CaseLibrary, TeachingCase, practice, read_teaching_case
from tests.teaching.test_authoring import TEXT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "none yet" / "cases"


@pytest.fixture
def library(folder: Path) -> CaseLibrary:
    return CaseLibrary(practice(), folder)


@pytest.fixture
def case() -> TeachingCase:
    return read_teaching_case(practice(), TEXT.encode(), "lesson.yaml")


def test_what_is_kept_is_listed_read_replaced_and_deleted(
    library: CaseLibrary, case: TeachingCase
) -> None:
    assert library.entries() == ()
    name, twin = library.save(case), library.save(case)
    assert (name, twin) == ("the-eyelid.json", "the-eyelid-2.json")
    assert library.read(name) == case
    changed = replace(case, title="Another title", objectives=("Ordnung der Zahlen: 1 ‰",))
    assert library.save(changed, name) == name
    assert [(k.name, k.title) for k in library.entries()] == [
        (name, "Another title"), (twin, "The <eyelid>")
    ]  # fmt: skip
    assert library.read(name) == changed
    library.delete(twin)
    assert [k.name for k in library.entries()] == [name]
    with pytest.raises(OptionError, match=name):
        library.read("the-eyelid.jsn")
    with pytest.raises(OptionError):
        library.delete(twin)


@pytest.mark.parametrize("title", ["../../etc", "   ", "Ärger mit dem Augenlid", "." * 300, "a/b"])
def test_a_title_names_a_file_of_this_folder(
    library: CaseLibrary, folder: Path, case: TeachingCase, title: str
) -> None:
    name = library.save(replace(case, title=title))
    assert [p.name for p in folder.iterdir()] == [name]
    assert len(name) < 90


@pytest.mark.parametrize("name", ["../secret.json", "/etc/passwd", ".hidden.json", "a\\b.json", ""])
def test_a_name_leads_to_no_other_folder(
    library: CaseLibrary, folder: Path, case: TeachingCase, name: str
) -> None:
    library.save(case)
    (folder.parent / "secret.json").write_text(case.to_json())
    for act in (library.read, library.delete, lambda n: library.save(case, n)):
        with pytest.raises(OptionError):
            act(name)
    assert (folder.parent / "secret.json").exists()


def test_files_written_by_hand_lie_beside_and_broken_ones_are_told(
    library: CaseLibrary, folder: Path, case: TeachingCase
) -> None:
    folder.mkdir(parents=True)
    (folder / "by hand.yaml").write_text(TEXT)
    (folder / "broken.json").write_text('{"title": ')
    (folder / "unknown.yml").write_text(TEXT.replace("cause: als", "cause: alz"))
    (folder / "huge.json").write_text(" " * 1_000_001)
    (folder / "notes.txt").write_text("no case")
    found = {k.name: k for k in library.entries()}
    assert set(found) == {"by hand.yaml", "broken.json", "unknown.yml", "huge.json"}
    assert found["by hand.yaml"].case == case
    assert "alz" in found["unknown.yml"].problem
    assert "at most 1,000,000 bytes" in found["huge.json"].problem
    assert found["broken.json"].case is None
    assert library.save(replace(case, title="New"), "by hand.yaml") == "by hand.yaml"
    assert library.read("by hand.yaml").title == "New"


def test_a_full_disk_is_told_and_loses_nothing(
    library: CaseLibrary, folder: Path, case: TeachingCase
) -> None:
    name = library.save(case)
    (folder / "full.json").symlink_to("/dev/full")  # every write to it finds no space
    with pytest.raises(CaseError, match="cannot be written: no space left"):
        library.save(case, "full.json")
    assert library.read(name) == case


def test_a_write_that_breaks_off_leaves_the_old_case(
    library: CaseLibrary, folder: Path, case: TeachingCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = library.save(case)

    def half(self: Path, text: str, encoding: str = "") -> int:
        with self.open("w") as out:
            out.write(text[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(CaseError, match="no space left"):
        library.save(replace(case, title="Half"), name)
    assert library.read(name) == case
    assert [p.name for p in folder.iterdir()] == [name]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, case: TeachingCase) -> None:
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "cases", Path("/proc/cases")):
        with pytest.raises(CaseError, match=r"case library .*FASCINET_CASES"):
            CaseLibrary(practice(), folder).save(case)
    if os.geteuid() != 0:  # who may all is refused nothing
        (tmp_path / "cases").mkdir(mode=0o500)
        with pytest.raises(CaseError, match="permission denied"):
            CaseLibrary(practice(), tmp_path / "cases").save(case)


def test_the_place_is_the_users_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASCINET_CASES", raising=False)
    assert default_folder().name == "cases"
    monkeypatch.setenv("FASCINET_CASES", "/elsewhere")
    assert default_folder() == Path("/elsewhere")

"""A knowledge base of any content: issues with file and place, never a foreign exception."""

import shutil
from pathlib import Path

import pytest

from fascinet.model.errors import KnowledgeError
from fascinet.model.load import load_knowledge, read_bibliography, shipped_folder
from fascinet.model.validate import check
from fascinet.model.yaml_text import DEPTH_LIMIT, YamlError, parse_yaml

FILES = {
    "a list of records": ("findings.yaml", b"- 1\n- 2\n"),
    "records that are texts": ("findings.yaml", b"pain: yes\nweakness: 3\n"),
    "keys that are numbers": ("risks.yaml", b"1: {label: x}\n"),
    "keys that are lists": ("risks.yaml", b"? [a, b]\n: c\n"),
    "an id that is a list": ("causes/als.yaml", b"id: [als]\nlabel: x\n"),
    "not UTF-8": ("tests.yaml", b"label: \xff\xfe\n"),
    "a NUL": ("tests.yaml", b"a: \0\n"),
    "a tag of Python": ("tests.yaml", b"a: !!python/object:os.system x\n"),
    "a number that is none": ("tests.yaml", b"a: !!int x\n"),
    "an alias of itself": ("tests.yaml", b"a: &a [*a]\n"),
    "brackets": ("tests.yaml", b"a: " + b"[" * 5000),
    "no setting": ("context.yaml", b"sex: {label: Sex}\n"),
    "an empty file": ("knowledge.yaml", b""),
    "a bibliography that never ends": ("sources.bib", b"@misc{a,\n" * 2000),
    "no columns": ("hpo_unmapped.csv", b"a,b\n1,2\n"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("cases", "*.py", "__pycache__")
    shutil.copytree(shipped_folder(), tmp_path / "kb", ignore=ignored)
    return tmp_path / "kb"


@pytest.mark.parametrize("name", FILES)
def test_each_is_an_issue_of_one_line(name: str, folder: Path) -> None:
    file, content = FILES[name]
    (folder / file).write_bytes(content)
    errors = [issue for issue in check(folder) if issue.level == "error"]
    assert errors
    assert all("\n" not in str(issue) for issue in errors)
    if name not in ("a bibliography that never ends",):  # its shape is right: it is empty
        with pytest.raises(KnowledgeError):
            load_knowledge(folder)


@pytest.mark.parametrize("name", ["findings.yaml", "sources.bib", "hpo_unmapped.csv"])
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(KnowledgeError, match=f"{name}: cannot be read"):
        load_knowledge(folder)
    assert any(name in str(issue) for issue in check(folder))


def test_a_rule_whose_record_is_missing_says_so(folder: Path) -> None:
    text = (folder / "context.yaml").read_text(encoding="utf-8")
    (folder / "context.yaml").write_text(text.replace("patient_label", "patilabel", 1))
    said = [str(issue) for issue in check(folder)]
    assert any("'setting' is not declared, or its record does not fit" in line for line in said)
    assert any("patilabel" in line for line in said)


def test_yaml_within_bounds() -> None:
    assert parse_yaml("a: &x [1, yes, true]\nb: *x\n") == {
        "a": [1, "yes", True],
        "b": [1, "yes", True],
    }
    assert parse_yaml("[" * (DEPTH_LIMIT - 1) + "]" * (DEPTH_LIMIT - 1)) is not None
    cases = (
        ("[" * (DEPTH_LIMIT + 1), "nested deeper"),
        ("a: *b\n", "the alias 'b' stands for nothing before it"),
        ("a: &a [*a]\n", "the alias 'a' stands for nothing before it"),
        ("a: 1\nb: [", "did not find expected node content"),
    )
    for text, message in cases:
        with pytest.raises(YamlError, match=message):
            parse_yaml(text)


def test_a_bibliography_is_read_by_lines(tmp_path: Path) -> None:
    text = "@article{a1,\n  title = {A {B} C},\n  year = {1999}\n}\n\n@misc{b,\n url={x}}\n}\n"
    (tmp_path / "s.bib").write_text(text)
    found = read_bibliography(tmp_path / "s.bib")
    assert found["a1"]["fields"] == {"title": "A {B} C", "year": "1999"}
    assert (found["b"]["kind"], found["b"]["key"]) == ("misc", "b")

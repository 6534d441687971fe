"""Every snippet of the documentation runs, and the pages say only what is there."""

import gzip
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

import fascinet as fn

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")
EYELID = """
title: The eyelid
setting: primary_care
cause: als
steps: [{finding: eyelid_twitch, state: yes}]
"""
GENERATED = ("knowledge/", "notebooks/")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("alarm", "asia"):
        packed = ROOT / "tests" / "data" / "networks" / f"{name}.bif.gz"
        (tmp_path / f"{name}.bif").write_bytes(gzip.decompress(packed.read_bytes()))
    (tmp_path / "cases.csv").write_text("case,setting,weakness\n1,primary_care,objective\n2,,\n")
    people = "smoke,bronc,dysp\nyes,yes,yes\nno,,no\nno,no,no\nyes,no,\n"
    (tmp_path / "people.csv").write_text(people)
    b = fn.NetworkBuilder().variable("oil").table("oil", 0.3).decision("test")
    b = b.utility("gain", [[0, 0], [-1, 2]], parents=["test", "oil"])
    b.diagram().save(tmp_path / "oil.json")
    (tmp_path / "eyelid.yaml").write_text(EYELID)
    monkeypatch.setenv("FASCINET_CASES", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("sheet", [p for p in PAGES if PYTHON.search(p.read_text())], ids=name_of)
@pytest.mark.usefixtures("folder")
def test_python_snippets_run_in_order(sheet: Path) -> None:
    space: dict[str, object] = {"__name__": "page"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # importing pgmpy is noisy; its warnings are not ours
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=FutureWarning)
        if "to_pgmpy" in sheet.read_text():
            warnings.simplefilter("ignore")
        for k, match in enumerate(PYTHON.finditer(sheet.read_text())):
            exec(compile(match.group(1), f"{sheet.name}[{k}]", "exec"), space)


COMMANDS = [
    line[2:]
    for page in PAGES
    for match in CONSOLE.finditer(page.read_text())
    for line in match.group(1).splitlines()
    if line.startswith("$ ")
]


@pytest.mark.slow
def test_commands_of_the_pages_run_in_order(folder: Path) -> None:
    assert len(COMMANDS) >= 10
    for command in COMMANDS:
        first, *rest = shlex.split(command)
        assert first == "fascinet"
        result = subprocess.run(
            [sys.executable, "-m", "fascinet", *rest],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=folder,
            env=os.environ | {"NO_COLOR": "1"},
        )
        assert result.returncode == 0, (command, result.stderr)


@pytest.mark.parametrize("sheet", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(sheet: Path) -> None:
    for target in LINK.findall(sheet.read_text()):
        if target.startswith(("http:", "https:")):
            continue
        path = (sheet.parent / target).resolve()
        inside = str(path.relative_to(ROOT / "docs"))
        assert path.exists() or inside.startswith(GENERATED), (sheet, target)


def test_every_public_name_has_its_place_on_the_page_of_the_interface() -> None:
    import fascinet

    page = (ROOT / "docs" / "api.md").read_text()
    places = re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE)
    names = {place.rpartition(".")[2] for place in places}
    assert set(fascinet.__all__) - {"__version__"} <= names


def test_a_picture_comes_in_light_and_in_dark() -> None:
    for page in PAGES:
        found = re.findall(r"\]\((\S+screenshots/\S+)\)", page.read_text())
        light = {x.replace("light", "*") for x in found if x.endswith("#only-light")}
        dark = {x.replace("dark", "*") for x in found if x.endswith("#only-dark")}
        assert light == dark
        assert len(found) == len(light) + len(dark)


def test_the_menu_lists_every_page() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    assert "# causes are added by tools/build_docs.py" in text
    listed = set(re.findall(r"[\w/]+\.md", text))
    assert {name_of(p) for p in PAGES} <= listed
    config = yaml.safe_load(text)
    assert config["strict"] is True
    assert config["theme"]["font"] is False
    assert "extra_javascript" not in config


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build_docs.py"), "--out", str(tmp_path)],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    assert "WARNING" not in result.stderr
    site = tmp_path / "site"
    outside = re.compile(
        r'<(?:script|img|iframe)[^>]+src="https?:|<link[^>]+stylesheet[^>]+href="https?:'
    )
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert not outside.search(text), page
        assert 'class="arithmatex"' not in text, page
        for picture in re.findall(r'<img[^>]+src="([^"#:]+)(?:#[^"]*)?"', text):
            assert (page.parent / picture).is_file(), (page, picture)
    assert (site / "maths" / "explain.html").read_text().count("<math") >= 5
    assert "<!--" not in (tmp_path / "build" / "docs" / "model_card.md").read_text()

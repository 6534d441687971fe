"""Build the documentation: generated pages, executed notebooks, then a strict mkdocs build.

Sources lie in `docs/` and `notebooks/`; everything generated goes to `build/docs`, the site to
`site/`, or both below the folder that `--out` names. `--fast` leaves the notebooks out.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "docs"
SVG_CHARTS = "import altair\naltair.renderers.enable('svg')"


def main(arguments: list[str] | None = None) -> int:
    """Build the site; return the exit code of mkdocs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="leave the notebooks out")
    parser.add_argument("--out", type=Path, default=ROOT, help="where build/ and site/ are made")
    options = parser.parse_args(arguments)
    out = options.out.resolve()
    built = out / "build" / "docs"
    sys.path.insert(0, str(ROOT))
    shutil.rmtree(built, ignore_errors=True)
    shutil.copytree(SOURCE, built)
    names = write_knowledge(built / "knowledge")
    fill(built / "model_card.md", "<!-- evaluation -->", evaluation())
    fill(built / "model_card.md", "<!-- foundation -->", foundation())
    fill(built / "benchmarks.md", "<!-- benchmarks -->", benchmarks())
    notebooks = write_notebooks(built / "notebooks", execute=not options.fast)
    write_config(out, names, notebooks)
    return build(out)


def write_knowledge(folder: Path) -> list[str]:
    """Write the pages of the knowledge base; return the causes."""
    from fascinet.model.shipped import shipped_knowledge
    from tools import docs_pages as pages

    knowledge = shipped_knowledge()
    folder.mkdir(parents=True)
    (folder / "index.md").write_text(pages.knowledge_index(knowledge))
    (folder / "coverage.md").write_text(pages.coverage(knowledge))
    (folder / "sources.md").write_text(pages.sources_page(knowledge))
    for name, cause in knowledge.causes.items():
        (folder / f"{name}.md").write_text(pages.cause_page(knowledge, cause))
    return sorted(knowledge.causes, key=lambda c: knowledge.causes[c].label)


def evaluation() -> str:
    """Return the measures on the published cases, also without their tests, and the composed."""
    import fascinet
    from tools import docs_pages as pages

    data = ROOT / "tests" / "data"
    sets = {
        "published": fascinet.evaluate(data / "cases"),
        "published, tests blank": fascinet.evaluate(data / "cases", blank_tests=True),
        "composed": fascinet.evaluate(data / "composed"),
    }
    return pages.evaluation({name: found.to_dict() for name, found in sets.items()})


def foundation() -> str:
    """Return on what the figures rest."""
    from fascinet.model.shipped import shipped_knowledge
    from tools import docs_pages as pages

    return pages.foundation(shipped_knowledge())


def benchmarks() -> str:
    """Return the tables of recorded results."""
    from tools import docs_results

    return docs_results.benchmarks(ROOT / "benchmarks" / "results")


def fill(page: Path, mark: str, text: str) -> None:
    """Put generated text in the place of a mark."""
    page.write_text(page.read_text().replace(mark, text))


# -------------------------------------------------------------------- notebooks


def write_notebooks(folder: Path, *, execute: bool) -> list[str]:
    """Run the notebooks and write them as pages with their outputs; return their names."""
    folder.mkdir(parents=True)
    names = [p.stem for p in sorted((ROOT / "notebooks").glob("*.py"))] if execute else []
    titles = [write_notebook(ROOT / "notebooks" / f"{name}.py", folder) for name in names]
    listed = [f"- [{t}]({n}.md)" for n, t in zip(names, titles, strict=True)]
    text = "Each is a lesson and opens with the question it answers. `make notebooks` opens them.\n"
    (folder / "index.md").write_text("# Notebooks\n\n" + text + "\n" + "\n".join(listed) + "\n")
    return names


def write_notebook(path: Path, folder: Path) -> str:
    """Run one notebook and write it as Markdown with its pictures; return its title."""
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbconvert import MarkdownExporter
    from traitlets.config import Config

    notebook: Any = jupytext.read(path)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    setup: Any = nbformat.v4.new_code_cell(SVG_CHARTS)
    notebook.cells.insert(0, setup)
    place = {"metadata": {"path": str(path.parent)}}
    with tempfile.TemporaryDirectory() as sockets:  # no port is opened
        pipes = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        NotebookClient(notebook, config=pipes, timeout=300, resources=place).execute()
    notebook.cells.pop(0)
    text, resources = MarkdownExporter().from_notebook_node(
        notebook, resources={"output_files_dir": f"{path.stem}_files"}
    )
    for name, data in resources.get("outputs", {}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / f"{path.stem}.md").write_text(text)
    return next(line[2:] for line in text.splitlines() if line.startswith("# "))


# -------------------------------------------------------------------- mkdocs


def write_config(out: Path, causes: list[str], notebooks: list[str]) -> None:
    """Write the configuration with the generated pages in it."""
    text = (ROOT / "mkdocs.yml").read_text()
    mark = "          # causes are added by tools/build_docs.py\n"
    assert mark in text
    text = text.replace(mark, "".join(f"          - knowledge/{c}.md\n" for c in causes))
    pages = "".join(f"      - notebooks/{n}.md\n" for n in ["index", *notebooks])
    text = text.replace("  - Notebooks: notebooks/index.md\n", f"  - Notebooks:\n{pages}")
    text = text.replace("build/docs", str(out / "build" / "docs"))
    text = text.replace("site_dir: site", f"site_dir: {out}/site")
    text = text.replace("tools/docs_math.py", str(ROOT / "tools" / "docs_math.py"))
    config_of(out).write_text(text.replace("paths: [.rooms]", f"paths: [{ROOT}/.rooms]"))


def config_of(out: Path) -> Path:
    """Return where the generated configuration lies."""
    return out / "build" / "mkdocs.yml"


def build(out: Path) -> int:
    """Run mkdocs in strict mode on the generated configuration."""
    subprocess.run([sys.executable, str(ROOT / "tools" / "link_rooms.py")], check=True)
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--clean",
        "-f",
        str(config_of(out)),
    ]
    quiet = os.environ | {"DISABLE_MKDOCS_2_WARNING": "true", "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, check=False, env=quiet).returncode


if __name__ == "__main__":
    sys.exit(main())

"""A copy of a knowledge base in which some figures are others: each is changed where it stands.

All else in the files stays to the letter, comments too, so that `diff -r` of both folders shows
figure by figure what changed.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fascinet.model.bounded import read_text
from fascinet.model.errors import FormatError
from fascinet.model.yaml_text import Loader

Fields = Mapping[str, Any]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "built", "*.py")


def copy_with_figures(
    folder: Path, out: Path, figures: Mapping[str, Fields], source: tuple[str, str]
) -> None:
    """Write a knowledge base with other figures; the folder appears whole or not at all.

    Parameters
    ----------
    folder : Path
        Of the knowledge base as it is.
    out : Path
        A new or empty folder.
    figures : mapping of place to mapping of key to value
        Places as `Knowledge.figures` names them: ``causes/als.yaml: prior.settings.general.yes``.
    source : tuple of str
        Key of a source that the figures cite, and its title; it is added to ``sources.bib``.

    Raises
    ------
    FormatError
        If the folder is not empty, cannot be written, or a place is not found.
    """
    check_free(out)
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.copytree(folder, part, ignore=LEFT_OUT)
        for name, changes in _by_file(figures).items():
            path = part / name
            path.write_text(changed(read_text(path), changes, name), encoding="utf-8")
        _cite(part / "sources.bib", *source)
        if out.exists():
            out.rmdir()
        part.replace(out)
    except OSError as error:
        raise FormatError(f"{out}: cannot be written: {error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_free(out: Path) -> None:
    """Raise `FormatError` unless a folder can be made there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FormatError(f"{out}: expected a new or empty folder")


def _by_file(figures: Mapping[str, Fields]) -> dict[str, dict[tuple[str, ...], Fields]]:
    found: dict[str, dict[tuple[str, ...], Fields]] = {}
    for place, fields in figures.items():
        file, _, keys = place.partition(": ")
        found.setdefault(file, {})[tuple(keys.split("."))] = fields
    return found


def changed(text: str, changes: Mapping[tuple[str, ...], Fields], file: str) -> str:
    """Return a YAML text in which the values at some places are others.

    Raises
    ------
    FormatError
        If a place is not in the text.
    """
    root = yaml.compose(text, Loader=Loader)
    spots: list[tuple[int, int, str]] = []
    for keys, fields in changes.items():
        node = _at(root, keys)
        if node is None:
            raise FormatError(f"{file}: no figure at {'.'.join(keys)}")
        spots.append((node.start_mark.index, _end(node), flow(fields)))
    for start, end, new in sorted(spots, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _at(node: Any, keys: tuple[str, ...]) -> Any:
    """Return the node at a place; a bare figure is the figure of the state yes."""
    for k, key in enumerate(keys):
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next((v for name, v in node.value if str(name.value) == key), None)
        if found is None:
            return node if keys[k:] == ("yes",) and _is_figure(node) else None
        node = found
    return node if _is_figure(node) else None


def _end(node: Any) -> int:
    """Return where a node ends; a block, which runs on to the next key, with its last value."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return node.end_mark.index


def _is_figure(node: Any) -> bool:
    return isinstance(node, yaml.MappingNode) and bool(
        {str(name.value) for name, _ in node.value} & {"p", "studies"}
    )


def flow(value: Any) -> str:
    """Return a value as YAML on one line.

    >>> flow({"p": 0.25, "range": (0.1, 0.4), "note": "a: b"})
    '{p: 0.25, range: [0.1, 0.4], note: "a: b"}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {flow(x)}" for k, x in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value.isidentifier():
        return value
    return json.dumps(value, ensure_ascii=False)


def _cite(path: Path, key: str, title: str) -> None:
    """Add a source, unless it is there."""
    text = read_text(path)
    if f"{{{key}," not in text:
        safe = title.replace("{", "(").replace("}", ")")
        entry = f"\n@misc{{{key},\n  title = {{{safe}}},\n}}\n"
        path.write_text(text.rstrip() + "\n" + entry, encoding="utf-8")

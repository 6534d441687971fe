"""Lines of the places in a YAML file, and its repeated keys."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from fascinet.model.bounded import read_text
from fascinet.model.yaml_text import Loader, YamlError, check_bounds

Key = tuple[str, ...]


class Positions:
    """Where each key of a YAML file stands.

    Attributes
    ----------
    lines : dict of key path to int
        Line, from 1, of every key and list item; items count from 0.
    repeated : tuple of (key path, line)
        Keys that occur twice in one mapping.
    """

    def __init__(self, path: Path) -> None:
        self.lines: dict[Key, int] = {(): 1}
        found: list[tuple[Key, int]] = []
        try:
            text = read_text(path)
            check_bounds(text)
            root = yaml.compose(text, Loader=Loader)
        except (OSError, yaml.YAMLError, YamlError):
            root = None
        if root is not None:
            found.extend(self._walk(root, ()))
        self.repeated = tuple(found)

    def _walk(self, node: yaml.Node, path: Key) -> Iterator[tuple[Key, int]]:
        if isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                here = (*path, str(i))
                self.lines[here] = item.start_mark.line + 1
                yield from self._walk(item, here)
        if not isinstance(node, yaml.MappingNode):
            return
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            here, line = (*path, name), key.start_mark.line + 1
            if name in seen and name != "<<":
                yield here, line
            seen.add(name)
            self.lines[here] = line
            yield from self._walk(value, here)

    def line(self, path: Key) -> int:
        """Return the line of a place, or of the nearest place above it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

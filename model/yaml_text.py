"""YAML within bounds: size, depth and the number of values are limited before any is made.

Nested brackets, aliases of aliases and huge files would otherwise end the process. Whatever the
text, what comes back is plain data, or an error with the line.
"""

import re
from typing import Any

import yaml

SIZE_LIMIT = 2**23
DEPTH_LIMIT = 64
NODE_LIMIT = 500_000
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OPENING = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
CLOSING = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
DROPPED = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")


class YamlError(ValueError):
    """Text that is not YAML, or more of it than is read; `line` counts from 1, 0 for none."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


class Loader(_BASE):
    """Safe YAML in which only true and false are truth values: `yes` and `no` are states."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag not in DROPPED]
    for first, rules in _BASE.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def parse_yaml(text: str) -> Any:
    """Return the data of a YAML text.

    Raises
    ------
    YamlError
        On text that is not YAML, is larger or deeper than the limits, or has a tag that is no
        plain data.
    """
    try:
        check_bounds(text)
        return yaml.load(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 0, f"{error.problem or error}") from None
    except yaml.YAMLError as error:
        raise YamlError(0, str(error)) from None
    except (ValueError, OverflowError, TypeError, RecursionError) as error:
        if isinstance(error, YamlError):
            raise
        raise YamlError(0, f"a value that is none: {error}") from None


def check_bounds(text: str) -> None:
    """Raise `YamlError` if the text is too large, too deep, or stands for too many values.

    An alias counts for all that it stands for, aliases in it included.
    """
    if len(text) > SIZE_LIMIT:
        raise YamlError(0, f"expected at most {SIZE_LIMIT:,} characters, got {len(text):,}")
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = [(None, 0)]  # anchor, and values so far
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1
        if isinstance(event, CLOSING):
            anchor, inside = open_.pop()
        elif isinstance(event, OPENING):
            open_.append((event.anchor, 1))
            if len(open_) > DEPTH_LIMIT:
                raise YamlError(line, f"nested deeper than {DEPTH_LIMIT}")
            continue
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise YamlError(
                    line, f"the alias {event.anchor[:60]!r} stands for nothing before it"
                )
            anchor, inside = None, sizes[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            anchor, inside = event.anchor, 1
        else:
            continue
        above, so_far = open_[-1]
        open_[-1] = (above, so_far + inside)
        if anchor is not None:
            sizes[anchor] = inside
        if so_far + inside > NODE_LIMIT:
            raise YamlError(
                line, f"expected at most {NODE_LIMIT:,} values, aliases counted in full"
            )

"""A small XML tree with line numbers that refuses what makes XML dangerous.

Entity declarations (so no exponential or external expansion), external subsets and deep nesting
are errors. A document type that only declares elements, as XMLBIF files carry, is let through.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn
from xml.parsers import expat

from fascinet.model.errors import FormatError, shown

DEPTH_LIMIT = 64
SHOUTED = re.compile(r"<\?XML\b[^<>]*\?>")
NODE_LIMIT = 200_000
"""Most elements and attributes together."""


@dataclass
class Node:
    """One element: tag, attributes, own text, children and the line it starts on."""

    tag: str
    attrs: dict[str, str]
    line: int
    text: str = ""
    children: list["Node"] = field(default_factory=list["Node"])

    def all(self, tag: str) -> list["Node"]:
        """Return the children with that tag, whatever the case of its letters."""
        return [c for c in self.children if c.tag.lower() == tag.lower()]

    def first(self, tag: str) -> "Node | None":
        """Return the first child with that tag."""
        return next(iter(self.all(tag)), None)

    def words(self, tag: str) -> list[str]:
        """Return the blank-separated words of the first child with that tag."""
        child = self.first(tag)
        return child.text.split() if child else []


class _Builder:
    def __init__(self, file: str, skipped: int) -> None:
        self.file, self.skipped = file, skipped
        self.stack: list[Node] = []
        self.texts: list[list[str]] = []
        self.count = 0
        self.root: Node | None = None
        self.parser = expat.ParserCreate("utf-8")  # whatever the file declares: it is text by now
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.parser.EntityDeclHandler = self.refuse_entity
        self.parser.ExternalEntityRefHandler = self.refuse_external

    def fail(self, message: str) -> NoReturn:
        raise FormatError(f"{self.file}:{self.line}: {message}")

    @property
    def line(self) -> int:
        return self.parser.CurrentLineNumber + self.skipped

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        if len(self.stack) >= DEPTH_LIMIT:
            self.fail(f"elements are nested deeper than {DEPTH_LIMIT}")
        self.count += 1 + len(attrs)
        if self.count > NODE_LIMIT:
            self.fail(f"expected at most {NODE_LIMIT:,} elements and attributes")
        node = Node(tag, attrs, self.line)
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)
        self.texts.append([])

    def end(self, tag: str) -> None:
        self.stack.pop().text = "".join(self.texts.pop())

    def data(self, text: str) -> None:
        self.texts[-1].append(text)

    def refuse_entity(self, name: str, *rest: Any) -> None:
        self.fail(f"XML entity {shown(name)} is declared; entities are refused")

    def refuse_external(self, *rest: Any) -> int:
        self.fail("an external XML entity is used; entities are refused")


def parse_xml(text: str, file: str) -> Node:
    """Return the root element.

    Raises
    ------
    FormatError
        With file and line, on XML that is not well formed, declares entities or nests too deep.
    """
    body = text.lstrip()  # some programs begin with blanks, which XML forbids
    if head := SHOUTED.match(body):  # others write the declaration in capitals
        body = body[head.end() :].lstrip()
    builder = _Builder(file, text.count("\n", 0, len(text) - len(body)))
    try:
        builder.parser.Parse(body.encode(), True)
    except UnicodeEncodeError:
        raise FormatError(f"{file}: half a character (a lone surrogate)") from None
    except expat.ExpatError as error:
        line = error.lineno + builder.skipped
        raise FormatError(f"{file}:{line}: {expat.ErrorString(error.code)}") from None
    if builder.root is None:
        raise FormatError(f"{file}: expected an XML element")
    return builder.root


def escape(text: str) -> str:
    """Return `text` for use in an element or an attribute.

    Raises
    ------
    FormatError
        If it holds a control character, which XML cannot carry.
    """
    for char in text:
        if ord(char) < 32 and char not in "\t\n\r":
            raise FormatError(f"XML cannot hold the control character {char!r} in {text!r}")
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    for char, code in (("\t", 9), ("\n", 10), ("\r", 13)):
        text = text.replace(char, f"&#{code};")
    return text

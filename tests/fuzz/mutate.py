"""Mutations of files: of bytes, of words, and of JSON values."""

import json
import random
from collections.abc import Sequence
from typing import Any

WORDS = (
    b'"', b'"\\', b"\\", b"{", b"}", b"[", b"]", b"(", b")", b"<", b">", b"</", b"/*", b"*/", b"//",
    b";", b"|", b",", b":", b"%", b"#", b"&", b"*", b"?", b"- ", b"\n", b"\r", b"\t", b"\0",
    b"\xff",
    b"\xef\xbb\xbf", b"0", b"-1", b"1e999", b"-1e-400", b"nan", b"NaN", b"inf", b"Infinity", b"1_0",
    b"9" * 40, b"9" * 5000, b"1" + b"0" * 400, b"null", b"true", b"None", b"''", b"{}", b"[]",
    b"\\ud800", b"\\u0000", "é".encode(), "𝔸".encode(), "\u2028".encode(), b"<![CDATA[", b"<!--",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"!!python/object:os.system", b"!!int x",
    b"<<: *a", b"&a [*a]", b"? ", b"---", b"...", b"state", b"table", b"default", b"property",
    b"function max", b"MARKOV", b"excluded", b"HP:0002380", b"findings", b"soft", b"Infinity",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, -(10**400), 1e308, float("inf"), float("nan"), "", "x",
    "\ud800", "\0", "9" * 5000, [], {}, [[]], {"": {}}, ["x"], {"id": 7}, [[[[[[[[]]]]]]]],
    "yes", "no",
)  # fmt: skip


def mutated(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Return a file with one to six changes, some of them JSON's own."""
    if data[:1] in b"{[" and rng.random() < 0.5:
        changed = json_changed(data, rng)
        if changed is not None:
            return changed
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        data = rng.choice(CHANGES)(data, others, rng)
    return data[:200_000]


def json_changed(data: bytes, rng: random.Random) -> bytes | None:
    """Return JSON with some values replaced, removed or repeated; None if it is no JSON."""
    try:
        tree = json.loads(data)
    except ValueError:
        return None
    for _ in range(rng.randint(1, 3)):
        places = list(_places(tree))
        if not places:
            break
        where, key = rng.choice(places)
        kind = rng.random()
        if kind < 0.15:
            del where[key]
        elif kind < 0.3:
            other, k = rng.choice(places)
            where[key] = other[k]
            if len(json_text(tree)) > 200_000:
                break
        else:
            where[key] = rng.choice(VALUES)
    return json_text(tree).encode("utf-8", "surrogatepass" if rng.random() < 0.2 else "replace")


def json_text(tree: Any) -> str:
    """Return JSON text; of a value that holds itself, a text that says so."""
    try:
        return json.dumps(tree, ensure_ascii=False)
    except (ValueError, RecursionError):
        return '{"circular": true}'


def _places(tree: Any) -> Any:
    stack = [tree]
    seen = 0
    while stack and seen < 3000:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            seen += 1
            yield node, key
            if isinstance(node[key], dict | list):
                stack.append(node[key])


def _cut(data: bytes, rng: random.Random) -> tuple[int, int]:
    a = rng.randrange(len(data) + 1)
    return a, min(len(data), a + rng.choice((1, 1, 2, 4, 16, 64, 512)))


def flip(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Change one byte."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def delete(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Take out a piece."""
    a, b = _cut(data, rng)
    return data[:a] + data[b:]


def repeat(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Repeat a piece, perhaps very often."""
    a, b = _cut(data, rng)
    return data[:b] + data[a:b] * rng.choice((1, 1, 2, 50, 3000)) + data[b:]


def insert(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Put in a word that means something somewhere."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(WORDS) * rng.choice((1, 1, 1, 3, 2000)) + data[at:]


def swap(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Replace a word of the file by another of it, or by one that means something."""
    words = data.split()
    if not words:
        return data
    old = rng.choice(words)
    return data.replace(old, rng.choice((*WORDS, *words)), rng.choice((1, 1, -1)))


def splice(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Go on with the end of another file."""
    other = rng.choice(others)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def truncate(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """End early."""
    return data[: rng.randrange(len(data) + 1)]


CHANGES = (flip, delete, repeat, insert, insert, swap, swap, splice, truncate)

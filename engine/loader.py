"""Put an object file into memory, ready to run, without LLVM: ELF for x86-64 on Linux.

Numba's kept machine code is compiled for the large code model, so that every address in it is a
full one of 64 bits: all that a linker has to do is to copy the sections, to find the symbols and to
add them where the relocations say. LLVM's library does that too, but its import costs 40 MiB.
Whatever is not plainly of this kind is refused, and LLVM takes it.
"""

import ctypes
import mmap
import sys
from collections.abc import Callable
from platform import machine
from struct import iter_unpack, pack_into, unpack_from
from typing import NamedTuple

from fascinet.engine.elf import SECTION, SYMBOL, check_elf

X86_64, FULL = 62, 1  # the machine, and the relocation that is a full address
SYMBOLS, RELOCATIONS, NOTHING = 2, 4, 8  # types of sections
IN_MEMORY = 2  # the flag of a section that the program needs
COMMON, UNDEFINED = 0xFFF2, 0  # homes of symbols
UNWINDING = b".eh_frame"  # what only C++ exceptions need, which this code never throws
RELOCATION = "<QQq"

Find = Callable[[str], int]
_kept: list[mmap.mmap] = []  # what is loaded stays


class Section(NamedTuple):
    """A section's header, as the ELF format has it."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry: int


def is_able() -> bool:
    """Tell whether this system runs what `load` makes."""
    return sys.platform == "linux" and machine() == "x86_64"


def load(code: bytes, find: Find) -> dict[str, int]:
    """Return the addresses of the symbols that an object file defines, loaded for good.

    Parameters
    ----------
    code : bytes
    find : callable
        Returns the address of a symbol from elsewhere; raises `ValueError` if there is none.

    Raises
    ------
    ValueError
        If it is no such file, or needs more than full addresses, or an unknown symbol.
    OSError
        If the system gives no memory that may be run.
    """
    sections = sections_of(code)
    places, size = layout(sections)
    symbols = symbols_of(code, sections)
    common, size = commons(symbols, size)
    memory = mmap.mmap(-1, max(size, 1), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for i, at in places.items():
        if sections[i].kind != NOTHING:
            memory[at : at + sections[i].size] = content(code, sections[i])
    addresses = [
        start + common[name] if home == COMMON
        else start + places[home] + value if home in places
        else None
        for name, home, value in symbols
    ]  # fmt: skip
    relocate(code, sections, places, memory, symbols, addresses, find)
    _kept.append(memory)
    named = zip(symbols, addresses, strict=True)
    return {name: at for (name, _, _), at in named if at is not None and name}


def sections_of(code: bytes) -> list[Section]:
    """Return the section headers of an object file for x86-64."""
    check_elf(code)
    if unpack_from("<H", code, 0x12)[0] != X86_64:
        raise ValueError("expected machine code for x86-64")
    (table,) = unpack_from("<Q", code, 0x28)
    size, count = unpack_from("<HH", code, 0x3A)
    return [Section(*unpack_from(SECTION, code, table + i * size)) for i in range(count)]


def content(code: bytes, section: Section) -> bytes:
    """Return what a section holds."""
    return code[section.offset : section.offset + section.size]


def text_at(code: bytes, start: int) -> bytes:
    """Return the string that starts in a place."""
    return code[start : code.index(b"\0", start)]


def layout(sections: list[Section]) -> tuple[dict[int, int], int]:
    """Return where the sections that the program needs come to lie, and how long all are."""
    places: dict[int, int] = {}
    size = 0
    for i, section in enumerate(sections):
        if section.flags & IN_MEMORY and section.size:
            places[i] = size = -(-size // max(section.align, 1)) * max(section.align, 1)
            size += section.size
    return places, size


def symbols_of(code: bytes, sections: list[Section]) -> list[tuple[str, int, int]]:
    """Return name, home and value of each symbol."""
    found: list[tuple[str, int, int]] = []
    for section in sections:
        if section.kind == SYMBOLS:
            strings = sections[section.link].offset
            for at, _, _, home, value, _ in iter_unpack(SYMBOL, content(code, section)):
                found.append((text_at(code, strings + at).decode() if at else "", home, value))
    return found


def commons(symbols: list[tuple[str, int, int]], size: int) -> tuple[dict[str, int], int]:
    """Return where the symbols without a section come to lie, 16 bytes each, and the new length."""
    places: dict[str, int] = {}
    size = -(-size // 16) * 16
    for name, home, _ in symbols:
        if home == COMMON:
            places[name] = size
            size += 16
    return places, size


def relocate(
    code: bytes, sections: list[Section], places: dict[int, int], memory: mmap.mmap,
    symbols: list[tuple[str, int, int]], addresses: list[int | None], find: Find,
) -> None:  # fmt: skip
    """Write all addresses that the program needs."""
    for section in sections:
        if section.kind != RELOCATIONS or section.info not in places:
            continue
        strings = sections[unpack_from("<H", code, 0x3E)[0]].offset
        if text_at(code, strings + sections[section.info].name) == UNWINDING:
            continue
        for offset, info, addend in iter_unpack(RELOCATION, content(code, section)):
            symbol, kind = info >> 32, info & 0xFFFFFFFF
            if kind != FULL:
                raise ValueError(f"expected full addresses only, got relocation {kind}")
            target = addresses[symbol]
            if target is None:
                target = find(symbols[symbol][0])
            pack_into("<Q", memory, places[section.info] + offset, (target + addend) & (2**64 - 1))

"""The symbols that an object file needs from elsewhere, read from its ELF tables (64 bit)."""

from struct import iter_unpack, unpack_from

MAGIC = b"\x7fELF\x02\x01"  # 64 bit, little-endian
SYMBOLS = 2  # the section type of the symbol table
SECTION = "<IIQQQQIIQQ"
SYMBOL = "<IBBHQQ"


def check_elf(code: bytes) -> None:
    """Raise `ValueError` unless it is an ELF object file of 64 bit, little-endian."""
    if code[: len(MAGIC)] != MAGIC:
        raise ValueError("expected an ELF object file of 64 bit")


def undefined_symbols(code: bytes) -> list[str]:
    """Return the names of the symbols that an object file does not define.

    Raises
    ------
    ValueError
        If it is no ELF object file of 64 bit, little-endian.
    """
    check_elf(code)
    (table,) = unpack_from("<Q", code, 0x28)
    size, count = unpack_from("<HH", code, 0x3A)
    sections = [unpack_from(SECTION, code, table + i * size) for i in range(count)]
    names: list[str] = []
    for section in sections:
        if section[1] != SYMBOLS:
            continue
        begin, length, strings = section[4], section[5], sections[section[6]]
        for at, _, _, home, _, _ in iter_unpack(SYMBOL, code[begin : begin + length]):
            if home == 0 and at:
                start = strings[4] + at
                names.append(code[start : code.index(b"\0", start)].decode())
    return names

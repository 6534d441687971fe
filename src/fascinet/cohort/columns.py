"""Which columns of a table are variables, and which are copied."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path

from fascinet.model.errors import FormatError, UnknownVariableError
from fascinet.model.network import Network

ALIKE = 0.75  # similarity from which a column is taken for a misspelt variable


def sort_columns(
    path: Path, names: Sequence[str], network: Network, carry: Sequence[str],
    mapped: Collection[str] = (), *, strict: bool = True,
) -> tuple[list[int], list[int]]:  # fmt: skip
    """Return the columns that are variables, and those that are copied unchanged.

    Parameters
    ----------
    mapped : collection of str
        Columns that are read in another way: they are neither.
    strict : bool
        Whether a column that resembles no variable must be named by `carry`, too.

    Raises
    ------
    UnknownVariableError, FormatError
        If no column is a variable, one is neither a variable nor named by `carry`, or `carry`
        names no column.
    """
    for name in carry:
        if name not in names:
            raise FormatError(f"--carry {name}: no such column in {path}{meant(name, names)}")
    known: list[int] = []
    extra: list[int] = []
    for k, name in enumerate(names):
        if name in carry:
            extra.append(k)
        elif name in network.index and name not in mapped:
            known.append(k)
        elif name not in mapped and not strict and not resembling(name, network.variables):
            extra.append(k)
        elif name not in mapped:
            what = repr(name) if name else f"{k + 1}, which has no name,"
            raise FormatError(
                f"{path}: column {what} is no variable{meant(name, network.variables)}; to copy "
                f"the column unchanged, use --carry {name!r}"
            )
    if not known and not mapped:
        raise UnknownVariableError(next(iter(names), ""), network.variables)
    return known, extra


def meant(name: str, names: Sequence[str]) -> str:
    """Return the question whether another name was meant; "" if none is near.

    >>> meant("X-ray", ["xray", "dysp"]), meant("patient", ["xray", "dysp"])
    (": did you mean 'xray'?", '')
    """
    near = resembling(name, names)
    return f": did you mean {' or '.join(map(repr, near))}?" if near else ""


def resembling(name: str, variables: Sequence[str]) -> tuple[str, ...]:
    """Return the variables for which a column's name may stand misspelt.

    >>> resembling("X-ray", ["xray", "dysp"]), resembling("patient", ["xray", "dysp"])
    (('xray',), ())
    """
    bare = {v: _bare(v) for v in variables}
    same = [v for v, text in bare.items() if text == _bare(name)]
    near = get_close_matches(_bare(name), set(bare.values()), n=3, cutoff=ALIKE)
    return tuple(same or [v for text in near for v in variables if bare[v] == text][:3])


def _bare(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum()) or name

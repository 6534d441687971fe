"""A mapping file: how the columns of somebody else's table are read.

columns:
Weak: weakness                                    # states under another name
sex: {variable: sex, states: {1: male, 2: female, 9: ""}}
K: {variable: serum_k, unit: mmol/L}              # numbers, by the declared cut points
CK: {loinc: 2157-6, high: CK_upper}               # by the laboratory's range: column or number
age: {variable: age_group, cuts: [40, 60]}        # by cut points of one's own
atrophy: {hpo: "HP:0003202", present: [1], absent: [0]}
terms: {hpo: list, separator: ";"}                # codes in the cells; !HP:... is excluded
carry: [patient]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from fascinet.cohort.cells import Allowed, Reader, StateCells, cell_state
from fascinet.cohort.columns import meant
from fascinet.engine.api.frame_codes import is_missing
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.atomic import reason
from fascinet.model.errors import FascinetError, FormatError, OptionError
from fascinet.model.network import Network
from fascinet.model.packet_evidence import gather
from fascinet.model.phenopackets import Feature
from fascinet.model.quantity import Quantity, parse_interval, told_states
from fascinet.model.yaml_text import YamlError, parse_yaml

KEYS = {
    "variable": ("variable", "states", "unit", "low", "high", "cuts", "order"),
    "loinc": ("loinc", "unit", "low", "high"),
    "hpo": ("hpo", "present", "absent", "separator"),
}
YES, NO = ("1", "yes", "true", "present", "observed"), ("0", "no", "false", "absent", "excluded")
LIST = "list"


@dataclass(frozen=True)
class NumberCells:
    """A column of numbers or intervals, perhaps with columns of its reference range.

    Attributes
    ----------
    columns : tuple of int
        The number; then the ends of its range that are columns.
    variable : str
    network : Network
    quantity : Quantity
    unit : str
        Of cells that have none.
    low, high : float, or place in `columns`, or None
    """

    columns: tuple[int, ...]
    variable: str
    network: Network
    quantity: Quantity
    unit: str = ""
    low: float | None = None
    high: float | None = None
    low_at: int | None = None
    high_at: int | None = None

    def read(self, cells: tuple[Any, ...]) -> Allowed:
        """Return the states that a number leaves possible."""
        value, states = cells[0], self.network.states(self.variable)
        low, high = (
            self._end(cells, self.low_at, self.low),
            self._end(cells, self.high_at, self.high),
        )
        if low is not None and high is not None and low > high:
            raise FormatError(f"{self.variable}: expected a range, got {low:g} to {high:g}")
        ranged = self.quantity.with_range(low, high, self.unit)
        if isinstance(value, str):
            found = parse_interval(value)
            if found is not None and not found[3] and value.strip() not in states:
                value = f"{value.strip()} {self.unit}"
        elif not is_missing(value) and not isinstance(value, bool):
            value = f"{value} {self.unit}"
        told = told_states(value, ranged, states)
        if told is not None:
            return {self.variable: told}
        state = cell_state(self.network, self.variable, value)
        return {} if state < 0 else {self.variable: (state,)}

    def _end(self, cells: tuple[Any, ...], at: int | None, fixed: float | None) -> float | None:
        if at is None:
            return fixed
        cell = cells[at]
        if is_missing(cell) or (isinstance(cell, str) and not cell.strip()):
            return None
        try:
            return float(cell)
        except (TypeError, ValueError):
            raise FormatError(f"{self.variable}: range: expected a number, got {cell!r}") from None


@dataclass(frozen=True)
class Terms:
    """How one column tells of HPO terms: one code with words for present and absent, or codes."""

    code: str
    present: frozenset[str] = frozenset(YES)
    absent: frozenset[str] = frozenset(NO)
    separator: str = ";"

    def features(self, cell: Any) -> list[Feature]:
        """Return the terms of a cell; none of a blank one."""
        text = "" if is_missing(cell) else str(cell).strip()
        if self.code != LIST:
            word = text.casefold()
            if word in self.present or word in self.absent:
                return [Feature(self.code, "", word in self.absent)]
            if text:
                words = ", ".join(sorted(self.present | self.absent))
                raise FormatError(f"{self.code}: expected one of {words}; got {text!r}")
            return []
        parts = [p.strip() for p in text.split(self.separator) if p.strip()]
        return [Feature(p.lstrip("!").strip(), "", p.startswith("!")) for p in parts]


@dataclass(frozen=True)
class TermCells:
    """All columns of HPO terms, read together: an excluded term rules out what lies below it."""

    columns: tuple[int, ...]
    terms: tuple[Terms, ...]
    network: Network = field(repr=False)

    def read(self, cells: tuple[Any, ...]) -> Allowed:
        """Return the states that the terms of a row leave possible; a code must be of HPO."""
        rules = shipped_reasoner().rules
        pairs = zip(self.terms, cells, strict=True)
        features = [f for terms, cell in pairs for f in terms.features(cell)]
        odd = [f.code for f in features if not f.code.upper().startswith("HP:")]
        if odd:
            raise FormatError(f"expected codes such as HP:0003202, got {odd[0]!r}")
        found = gather(features, rules.states, rules.resting, rules.ordered, rules.hpo)
        out: dict[str, tuple[int, ...]] = {
            v: (self.network.state_index(v, s),) for v, s in found.hard.items()
        }
        for v, likelihoods in found.soft.items():
            out[v] = tuple(k for k, x in enumerate(likelihoods.values()) if x > 0)
        return out


def read_mapping(
    path: Path, names: Sequence[str], network: Network, is_shipped: bool
) -> tuple[list[Reader], set[str], list[str]]:
    """Return the readers that a mapping file asks for, the columns they use, and those to carry.

    Raises
    ------
    FormatError
        If it cannot be read, names no column of the table, or asks for what there is not; with
        the column and the nearest valid name.
    """
    data = _content(path)
    if not isinstance(data, Mapping) or not isinstance(data.get("columns", {}), Mapping):
        raise FormatError(f"{path}: expected `columns:`, a mapping of column to how it is read")
    unknown = [key for key in data if key not in ("columns", "carry")]
    if unknown:
        raise FormatError(f"{path}: unknown key {unknown[0]!r}: expected columns, carry")
    carry = data.get("carry") or []
    if not isinstance(carry, list) or not all(isinstance(c, str) for c in carry):
        raise FormatError(f"{path}: carry: expected a list of columns, got {carry!r}")
    readers: list[Reader] = []
    terms: dict[int, Terms] = {}
    used: set[str] = set()
    for told, given in (data.get("columns") or {}).items():
        name = str(told)
        try:
            at = _place(name, names)
            spec = given if isinstance(given, Mapping) else {"variable": given}
            used.add(name)
            _add(spec, at, names, network, is_shipped, readers, terms, used)
        except FascinetError as error:
            raise FormatError(f"{path}: columns: {name}: {error}") from None
    if terms:
        readers.append(TermCells(tuple(terms), tuple(terms.values()), network))
    return readers, used, list(carry)


def _content(path: Path) -> Any:
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {reason(error)}") from None
    except UnicodeError:
        raise FormatError(f"{path}: expected UTF-8 text") from None
    except YamlError as error:
        raise FormatError(f"{path}:{error.line}: not YAML: {error}") from None


def _place(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise FormatError(f"no such column in the table{meant(name, names)}")
    return list(names).index(name)


def _add(
    spec: Mapping[Any, Any], at: int, names: Sequence[str], network: Network, is_shipped: bool,
    readers: list[Reader], terms: dict[int, Terms], used: set[str],
) -> None:  # fmt: skip
    kinds = [kind for kind in KEYS if kind in spec]
    if len(kinds) != 1:
        raise FormatError(f"expected one of {', '.join(KEYS)}; got {', '.join(map(str, spec))}")
    odd = [str(key) for key in spec if key not in KEYS[kinds[0]]]
    if odd:
        raise OptionError("key", odd[0], KEYS[kinds[0]])
    if kinds[0] != "variable" and not is_shipped:
        raise FormatError("HPO and LOINC codes are known for the shipped network only")
    if kinds[0] == "hpo":
        terms[at] = _terms(spec)
        return
    variable = str(spec["variable"]) if kinds[0] == "variable" else _assay(str(spec["loinc"]))
    network.check(variable)
    if spec.keys() & {"unit", "low", "high", "cuts", "loinc"}:
        readers.append(_numbers(spec, at, names, network, variable, is_shipped, used))
        return
    words = {str(k): str(v) for k, v in _mapping(spec, "states").items()}
    for word in words.values():
        if word:
            network.state_index(variable, word)
    readers.append(StateCells((at,), variable, network, words, quantity_of(variable, is_shipped)))


def quantity_of(variable: str, is_shipped: bool) -> Quantity | None:
    """Return the declared cut points of a variable of the shipped network."""
    return shipped_reasoner().rules.quantities.get(variable) if is_shipped else None


def _mapping(spec: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    value = spec.get(key) or {}
    if not isinstance(value, Mapping):
        raise FormatError(f"{key}: expected a mapping of cell to state, got {value!r}")
    return value


def _assay(code: str) -> str:
    measured = shipped_reasoner().rules.measured
    bare = code.removeprefix("LOINC:")
    if bare not in measured:
        raise OptionError("LOINC code", bare, measured)
    return measured[bare]


def _terms(spec: Mapping[Any, Any]) -> Terms:
    code, rules = str(spec["hpo"]), shipped_reasoner().rules
    if code != LIST:
        known = gather([Feature(code, "")], rules.states, rules.resting, rules.ordered, rules.hpo)
        if not (known.hard or known.soft):
            raise FormatError(f"{code} sets no finding of this network")

    def words(key: str, default: Sequence[str]) -> frozenset[str]:
        told = spec.get(key, default)
        listed = told if isinstance(told, list | tuple) else [told]
        return frozenset(str(w).strip().casefold() for w in listed)

    return Terms(code, words("present", YES), words("absent", NO), str(spec.get("separator", ";")))


def _numbers(
    spec: Mapping[Any, Any], at: int, names: Sequence[str], network: Network, variable: str,
    is_shipped: bool, used: set[str],
) -> NumberCells:  # fmt: skip
    unit, declared = str(spec.get("unit", "")), quantity_of(variable, is_shipped)
    if "cuts" in spec:
        quantity = _own_cuts(spec, network, variable, unit)
    elif declared is None:
        raise FormatError(f"{variable} has no declared cut points: expected `cuts:`")
    else:
        quantity = declared
        declared.factor(unit)
    columns, ends = [at], dict[str, Any]()
    for end in ("low", "high"):
        value = spec.get(end)
        if isinstance(value, str):
            ends[f"{end}_at"] = len(columns)
            columns.append(_place(value, names))
            used.add(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            ends[end] = float(value)
        elif value is not None:
            raise FormatError(f"{end}: expected a number or a column, got {value!r}")
    return NumberCells(tuple(columns), variable, network, quantity, unit, **ends)


def _own_cuts(spec: Mapping[Any, Any], network: Network, variable: str, unit: str) -> Quantity:
    """Return cut points of the mapping file's own: a number on one goes to the state above."""
    states, cuts = network.states(variable), spec["cuts"]
    order = [str(s) for s in spec.get("order") or states]
    for state in order:
        network.state_index(variable, state)
    numbers = isinstance(cuts, list) and all(
        isinstance(c, int | float) and not isinstance(c, bool) for c in cuts
    )
    if not numbers or len(cuts) != len(order) - 1 or any(a >= b for a, b in pairwise(cuts)):
        raise FormatError(
            f"cuts: expected {len(order) - 1} increasing numbers, between the states "
            f"{', '.join(order)}; got {cuts!r}"
        )
    return Quantity(unit, tuple(map(float, cuts)), tuple(order), order[-1])

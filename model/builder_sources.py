"""A builder from plain data: a mapping, a frame of arcs, a graph. All faulty rows are named."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fascinet.model.errors import FascinetError, NetworkError, OptionError, kind_of, shown

if TYPE_CHECKING:
    from fascinet.model.builder import NetworkBuilder

B = TypeVar("B", bound="NetworkBuilder")
HEAD = ("name", "version", "variables")
SIDE = {
    "table": ("parents",), "noisy_or": ("leak",), "noisy_max": ("leak",),
    "deterministic": ("parents",), "logistic": ("intercept",),
}  # fmt: skip
"""What each kind of gate takes beside its figures."""
COLUMNS = ("parent", "child", "probability")
SHOWN = 5


def add_dict(cls: type[B], spec: Mapping[str, Any]) -> B:
    """Return a builder from a mapping; see `NetworkBuilder.from_dict`."""
    variables = spec.get("variables") if isinstance(spec, Mapping) else None  # pyright: ignore
    if not isinstance(variables, Mapping):
        raise NetworkError(
            f"network: expected a mapping with 'variables', a mapping of name to variable, "
            f"got {kind_of(spec if variables is None else variables)}"
        )
    for key in spec:
        if key not in HEAD:
            raise OptionError("key of the network", key, HEAD)
    out = cls(str(spec.get("name", "")), version=str(spec.get("version", "")))
    items = [(f"variable {v!r}", v, item) for v, item in variables.items()]
    return _filled(out, items)


def _filled(out: B, items: list[tuple[str, Any, Any]]) -> B:
    """Declare all variables, then their gates; complain of all that cannot be read."""
    faults = list[str]()
    for step in (_declare, _define):
        for where, v, item in items:
            try:
                step(out, v, item)
            except FascinetError as error:
                text = str(error)
                faults.append(text if repr(v) in text else f"{where}: {text}")
        _complain(faults)
    return out


def _complain(faults: list[str]) -> None:
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise NetworkError("; ".join(faults[:SHOWN]) + more)


def _declare(out: "NetworkBuilder", name: Any, item: Any) -> None:
    if not isinstance(item, Mapping):
        raise NetworkError(f"variable {name!r}: expected a mapping, got {kind_of(item)}")
    kinds = [k for k in SIDE if k in item]
    if len(kinds) > 1:
        raise NetworkError(f"variable {name!r}: expected one gate, got {' and '.join(kinds)}")
    side = SIDE[kinds[0]] if kinds else ("parents",)
    known = ("states", "label", "meta", *kinds, *side)
    for key in item:
        if key not in known:
            raise OptionError(f"key of variable {name!r}", key, (*known, *SIDE))
    meta = item.get("meta", {})
    if not isinstance(meta, Mapping):
        raise NetworkError(f"variable {name!r}: expected meta as a mapping, got {kind_of(meta)}")
    given = {"states": item["states"]} if "states" in item else {}
    out.variable(name, **given, label=str(item.get("label", "")), **meta)


def _define(out: "NetworkBuilder", name: str, item: Mapping[str, Any]) -> None:
    kind = next((k for k in SIDE if k in item), None)
    if kind is None:
        parents = item.get("parents", ())
        for parent in (parents,) if isinstance(parents, str) else parents:
            out.arc(parent, name)
        return
    side = {k: item[k] for k in SIDE[kind] if k in item}
    if kind == "deterministic" and "parents" not in side:
        raise NetworkError(f"variable {name!r}: a deterministic one needs parents")
    if kind == "logistic" and "intercept" not in side:
        raise NetworkError(f"variable {name!r}: a logistic one needs an intercept")
    getattr(out, kind)(name, item[kind], **side)


# -------------------------------------------------------------------- arcs


def add_arcs(cls: type[B], arcs: Any, states: Mapping[str, Iterable[str]], name: str) -> B:
    """Return a builder from a frame of arcs; see `NetworkBuilder.from_arcs`."""
    rows = list(_rows(arcs))
    is_noisy = "probability" in arcs.columns
    names = dict.fromkeys(v for _, parent, child, _ in rows for v in (parent, child) if v)
    items: dict[str, dict[str, Any]] = {v: {} for v in names}
    for v in states:
        if v not in items:
            raise OptionError("variable with states", v, items)
        items[v]["states"] = states[v]
    faults = list[str]()
    for number, parent, child, p in rows:
        try:
            _add_arc(items[child], parent, child, p, is_noisy)
        except NetworkError as error:
            faults.append(f"row {number}: {error}")
    _complain(faults)
    if is_noisy:
        for item in items.values():
            _close(item)
    where = {child: f"row {number}" for number, _, child, _ in rows}
    return _filled(cls(name), [(where.get(v, ""), v, item) for v, item in items.items()])


def _rows(arcs: Any) -> Iterator[tuple[int, str | None, str, float | None]]:
    """Yield number (from 1), parent, child and probability of each row."""
    columns = getattr(arcs, "columns", None)
    if columns is None:
        raise NetworkError(f"arcs: expected a DataFrame, got {kind_of(arcs)}")
    for column in columns:
        if column not in COLUMNS:
            raise OptionError("column of the arcs", column, COLUMNS)
    missing = [c for c in COLUMNS[:2] if c not in columns]
    if missing:
        raise NetworkError(f"arcs: no column {missing[0]!r}")
    lists = [arcs[c].tolist() if c in columns else [None] * len(arcs) for c in COLUMNS]
    for number, cells in enumerate(zip(*lists, strict=True), start=1):
        parent, child, p = (None if x is None or x != x or x == "" else x for x in cells)
        if not isinstance(child, str):
            raise NetworkError(f"row {number}: expected a child's name, got {shown(child)}")
        yield number, parent, child, p


def _add_arc(item: dict[str, Any], parent: Any, child: str, p: Any, is_noisy: bool) -> None:
    if not is_noisy:
        if parent is None:
            return
        if parent in item.setdefault("parents", []):
            raise NetworkError(f"arc {parent} → {child} is given twice")
        item["parents"].append(parent)
        return
    what = f"link {parent} → {child}" if parent else f"leak or prior of {child!r}"
    if p is None:
        raise NetworkError(f"{what}: no probability")
    if isinstance(p, str) or not 0.0 <= p <= 1.0:
        raise NetworkError(f"{what}: expected a probability from 0 to 1, got {shown(p)}")
    place = item if parent is None else item.setdefault("noisy_or", {})
    key = "leak" if parent is None else parent
    if key in place:
        raise NetworkError(f"{what} is given twice")
    place[key] = p


def _close(item: dict[str, Any]) -> None:
    """Make the leak of a variable without parents its prior."""
    if "noisy_or" not in item and "leak" in item:
        item["table"] = item.pop("leak")


# -------------------------------------------------------------------- graphs


def add_graph(cls: type[B], graph: Any, states: Mapping[str, Iterable[str]]) -> B:
    """Return a builder from a networkx graph; see `NetworkBuilder.from_networkx`."""
    if not hasattr(graph, "predecessors") or graph.is_multigraph():
        raise NetworkError(f"graph: expected a networkx DiGraph, got {kind_of(graph)}")
    items: list[tuple[str, Any, Any]] = []
    for v, attributes in graph.nodes(data=True):
        item: dict[str, Any] = dict(attributes)
        if v in states:
            item.setdefault("states", states[v])
        parents = list(graph.predecessors(v))
        links = {u: graph.edges[u, v].get("link") for u in parents}
        gates = [k for k in SIDE if k in item]
        if parents and not gates and all(p is not None for p in links.values()):
            item["noisy_or"] = links
        elif not gates or "parents" in SIDE[gates[0]]:
            item.setdefault("parents", parents)
        items.append((f"node {v!r}", v, item))
    for v in states:
        if v not in graph:
            raise OptionError("variable with states", v, map(str, graph))
    return _filled(cls(str(graph.graph.get("name", ""))), items)

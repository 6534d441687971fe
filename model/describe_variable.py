"""One variable of a network in a few lines."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fascinet.model.network import Network


@dataclass(frozen=True)
class VariableDescription:
    """What a network says about one variable.

    Attributes
    ----------
    variable, label, kind : str
        Label and kind as the network's `meta` has them; "" where it has none.
    states, parents, children : tuples of str
    gate : str
        "Table", "NoisyMax" or "Function".
    parameters : int
        Numbers that the gate holds.
    codes : tuple of str
        Terms of ontologies.
    """

    variable: str
    label: str
    kind: str
    states: tuple[str, ...]
    parents: tuple[str, ...]
    children: tuple[str, ...]
    gate: str
    parameters: int
    codes: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = {
            "kind": self.kind, "states": ", ".join(self.states),
            "parents": ", ".join(self.parents), "children": ", ".join(self.children),
            "gate": f"{self.gate}, {self.parameters} parameters", "codes": ", ".join(self.codes),
        }  # fmt: skip
        head = self.variable if self.label in ("", self.variable) else (
            f"{self.variable}: {self.label}"
        )  # fmt: skip
        return "\n".join([head, *(f"  {key:<9}{text}" for key, text in rows.items() if text)])

    __repr__ = __str__


def describe(network: "Network", variable: str) -> VariableDescription:
    """Return the description of a variable; see `Network.describe`."""
    from fascinet.model.network import gate_arrays

    meta, gate = network.meta.get(network.check(variable), {}), network.gate(variable)
    codes = meta.get("codes") or meta.get("hpo") or ()
    listed = (codes,) if isinstance(codes, str) else tuple(str(c) for c in codes)
    return VariableDescription(
        variable, str(meta.get("label", "")), str(meta.get("kind", "")), network.states(variable),
        network.parents(variable), network.children(variable), type(gate).__name__,
        sum(a.size for a in gate_arrays(gate)), listed,
    )  # fmt: skip

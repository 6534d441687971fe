"""The entries of the findings list, read from the knowledge base."""

from collections.abc import Iterator

from fascinet.dashboard.catalogue import Entry, entry_of
from fascinet.model.network import Network
from fascinet.model.schema import Knowledge


def entries_of(knowledge: Knowledge, network: Network) -> Iterator[Entry]:
    """Yield every variable that can be entered, in the order of its section."""
    for variable in network.variables:
        kind = network.meta.get(variable, {}).get("kind")
        if kind in {"finding", "test", "risk"}:
            yield entry_of(network, variable, str(kind), "")

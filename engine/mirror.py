"""Lay out the accumulators of noisy-MAX gates along an elimination order.

An order found on the graph in which each gate is a star tells which parents meet when. Bucket
elimination is played through on it: whenever a parent is eliminated, the accumulators that its
gates have at that point take one step, and two accumulators of a gate that meet are merged into
one, y = max(a, b). So the accumulators form a tree that mirrors the junction tree, only the open
gates of one place are carried from clique to clique, and all tables are non-negative.
"""

from dataclasses import dataclass

from fascinet.engine.arrays import NetworkArrays
from fascinet.engine.decompose import Factor, Factors, Opened, Pattern, window


@dataclass
class Item:
    """A factor or message that is still alive.

    Attributes
    ----------
    mask : int
        Bit set of its variables, accumulators included.
    held : dict of int to int
        For each gate that is open in it, the accumulator.
    """

    mask: int
    held: dict[int, int]


class Mirror:
    """Plays bucket elimination through and lays out the accumulators.

    Parameters
    ----------
    sweep : bool
        Bring all that holds a gate's accumulator along, so that none are ever merged.

    Attributes
    ----------
    out : Factors
        All factors, accumulators' included.
    order : list of int
        The elimination order over all variables, accumulators' included.
    """

    def __init__(
        self,
        net: NetworkArrays,
        pattern: Pattern,
        opened: Opened,
        hubs: dict[int, int],
        sweep: bool = False,
    ) -> None:
        self.net, self.pattern, self.hubs, self.sweep = net, pattern, hubs, sweep
        first = opened.out
        self.out = Factors(list(first.cards), list(first.factors), list(first.queries))
        self.order: list[int] = []
        masks = (sum(1 << v for v in f.scope) for f in first.factors)
        self.items = [Item(mask, {}) for mask in masks if mask]
        self.left: dict[int, list[int]] = {}
        self.alive: dict[int, int] = dict.fromkeys(opened.gates, 0)
        self.leaked: set[int] = set()
        for g in opened.gates:
            self._open(g)

    def run(self, star_order: tuple[int, ...]) -> "Mirror":
        """Eliminate along an order of the star graph."""
        for v in star_order:
            gate = self.hubs.get(v)
            if gate is not None and (self.left[gate] or self.alive[gate]):
                self._finish(gate)
            if gate is None or v == gate:
                self._eliminate(v)
        return self

    # ---------------------------------------------------------------- one gate

    def _open(self, gate: int) -> None:
        """Take in the links of observed parents at once; they need no place."""
        observed = self.pattern.observed
        parents = self.net.parents[gate]
        known = [i for i, u in enumerate(parents) if u in observed]
        self.left[gate] = [i for i, u in enumerate(parents) if u not in observed]
        before = -1
        item = Item(0, {})
        for i in known:
            last = i == known[-1] and not self.left[gate]
            after = self._step(gate, i, before, last, item)
            if before >= 0:
                self._drop(item, before)
            before = after
        if known:
            self._keep(gate, before, item)
            self.items.append(item)

    def _keep(self, gate: int, accumulator: int, item: Item) -> None:
        if accumulator >= 0 and accumulator != gate:
            item.held[gate] = accumulator
            self.alive[gate] += 1

    def _drop(self, item: Item, v: int) -> None:
        """Eliminate a variable from an item."""
        item.mask &= ~(1 << v)
        self.order.append(v)

    def _result(self, gate: int, last: bool) -> int:
        """Return the next accumulator: -1 if observed and complete, the variable if complete."""
        if not last:
            return self.out.new_variable(2 if gate in self.pattern.observed else self._states(gate))
        return -1 if gate in self.pattern.observed else gate

    def _states(self, gate: int) -> int:
        return self.net.cards[gate]

    def _step(self, gate: int, i: int, before: int, last: bool, item: Item) -> int:
        """Add the step over link i, from an accumulator or from the start; return the next."""
        parent, link = self.net.parents[gate][i], self.net.blocks[gate].links[i]
        card, m = self.net.cards[parent], self._states(gate)
        binary = gate in self.pattern.observed
        width = 2 if binary else m
        axes: list[tuple[int, int]] = [(parent, width)]
        level = 4 * card
        if before >= 0:
            offset = link.bstep if binary else link.step
            axes.insert(0, (before, card * width))
        elif gate in self.leaked:
            offset = link.bstep if binary else link.link
        else:
            self.leaked.add(gate)
            offset, level = (link.bfirst, 2 * card) if binary else (link.first, 0)
        return self._add(gate, offset, axes, last, item, level)

    def _merge(self, gate: int, a: int, b: int, last: bool, item: Item) -> int:
        """Add y = max(a, b); return y."""
        width = self.out.cards[a]
        axes = [(a, width * width), (b, width)]
        return self._add(gate, self.net.maxima[width], axes, last, item, 0)

    def _add(
        self,
        gate: int,
        offset: int,
        axes: list[tuple[int, int]],
        last: bool,
        item: Item,
        level: int,
    ) -> int:
        after = self._result(gate, last)
        if after >= 0:
            axes.append((after, 1))
        else:
            offset += 1
        factor = window(offset, axes, self.pattern.observed)
        slices = factor.slices
        if gate in self.pattern.observed and level:
            slices = (*slices, (gate, level))
        self.out.factors.append(Factor(offset, factor.scope, factor.strides, slices))
        for v in factor.scope:
            item.mask |= 1 << v
        return after

    # ---------------------------------------------------------------- buckets

    def _product(self, wanted: list[Item]) -> Item:
        """Take items out and join them two by two, so that few accumulators meet at a time."""
        gone = {id(item) for item in wanted}
        self.items = [item for item in self.items if id(item) not in gone]
        wanted = sorted(wanted, key=lambda item: item.mask.bit_count())
        product = wanted[0] if wanted else Item(0, {})
        for item in wanted[1:]:
            product = self._join(product, item)
        return product

    def _join(self, a: Item, b: Item) -> Item:
        """Join two items; accumulators of the same gate become one."""
        item = Item(a.mask | b.mask, {**a.held, **b.held})
        for gate in sorted(a.held.keys() & b.held.keys()):
            one, two = a.held[gate], b.held[gate]
            del item.held[gate]
            self.alive[gate] -= 2
            last = not self.left[gate] and not self.alive[gate]
            after = self._merge(gate, one, two, last, item)
            self._drop(item, one)
            self._drop(item, two)
            self._keep(gate, after, item)
        return item

    def _advance(self, gate: int, item: Item, links: list[int]) -> None:
        """Step over `links` from the accumulator that the item holds, if any."""
        before = item.held.pop(gate, -1)
        self.alive[gate] -= before >= 0
        for i in links:
            self.left[gate].remove(i)
            last = not self.left[gate] and not self.alive[gate]
            after = self._step(gate, i, before, last, item)
            if before >= 0:
                self._drop(item, before)
            before = after
        self._keep(gate, before, item)

    def _finish(self, gate: int) -> None:
        """Bring together all that is left of a gate."""
        item = self._product([item for item in self.items if gate in item.held])
        self._advance(gate, item, list(self.left[gate]))
        self.items.append(item)

    def _waits_for(self, gate: int, v: int) -> bool:
        return any(self.net.parents[gate][i] == v for i in self.left[gate])

    def _eliminate(self, v: int) -> None:
        """Eliminate an ordinary variable: its gates step, then it is summed out."""
        bit = 1 << v
        gates = {g for g in self.alive if self._waits_for(g, v)} if self.sweep else set[int]()
        item = self._product([i for i in self.items if i.mask & bit or gates & i.held.keys()])
        for gate in self.alive:
            links = [i for i in self.left[gate] if self.net.parents[gate][i] == v]
            if links:
                self._advance(gate, item, links)
        self._drop(item, v)
        if item.mask:
            self.items.append(item)

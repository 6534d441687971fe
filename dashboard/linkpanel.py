"""How two nodes of the network hang together, given the evidence: open paths or none."""

from dataclasses import dataclass
from html import escape

import streamlit as st

from fascinet.dashboard import service
from fascinet.dashboard.frame import on_edit
from fascinet.dashboard.influence import MOST, drawn, through_seen, trails
from fascinet.dashboard.service import Resources
from fascinet.dashboard.state import Session
from fascinet.dashboard.words import label

TOLD = 12


@dataclass(frozen=True)
class Link:
    """The open paths between two nodes.

    Attributes
    ----------
    ends : (str, str)
    paths : tuple of tuple of str
        As they are drawn, from the first end to the second; empty if evidence separates them.
    arcs : tuple of (parent, child)
        The arcs of these paths.
    through_seen : int
        How many of the paths are open only because of what was observed (explaining away).
    """

    ends: tuple[str, str]
    paths: tuple[tuple[str, ...], ...]
    arcs: tuple[tuple[str, str], ...]
    through_seen: int = 0

    @property
    def nodes(self) -> frozenset[str]:
        """The ends and all nodes on the paths."""
        return frozenset(self.ends).union(*self.paths)


def link_of(known: Resources, here: Session) -> Link | None:
    """Return the link of the two nodes picked, or None if there are not two."""
    if here.node is None or here.other is None:
        return None
    network, shown = known.network, known.graph.ids
    hidden = frozenset(network.variables) - shown
    seen = set(service.evidence_of(here.case))
    found = {drawn(network, path, hidden): path
             for path in trails(network, here.node, here.other, seen)}  # fmt: skip
    paths = tuple(found)
    away = sum(through_seen(network, path, seen) for path in found.values())
    steps = [step for path in paths for step in zip(path, path[1:], strict=False)]
    edges = set(known.graph.edges)
    arcs = [arc for u, v in steps for arc in ((u, v), (v, u)) if arc in edges]
    return Link((here.node, here.other), paths, tuple(dict.fromkeys(arcs)), away)


def draw(known: Resources, here: Session, link: Link | None) -> None:
    """Let the second node be chosen, and tell the paths in words."""
    names = {v: label(known.network, v) for v in known.graph.ids if v != here.node}
    order = sorted(names, key=names.__getitem__)
    key = f"link-{here.node}-{here.other}"
    st.selectbox(
        f"What links {label(known.network, str(here.node))} with …",
        order,
        index=order.index(here.other) if here.other in names else None,
        format_func=names.__getitem__,
        placeholder="Choose a second node",
        key=key,
        on_change=lambda: on_edit({"op": "other", "id": st.session_state[key] or ""}),
        width=460,
    )
    if link is not None:
        st.html(told(known, link))


def told(known: Resources, link: Link) -> str:
    """Return the paths in words, arrow by arrow."""
    first, second = (escape(label(known.network, v)) for v in link.ends)
    if not link.paths:
        return (
            f"<p class='fn-big'>{first} and {second} are separated by the evidence: to learn one "
            "now says nothing about the other (d-separation).</p>"
        )
    rows = "".join(f"<li>{_told(known, link, path)}</li>" for path in link.paths[:TOLD])
    n = len(link.paths)
    count = f"at least {n}" if n >= MOST else f"{n}"
    direct = n - link.through_seen
    kinds = (
        f"{direct} through what is not known, {link.through_seen} only through what was observed "
        "(explaining away: two causes of a finding compete once it is seen)"
    )
    rest = f"<p class='fn-quiet'>The {TOLD} shortest are listed.</p>" if n > TOLD else ""
    return (
        f"<p class='fn-big'>To learn of {first} changes what is thought of {second}: {count} open "
        f"{'path' if n == 1 else 'paths'}.</p><p>{kinds}.</p>"
        f"<ul class='fn-paths' aria-label='Open paths'>{rows}</ul>{rest}"
    )


def _told(known: Resources, link: Link, path: tuple[str, ...]) -> str:
    out = [escape(label(known.network, path[0]))]
    for u, v in zip(path, path[1:], strict=False):
        out.append("→" if (u, v) in link.arcs else "←")
        out.append(escape(label(known.network, v)))
    return " ".join(out)

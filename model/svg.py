"""Drawings of networks as small SVG: boxes with a bar per state, arcs of varying width.

Colours come from the page: lines and letters are `currentColor`, fills are half-transparent, so a
drawing is readable on light and dark pages alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from fascinet.model.gates import Array
from fascinet.model.layout import Layers
from fascinet.model.network import Network

BOX, GAP, DROP = 138, 16, 44
HEAD, LINE = 18, 13
BAR_AT, BAR = 64, 38
ACCENT = "#2a78c8"
FOUND = "#c2701d"
STYLE = (
    ".fn-svg{font:10px system-ui,sans-serif;color:inherit}"
    ".fn-svg text{fill:currentColor}"
    ".fn-svg .b{fill:currentColor;fill-opacity:.05;stroke:currentColor;stroke-opacity:.45}"
    f".fn-svg .e{{fill:{FOUND};fill-opacity:.14;stroke:{FOUND}}}"
    ".fn-svg .t{fill:currentColor;fill-opacity:.12}"
    f".fn-svg .p{{fill:{ACCENT}}}"
    ".fn-svg .a{fill:none;stroke:currentColor;stroke-opacity:.35}"
    ".fn-svg .h{font-weight:600}"
)


@dataclass(frozen=True)
class Drawing:
    """A network with what is known about it.

    Attributes
    ----------
    network : Network
    layers : Layers
        Which variables are drawn, and where.
    marginals : mapping of str to array
        P(state) of a variable, shown as bars; a variable left out is shown by name alone.
    evidence : mapping of str to str
        Findings, drawn in another colour.
    weights : mapping of (str, str) to float
        Widths of arcs as shares of the largest, 0 to 1; 0.2 where left out.
    """

    network: Network
    layers: Layers
    marginals: Mapping[str, Array] = field(default_factory=dict[str, Array])
    evidence: Mapping[str, str] = field(default_factory=dict[str, str])
    weights: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    def svg(self) -> str:
        """Return the drawing as one SVG element."""
        places, (width, height) = self._places()
        arcs = [self._arc(u, v, places) for u, v in self.layers.arcs]
        boxes = [self._box(v, *places[v]) for row in self.layers.rows for v in row]
        name = escape(self.network.name or "network")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="fn-svg" role="img" '
            f'aria-label="network {name}" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}"><style>{STYLE}</style>'
            f"{''.join(arcs)}{''.join(boxes)}</svg>"
        )

    def _repr_html_(self) -> str:
        return f'<div style="overflow:auto;max-width:100%">{self.svg()}</div>'

    # ---------------------------------------------------------------- parts

    def _height(self, v: str) -> int:
        rows = len(self.network.states(v)) if v in self.marginals else 0
        return HEAD + 4 + LINE * rows

    def _places(self) -> tuple[dict[str, tuple[int, int]], tuple[int, int]]:
        width = self.layers.width * (BOX + GAP) + GAP
        places: dict[str, tuple[int, int]] = {}
        y = GAP
        for row in self.layers.rows:
            left = (width - len(row) * (BOX + GAP) + GAP) // 2
            for k, v in enumerate(row):
                places[v] = (left + k * (BOX + GAP), y)
            y += max(self._height(v) for v in row) + DROP
        return places, (width, y - DROP + GAP)

    def _arc(self, u: str, v: str, places: Mapping[str, tuple[int, int]]) -> str:
        (x0, y0), (x1, y1) = places[u], places[v]
        x0, y0, x1 = x0 + BOX // 2, y0 + self._height(u), x1 + BOX // 2
        bend = max((y1 - y0) // 2, 12)
        width = 0.6 + 3.4 * self.weights.get((u, v), 0.2)
        return (
            f'<path class="a" stroke-width="{width:.1f}" '
            f'd="M{x0} {y0}C{x0} {y0 + bend} {x1} {y1 - bend} {x1} {y1 - 5}'
            f'M{x1 - 3} {y1 - 6}L{x1} {y1}L{x1 + 3} {y1 - 6}"/>'
        )

    def _box(self, v: str, x: int, y: int) -> str:
        kind = "b e" if v in self.evidence else "b"
        label = str(self.network.meta.get(v, {}).get("label", v))
        parts = [
            f'<g transform="translate({x} {y})"><title>{escape(label)}</title>'
            f'<rect class="{kind}" width="{BOX}" height="{self._height(v)}" rx="4"/>'
            f'<text class="h" x="6" y="13">{escape(short(v, 19))}</text>'
        ]
        if v in self.marginals:
            pairs = zip(self.network.states(v), self.marginals[v].tolist(), strict=True)
            parts += [bar(s, p, HEAD + 4 + k * LINE) for k, (s, p) in enumerate(pairs)]
        return "".join(parts) + "</g>"


def bar(state: str, p: float, y: int) -> str:
    """Return one state with its bar and its probability in percent."""
    return (
        f'<text x="6" y="{y + 8}">{escape(short(state, 10))}</text>'
        f'<rect class="t" x="{BAR_AT}" y="{y}" width="{BAR}" height="9"/>'
        f'<rect class="p" x="{BAR_AT}" y="{y}" width="{BAR * p:.1f}" height="9"/>'
        f'<text x="{BOX - 4}" y="{y + 8}" text-anchor="end">{percent(p)}</text>'
    )


def percent(p: float) -> str:
    """Return a probability in percent, with digits where they matter."""
    if 0.0 < p < 0.001:
        return "<0.1%"
    return f"{100 * p:.1f}%" if p < 0.0995 or 0.9005 < p < 1.0 else f"{100 * p:.0f}%"


def short(text: str, most: int) -> str:
    """Return `text`, cut with an ellipsis beyond `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"

# %% [markdown]
# # 4 Two parameters, tuning, and distance
#
# **Question: an expert disagrees with an answer. Which small change of the figures would give
# theirs, and how much else would it change?**

# %%
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

import fascinet as fn
from fascinet.engine.charts import themed

network = fn.load(Path("../tests/data/networks/asia.bif.gz"))
engine = fn.Engine(network)
evidence = {"dysp": "yes", "xray": "yes"}
before = engine.posterior(evidence)["lung"]["yes"]
found = engine.sensitivity("lung", "yes", evidence)
before

# %% [markdown]
# ## One figure is enough: solve p(t) = goal
#
# (a t + b) / (c t + d) = g gives t = (g d − b) / (a − g c).

# %%
goal = 0.5
frame = found.to_frame()
frame["t"] = (goal * frame["d"] - frame["b"]) / (frame["a"] - goal * frame["c"])
ways = frame[(frame["t"] > 0) & (frame["t"] < 1)].copy()
odds = lambda p: np.log(p / (1 - p))  # noqa: E731
ways["distance"] = (odds(ways["t"]) - odds(ways["value"].clip(1e-12, 1 - 1e-12))).abs()
ways = ways.sort_values("distance")
ways[["variable", "state", "parents", "value", "t", "distance"]].head(8)

# %% [markdown]
# For a binary row the Chan–Darwiche distance between the two networks is the absolute change of the
# figure's log odds; no odds of *any* query change by more than that factor. Check the best one:

# %%
best = ways.iloc[0]
v = best["variable"]
table = np.array(network.cpt(v))
at = tuple(network.state_index(u, s) for u, s in best["parents"].items())
k = network.state_index(v, best["state"])
row = table[at]
moved = row * (1 - best["t"]) / (1 - row[k])
moved[k] = best["t"]
table[at] = moved
tuned = fn.Engine(network.with_cpt(v, table))
after = tuned.posterior(evidence)["lung"]["yes"]
assert abs(after - goal) < 1e-9
for other in network.variables:
    for state in network.states(other):
        p, q = engine.prior()[other][state], tuned.prior()[other][state]
        if 0 < p < 1 and 0 < q < 1:
            assert abs(odds(p) - odds(q)) <= best["distance"] + 1e-9
after

# %% [markdown]
# ## Two figures together

# %%
first, second = ways.iloc[0], ways[ways["variable"] != v].iloc[0]


def changed(net: fn.Network, row: pd.Series, t: float) -> fn.Network:
    """Return a network with one figure set to t, the rest of its row in proportion."""
    table = np.array(net.cpt(row["variable"]))
    at = tuple(net.state_index(u, s) for u, s in row["parents"].items())
    k = net.state_index(row["variable"], row["state"])
    rest = table[at] * (1 - t) / (1 - table[at][k])
    rest[k] = t
    table[at] = rest
    return net.with_cpt(row["variable"], table)


steps = np.linspace(0.02, 0.98, 13)
grid = []
for x in steps:
    for y in steps:
        net = changed(changed(network, first, x), second, y)
        grid.append((x, y, fn.Engine(net).posterior(evidence)["lung"]["yes"]))
surface = pd.DataFrame(grid, columns=["x", "y", "posterior"])
digits = alt.Axis(format=".2f")
themed(
    alt.Chart(surface)
    .mark_rect()
    .encode(
        x=alt.X("x:O", axis=digits, title=f"{first['variable']} {first['parents']}"),
        y=alt.Y("y:O", axis=digits, sort="descending",
                title=f"{second['variable']} {second['parents']}"),
        color=alt.Color("posterior:Q", scale=alt.Scale(scheme="viridis")),
    )
    .properties(width=320, height=320)
)  # fmt: skip

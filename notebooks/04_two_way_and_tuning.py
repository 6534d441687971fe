# %% [markdown]
# # 4 Two parameters, tuning, and distance
#
# **Question: an expert disagrees with an answer. Which small change of the figures would give
# theirs, and how much else would it change?**
#
# The small classic *asia* will do: shortness of breath and a shadow on the film suggest lung
# cancer. The network says 62%; an expert would have said 50%.

# %%

import altair as alt
import numpy as np
import pandas as pd

import fascinet as fn
from fascinet.analyses import (
    Statement,
    bound_on_change,
    cd_distance,
    changed,
    is_state,
    joint_change,
    multiway,
    single_changes,
)
from fascinet.charts import themed

network = fn.example("asia")
engine = fn.Engine(network)
evidence = {"dysp": "yes", "xray": "yes"}
before = engine.posterior(evidence)["lung"]["yes"]
before

# %% [markdown]
# ## One figure is enough
#
# The posterior is $p(t) = (at + b) / (ct + d)$ in each parameter, so $p(t) = g$ has one solution,
# $t = (gd - b) / (a - gc)$. All parameters for which it lies between 0 and 1, smallest change of
# the log odds first:

# %%
goal = 0.5
statement = Statement(is_state(network, "lung", "yes"), "<=", goal)
single = single_changes(engine, statement, evidence)
ways = single.to_frame()
ways.head(8)

# %% [markdown]
# The first one, applied. The other entries of its row are rescaled proportionally, and the answer
# is the one wanted:

# %%
figures = single.parameters
best, needed = int(single.index[0]), float(single.needed[0])
tuned = changed(figures, {best: needed})
after = fn.Engine(tuned).posterior(evidence)["lung"]["yes"]
assert abs(after - goal) < 1e-9
ways.iloc[0][["variable", "state", "parents", "value", "needed"]].to_dict(), after

# %% [markdown]
# ## How far apart are the two networks?
#
# The Chan–Darwiche distance $D$ bounds what the change does to *every* query: no odds of any event,
# given anything, change by more than the factor $e^D$. For a binary row it is the change of the
# figure's own log odds.

# %%
distance = cd_distance(network, tuned)
assert abs(distance - float(single.log_odds_change[0])) < 1e-9
low, high = bound_on_change(before, distance)
assert low - 1e-12 <= after <= high + 1e-12
{"distance": distance, "factor": np.exp(distance), "answer may lie in": (low, high)}

# %% [markdown]
# It holds for all other variables too. How much did each prior change, in log odds?


# %%
def log_odds(p: float) -> float:
    """Return ln p / (1 - p)."""
    return float(np.log(p / (1 - p)))


old, new = engine.prior(), fn.Engine(tuned).prior()
moved = [
    (v, abs(log_odds(new[v]["yes"]) - log_odds(old[v]["yes"])))
    for v in network.variables
    if 0 < old[v]["yes"] < 1
]
side = pd.DataFrame(moved, columns=["variable", "moved"])
assert (side["moved"] <= distance + 1e-9).all()
bars = (
    alt.Chart(side)
    .mark_bar()
    .encode(
        x=alt.X("moved:Q", title="change of the prior's log odds (line: the bound)"),
        y=alt.Y("variable:N", sort="-x", title=None),
    )
)
bound = alt.Chart(pd.DataFrame({"x": [distance]})).mark_rule(strokeDash=[4, 3]).encode(x="x:Q")
themed((bars + bound.encode(color=alt.value("#c2701d"))).properties(width=420))

# %% [markdown]
# ## Two figures together
#
# In two parameters of different rows both numerator and denominator are bilinear: four corners fix
# the whole surface. The line where the posterior is the goal runs through it.

# %%
second = next(int(i) for i in single.index if figures.labels[int(i)][0] != figures.labels[best][0])
pair = multiway(engine, "lung", "yes", [best, second], evidence)
values = [float(figures.values[i]) for i in (best, second)]
assert abs(float(pair.at(*values)) - before) < 1e-9
steps = np.linspace(0.01, 0.99, 25)
x, y = np.meshgrid(steps, steps, indexing="ij")
surface = pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "posterior": pair.at(x, y).ravel()})
names = []
for i in (best, second):
    variable, state, parents = figures.labels[i]
    given = ", ".join(f"{u} = {s}" for u, s in parents.items())
    names.append(f"P({variable} = {state}{' | ' + given if given else ''})")
cells = (
    alt.Chart(surface)
    .mark_rect()
    .encode(
        x=alt.X("x:O", axis=alt.Axis(format=".2f", labelOverlap=True), title=names[0]),
        y=alt.Y("y:O", axis=alt.Axis(format=".2f", labelOverlap=True), sort="descending",
                title=names[1]),
        color=alt.Color("posterior:Q", scale=alt.Scale(scheme="blueorange", domainMid=goal)),
    )
)  # fmt: skip
themed(cells.properties(width=320, height=320))

# %% [markdown]
# ## Many figures, each a little
#
# One large change may be less believable than several small ones. The nearest point, in log odds,
# at which the statement holds:

# %%
joint = joint_change(engine, statement, evidence)
assert joint is not None
assert joint.margin >= 0 and joint.distance <= float(single.log_odds_change[0]) + 1e-6
print(f"one figure moves {single.log_odds_change[0]:.3f}, together they move {joint.distance:.3f}")
joint.to_frame().head(6)

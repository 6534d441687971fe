# %% [markdown]
# # 2 Anatomy of the network and its sources
#
# **Question: what does the network know, and what is it based on?**

# %%
from collections import Counter

import altair as alt
import pandas as pd

import fascinet as fn
from fascinet.charts import ACCENT, themed
from fascinet.knowledge import shipped_knowledge

network = fn.load(setting="primary_care")
knowledge = shipped_knowledge()

# %% [markdown]
# The variables are arranged in layers: context and risks, causes, hidden triggers, mechanisms,
# findings, tests.

# %%
pd.Series(Counter(network.meta[v]["kind"] for v in network.variables)).to_frame("variables")

# %% [markdown]
# A part of it: how magnesium and caffeine can make a muscle twitch. The width of an arc is the
# mutual information between its ends.

# %%
engine = fn.Engine(network)
part = ["caffeine_excess", "trigger_caffeine_excess", "hypomagnesaemia",
        "trigger_hypomagnesaemia", "nerve_hyperexcitability", "twitching"]  # fmt: skip
engine.draw({"twitching": "yes"}, variables=[v for v in part if v in network.variables])

# %% [markdown]
# A gate stays a gate: twitching has many parents and few parameters. As a full table it would have
# $2^n$ rows.

# %%
widest = max(network.variables, key=lambda v: len(network.parents(v)))
gate = network.gate(widest)
widest, type(gate).__name__, len(network.parents(widest))

# %% [markdown]
# ## Every figure is cited
#
# A figure has a value, a range, a grade and a source. How many of each grade?

# %%
figures = pd.DataFrame(
    [{"where": place.where, "grade": place.figure.grade, "source": place.figure.source}
     for place in knowledge.figures()]
)  # fmt: skip
grades = figures["grade"].value_counts().sort_index().rename_axis("grade").reset_index(name="n")
assert len(figures) == grades["n"].sum()
themed(
    alt.Chart(grades)
    .mark_bar(color=ACCENT)
    .encode(y=alt.Y("grade:N", title="grade (A best founded, D estimate)"), x="n:Q")
    .properties(width=420)
)

# %% [markdown]
# Which sources support the most figures?

# %%
figures["source"].value_counts().head(12).to_frame("figures")

# %% [markdown]
# ## One cause in full

# %%
cause = knowledge.causes["als"]
rows = [
    (finding, state, figure.p, figure.low, figure.high, figure.grade, figure.source)
    for finding, link in cause.findings.items()
    for state, figure in link.items()
]
pd.DataFrame(rows, columns=["finding", "state", "p", "low", "high", "grade", "source"]).head(12)

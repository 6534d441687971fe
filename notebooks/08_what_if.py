# %% [markdown]
# # 8 What if: observing, intervening, imagining
#
# **Question: this person drinks much coffee and twitches. Would it stop without the coffee?**

# %%
import altair as alt
import pandas as pd

import fascinet as fn
from fascinet.charts import ACCENT, themed

engine = fn.Engine(fn.load())
case = {
    "setting": "primary_care",
    "twitching": "yes",
    "caffeine_excess": "yes",
    "poor_sleep": "yes",
    "weakness": "none",
}

# %% [markdown]
# Three different questions, three different answers:
#
# - *observe*: another person, of whom we learn that they drink no coffee;
# - *intervene*: a person stops drinking coffee, and these findings are made afterwards;
# - *imagine*: this same person, all else equal, without the coffee.

# %%
found = engine.counterfactual(case, do={"caffeine_excess": "no"}, targets="twitching")
found

# %%
for line in found.in_words():
    print(line)

# %% [markdown]
# In the actual world twitching is certain; in the counterfactual one it is as probable as the other
# causes make it.

# %%
frame = found.to_frame().set_index(["variable", "state"])
imagined = frame.loc[("twitching", "yes"), "counterfactual"]
assert 0 < imagined < 1
imagined

# %% [markdown]
# Which single change would have helped most? The same question for each cause:

# %%
changes = {"caffeine_excess": "no", "poor_sleep": "no", "stress_anxiety": "none",
           "muscle_fatigue": "no", "bfs": "no"}  # fmt: skip
rows = []
for cause, state in changes.items():
    world = engine.counterfactual(case, do={cause: state}, targets="twitching").to_frame()
    still = world.set_index("state").loc["yes", "counterfactual"]
    rows.append((str(engine.network.meta[cause]["label"]), 1 - still))
helped = pd.DataFrame(rows, columns=["without", "stops"])
assert helped["stops"].between(0, 1).all()
themed(
    alt.Chart(helped)
    .mark_bar(color=ACCENT)
    .encode(
        x=alt.X("stops:Q", scale=alt.Scale(domain=[0, 1]),
                title="probability that twitching had not come"),
        y=alt.Y("without:N", sort="-x", title="had there been no", axis=alt.Axis(labelLimit=360)),
    )
    .properties(width=360)
)  # fmt: skip

# %% [markdown]
# ## Present is not responsible
#
# Poor sleep and coffee are both certain here. How far does each account for the findings?

# %%
result = fn.diagnose({"setting": "primary_care", "findings": {
    "caffeine_excess": "yes", "poor_sleep": "yes", "weakness": "none",
}})  # fmt: skip
table = result.to_frame()[["cause", "posterior", "responsibility"]]
pd.concat(
    [table.head(6), table[table["cause"].isin(["poor_sleep", "caffeine_excess"])]]
).drop_duplicates()

# %%
result.plot(8)

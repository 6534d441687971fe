# %% [markdown]
# # 6 What next: value of information, thresholds, and a plan of two steps
#
# **Question: one more question or test. Which?**

# %%
import pandas as pd

import fascinet as fn

engine = fn.Engine(fn.load())
network = engine.network
case = {"setting": "primary_care", "twitching": "yes", "weakness": "objective"}
found = engine.value_of_information(case, targets="als")
frame = found.to_frame().sort_values("bits", ascending=False)
assert (frame["bits"] > -1e-12).all()
frame.head(10)

# %%
found.plot(10)

# %% [markdown]
# The expected information is the mean reduction of the uncertainty about the target,
#
# $$I(T; X \mid e) = H(T \mid e) - \sum_x P(x \mid e) H(T \mid x, e)$$

# %% [markdown]
# The information from a test can never exceed what is still unknown:

# %%
from math import log2

p = engine.posterior(case)["als"]["yes"]
unknown = -(p * log2(p) + (1 - p) * log2(1 - p))
assert frame["bits"].max() <= unknown + 1e-12
unknown, frame["bits"].max()

# %% [markdown]
# ## Per cost, and by outcome
#
# Costs come from the knowledge base; `costs=` sets others.

# %%
found.to_frame().sort_values("score", ascending=False).head(5)

# %%
best = frame["variable"].iloc[0]
outcomes = found.outcomes(best, "als")
expected = (outcomes["probability"] * outcomes["after"])[outcomes["state"] == "yes"].sum()
assert abs(expected - p) < 1e-9  # on average a test changes nothing
outcomes

# %% [markdown]
# ## Thresholds
#
# Suppose one would refer at 30%. What is the probability that a test crosses that threshold?

# %%
found.crossing("als", "yes", 0.3).sort_values("up", ascending=False).head(5)

# %% [markdown]
# ## A plan of two steps
#
# After each outcome of the best test, which is the next one? Greedy in information, exact in
# probabilities.

# %%
rows = []
for outcome in network.states(best):
    after = engine.posterior({**case, best: outcome})
    second = engine.value_of_information({**case, best: outcome}, targets="als").to_frame()
    second = second.sort_values("bits", ascending=False).iloc[0]
    rows.append((outcome, after["als"]["yes"], second["variable"], second["bits"]))
pd.DataFrame(rows, columns=[best, "P(ALS)", "then ask", "bits"])

# %% [markdown]
# # 8 What if: see, do, imagine, blame
#
# **Question: this person drinks much coffee and twitches. Would it stop without the coffee?**

# %%
import pandas as pd

import fascinet as fn

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
# - *observe*: someone else, of whom we learn that they drink no coffee;
# - *intervene*: someone is made to stop, and these findings are seen afterwards;
# - *imagine*: this very person, all else as it was, without the coffee.

# %%
found = engine.counterfactual(case, {"caffeine_excess": "no"}, ["twitching"])
found

# %%
for line in found.in_words():
    print(line)

# %% [markdown]
# In the world as it is twitching is certain; in the imagined one it is as probable as the other
# causes make it.

# %%
frame = found.to_frame().set_index(["variable", "state"])
imagined = frame.loc[("twitching", "yes"), "counterfactual"]
assert 0 < imagined < 1
imagined

# %% [markdown]
# ## Present is not responsible
#
# Poor sleep is certain here, coffee too. How far does each account for what is seen?

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

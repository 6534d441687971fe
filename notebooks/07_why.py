# %% [markdown]
# # 7 Why: weights of evidence, Shapley values, conflict
#
# **Question: what supports this cause, what opposes it, and do the findings fit together?**

# %%
from math import log10

import fascinet as fn

engine = fn.Engine(fn.load())
case = {
    "setting": "primary_care",
    "twitching": "yes",
    "weakness": "objective",
    "atrophy": "yes",
    "numbness_tingling": "none",
    "twitch_spread": "widespread",
}
why = engine.explain(case, target="als", state="yes")
why.to_frame().round(3)

# %%
why.plot()

# %% [markdown]
# Weights are in decibans, $10 \log_{10}$ of a likelihood ratio: 10 dB is a factor of ten in the
# odds. The textbook ratio takes a finding alone; in context, another finding may already have given
# the same information. Shapley values average over all orders and add up to the total change:


# %%
def decibans(p: float) -> float:
    """Return the log odds of p in decibans."""
    return 10 * log10(p / (1 - p))


total = decibans(why.posterior) - decibans(why.prior)
assert abs(why.to_frame()["shapley_db"].sum() - total) < 1e-6
total

# %%
for line in why.in_words("student", engine.network)[:6]:
    print(line)

# %% [markdown]
# ## Conflict
#
# Above zero, the findings are less probable together than if they were independent.

# %%
fits = engine.conflict(case)
fits.conf, fits.warning

# %%
strange = engine.conflict({**case, "weakness": "none", "atrophy": "yes", "dyspnoea": "yes"})
assert strange.conf > fits.conf
strange

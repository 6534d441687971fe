# %% [markdown]
# # 7 Why: weights of evidence, fair shares, conflict
#
# **Question: what speaks for this cause, what against it, and do the findings fit together?**

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
# odds. The textbook ratio takes a finding alone; in context, another finding may have said the
# same already. Shapley shares are fair over all orders and add up to the whole change:


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
# Above zero, the findings are less probable together than if they had nothing to do with each
# other.

# %%
fits = engine.conflict(case)
fits.conf, fits.warning

# %%
strange = engine.conflict({**case, "weakness": "none", "atrophy": "yes", "dyspnoea": "yes"})
assert strange.conf > fits.conf
strange

# %% [markdown]
# # 1 Quick start
#
# **Question: someone's muscle twitches. What may cause it, and what should one ask next?**

# %%
import fascinet as fn

network = fn.load()
engine = fn.Engine(network)
network.name, network.version, len(network.variables)

# %% [markdown]
# Evidence is a mapping from variable to state. The answer holds the posterior of every variable.

# %%
seen = {"setting": "primary_care", "twitching": "yes", "weakness": "none"}
p = engine.posterior(seen, targets=["als", "bfs", "stress_anxiety", "muscle_fatigue"])
p

# %% [markdown]
# One finding makes a large difference: weakness on examination.

# %%
worse = engine.posterior({**seen, "weakness": "objective"})
print(f"ALS without weakness {p['als']['yes']:.4f}, with it {worse['als']['yes']:.3f}")
assert worse["als"]["yes"] > p["als"]["yes"]

# %% [markdown]
# `diagnose` ranks all causes, raises red flags and lists what to ask or test next. Bars show the
# probability that a cause is *present*, with an interval from the cited ranges, and how far it
# *accounts for* the findings.

# %%
found = fn.diagnose(
    {
        "setting": "primary_care",
        "findings": {"weakness": "objective", "twitch_spread": "widespread"},
    }
)
found

# %%
found.plot(8)

# %%
[(test.label, round(test.expected_gain_bits, 3)) for test in found.next_tests[:5]]

# %% [markdown]
# All of it in one frame, for further analysis.

# %%
found.to_frame()[["cause", "prior", "posterior", "responsibility"]].head(8)

# %% [markdown]
# # 3 One parameter at a time
#
# **Question: which figure does the answer depend on most, and how wrong may it be?**

# %%
import altair as alt
import numpy as np
import pandas as pd

import fascinet as fn
from fascinet.charts import ACCENT, themed

engine = fn.Engine(fn.load())
case = {"setting": "primary_care", "twitching": "yes", "weakness": "objective"}
found = engine.sensitivity(case, target="als", state="yes")
frame = found.to_frame()
len(frame), found.posterior

# %% [markdown]
# Under proportional co-variation the posterior is a ratio of two linear functions of each
# parameter, $p(t) = (at + b) / (ct + d)$. At the parameter's own value that must be the posterior:

# %%
at_value = (frame["a"] * frame["value"] + frame["b"]) / (frame["c"] * frame["value"] + frame["d"])
assert np.allclose(at_value, found.posterior, atol=1e-9)

# %% [markdown]
# ## Tornado over the cited ranges
#
# How far does the posterior change if one figure goes from the low to the high end of its range?

# %%
found.plot(12)

# %% [markdown]
# ## One curve in full
#
# The figure with the widest bar, varied from 0 to 1. The point marks its present value.

# %%
cited = frame.dropna(subset=["low", "high"])
swing = (cited["posterior_high"] - cited["posterior_low"]).abs()
row = cited.loc[swing.idxmax()]
t = np.linspace(0, 1, 201)
curve = pd.DataFrame({"t": t, "p": (row["a"] * t + row["b"]) / (row["c"] * t + row["d"])})
given = ", ".join(f"{u} {s}" for u, s in row["parents"].items())
name = [f"P({row['variable']} = {row['state']} | …)", f"given {given}"]
line = alt.Chart(curve).mark_line(color=ACCENT).encode(
    x=alt.X("t:Q", title="parameter"), y=alt.Y("p:Q", title="posterior of ALS")
)  # fmt: skip
here = alt.Chart(pd.DataFrame({"t": [row["value"]], "p": [found.posterior]})).mark_point(
    filled=True, size=80, color="#c2701d"
).encode(x="t:Q", y="p:Q")  # fmt: skip
themed((line + here).properties(title=name, width=420))

# %% [markdown]
# ## Admissible deviation
#
# How far may a figure change before another cause ranks first? NaN means that it never does.

# %%
flips = frame.dropna(subset=["flip_low", "flip_high"], how="all")
columns = ["variable", "state", "parents", "value", "flip_low", "flip_high"]
flips[columns].head(10)

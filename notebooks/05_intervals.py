# %% [markdown]
# # 5 How certain: intervals, ranks, and figures worth a study
#
# **Question: the figures have ranges. How certain is the answer, and which figure is worth
# measuring better?**

# %%
import altair as alt

import fascinet as fn
from fascinet.charts import ACCENT, themed
from fascinet.knowledge import shipped_knowledge

engine = fn.Engine(fn.load())
case = {"setting": "primary_care", "twitching": "yes", "weakness": "objective"}
targets = ["als", "muscle_disease", "peripheral_neuropathy", "nerve_compression", "bfs"]
found = engine.uncertainty(case, targets=targets, draws=200, seed=1)
frame = found.to_frame()
assert (frame["low"] <= frame["high"]).all()
frame

# %%
found.plot()

# %% [markdown]
# `p_top` is the share of draws in which that cause ranks first: a statement about its rank, not
# about its presence.
#
# ## Influential and poorly sourced
#
# A figure deserves a study if its range changes the answer *and* it is graded D.

# %%
sensitivity = engine.sensitivity(case, target="als", state="yes").to_frame()
sensitivity["swing"] = (sensitivity["posterior_high"] - sensitivity["posterior_low"]).abs()
top = sensitivity.dropna(subset=["swing"]).nlargest(15, "swing")
grades: dict[str, set[str]] = {}
for place in shipped_knowledge().figures():
    for word in place.where.replace(":", ".").replace("/", ".").split("."):
        grades.setdefault(word, set()).add(place.figure.grade)
top = top.assign(worst_grade=[max(grades.get(v, {"?"})) for v in top["variable"]])
top[["variable", "state", "value", "low", "high", "swing", "worst_grade"]]

# %%
top = top[top["state"] != "no"]  # the complement of "yes" is the same figure
given = [", ".join(f"{v} {s}" for v, s in parents.items()) for parents in top["parents"]]
top = top.assign(what=top["variable"] + " = " + top["state"])
top["what"] += [f" | {g}" if g else "" for g in given]
themed(
    alt.Chart(top)
    .mark_bar(color=ACCENT)
    .encode(x=alt.X("swing:Q", title="movement of P(ALS) over the cited range"),
            y=alt.Y("what:N", sort="-x", title=None, axis=alt.Axis(labelLimit=480)))
    .properties(width=360)
)  # fmt: skip

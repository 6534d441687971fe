# %% [markdown]
# # 10 Add a cause: data only
#
# **Question: a cause is missing. How does one add it, and what does that change?**
#
# We copy the knowledge base, add *one file*, and compare the two networks. No Python changes.

# %%
import shutil
import tempfile
from pathlib import Path

import altair as alt
import pandas as pd

import fascinet as fn
from fascinet.charts import ACCENT, GREY, themed
from fascinet.knowledge import build_network, load_knowledge, shipped_folder

folder = Path(tempfile.mkdtemp()) / "data"
shutil.copytree(
    shipped_folder(), folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "cases")
)

# %% [markdown]
# The new cause: tetany after a blood transfusion, from excess citrate. Its figures are made up for
# this lesson and graded D, with wide ranges.

# %%
script = """
id: citrate_excess
group: electrolyte_imbalance
label: Citrate excess after transfusion
patient_label: Low free calcium after a transfusion
summary: Citrate of blood products binds calcium; nerves fire by themselves. A lesson, not a fact.

prior:
  form: logistic
  settings:
    general: {p: 0.0002, range: [0.00005, 0.001], source: expert_estimate, grade: D}
    primary_care: {p: 0.0005, range: [0.0001, 0.002], source: expert_estimate, grade: D}
    neuromuscular_clinic: {p: 0.0005, range: [0.0001, 0.002], source: expert_estimate, grade: D}

trigger:
  mechanism: nerve_hyperexcitability
  link: {p: 0.5, range: [0.2, 0.8], source: expert_estimate, grade: D}
  shows:
    spreads:
      twitch_duration:
        p: {days: 0.9, weeks: 0.08, months: 0.02}
        weight: 10
        source: expert_estimate
        grade: D

findings:
  cramps: {p: 0.4, range: [0.2, 0.6], source: expert_estimate, grade: D}
  numbness_tingling:
    distal: {p: 0.5, range: [0.2, 0.8], source: expert_estimate, grade: D}
"""
(folder / "causes" / "citrate_excess.yaml").write_text(script)

before = fn.load()
after = build_network(load_knowledge(folder))
assert "citrate_excess" in after.variables
after

# %% [markdown]
# ## The difference between the models

# %%
new = [v for v in after.variables if v not in before.variables]
touched = [v for v in before.variables if set(after.parents(v)) - set(before.parents(v))]
print("new variables:", new)
print("variables with a new parent:", touched)
assert set(new) == {"citrate_excess", "trigger_citrate_excess"}

# %% [markdown]
# ## The difference between the answers
#
# In an unrelated case, hardly any; with tingling and cramps for days, the new cause appears.

# %%
case = {"setting": "primary_care", "twitching": "yes", "numbness_tingling": "distal",
        "cramps": "yes", "twitch_duration": "days"}  # fmt: skip
old, new_answer = fn.Engine(before).posterior(case), fn.Engine(after).posterior(case)
causes = [v for v in after.variables if after.meta[v]["kind"] == "cause"]
rows = []
for v in causes:
    was = 1 - old.array(v)[0] if v in before.variables else 0.0
    rows.append((v, was, 1 - new_answer.array(v)[0]))
diff = pd.DataFrame(rows, columns=["cause", "before", "after"])
diff["change"] = diff["after"] - diff["before"]
assert diff.loc[diff["cause"] == "citrate_excess", "after"].item() > 0
diff = diff.sort_values("change", key=abs, ascending=False).head(8)
diff.round(4)

# %%
labels = {v: str(after.meta[v]["label"]) for v in causes}
long = diff.assign(label=diff["cause"].map(labels)).melt(
    ["label"], ["before", "after"], "network", "posterior"
)
themed(
    alt.Chart(long)
    .mark_bar()
    .encode(
        x=alt.X("posterior:Q", title="probability present"),
        y=alt.Y("label:N", sort=None, title=None),
        yOffset=alt.YOffset("network:N", sort=["before", "after"]),
        color=alt.Color(
            "network:N",
            sort=["before", "after"],
            scale=alt.Scale(domain=["before", "after"], range=[GREY, ACCENT]),
        ),
    )
    .properties(width=360)
)

# %% [markdown]
# Before it is merged: `fascinet check` on the folder lists what is missing or malformed, and
# `tools/refit_priors.py` fits the unconditional prior.

# %%
shutil.rmtree(folder.parent)

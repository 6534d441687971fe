# %% [markdown]
# # 11 Build, ask, learn
#
# **Question: how does a network come from what I know, and from data?**
#
# Three causes of cough, two of them seasonal. All figures are made up for the example.

# %%
import fascinet as fn

b = fn.NetworkBuilder("cough")
b.variable("season", ["summer", "winter"]).table("season", [0.5, 0.5])
b.variable("flu", label="Influenza").variable("cold").variable("smoker").variable("cough")
b.table("flu", {"summer": 0.01, "winter": 0.08}, parents=["season"])
b.table("cold", {"summer": 0.05, "winter": 0.2}, parents=["season"])
b.table("smoker", 0.2)
b.noisy_or("cough", {"flu": 0.8, "cold": 0.6, "smoker": 0.3}, leak=0.05)
b

# %% [markdown]
# Each number of the noisy-OR is what one cause does alone; the leak is all that is not in the
# network.
# A grade of fever, and a rule:

# %%
b.variable("fever", ["none", "low", "high"])
b.noisy_max("fever", {"flu": {"low": 0.3, "high": 0.5}, "cold": {"low": 0.2}}, leak={"low": 0.02})
b.variable("stays_home")
b.deterministic(
    "stays_home", lambda cough, fever: fever == "high" or (cough == "yes" and fever == "low"),
    parents=["cough", "fever"],
)  # fmt: skip
b.check()

# %% [markdown]
# Nothing is wrong. A fault would be told with its row:

# %%
try:
    b.table("flu", {"summer": 0.01, "winter": 1.08}, parents=["season"])
except fn.errors.NetworkError as error:
    print(error)

# %%
network = b.build()
engine = fn.Engine(network)
engine.posterior({"cough": "yes", "fever": "high"})

# %%
engine.draw({"cough": "yes", "fever": "high"})

# %% [markdown]
# ## Ask in words
#
# An event, a bar, a condition; `do()` sets a variable from outside.

# %%
engine.ask("flu=yes or cold=yes | cough=yes, season=winter")

# %%
engine.compare_risks("fever=high", "do(season=winter)", "do(season=summer)", sample_size=200)

# %%
engine.joint(["flu", "cold"], {"cough": "yes", "season": "winter"})

# %% [markdown]
# ## Learn from cases
#
# Two hundred cases that the network itself would make, one cell in five missing, go to a copy
# whose links are wrong. Each figure is shown before and after, with a 95% interval.

# %%
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)


def person() -> dict[str, str]:
    """Return one case, drawn variable by variable, each given those before it."""
    told: dict[str, str] = {}
    for v in network.topological:
        chances = engine.posterior(told, targets=[v])[v]
        told[v] = str(rng.choice(list(chances), p=list(chances.values())))
    return told


people = pd.DataFrame([person() for _ in range(200)])
people = people.mask(rng.random(people.shape) < 0.2)
wrong = fn.NetworkBuilder.from_network(network)
wrong.noisy_or("cough", {"flu": 0.5, "cold": 0.5, "smoker": 0.5}, leak=0.2)
found = fn.learn(wrong.build(), people, variables=["cough"])
found.to_frame().query("state == 'yes'").round(3)

# %%
found

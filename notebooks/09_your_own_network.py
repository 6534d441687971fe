# %% [markdown]
# # 9 Bring your own network, and how fast it is
#
# **Question: does all this work for any discrete network, and at what speed?**
#
# The files are from the bnlearn repository (CC BY-SA 3.0).

# %%
import tempfile
import time
from pathlib import Path

import pandas as pd

import fascinet as fn

folder = Path("../tests/data/networks")
alarm = fn.load(folder / "alarm.bif.gz")
alarm

# %%
engine = fn.Engine(alarm)
evidence = {"BP": "LOW", "CVP": "LOW", "HRBP": "HIGH"}
engine.posterior(evidence)

# %%
near = ["HYPOVOLEMIA", "LVFAILURE", "LVEDVOLUME", "STROKEVOLUME", "CVP", "PCWP", "CO", "BP", "TPR"]
engine.draw(evidence, variables=near)

# %% [markdown]
# Arcs are as wide as the mutual information between their ends, given the evidence.
#
# ## Conversion
#
# Every format returns the same network, bit for bit.

# %%
with tempfile.TemporaryDirectory() as place:
    for suffix in (".json", ".xmlbif", ".net", ".xdsl", ".bif.gz"):
        alarm.save(f"{place}/alarm{suffix}")
        assert fn.load(f"{place}/alarm{suffix}").hash == alarm.hash

# %% [markdown]
# ## Large networks
#
# A thousand variables: reading, the first query (which plans and compiles), and the same question
# with other answers.


# %%
def timed(name: str) -> dict[str, object]:
    """Return times in seconds of reading, first query and a repeated query."""
    start = time.perf_counter()
    network = fn.load(folder / f"{name}.bif.gz")
    read = time.perf_counter() - start
    engine, last = fn.Engine(network), network.variables[-1]
    prior = engine.posterior(targets=[last])[last]
    asked = {last: max(prior, key=prior.__getitem__)}
    target = network.variables[0]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        engine.posterior(asked, targets=[target])
        times.append(time.perf_counter() - start)
    entries = int(engine.plan(asked).entries)
    return {"network": name, "variables": len(network.variables), "read s": round(read, 3),
            "first s": round(times[0], 4), "again ms": round(1000 * min(times[1:]), 3),
            "entries": entries}  # fmt: skip


pd.DataFrame([timed(name) for name in ("asia", "alarm", "hepar2", "pathfinder", "munin")])

# %% [markdown]
# Times are those of one run on the machine that built this page; see the benchmarks for careful
# ones.

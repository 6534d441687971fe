"""Build a network with a leaky noisy-OR, save it, and read it back."""

import numpy as np

import fascinet as fn
from fascinet.gates import Table, noisy_or

NO_YES = ("no", "yes")
network = fn.Network(
    states={"flu": NO_YES, "cold": NO_YES, "cough": NO_YES},
    parents={"cough": ["flu", "cold"]},
    gates={
        "flu": Table(np.array([0.95, 0.05])),
        "cold": Table(np.array([0.8, 0.2])),
        "cough": noisy_or([0.8, 0.6], leak=0.1),
    },
    name="cough",
)
both = network.cpt("cough")[1, 1, 1]
assert abs(both - (1 - 0.9 * 0.2 * 0.4)) < 1e-12
print(network.describe("cough"))

network.save("cough.json")
again = fn.load("cough.json")
assert again.hash == network.hash
print(fn.Engine(again).posterior({"cough": "yes"})["flu"]["yes"])

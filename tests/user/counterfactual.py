"""What if this patient had not smoked? Seeing, doing and imagining are three answers."""

import fascinet as fn

engine = fn.Engine(fn.example("asia"))
found = engine.counterfactual({"dysp": "yes"}, do={"smoke": "no"}, targets=["bronc", "lung"])
print(found)
frame = found.to_frame().set_index(["variable", "state"])
assert frame.loc[("bronc", "yes"), "counterfactual"] < frame.loc[("bronc", "yes"), "posterior"]

done = engine.posterior(do={"smoke": "no"})
seen = engine.posterior({"smoke": "no"})
assert abs(done["lung"]["yes"] - seen["lung"]["yes"]) < 1e-12  # no parents: the same
assert engine.network.adjustment_set("lung", "dysp") == frozenset({"smoke"})

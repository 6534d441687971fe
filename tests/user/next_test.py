"""Rank what to ask or test next, and see whether it is worth its cost."""

import fascinet as fn

engine = fn.Engine(fn.example("asia"))
known = {"dysp": "yes"}
found = engine.value_of_information(
    known, targets="lung", candidates=["xray", "smoke", "asia"], costs={"xray": 2.0}
)
print(found)
best = found.variables[0]
print(found.outcomes(best))
assert not found.stop

pairs = engine.best_pairs(known, targets="lung", width=2)
policy = engine.best_policy(known, targets="lung", steps=2)
print(pairs.to_frame().head(3))
print(policy)

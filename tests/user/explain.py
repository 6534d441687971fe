"""Why does the engine believe it? Weights of evidence that add up."""

import math

import fascinet as fn

engine = fn.Engine(fn.example("asia"))
case = {"smoke": "yes", "xray": "yes", "dysp": "yes"}
why = engine.explain(case, target="lung", state="yes")
print(why)
for sentence in why.in_words():
    print(sentence)

change = 10 * math.log10(why.posterior / (1 - why.posterior) / (why.prior / (1 - why.prior)))
assert abs(why.weight_db.sum() - change) < 1e-6
assert "xray" in why.supporting

fits = engine.conflict(case)
print(fits.conf, fits.warning)

"""Intervals of an answer whose parameters are uncertain."""

import fascinet as fn

engine = fn.Engine(fn.example("asia"))
exact = engine.uncertainty({"xray": "yes"}, targets="lung")
print(exact.title())  # no range is cited here

found = engine.uncertainty({"xray": "yes"}, targets="lung", sample_size=50, draws=500, seed=1)
print(found)
row = found.to_frame().iloc[0]
assert row["low"] < row["posterior"] < row["high"]

case = fn.diagnose({"weakness": "objective"})
low, high = case["als"].interval
assert low <= case["als"].posterior <= high

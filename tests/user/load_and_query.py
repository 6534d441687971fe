"""Load a network, ask it, and print what it says."""

import fascinet as fn

engine = fn.Engine(fn.example("alarm"))
print(repr(engine))

p = engine.posterior({"BP": "LOW"}, soft={"HRBP": {"LOW": 0.2, "NORMAL": 0.7, "HIGH": 0.1}})
print(p["LVFAILURE"]["TRUE"], p.log_prob_evidence)
assert abs(sum(p["HYPOVOLEMIA"].values()) - 1.0) < 1e-9

only = engine.posterior({"BP": "LOW"}, targets="LVFAILURE")
assert list(only) == ["LVFAILURE"]
print(only.to_frame())

try:
    engine.posterior({"bp": "LOW"})
except fn.errors.UnknownVariableError as error:
    assert error.nearest == ("BP",)

found = fn.diagnose({"weakness": "objective", "atrophy": "yes", "age": 62})
print([entry.cause for entry in found][:3], found["als"].posterior, found[0].label)

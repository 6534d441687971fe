"""Which parameters does an answer depend on? A table, a tornado, a chart in a file."""

from pathlib import Path

import fascinet as fn

engine = fn.Engine(fn.example("asia"))
found = engine.sensitivity({"dysp": "yes"}, target="lung", state="yes")
print(found)

widest = found.tornado(5)
assert list(widest["swing"]) == sorted(widest["swing"], reverse=True)
assert {"value", "derivative", "a", "b", "c", "d"} <= set(found.to_frame().columns)

found.save("tornado.svg")
assert Path("tornado.svg").read_text(encoding="utf-8").startswith("<svg")

"""Take a network from pyAgrum, and give one back."""

import pyagrum as gum

import fascinet as fn

net = gum.fastBN("smoke{no|yes}->cancer{no|yes}->xray{clear|shadow}")
network = fn.Network.from_pyagrum(net)
p = fn.Engine(network).posterior({"xray": "shadow"})

theirs = gum.LazyPropagation(net)
theirs.setEvidence({"xray": "shadow"})
assert abs(p["cancer"]["yes"] - theirs.posterior("cancer").tolist()[1]) < 1e-9

back = fn.example("asia").to_pyagrum()
assert set(back.names()) == set(fn.example("asia").variables)

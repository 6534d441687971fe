"""Knowledge bases: read one, build its network, look at its figures and sources.

>>> from fascinet.knowledge import shipped_knowledge
>>> shipped_knowledge().causes["als"].group
'als'
"""

from fascinet.model.build import build_network
from fascinet.model.load import load_knowledge, shipped_folder
from fascinet.model.schema import Knowledge
from fascinet.model.shipped import shipped_knowledge

__all__ = ["Knowledge", "build_network", "load_knowledge", "shipped_folder", "shipped_knowledge"]

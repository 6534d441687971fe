"""Red flags: the knowledge base's own conditions on a case."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fascinet.engine.differential import RedFlag
from fascinet.engine.posterior import Posterior

if TYPE_CHECKING:
    from fascinet.model.schema import Knowledge

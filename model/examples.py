"""Example networks that come with the package; `data/examples/README.md` says whose they are."""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from fascinet.model.errors import OptionError
from fascinet.model.network import Network

Example = Literal["asia", "cancer", "child", "alarm"]
EXAMPLES: tuple[str, ...] = get_args(Example)


def example(name: Example | str) -> Network:
    """Return an example network of the literature, shipped with the package.

    Parameters
    ----------
    name : {"asia", "cancer", "child", "alarm"}
        5 to 37 variables; from the Bayesian network repository of bnlearn (CC BY-SA 3.0).

    Raises
    ------
    OptionError
        If there is no such example.

    Examples
    --------
    >>> import fascinet as fn
    >>> engine = fn.Engine(fn.example("alarm"))
    >>> round(engine.posterior({"BP": "LOW"})["LVFAILURE"]["TRUE"], 3)
    0.088
    """
    if not isinstance(name, str) or name not in EXAMPLES:  # pyright: ignore
        raise OptionError("example network", name, EXAMPLES)
    return _example(name)


@lru_cache(maxsize=len(EXAMPLES))
def _example(name: str) -> Network:
    from fascinet.model.formats import read

    return read(Path(str(files("fascinet.data"))) / "examples" / f"{name}.bif.gz")

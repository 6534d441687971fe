"""Send a used engine to other processes."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import fascinet as fn


def chance(engine: fn.Engine, state: str) -> float:
    """Return one answer."""
    return engine.posterior({"smoke": state})["lung"]["yes"]


def main() -> None:
    """Compare the answers of other processes with those of this one."""
    engine = fn.Engine(fn.example("asia"))
    here = [chance(engine, state) for state in ("yes", "no")]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        there = list(pool.map(chance, [engine, engine], ["yes", "no"]))
    assert here == there

    answer = engine.posterior({"dysp": "yes"})
    copy = pickle.loads(pickle.dumps(answer))
    assert copy["lung"]["yes"] == answer["lung"]["yes"]


if __name__ == "__main__":
    main()

"""Timing: CPU seconds of this process, the shortest of a few rounds."""

from collections.abc import Callable
from time import process_time


def shortest(call: Callable[[], object], rounds: int = 5, least: float = 0.002) -> float:
    """Return CPU seconds a call, the minimum over rounds, each of at least `least` seconds."""
    begin = process_time()
    call()
    once = max(process_time() - begin, 1e-7)
    repeat = max(1, int(least / once))
    best = once
    for _ in range(rounds):
        begin = process_time()
        for _ in range(repeat):
            call()
        best = min(best, (process_time() - begin) / repeat)
        if best > 1.0:
            break
    return best


def once(call: Callable[[], object]) -> float:
    """Return CPU seconds of one call."""
    begin = process_time()
    call()
    return process_time() - begin

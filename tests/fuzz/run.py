"""The loop: mutate, read, and note whatever is not one of our errors, too slow, or not one line."""

import random
import signal
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from fascinet.model.formats import FormatWarning
from tests.fuzz.mutate import mutated
from tests.fuzz.targets import ERRORS, TARGETS, seeds

SLOWEST = 30  # seconds of the processor for one small file
HANGS = 600  # seconds on the clock, whatever else the machine does
LONGEST = 2000  # characters of a message
WEIGHTS = {
    "knowledge": 5
}  # shares of the time, 1 by default: this one takes a second or two a file


class TooSlowError(Exception):
    """One file took longer than `SLOWEST`."""


@dataclass
class Report:
    """What was tried and what leaked.

    Attributes
    ----------
    tried, read : Counter
        Files of each target, and those that were read without an error.
    leaks : list of str
        One line each: target, kept file, what leaked.
    slowest : dict
        Seconds of each target's slowest file.
    """

    tried: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [
            f"{name:<10} {self.tried[name]:>8} files, {self.read[name]:>7} read, "
            f"slowest {self.slowest.get(name, 0):.2f} s"
            for name in self.tried
        ]
        lines.append(f"{sum(self.tried.values())} files, {len(self.leaks)} leaks")
        return "\n".join([*lines, *self.leaks])


def fuzz(seconds: float, seed: int, out: Path, only: str = "") -> Report:
    """Give mutated files to the readers, all in turn, for some seconds.

    What a reader does once, on its first file, counts neither as its share nor as time.

    Parameters
    ----------
    seconds : float
    seed : int
        The same seed tries the same files in the same order.
    out : Path
        Where files that make something leak are kept.
    only : str
        One target; all by default.
    """
    rng, report = random.Random(seed), Report()
    names = [only] if only else list(TARGETS)
    corpus = {name: sorted(seeds(name).items()) for name in names}
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        warm_up(name, *corpus[name][0], out)
    shares = {name: 0.0 for name in names}
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(report.leaks) < 50:
        name = min(shares, key=shares.__getitem__)
        file, data = rng.choice(corpus[name])
        others = [text for _, text in corpus[name]]
        start = time.process_time()
        one(name, file, mutated(data, others, rng), out, report)
        took = time.process_time() - start
        shares[name] += took / WEIGHTS.get(name, 1)
        report.slowest[name] = max(report.slowest.get(name, 0.0), took)
    return report


def warm_up(name: str, file: str, data: bytes, out: Path) -> None:
    """Read one file as it is, so that a reader has imported and laid out what it needs."""
    path = out / file
    path.write_bytes(data)
    with warnings.catch_warnings(), suppress(*ERRORS):
        warnings.simplefilter("ignore")
        TARGETS[name](path)


def one(name: str, file: str, data: bytes, out: Path, report: Report) -> None:
    """Read one file; keep it if anything leaks."""
    path = out / file
    path.write_bytes(data)
    report.tried[name] += 1
    leak = leak_of(name, path)
    if leak is None:
        report.read[name] += 1
    elif leak:
        kept = out / f"leak-{name}-{len(report.leaks)}-{file}"
        kept.write_bytes(data)
        report.leaks.append(f"{name}: {kept}: {leak}")


def leak_of(name: str, path: Path) -> str | None:
    """Return what leaks on a file: "" on a proper error, None if it is read."""
    try:
        with limited(), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", FormatWarning)
            TARGETS[name](path)
    except ERRORS as error:
        message = str(error)
        if "\n" in message or len(message) > LONGEST:
            return f"message: {message[:200]!r}"
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]!r}"
    return None


@contextmanager
def limited() -> Iterator[None]:
    """Stop what takes longer than `SLOWEST` seconds of the processor, or waits for ever."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlowError(f"over {SLOWEST} s of the processor, or {HANGS} s")

    timers = {signal.ITIMER_PROF: SLOWEST, signal.ITIMER_REAL: HANGS}
    before = {s: signal.signal(s, stop) for s in (signal.SIGPROF, signal.SIGALRM)}
    try:
        for timer, seconds in timers.items():
            signal.setitimer(timer, seconds)
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)

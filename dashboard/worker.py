"""A second process for answers that take longer than a click may: no click waits behind them.

Python runs one thread at a time, so that a heavy analysis beside the page would slow every click
of every visitor. The server therefore hands such work to one process of its own, at a lower
priority. Questions and answers travel as pickles through its standard streams.
"""

import ctypes
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import IO, Any

NICE = 10
ARENA_MAX, MMAP_THRESHOLD = -8, -3  # of malloc.h
ARENAS, LARGE = 2, 4_000_000


class WorkerError(Exception):
    """The worker could not answer; the question is to be answered here."""


class Worker:
    """The second process, seen from the server; used by one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fascinet.dashboard.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def ask(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return `function(*arguments)`, computed there.

        Parameters
        ----------
        function : callable
            Known by its module and name.
        arguments : tuple
            What can be pickled.

        Raises
        ------
        WorkerError
            If the process ended, or the function raised: then ask again here.
        """
        to, back = self._process.stdin, self._process.stdout
        assert to is not None and back is not None
        try:
            pickle.dump((function, arguments), to)
            to.flush()
            done, answer = pickle.load(back)
        except (OSError, EOFError, pickle.PickleError) as error:
            raise WorkerError(str(error)) from error
        if not done:
            raise WorkerError(str(answer))
        return answer

    def close(self) -> None:
        """End the process: it stops when nothing more can come."""
        self._process.terminate()
        self._process.wait(10)
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()


def keep_memory_together() -> None:
    """Have glibc give memory back: few arenas, and work spaces mapped, which end with their thread.

    Each run of a page is a thread, and would leave its own arena; and after the first large work
    space glibc would take the next ones from an arena, where they leave holes.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(ARENA_MAX, ARENAS)
        libc.mallopt(MMAP_THRESHOLD, LARGE)


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the other side closes."""
    while True:
        try:
            function, arguments = pickle.load(questions)
        except EOFError:
            return
        # a thread a question: the engine keeps a thread's work space, the largest ever needed
        thread = Thread(target=_reply, args=(function, arguments, answers))
        thread.start()
        thread.join()


def _reply(function: Callable[..., Any], arguments: tuple[Any, ...], answers: IO[bytes]) -> None:
    try:
        reply = pickle.dumps((True, function(*arguments)))
    except Exception as error:  # whatever it is, the server asks itself and sees it
        reply = pickle.dumps((False, f"{type(error).__name__}: {error}"))
    with suppress(BrokenPipeError):  # the server ended meanwhile, and sends nothing more
        answers.write(reply)
        answers.flush()


def main() -> None:
    """Serve on the standard streams; what anything prints goes to the error stream."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(NICE)
    keep_memory_together()
    from fascinet.dashboard.service import warm

    warm()
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()

"""A second process for answers that take longer than a click may: no click waits behind them.

Python runs one thread at a time, so that a heavy analysis beside the page would slow every click
of every visitor. The server therefore hands such work to one process of its own, at a lower
priority. Questions and answers travel as pickles through its standard streams. While it works it
says so every second; a process that says nothing for long, because it was stopped, is ended.
"""

import ctypes
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from threading import Thread, Timer
from typing import IO, Any

NICE = 10
BEAT = 1.0  # seconds between two signs of life
PATIENCE = 30.0  # seconds without one after which the process is ended
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
            with self._limit():
                pickle.dump((function, arguments), to)
                to.flush()
            while (reply := self._listen(back)) is None:
                pass
            done, answer = reply
        except (OSError, EOFError, pickle.PickleError) as error:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(BEAT)  # it has ended, or is about to
            raise WorkerError(str(error)) from error
        if not done:
            raise WorkerError(str(answer))
        return answer

    def _listen(self, back: IO[bytes]) -> tuple[bool, Any] | None:
        """Return the next message: a reply, or None for a sign of life."""
        with self._limit():
            return pickle.load(back)

    @contextmanager
    def _limit(self) -> Generator[None, None, None]:
        """End the process if the block takes too long; then its streams break."""
        watch = Timer(PATIENCE, self._process.kill)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def close(self) -> None:
        """End the process: it stops when nothing more can come, or is made to."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:  # stopped: it does not even see that it is to end
            self._process.kill()
            self._process.wait(5)
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
        with suppress(BrokenPipeError):  # the server ended meanwhile, and sends nothing more
            _send(answers, worked(function, arguments, answers))


def worked(function: Callable[..., Any], arguments: tuple[Any, ...], answers: IO[bytes]) -> bytes:
    """Return the reply to a question, and send a sign of life every second until it is there."""
    replies: list[bytes] = []
    # a thread a question: the engine keeps a thread's work space, the largest ever needed
    thread = Thread(target=lambda: replies.append(_reply(function, arguments)))
    thread.start()
    while thread.is_alive():
        thread.join(BEAT)
        if thread.is_alive():
            _send(answers, pickle.dumps(None))
    return replies[0]


def _reply(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    try:
        return pickle.dumps((True, function(*arguments)))
    except Exception as error:  # whatever it is, the server asks itself and sees it
        return pickle.dumps((False, f"{type(error).__name__}: {error}"))


def _send(answers: IO[bytes], message: bytes) -> None:
    answers.write(message)
    answers.flush()


def main() -> None:
    """Serve on the standard streams; what anything prints goes to the error stream."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(NICE)
    keep_memory_together()
    from fascinet.dashboard.service import warm

    with suppress(BrokenPipeError):
        worked(warm, (), answers)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()

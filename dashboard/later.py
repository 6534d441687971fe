"""Answers that may take longer than a click should: computed beside the page, drawn when ready.

A page draws what it has, then calls `answer` for what is heavy. The work goes to one queue, which
a second process empties (`fascinet.dashboard.worker`); in tests, a thread does. While a page waits
it looks at the session's state, where Streamlit stops a run that another click has outdated; work
that no page waits for any more is dropped from the queue.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fascinet.dashboard.worker import Worker, WorkerError

T = TypeVar("T")
KEPT = 256
SOON = 0.3
STEP = 0.05
GRACE = 1.0
Key = tuple[Callable[..., Any], tuple[Hashable, ...]]


@dataclass
class Job:
    """One piece of work.

    Attributes
    ----------
    key : (function, arguments)
    future : Future
        Its answer.
    wanted : float
        When a page last asked for it, seconds.
    """

    key: Key
    future: "Future[Any]" = field(default_factory=Future[Any])
    wanted: float = field(default_factory=monotonic)


class Queue:
    """Work in order of arrival, each piece done once; the latest answers are kept."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._jobs: OrderedDict[Key, Job] = OrderedDict()
        self._waiting: list[Job] = []
        self._thread: Thread | None = None
        self._worker: Worker | None = None

    def use_process(self) -> None:
        """Start a second process; from now on it does the work."""
        self._worker = Worker()

    def ask(self, function: Callable[..., Any], arguments: tuple[Hashable, ...]) -> Job:
        """Return the job of a question, new or known, and note that it is wanted."""
        key = (function, arguments)
        with self._changed:
            job = self._jobs.get(key)
            if job is None or job.future.cancelled():
                job = self._jobs[key] = Job(key)
                self._waiting.append(job)
                self._start()
                self._changed.notify()
            self._jobs.move_to_end(key)
            while len(self._jobs) > KEPT:
                self._jobs.popitem(last=False)
        job.wanted = monotonic()
        return job

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._work, name="later", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            job = self._next()
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                job.future.set_result(self._answer(*job.key))
            except Exception as error:
                job.future.set_exception(error)

    def _next(self) -> Job:
        """Return the oldest job that somebody still waits for; the others are dropped."""
        with self._changed:
            while True:
                while self._waiting:
                    job = self._waiting.pop(0)
                    if monotonic() - job.wanted <= GRACE:
                        return job
                    job.future.cancel()
                self._changed.wait()

    def _answer(self, function: Callable[..., Any], arguments: tuple[Hashable, ...]) -> Any:
        if self._worker is not None:
            try:
                return self._worker.ask(function, arguments)
            except WorkerError:
                if not self._worker.alive:
                    self._worker.close()
                    self._worker = Worker()
        return function(*arguments)


QUEUE = Queue()


def answer(
    function: Callable[..., T],
    *arguments: Hashable,
    text: str,
    place: DeltaGenerator | None = None,
) -> T:
    """Return `function(*arguments)`, computed beside the page; say so if it takes a while.

    Parameters
    ----------
    function : callable
        Known by its module and name, so that the second process finds it.
    *arguments
        Hashable, and can be pickled.
    text : str
        What is being done, shown after 0.3 s.
    place : DeltaGenerator, optional
        An `st.empty()` for that text; without one it is made here.

    Raises
    ------
    Exception
        What the function raised.
    """
    job = QUEUE.ask(function, arguments)
    # even if it is not needed: what is drawn after it keeps its place from run to run
    note = place if place is not None else st.empty()
    if not done(job, SOON):
        note.caption(text)
        while not done(job, SOON):
            if job.future.cancelled():
                job = QUEUE.ask(function, arguments)
        note.empty()
    found: T = job.future.result()
    return found


def fetch(function: Callable[..., T], *arguments: Hashable) -> T:
    """Return `function(*arguments)`, computed beside; for a download, where no page is drawn."""
    while True:
        job = QUEUE.ask(function, arguments)
        with suppress(CancelledError, TimeoutError):
            found: T = job.future.result(GRACE / 2)
            return found


def done(job: Job, patience: float) -> bool:
    """Wait for a job, at most `patience` seconds; a newer click ends the run in here."""
    end = monotonic() + patience
    while True:
        wait_for([job.future], timeout=min(STEP, patience))
        if job.future.done():
            return not job.future.cancelled()
        job.wanted = monotonic()
        st.session_state.get("outdated")  # a look at the state is where an outdated run is stopped
        if monotonic() >= end:
            return False

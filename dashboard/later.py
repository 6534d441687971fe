"""Answers that may take longer than a click should: computed beside the page, shown when ready."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")
KEPT = 256
POLL = 0.35
_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="later")
_lock = Lock()
_jobs: "OrderedDict[tuple[str, Hashable], Future[Any]]" = OrderedDict()


def ready(name: str, function: Callable[[Any], T], argument: Hashable) -> T | None:
    """Return `function(argument)` if it has been computed; else have it computed, return None.

    Raises
    ------
    Exception
        What the function raised.
    """
    job = _submitted(name, function, argument)
    return job.result() if job.done() and not job.cancelled() else None


def _submitted(name: str, function: Callable[[Any], Any], argument: Hashable) -> "Future[Any]":
    key = (name, argument)
    with _lock:
        job = _jobs.get(key)
        if job is None or job.cancelled():
            job = _jobs[key] = _pool.submit(function, argument)
        _jobs.move_to_end(key)
        while len(_jobs) > KEPT:
            _jobs.popitem(last=False)[1].cancel()
    return job


def forget(name: str, argument: Hashable) -> None:
    """Take a job that has not begun out of the queue: nobody waits for it any more."""
    with _lock:
        job = _jobs.get((name, argument))
        if job is not None and job.cancel():
            _jobs.pop((name, argument), None)


def wait_for(name: str, function: Callable[[Any], Any], argument: Hashable, text: str) -> None:
    """Show that an answer is on its way, and run the page again when it is there."""

    @st.fragment(run_every=POLL)
    def poll() -> None:
        if ready(name, function, argument) is not None:
            st.rerun()
        st.caption(f"⏳ {text}")

    poll()

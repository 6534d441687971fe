"""Heavy answers: one queue, a second process, work that nobody waits for is dropped."""

import threading
import time

import pytest

from fascinet.dashboard import later, service
from fascinet.dashboard.later import Job, Queue
from fascinet.dashboard.worker import Worker, WorkerError
from fascinet.model.network import Network


def test_the_second_process_answers_as_this_one() -> None:
    case = service.resources().blank.with_state("atrophy", "yes")
    worker = Worker()
    try:
        there, here = worker.ask(service.whole, (case,)), service.whole(case)
        for entry in here.differential:
            other = there[entry.cause]
            assert other.posterior == pytest.approx(entry.posterior, abs=1e-12)
            assert other.interval == pytest.approx(entry.interval, abs=1e-9)
        assert there.next_tests[0].finding == here.next_tests[0].finding
        try:
            worker.ask(Network.save, (None, ""))
            raise AssertionError("an error there must be told")
        except WorkerError as error:
            assert "Error" in str(error)
        assert worker.alive
    finally:
        worker.close()
    assert not worker.alive


def test_a_question_is_answered_once_and_kept() -> None:
    queue, asked = Queue(), list[int]()

    def ask(n: int) -> int:
        asked.append(n)
        return 2 * n

    jobs = [queue.ask(ask, (n,)) for n in (1, 2, 1)]
    assert [job.future.result(10) for job in jobs] == [2, 4, 2]
    assert asked == [1, 2]


def test_an_error_reaches_who_asked() -> None:
    job = Queue().ask(int, ("x",))
    assert isinstance(job.future.exception(10), ValueError)


def test_work_that_nobody_waits_for_is_dropped() -> None:
    queue, gate, done = Queue(), threading.Event(), list[str]()

    def slow(name: str) -> str:
        gate.wait(10)
        done.append(name)
        return name

    first, stale, fresh = (queue.ask(slow, (name,)) for name in ("first", "stale", "fresh"))
    stale.wanted -= 2 * later.GRACE
    fresh.wanted += 60
    gate.set()
    assert fresh.future.result(10) == "fresh"
    assert first.future.done() and stale.future.cancelled()
    assert done == ["first", "fresh"]


def test_waiting_keeps_a_job_wanted_and_ends_in_time() -> None:
    job = Job((int, ()))
    job.wanted -= 100
    start = time.monotonic()
    assert not later.done(job, 0.1)
    assert time.monotonic() - start < 5
    assert time.monotonic() - job.wanted < 5
    job.future.set_result(0)
    assert later.done(job, 0.1)

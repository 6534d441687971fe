"""Two runs of one session overlap: a newer click starts before the older run has ended."""

from threading import Event, Thread

import pytest

from fascinet.dashboard.teaching.lesson import Lesson
from fascinet.dashboard.views import exercises
from fascinet.teaching import Exercise, Practice


@pytest.mark.parametrize("first", [True, False])
def test_an_outdated_run_does_not_take_the_place_of_the_newer_exercise(
    monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    begun, drawn, make = Event(), Event(), exercises.make

    def slowly(rooms: Practice, kind: str, seed: int) -> Exercise:
        if kind == "confounded":
            begun.set()
            drawn.wait(0.5)  # it ends after the newer one, if the newer one does not wait
        return make(rooms, kind, seed)

    monkeypatch.setattr(exercises, "make", slowly)
    now = Lesson()
    older = Thread(target=exercises._new, args=(now, "Going together"), kwargs={"first": first})
    older.start()
    assert begun.wait(60)
    exercises._new(now, "Odds")
    drawn.set()
    older.join()
    assert now.exercise is not None
    assert now.exercise.kind == "odds"


def test_an_answer_marks_only_the_exercise_that_it_was_given_to() -> None:
    now = Lesson()
    exercises._new(now, "Odds")
    asked = now.exercise
    assert asked is not None
    exercises._new(now, "From prior to posterior")
    exercises._check(now, asked, 0.0)
    assert now.mark is None
    assert now.done == {}

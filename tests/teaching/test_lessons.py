"""The lesson plans: their cases open, and every figure in their tables is the network's."""

import re
from pathlib import Path

import pytest

from fascinet.dashboard.teaching.lesson import rooms
from fascinet.dashboard.views.exercises import NAMES
from tools.lesson_tables import FOLDER, lessons, rewritten, talk_of

LESSONS = lessons()


def test_there_are_four_and_the_index_names_them() -> None:
    index = (FOLDER / "index.md").read_text()
    assert [p.stem for p in LESSONS] == [
        "als_or_benign", "base_rates", "electrolytes", "treat_or_test"
    ]  # fmt: skip
    assert all(f"({p.name})" in index for p in LESSONS)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_a_lessons_figures_are_the_networks(lesson: Path) -> None:
    text = lesson.read_text()
    assert text == rewritten(text), "run python -m tools.lesson_tables and read the prose again"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_fills_an_hour_and_names_what_is_there(lesson: Path) -> None:
    text = lesson.read_text()
    plan = text.split("## The hour")[1].split("##")[0]
    spans = re.findall(r"^\| (\d+)-(\d+) \|", plan, re.MULTILINE)
    assert (spans[0][0], spans[-1][1]) == ("0", "60")
    assert all(a[1] == b[0] for a, b in zip(spans, spans[1:], strict=False))
    for kind in re.findall(r"Exercises, \*([^*]+)\*", plan):
        assert kind in NAMES.values()


def test_the_figures_are_of_the_steps_told() -> None:
    """The link's case, step by step, against the engine asked directly."""
    talk = talk_of((FOLDER / "treat_or_test.md").read_text())
    known = talk.known(4)
    assert known["setting"] == "primary_care"
    assert len(known) == len(talk.ground) + 4
    normal = rooms().belief({**known, "mri": "normal"})["nerve_compression"]
    assert abs(normal - rooms().belief(known)["nerve_compression"]) < 0.02  # as the lesson says


def test_a_changed_figure_is_seen() -> None:
    text = (FOLDER / "base_rates.md").read_text()
    row = next(x for x in text.splitlines() if x.startswith("| Eyelid myokymia |"))
    assert rewritten(text.replace(row, "| Eyelid myokymia | 7 | 7 |")) == text

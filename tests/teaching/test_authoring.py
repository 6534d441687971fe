"""Cases written for teaching: read, checked, written back, handed out with and without answer."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fascinet.dashboard.teaching import handout
from fascinet.dashboard.teaching.talk import lesson_of, talk_from
from fascinet.model.errors import (
    CaseError,
    ImpossibleEvidenceError,
    OptionError,
    UnknownStateError,
    UnknownVariableError,
)
from fascinet.teaching import Practice, TeachingCase, check_case, practice, read_teaching_case
from tests.browser import choose, fill, opened, settled

TEXT = """
title: The <eyelid>
setting: primary_care
ground: {age_group: 18-39, sex: male}
cause: als
objectives: [Base rates before signs]
distractors: [ms]
note: Write a number down first.
steps:
  - {finding: eyelid_twitch, state: yes, note: What does it change?}
  - {finding: weakness, state: none}
"""


@pytest.fixture(scope="module")
def rooms() -> Practice:
    return practice()


@pytest.fixture(scope="module")
def case(rooms: Practice) -> TeachingCase:
    return read_teaching_case(rooms, TEXT.encode(), "lesson.yaml")


def test_what_is_written_is_read(rooms: Practice, case: TeachingCase) -> None:
    assert (case.title, case.note) == ("The <eyelid>", "Write a number down first.")
    assert [(s.finding, s.state) for s in case.steps] == [
        ("eyelid_twitch", "yes"), ("weakness", "none")
    ]  # fmt: skip
    assert read_teaching_case(rooms, case.to_json().encode(), "lesson.json") == case
    assert lesson_of(talk_from(case)) == case


def test_the_check_says_where_it_points(rooms: Practice, case: TeachingCase) -> None:
    found = check_case(rooms, case)
    assert [c.after for c in found] == [0, 1, 2]
    known = {"setting": "primary_care", "twitching": "yes", "age_group": "18-39", "sex": "male"}
    assert case.known(0) == known
    assert found[1].probability == rooms.belief({**known, "eyelid_twitch": "yes"})["als"]
    start = {v: known[v] for v in ("setting", "twitching")}
    log, given = rooms.engine.log_prob_evidence, rooms.engine.log_prob_evidence(start)
    single = sum(log({**start, v: known[v]}) - given for v in ("age_group", "sex"))
    assert found[0].conflict == pytest.approx(single - (log(known) - given), abs=1e-9)
    belief = rooms.belief(case.known())
    assert belief[found[2].leader] == max(belief[c] for c in rooms.open_causes(case.known()))


@pytest.mark.parametrize(
    ("old", "new", "kind", "told"),
    [
        ("setting: primary_care", "setting: primary", UnknownStateError, "primary_care"),
        ("finding: weakness", "finding: weaknes", UnknownVariableError, "weakness"),
        ("state: none", "state: nothing", UnknownStateError, "none"),
        ("cause: als", "cause: alz", OptionError, "als"),
        ("cause: als", "", CaseError, "cause is missing"),
        ("objectives:", "aims:", CaseError, "unknown key 'aims'"),
        ("note: What", "notes: What", CaseError, "a step: unknown key 'notes'"),
        ("finding: weakness, state: none", "finding: eyelid_twitch, state: no", CaseError, "twice"),
        (
            "finding: weakness, state: none",
            "finding: trigger_als, state: yes",
            CaseError,
            "nothing",
        ),
        ("age_group: 18-39", "cramps: yes", CaseError, "ground: expected age_group, sex"),
        ("[ms]", "ms", CaseError, "distractors: expected a list"),
    ],
)
def test_what_is_wrong_is_named(
    rooms: Practice, old: str, new: str, kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=told):
        read_teaching_case(rooms, TEXT.replace(old, new).encode(), "lesson.yaml")


def test_findings_that_exclude_each_other_are_named(rooms: Practice, case: TeachingCase) -> None:
    text = TEXT.replace("finding: weakness, state: none", "finding: pregnancy, state: yes")
    found = read_teaching_case(rooms, text.encode(), "lesson.yaml")
    try:
        check_case(rooms, found)
    except ImpossibleEvidenceError as error:
        assert "pregnancy" in error.conflict
    else:  # the network may allow it; then it says how little it fits
        assert check_case(rooms, found)[-1].conflict > 0


def test_the_handout_has_no_answers_and_the_answer_sheet_has(case: TeachingCase) -> None:
    plain, told = (handout.html_of(case, answers=a) for a in (False, True))
    assert "The &lt;eyelid&gt;" in plain
    assert plain.count(handout.BLANK) == 3
    for secret in (
        "Base rates before signs",
        "Write a number",
        "What does it change?",
        "&lt;0.1%",
        "At the end",
    ):
        assert secret not in plain
        assert secret in told
    assert "multiple sclerosis" in plain
    assert handout.pdf_of(case, answers=False).startswith(b"%PDF")
    assert handout.pdf_of(case, answers=True).startswith(b"%PDF")


@pytest.mark.browser
def test_a_lesson_is_written_kept_handed_out_told_and_deleted(
    tab: Page, lessons: str, own_cases: Path
) -> None:
    opened(tab, lessons, "present", "?e=twitching.yes~age_group.18-39~insomnia.yes~cramps.yes")
    tab.get_by_text("Lesson: title").click()
    table = tab.get_by_role("region", name="Where the case points")
    expect(table.get_by_role("row")).to_have_count(4)
    fill(tab, "Title", "My <first> case")
    fill(tab, "Note: Muscle cramps", "Where?")
    tab.get_by_role("button", name="↓").first.click()
    expect(table.get_by_role("row").nth(2)).to_contain_text("Muscle cramps")
    choose(tab, "Add a finding", "Caffeine", "Caffeine excess")
    tab.get_by_role("button", name="Add", exact=True).click()
    expect(table.get_by_role("row")).to_have_count(5)
    with tab.expect_download() as saved:
        tab.get_by_role("button", name="Handout", exact=True).click()
    assert handout.BLANK in saved.value.path().read_text()
    tab.get_by_role("button", name="Save to my cases").click()
    expect(tab.get_by_text("Saved as my-first-case.json")).to_be_visible()
    kept = read_teaching_case(practice(), (own_cases / "my-first-case.json").read_bytes())
    told = [("cramps", "Where?"), ("insomnia", ""), ("caffeine_excess", "")]
    assert sorted((s.finding, s.note) for s in kept.steps) == sorted(told)

    opened(tab, lessons, "cases", "")
    tab.get_by_text("Mine", exact=True).click()
    tab.get_by_role("button", name="Tell or change it").click()
    settled(tab)
    expect(tab.get_by_test_id("step")).to_have_text("Step 0 of 3")
    settled(tab)
    tab.get_by_text("Notes for this step").click()
    fill(tab, "Notes", "Numbers first.")
    settled(tab)
    tab.get_by_text("Lesson: title").click()
    expect(tab.get_by_role("textbox", name="Note: The story")).to_have_value("Numbers first.")
    note = read_teaching_case(practice(), (own_cases / "my-first-case.json").read_bytes()).note
    assert note == "Numbers first."

    upload = tab.locator('input[type="file"]')
    upload.set_input_files({"name": "bad.yaml", "mimeType": "text/yaml", "buffer": b"title: x"})
    expect(tab.get_by_text("This file was refused")).to_be_visible()
    upload.set_input_files({"name": "l.yaml", "mimeType": "text/yaml", "buffer": TEXT.encode()})
    tab.get_by_role("button", name="Tell this lesson").click()
    settled(tab)
    expect(tab.get_by_test_id("step")).to_have_text("Step 0 of 2")

    opened(tab, lessons, "cases", "")
    tab.get_by_text("Mine", exact=True).click()
    tab.get_by_role("button", name="Delete", exact=True).click()
    tab.get_by_role("button", name="Yes, delete My <first> case").click()
    expect(tab.get_by_text("No case of your own yet")).to_be_visible()
    assert list(own_cases.iterdir()) == []

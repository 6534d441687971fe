"""What the pages advise and say first: when to stop, what must be asked, why not at 25."""

import json

import pytest
from typer.testing import CliRunner

import fascinet as fn
from fascinet.cli import app
from fascinet.dashboard import doubts, figures, headline, scenarios, service, words
from fascinet.dashboard.reasons import contained, reasons
from fascinet.dashboard.state import Case, Session
from fascinet.dashboard.views.differential import suggestions

EYELID = {"age_group": "18-39", "sex": "male", "eyelid_twitch": "yes", "caffeine_excess": "yes",
          "high_stress": "yes"}  # fmt: skip
MND = {
    "age_group": "60+", "sex": "male", "weakness": "objective", "atrophy": "yes",
    "umn_signs": "yes", "babinski": "yes", "tongue_signs": "yes", "bulbar": "yes",
    "twitch_spread": "widespread", "progressive_course": "yes", "emg": "widespread_denervation",
    "mri": "normal", "sensory_loss": "no", "numbness_tingling": "none", "weight_loss": "yes",
}  # fmt: skip


def case_of(**findings: str) -> Case:
    case = service.resources().blank
    for variable, state in findings.items():
        case = case.with_state(variable, state)
    return case


def advice(case: Case) -> dict[str, list[str]]:
    found = suggestions(service.resources(), Session(case=case), service.whole(case))
    return {group["title"]: [item["id"] for item in group["items"]] for group in found}


def test_after_the_diagnosis_nothing_more_is_asked() -> None:
    case = case_of(**MND)
    assert headline.sentence(case).startswith("Most likely amyotrophic lateral sclerosis")
    assert advice(case) == {"Best next question": [], "Best next test": []}


def test_warning_signs_that_nobody_asked_about_come_first() -> None:
    told = advice(case_of(**EYELID))
    assert next(iter(told)) == "Not yet asked: warning signs"
    urgent = {
        v for flag in service.resources().knowledge.red_flags if flag.level == "urgent"
        for when in flag.when for v in when
    }  # fmt: skip
    assert set(told["Not yet asked: warning signs"]) <= urgent
    assert not set(told["Best next question"]) & set(told["Not yet asked: warning signs"])


def test_what_is_advised_is_sorted_by_what_it_shows() -> None:
    found = suggestions(service.resources(), Session(case=case_of(**EYELID)),
                        service.whole(case_of(**EYELID)))  # fmt: skip
    for group in found:
        shown = [float(i["gain"]) for i in group["items"] if i["gain"] != "decisive"]
        assert shown == sorted(shown, reverse=True)


def test_at_25_age_is_what_speaks_against_als() -> None:
    found = reasons(case_of(**EYELID), "als")
    first = found.weights[0]
    assert (first.finding, first.ground) == ("age_group", True)
    assert first.db < 0 and abs(first.db) == max(abs(w.db) for w in found.weights)


@pytest.mark.parametrize("told", [EYELID, MND], ids=["eyelid", "mnd"])
def test_pages_command_line_and_api_say_the_same(told: dict[str, str]) -> None:
    case = case_of(**told)
    pages = service.differential(case).differential
    api = fn.diagnose(case.evidence, setting=case.setting)
    options = [x for v, s in case.evidence.items() for x in ("-f", f"{v}={s}")]
    run = CliRunner().invoke(
        app, ["diagnose", *options, "--setting", case.setting, "--format", "json"]
    )
    printed = json.loads(run.stdout)["differential"]
    for ours, theirs, line in zip(pages[:10], api.differential, printed, strict=False):
        assert ours.cause == theirs.cause == line["cause"]
        for name in ("prior", "posterior", "responsibility"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9)
            assert getattr(ours, name) == pytest.approx(line[name], rel=1e-6, abs=1e-9)


def test_treating_starts_with_the_first_cause_that_can_be_treated() -> None:
    case = case_of(**EYELID)
    order = list(scenarios.actionable(case))
    assert order[0] == "caffeine_excess"  # it was entered: the thing to take away
    ranked = [e.cause for e in service.ranked(case)]
    rest = [c for c in order if c in ranked]
    assert rest == sorted(rest, key=ranked.index)


def test_a_change_below_half_a_point_is_no_change() -> None:
    assert words.change(0.5, 0.5049) == words.NOTHING
    assert words.change(0.5, 0.506) != words.NOTHING


def test_letters_and_gaps_of_a_source_are_mended() -> None:
    assert figures._plain(r"Had{\v z}i{\'c}") == "Hadžić"
    assert figures._plain("syndrome , type I") == "syndrome, type I"


def test_a_finding_that_the_others_do_not_expect_is_named() -> None:
    found = {v: MND[v] for v in ("weakness", "atrophy", "umn_signs", "tongue_signs", "bulbar")}
    told = doubts.unexpected(case_of(**found, emg="normal"))
    assert told.startswith("Needle EMG: normal is what the other findings expect least")
    assert doubts.unexpected(case_of(**found)) == ""


def test_what_another_finding_tells_is_said_to_be_counted_once() -> None:
    assert "Weakness (found on examination) is already told by foot drop" in contained(
        case_of(weakness="objective", foot_drop="yes")
    )
    assert contained(case_of(weakness="objective")) == contained(case_of(foot_drop="yes")) == ""
    denied = contained(case_of(weakness="none", foot_drop="no"))
    assert denied == "No foot drop is already told by weakness (none): one sign, counted once."
    assert contained(case_of(weakness="objective", foot_drop="no")) == ""

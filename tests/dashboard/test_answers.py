"""What the pages ask of the engine, on the shipped network."""

from dataclasses import replace

import pytest

from fascinet.dashboard import (
    library,
    phenopacket,
    plans,
    report,
    report_pdf,
    scenarios,
    service,
    sureness,
)
from fascinet.dashboard.reasons import in_words, reasons
from fascinet.dashboard.state import Case
from fascinet.dashboard.words import odds
from fascinet.model.errors import CaseError, FascinetError, ImpossibleEvidenceError


@pytest.fixture(scope="module")
def case() -> Case:
    blank = service.resources().blank
    for variable, state in (
        ("age_group", "60+"), ("sex", "male"), ("weakness", "objective"), ("atrophy", "yes"),
    ):  # fmt: skip
        blank = blank.with_state(variable, state)
    return blank


def test_the_weights_lead_from_before_to_now(case: Case) -> None:
    found = reasons(case, "als")
    total = 10 ** (sum(w.db for w in found.weights) / 10)
    assert odds(found.prior) * total == pytest.approx(odds(found.posterior), rel=1e-6)
    assert found.posterior == pytest.approx(service.differential(case)["als"].posterior, rel=1e-9)
    assert "muscle atrophy" in " ".join(in_words(found, clinician=False))


def test_a_paused_finding_leaves_the_evidence(case: Case) -> None:
    paused = case.with_pause("atrophy")
    assert (
        service.differential(paused)["als"].posterior < service.differential(case)["als"].posterior
    )


def test_a_moved_figure_agrees_with_its_sensitivity_function(case: Case) -> None:
    for lever in sureness.levers(case, "als")[:3]:
        value = (lever.low + lever.high) / 2
        moved = scenarios.with_figure(case, "als", lever.index, value)
        assert moved["als"] == pytest.approx(lever.at(value), rel=1e-6)


def test_the_cited_prior_changes_nothing(case: Case) -> None:
    base = service.presence(service.before(case), "als")
    same = scenarios.with_prior(case, "als", base)
    assert same["als"] == pytest.approx(scenarios.current(case)["als"], rel=1e-9)
    assert scenarios.with_prior(case, "als", 4 * base)["als"] > same["als"]


def test_the_places_of_each_cause_add_up(case: Case) -> None:
    rows = sureness.standings(case, count=99)
    for place in range(sureness.PLACES):
        assert sum(r.places[place] for r in rows) == pytest.approx(1.0)
    assert rows[0].places[0] == max(r.places[0] for r in rows)


def test_home_and_what_next_agree_on_what_is_best(case: Case) -> None:
    best = service.whole(case).next_tests[0]
    assert plans.options(case, None, "both")[0].id == best.finding
    assert service.with_next(case).next_tests[0].finding == best.finding


@pytest.mark.parametrize("test", ["serum_k", "sensory_loss", "caffeine_excess", "weakness_pattern"])
def test_a_result_makes_of_each_cause_what_entering_it_makes(case: Case, test: str) -> None:
    case = case.with_state("beta_agonist", "yes").with_likelihood("tremor", {"no": 0.2, "yes": 0.8})
    found = plans.results(case, test)
    assert sum(r.probability for r in found) == pytest.approx(1.0, abs=1e-9)
    for result in found:
        entered = service.beliefs(case.with_state(test, result.state))
        for cause in service.resources().reasoner.causes:
            there = service.presence(entered, cause)
            assert result.present[cause] == pytest.approx(there, abs=1e-10), cause


def test_what_is_learned_is_what_entering_it_makes_or_is_refused(case: Case) -> None:
    for variable, state in (("atrophy", "no"), ("als", "yes"), ("tremor", "yes")):
        then = scenarios.learned(case, variable, state)
        assert then == pytest.approx(scenarios.current(case.with_state(variable, state)), abs=1e-10)
    with pytest.raises(ImpossibleEvidenceError):
        scenarios.learned(case.with_state("twitch_duration", "weeks"), "twitching", "no")


def test_every_case_of_the_library_opens_or_says_why() -> None:
    entries = library.entries()
    assert len(entries) == 66
    opened = 0
    for entry in entries:
        try:
            library.open_entry(entry)
            opened += 1
        except FascinetError as error:
            assert str(error)
    assert opened >= 60


def test_a_saved_case_comes_back(case: Case) -> None:
    back = library.open_upload(library.save(case).encode()).case
    assert back.evidence == case.evidence


def test_what_a_phenopacket_cannot_hold_is_said_before_saving(case: Case) -> None:
    states = service.resources().network.states("emg")
    graded = case.with_likelihood("emg", {s: 0.2 + 0.1 * k for k, s in enumerate(states)})
    assert [line.split(":")[0] for line in phenopacket.lost(graded)] == ["emg"]
    assert phenopacket.lost(case) == ()


@pytest.mark.parametrize("setting", ["general", "neuromuscular_clinic"])
def test_a_phenopacket_brings_the_whole_case_back(case: Case, setting: str) -> None:
    whole = replace(case.with_state("twitch_duration", "weeks"), setting=setting)
    back = library.open_upload(phenopacket.to_packet(whole).encode())
    assert back.missed == ()
    assert (back.case.setting, back.case.evidence) == (setting, whole.evidence)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00", b"", b"{", b"[]", b'"text"', b"{}", b"[" * 100_000,
        b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
        b'{"phenotypicFeatures": 7}', b'{"findings": {"ghost": "yes"}}',
        b"x" * 2_000_001,
    ],
)  # fmt: skip
def test_hostile_files_are_refused_with_a_message(data: bytes) -> None:
    with pytest.raises(FascinetError) as caught:
        library.open_upload(data)
    assert str(caught.value)


def test_a_large_file_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(CaseError, match="bytes"):
        library.open_upload(b" " * 50_000_000)


def test_the_report_holds_inputs_differential_limits_and_hash(case: Case) -> None:
    made = report.compose(case.with_state("tremor", "no"))
    page = report.to_html(made)
    for text in ("Muscle atrophy", "No tremor", "Amyotrophic", "teaching only",
                 service.resources().network.hash, "<svg"):  # fmt: skip
        assert text in page
    assert "http://" not in page.split("<body>")[0]
    assert report_pdf.to_pdf(made).startswith(b"%PDF")


def test_the_pdf_has_letters_beyond_latin_1_and_shows_what_it_lacks(case: Case) -> None:
    text = "Żółć, Ōsawa, Ирина, αβ ≥ 5 – “x”"
    assert report_pdf.printable(text) == text
    assert report_pdf.printable("日本") == 2 * report_pdf.MISSING
    made = replace(report.compose(case), sources=(text, "日本"))
    assert report_pdf.to_pdf(made).startswith(b"%PDF")


def test_the_quick_differential_is_the_whole_one(case: Case) -> None:
    """A cause keeps its own score, also where its group has the same name."""
    quick, slow = service.differential(case), service.resources().reasoner.diagnose(
        service.model_case(case), case.setting, tests=0, intervals=False
    )  # fmt: skip
    for entry in slow.differential:
        assert quick[entry.cause].responsibility == pytest.approx(entry.responsibility, abs=1e-12)
        assert quick[entry.cause].posterior == pytest.approx(entry.posterior, abs=1e-12)
    assert not quick.groups and service.grouped(case) == slow.groups
    shares = {g.group: g.score for g in slow.groups}
    assert shares["peripheral_neuropathy"] > quick["peripheral_neuropathy"].responsibility

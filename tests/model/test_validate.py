"""Planted faults: each is reported with its file, its place and a remedy."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fascinet.model.load import shipped_folder
from fascinet.model.validate import check

Plant = Callable[[Path], None]


def edit(name: str, old: str, new: str, count: int = 1) -> Plant:
    """Return a plant that replaces a pattern in a file; the pattern has to be there."""

    def plant(folder: Path) -> None:
        path = folder / name
        text, found = re.subn(old, new, path.read_text(encoding="utf-8"), count=count)
        assert found, f"{name} has no {old!r}"
        path.write_text(text, encoding="utf-8")

    return plant


def append(name: str, text: str) -> Plant:
    """Return a plant that adds text at the end of a file."""

    def plant(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as out:
            out.write(text)

    return plant


def remove(name: str) -> Plant:
    """Return a plant that deletes a file."""
    return lambda folder: (folder / name).unlink()


ALS, MS = "causes/als.yaml", "causes/ms.yaml"
EXPERT = "range: [0.1, 0.3], source: expert_estimate, grade: D}"
STUDY = "studies: [{source: raymond2019, n: 100, events: 30, where: Table 1, read: abstract}]}"
HIGH = "  cramps: {p: 0.9, range: [0.8, 0.95], grade: B, "
SUMMARY = r"(?ms)^summary: .*?\n\n"
# rule, file, something in the place, plant
GUESS = "{p: 0.1, range: [0.05, 0.2], source: expert_estimate, grade: D}"
FAULTS: dict[str, tuple[str, str, str, Plant]] = {
    "unknown source": ("unknown_source", ALS, "findings.atrophy",
        edit(ALS, r"(  atrophy: .*source: )\w+", r"\1nobody1999")),
    "p above one": ("probability", ALS, "findings.gait_disturbance",
        edit(ALS, r"(  gait_disturbance: \{p: )[\d.]+", r"\g<1>1.2")),
    "p outside its range": ("number_range", ALS, "findings.gait_disturbance",
        edit(ALS, r"(  gait_disturbance: \{p: )[\d.]+", r"\g<1>0.01")),
    "range outside 0 to 1": ("number_range", MS, "findings.tremor",
        edit(MS, r"(  tremor: .*range: )\[[^]]*\]", r"\1[0.1, 1.5]")),
    "contained finding unknown": ("implied", "findings.yaml", "foot_drop.implies",
        edit("findings.yaml", r"(foot_drop:(?s:.*?)implies: \{yes: \{)distal_weakness: yes",
             r"\1weakness: limp")),
    "state that contains unknown": ("implied", "tests.yaml", "ecg.implies.arrhytmia",
        edit("tests.yaml", r"implies: \{arrhythmia:", "implies: {arrhytmia:")),
    "unknown parent": ("unknown_parent", ALS, "prior.odds.age_grup",
        edit(ALS, r"    age_group:", "    age_grup:")),
    "unknown parent's state": ("unknown_parent", ALS, "prior.odds.sex",
        edit(ALS, r"      male:", "      man:")),
    "cycle": ("cycle", "causes/", "prior.links",
        edit("causes/hypomagnesaemia.yaml", r"(?m)^  links:.*\n",
             "  links:\n    hypokalaemia:\n      yes: {p: 0.2, " + EXPERT + "\n")),
    "must statement uncited": ("uncited_statement", "statements.yaml", "X9",
        append("statements.yaml", "X9: {must: true, text: Something new.}\n")),
    "HPO code of the wrong form": ("hpo_anchor", "findings.yaml", "pain.hpo",
        edit("findings.yaml", r"yes: \[HP:0012531", "yes: [HP:12531")),
    "ICD code of the wrong form": ("code_form", ALS, "codes.icd10",
        edit(ALS, r"G12\.21", "12G.21")),
    "unknown code system": ("code_form", ALS, "codes.icd9", edit(ALS, r"icd10:", "icd9:")),
    "spread that does not sum to one": ("distribution", ALS, "twitch_duration",
        edit(ALS, r"months: [\d.]+", "months: 0.9")),
    "spread that is off by a millionth": ("distribution", ALS, "twitch_duration",
        edit(ALS, r"(months: [\d.]+)", r"\g<1>0001")),
    "duplicate id": ("duplicate_id", MS, "id", edit(MS, r"(?m)^id: ms", "id: als")),
    "duplicate key": ("duplicate_key", ALS, "findings.atrophy",
        append(ALS, "  atrophy: {p: 0.2, " + EXPERT + "\n")),
    "link below the leak": ("monotone", "causes/hypocalcaemia.yaml", "serum_ca",
        edit("causes/hypocalcaemia.yaml", r"(  serum_ca:\n    low: )\{.*\}",
             r"\1{p: 0.0, range: [0.0, 0.01], source: expert_estimate, grade: D}")),
    "unused source": ("unused_source", "sources.bib", "lonely2020",
        append("sources.bib", "\n@misc{lonely2020,\n  title = {Alone},\n  year = {2020},\n}\n")),
    "unknown article id": ("unknown_statement", ALS, "article",
        edit(ALS, r"(?m)^article: \[D1\]", "article: [D1, Z7]")),
    "test without cost": ("missing", "tests.yaml", "ncs",
        edit("tests.yaml", r"(?ms)(^ncs:.*?)  cost: \d\n", r"\1")),
    "test of cost nine": ("test_fields", "tests.yaml", "ncs.cost",
        edit("tests.yaml", r"(?ms)(^ncs:.*?  cost: )\d", r"\g<1>9")),
    "figure without grade": ("missing", ALS, "findings.atrophy",
        edit(ALS, r"(  atrophy: .*), grade: \w", r"\1")),
    "figure without source": ("missing", ALS, "findings.atrophy",
        edit(ALS, r"(  atrophy: .*)source: \w+, ", r"\1")),
    "unknown finding": ("unknown_finding", ALS, "findings.atrofy",
        edit(ALS, r"  atrophy:", "  atrofy:")),
    "unknown state of a finding": ("unknown_finding", ALS, "findings.weakness.object",
        edit(ALS, r"(?m)(^findings:\n  weakness:\n    )objective:", r"\1object:")),
    "unknown state in a course": ("unknown_finding", ALS, "course.weakness.object",
        edit(ALS, r"(?m)(^course:\n  weakness:\n    )objective:", r"\1object:")),
    "states that sum to more than one": ("unknown_finding", ALS, "findings.emg",
        edit(ALS, r"(widespread_denervation: \{p: )[\d.]+, range: \[[^]]*\]",
             r"\g<1>0.95, range: [0.6, 0.99]")),
    "unknown group": ("unknown_group", ALS, "group", edit(ALS, r"group: als", "group: alz")),
    "misspelt key": ("schema", ALS, "must_not_mis",
        edit(ALS, r"must_not_miss", "must_not_mis")),
    "not YAML": ("yaml", ALS, "", append(ALS, "  broken: [1, 2\n")),
    "missing file": ("yaml", "actions.yaml", "", remove("actions.yaml")),
    "finding without leak": ("leak", "findings.yaml", "bulbar.leak",
        edit("findings.yaml", r"(?ms)(^bulbar:.*?)  leak: [^\n]*\n", r"\1")),
    "red flag on an unknown variable": ("red_flag", "red_flags.yaml", "weaknes",
        edit("red_flags.yaml", r"\{weakness: \[objective\]", "{weaknes: [objective]")),
    "action for an unknown cause": ("action", "actions.yaml", "targets",
        edit("actions.yaml", r"targets: \[poor_sleep", "targets: [poor_slep")),
    "exposure that sets nothing": ("exposure", "exposures.yaml", "tobacco",
        edit("exposures.yaml", r"tobacco: \{.*\}", "tobacco: {}")),
    "expert estimate of grade A": ("expert_grade", ALS, "grade",
        edit(ALS, r"source: expert_estimate, grade: D", "source: expert_estimate, grade: A")),
    "place without what was read": ("citation_place", ALS, "findings.cramps.yes.read",
        edit(ALS, r"  cramps: \{.*\}", HIGH + "where: Table 2, source: raymond2019}")),
    "expert estimate with a place": ("citation_place", ALS, "findings.neck_weakness.yes.where",
        edit(ALS, r"(  neck_weakness: \{p: [\d.]+, )", r"\1where: Table 2, read: quote, ")),
    "figure away from its studies": ("pooled", ALS, "findings.cramps.yes.p",
        edit(ALS, r"  cramps: \{.*\}", HIGH + STUDY)),
    "more events than persons": ("pooled", ALS, "findings.cramps.yes.studies.0.events",
        edit(ALS, r"  cramps: \{.*\}", HIGH + STUDY.replace("30", "130"))),
    "study of an unknown source": ("unknown_source", ALS, "findings.cramps.yes.source",
        edit(ALS, r"  cramps: \{.*\}", HIGH + STUDY.replace("raymond2019", "x"))),
    "stake for no target": ("utility", "utilities.yaml", "actions.A1.stakes.als",
        edit("utilities.yaml", r"(?ms)(^  A1:.*?stakes: \{)", r"\1als: 2, ")),
    "urgent flag without a time": ("red_flag", "red_flags.yaml", "within",
        edit("red_flags.yaml", r"  within: hours\n", "")),
    "flag that calls for no action there is": ("red_flag", "red_flags.yaml", "actions",
        edit("red_flags.yaml", r"actions: \[A8, A9\]", "actions: [A8, A99]")),
    "test in two sessions": ("session", "sessions.yaml", "blood.tests",
        edit("sessions.yaml", r"tests: \[tsh", "tests: [serum_k, tsh")),
    "statement that nothing shows": ("statement_proofs", "statements.yaml", "A2",
        edit("statements.yaml", r"(?ms)(^A2:.*?)  proofs:\n[^\n]*\n", r"\1")),
    "lay word for no state": ("lay_words", "lay_words.yaml", "cramps=yess",
        edit("lay_words.yaml", r"(?m)^cramps=yes:", "cramps=yess:")),
    "mechanism that is none": ("trigger_parts", ALS, "trigger.mechanism",
        edit(ALS, r"mechanism: nerve_irritation", "mechanism: nerve_iritation")),
    "trigger that hides the duration": ("trigger_parts", ALS, "trigger.shows",
        edit(ALS, r"      twitch_duration: .*\n", "")),
    "prior for two settings only": ("own_states", ALS, "prior.settings",
        edit(ALS, r"    general: \{.*\}\n", "")),
    "name of two variables": ("duplicate_name", "tests.yaml", "pain",
        edit("tests.yaml", r"(?m)^ck:", "pain:")),
    "fit of a cause that is gone": ("fitted_prior", "fitted_priors.yaml", "gone",
        append("fitted_priors.yaml", "gone:\n  general: {yes: 0.1}\n")),
    "unmapped term without reason": ("hpo_terms", "hpo_unmapped.csv", "HP:0000001",
        append("hpo_unmapped.csv", "HP:0000001,All,\n")),
    "a defining result that another cause makes": ("defining", ALS, "findings.serum_k.low",
        edit(ALS, r"(?m)^findings:\n", f"findings:\n  serum_k:\n    low: {GUESS}\n")),
    "a result that defines nothing known": ("defining", "tests.yaml", "serum_k.defines.low",
        edit("tests.yaml", r"\{low: hypokalaemia,", "{low: hypokalemia,")),
    "cut points that do not increase": ("measured", "tests.yaml", "serum_k.measured",
        edit("tests.yaml", r"cuts: \[3.5, 5.0\]", "cuts: [5.0, 3.5]")),
    "a result without a cut point": ("measured", "tests.yaml", "ck.measured",
        edit("tests.yaml", r"cuts: \[200, 2000\]", "cuts: [200]")),
    "cut points of nobody": ("measured", "tests.yaml", "serum_ca.measured",
        edit("tests.yaml", r"source: nhs_highland_ca", "source: nhs_highlands_ca")),
    "a coarse state in a script": ("unknown_finding", ALS, "findings.weakness.subjective",
        edit(ALS, r"(?m)^findings:\n  weakness:\n",
             f"findings:\n  weakness:\n    subjective: {GUESS}\n")),
    "source without a title": ("source_fields", "sources.bib", "hpo2025",
        edit("sources.bib", r"(?s)(@misc\{hpo2025,\n)  title = [^\n]*\n", r"\1")),
}  # fmt: skip


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("knowledge") / "data"
    skip = shutil.ignore_patterns("__pycache__", "*.py", "cases")
    return Path(shutil.copytree(shipped_folder(), folder, ignore=skip))


@pytest.fixture
def copy(clean: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clean, tmp_path / "data"))


def test_shipped_knowledge_has_no_issue() -> None:
    assert check() == ()


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str, copy: Path) -> None:
    rule, file, place, plant = FAULTS[name]
    plant(copy)
    issues = check(copy)
    found = [i for i in issues if i.rule == rule and i.where.startswith(file) and place in i.where]
    assert found, f"expected {rule} in {file} at {place}, got {[str(i) for i in issues]}"
    assert all(i.message and i.remedy for i in issues)


def test_line_is_that_of_the_fault(copy: Path) -> None:
    edit(ALS, r"(  atrophy: .*source: )\w+", r"\1nobody1999")(copy)
    lines = (copy / ALS).read_text(encoding="utf-8").splitlines()
    line = next(i for i, text in enumerate(lines, start=1) if "nobody1999" in text)
    (issue,) = check(copy)[:1]
    assert issue.where.startswith(f"{ALS}:{line}:")


def test_all_issues_are_collected(copy: Path) -> None:
    edit(ALS, r"(  atrophy: .*source: )\w+", r"\1nobody1999")(copy)
    edit(MS, r"(  tremor: .*), grade: \w", r"\1")(copy)
    edit("tests.yaml", r"(?ms)(^ncs:.*?  cost: )\d", r"\g<1>9")(copy)
    rules = {issue.rule for issue in check(copy)}
    assert {"unknown_source", "missing", "test_fields"} <= rules

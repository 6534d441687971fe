"""Ancestry: what an observed term sets, and what an excluded one rules out."""

from io import StringIO

import pytest

from fascinet.model.errors import CaseError
from fascinet.model.hpo import HpoMap, parse_map
from fascinet.model.packet_evidence import gather
from fascinet.model.phenopackets import Feature

# a small ontology:       root
#            weak ─────────┤    ├───── reflex ── brisk ── knee
#   hand ── arm_weak ──────┘    ├───── babinski
#                               └───── twitch ── lid
TABLE = """# test 1
code,label,relation,finding,state,anchor
weak,Weak,below,weakness,objective,weak
arm_weak,Arm weak,below,weakness,objective,weak
hand,Hand weak,below,weakness,objective,weak
stairs,Stairs,hint,weakness,objective,stairs
tired,Tired,below,weakness,subjective,tired
brisk,Brisk,below,umn,yes,brisk
knee,Knee,below,umn,yes,brisk
babinski,Babinski,below,umn,yes,babinski
k_low,Low K,below,serum_k,low,k_low
k_high,High K,below,serum_k,high,k_high
emg,EMG,below,emg,focal|widespread,emg
emg_w,EMG widespread,below,emg,widespread,emg_w
mri_a,A,below,mri,compression,mri_a
mri_b,B,below,mri,demyelination,mri_b
twitch,Fasciculations,below,twitching,yes,twitch
lid,Eyelid myokymia,below,eyelid_twitch,yes,lid
arm_weak,Arm weak,isa,,,weak
hand,Hand weak,isa,,,arm_weak
weak,Weak,isa,,,root
stairs,Stairs,isa,,,root
tired,Tired,isa,,,root
knee,Knee,isa,,,brisk
brisk,Brisk,isa,,,reflex
reflex,Reflex,isa,,,root
babinski,Babinski,isa,,,root
k_low,Low K,isa,,,k
k_high,High K,isa,,,k
k,K,isa,,,root
lid,Eyelid myokymia,isa,,,twitch
twitch,Fasciculations,isa,,,root
emg,EMG,isa,,,root
emg_w,EMG widespread,isa,,,emg
"""
STATES = {
    "weakness": ("none", "subjective", "objective"),
    "umn": ("no", "yes"),
    "serum_k": ("low", "normal", "high"),
    "emg": ("normal", "focal", "widespread"),
    "mri": ("normal", "compression", "demyelination"),
    "twitching": ("no", "yes"),
    "eyelid_twitch": ("no", "yes"),
    "twitch_duration": ("days", "weeks", "months"),
    "twitch_spread": ("single_site", "focal_limb", "widespread"),
}
RESTING = {v: "normal" if "normal" in s else s[0] for v, s in STATES.items()}
ORDERED = frozenset({"weakness", "emg"})


@pytest.fixture(scope="module")
def table() -> HpoMap:
    return parse_map(StringIO(TABLE), {"hair": "not of this network"})


def read(table: HpoMap, *terms: str, age: float | None = None):
    features = [Feature(t.lstrip("-"), t.lstrip("-").title(), t.startswith("-")) for t in terms]
    return gather(features, STATES, RESTING, ORDERED, table, age)


@pytest.mark.parametrize("term", ["weak", "arm_weak", "hand", "stairs"])
def test_a_term_at_or_below_an_anchor_sets_the_finding(table: HpoMap, term: str) -> None:
    assert read(table, term).hard == {"weakness": "objective"}


def test_an_excluded_term_excludes_everything_below_it(table: HpoMap) -> None:
    assert read(table, "-root").hard["umn"] == "no"
    assert read(table, "-reflex", "-babinski").hard == {"umn": "no"}


def test_all_defining_anchors_must_go_but_hints_need_not(table: HpoMap) -> None:
    assert read(table, "-weak").soft["weakness"] == {"none": 1, "subjective": 1, "objective": 0}
    assert read(table, "-weak", "-tired").hard == {"weakness": "none"}
    assert read(table, "-stairs").hard == {}


@pytest.mark.parametrize("term", ["-brisk", "-knee", "-hand"])
def test_an_exclusion_narrower_than_the_finding_is_reported(table: HpoMap, term: str) -> None:
    found = read(table, term)
    assert not found.hard and not found.soft and not found.unmapped
    assert "narrower" in found.warnings[0]


def test_excluding_one_side_leaves_normal_and_the_other(table: HpoMap) -> None:
    assert read(table, "-k_low").soft == {"serum_k": {"low": 0, "normal": 1, "high": 1}}
    assert read(table, "-k").hard == {"serum_k": "normal"}


def test_a_term_may_leave_states_open_and_another_narrow_them(table: HpoMap) -> None:
    assert read(table, "emg").soft == {"emg": {"normal": 0, "focal": 1, "widespread": 1}}
    assert read(table, "emg", "emg_w").hard == {"emg": "widespread"}


def test_the_strongest_state_holds_for_an_ordered_finding(table: HpoMap) -> None:
    assert read(table, "weak", "tired").hard == {"weakness": "objective"}


def test_unordered_states_that_differ_stay_open_with_a_warning(table: HpoMap) -> None:
    found = read(table, "mri_a", "mri_b")
    assert found.soft["mri"] == {"normal": 0, "compression": 1, "demyelination": 1}
    assert "Mri_A" in found.warnings[0] and "Mri_B" in found.warnings[0]


def test_observed_beats_excluded_with_a_warning_that_names_both(table: HpoMap) -> None:
    found = read(table, "babinski", "-reflex")
    assert found.hard == {"umn": "yes"}
    found = read(table, "stairs", "-weak")
    assert found.hard == {"weakness": "objective"}
    assert "Stairs" in found.warnings[0] and "Weak" in found.warnings[0]


@pytest.mark.parametrize(
    ("yes", "no"), [("weak", "-weak"), ("hand", "-weak"), ("hand", "-arm_weak")]
)
def test_a_term_below_an_excluded_one_is_a_contradiction(table: HpoMap, yes: str, no: str) -> None:
    with pytest.raises(CaseError, match="contradictory case: .*observed.*excluded"):
        read(table, yes, no)


def test_an_unknown_term_is_listed(table: HpoMap) -> None:
    assert [f.code for f in read(table, "hair", "weak", "-zebra").unmapped] == ["hair", "zebra"]


def test_twitching_carries_its_site_and_duration(table: HpoMap) -> None:
    site = {"site": "arms, trunk and legs", "duration": "P1Y"}
    found = gather(
        [Feature("twitch", "Fasciculations", details=site)], STATES, RESTING, ORDERED, table
    )
    assert found.hard == {
        "twitching": "yes", "twitch_spread": "widespread", "twitch_duration": "months",
    }  # fmt: skip


def test_the_duration_may_follow_from_the_age_at_onset(table: HpoMap) -> None:
    feature = Feature("twitch", "Fasciculations", onset_days=20 * 365.25)
    found = gather([feature], STATES, RESTING, ORDERED, table, age_days=21 * 365.25)
    assert found.hard["twitch_duration"] == "months"


def test_an_eyelid_is_a_twitch_of_one_site(table: HpoMap) -> None:
    lid = gather([Feature("lid", "Eyelid myokymia")], STATES, RESTING, ORDERED, table)
    assert lid.hard == {
        "eyelid_twitch": "yes", "twitching": "yes", "twitch_spread": "single_site",
    }  # fmt: skip

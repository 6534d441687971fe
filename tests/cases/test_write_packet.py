"""A case written as a Phenopacket comes back; what cannot is named before saving."""

import json
from collections.abc import Mapping

import phenopackets as pb
import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.model.case import Case
from fascinet.model.hpo import shipped_map
from fascinet.model.shipped import shipped_knowledge
from fascinet.model.write_packet import to_packet

REASONER = shipped_reasoner()
STATES = {
    v: REASONER.rules.states[v]
    for part in (shipped_knowledge().findings, shipped_knowledge().tests)
    for v in part
    if v in REASONER.rules.states
}


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    return REASONER


def back(reasoner: Reasoner, packet: Mapping) -> dict[str, set[str]]:
    """Return what an independent reading of the saved text leaves open, by finding."""
    case = reasoner.read(json.loads(json.dumps(dict(packet))), strict=False).without_assumption()
    open_ = {v: {s for s, x in soft.items() if x} for v, soft in case.soft.items()}
    return open_ | {v: {s} for v, s in case.hard.items()}


@pytest.mark.parametrize("name", STATES)
def test_each_state_comes_back(reasoner: Reasoner, name: str) -> None:
    for state in STATES[name]:
        written = to_packet(Case(hard={name: state}), reasoner.rules)
        ParseDict(dict(written.packet), pb.Phenopacket())  # protobuf accepts it
        assert back(reasoner, written.packet) == {name: {state}}
        assert written.lost == ()


def test_each_risk_and_entered_cause_comes_back(reasoner: Reasoner) -> None:
    known = shipped_knowledge()
    for name in (*known.risks, *known.causes):
        for state in reasoner.rules.states[name]:
            written = to_packet(Case(hard={name: state}), reasoner.rules)
            assert back(reasoner, written.packet) == {name: {state}}


@pytest.mark.parametrize("setting", REASONER.rules.states["setting"])
def test_the_setting_comes_back(reasoner: Reasoner, setting: str) -> None:
    written = to_packet(Case(hard={"weakness": "none"}, setting=setting), reasoner.rules)
    read = reasoner.read(dict(written.packet))
    assert read.setting == setting and "setting" not in read.hard
    assert not read.unmapped and written.lost == ()


def test_other_programs_read_the_absences(reasoner: Reasoner) -> None:
    """Every absence is there by its terms alone, whose finding has terms to exclude."""
    rules, lost = reasoner.rules, []
    for name in STATES:
        rest = rules.resting[name]
        if not all(rules.hpo.needed(name, s) for s in STATES[name] if s != rest):
            continue
        packet = json.loads(json.dumps(dict(to_packet(Case(hard={name: rest}), rules).packet)))
        for feature in packet["phenotypicFeatures"]:
            del feature["description"]
        if back(reasoner, packet).get(name) != {rest}:
            lost.append(name)
    assert lost == []


def test_labels_are_those_of_hpo(reasoner: Reasoner) -> None:
    written = to_packet(Case(hard={"weakness": "none", "atrophy": "yes"}), reasoner.rules)
    types = [f["type"] for f in written.packet["phenotypicFeatures"]]
    assert all(t["label"] == shipped_map().labels[t["id"]] for t in types)
    assert {"id": "HP:0003202", "label": "Skeletal muscle atrophy"} in types


def test_what_cannot_be_held_is_said(reasoner: Reasoner) -> None:
    case = Case(
        hard={"twitching": "yes", "twitch_duration": "weeks", "foot_drop": "yes", "sex": "male",
              "age_group": "60+"},
        soft={"emg": {s: 0.5 + 0.1 * k for k, s in enumerate(STATES["emg"])}},
        do={"caffeine_excess": "no"}, setting="primary_care",
    )  # fmt: skip
    lost = to_packet(case, reasoner.rules).lost
    assert len(lost) == 2
    assert any(line.startswith("emg: likelihoods") for line in lost)
    assert any(line.startswith("do(caffeine_excess=no)") for line in lost)


def test_a_description_that_names_no_state_leaves_the_term_as_it_is(reasoner: Reasoner) -> None:
    packet = {"phenotypicFeatures": [
        {"type": {"id": "HP:0003202", "label": ""}, "description": "atrophy=some; site=hand"}
    ]}  # fmt: skip
    assert back(reasoner, packet) == {"atrophy": {"yes"}}


def test_no_age_is_made_up(reasoner: Reasoner) -> None:
    for band in reasoner.rules.states["age_group"]:
        packet = to_packet(Case(hard={"age_group": band}), reasoner.rules).packet
        assert "age" not in packet["subject"]["timeAtLastEncounter"]
        assert back(reasoner, packet) == {"age_group": {band}}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_cases_of_many_findings(data: st.DataObject) -> None:
    names = data.draw(
        st.lists(st.sampled_from(sorted(STATES)), min_size=1, max_size=8, unique=True)
    )
    hard = {name: data.draw(st.sampled_from(STATES[name])) for name in names}
    setting = data.draw(st.sampled_from([None, *REASONER.rules.states["setting"]]))
    written = to_packet(Case(hard=hard, setting=setting), REASONER.rules)
    assert back(REASONER, written.packet) == {name: {state} for name, state in hard.items()}
    assert written.lost == ()

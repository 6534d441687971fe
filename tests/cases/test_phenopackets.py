"""Our reader of Phenopackets against protobuf's own."""

import json
from pathlib import Path
from typing import Any

import phenopackets as pb
import pytest
from google.protobuf.json_format import MessageToJson, Parse
from hypothesis import given, settings
from hypothesis import strategies as st

from fascinet.model.errors import CaseError
from fascinet.model.phenopackets import Packet, iso_days, parse_packet

DATA = Path(__file__).parents[1] / "data"
PACKETS = sorted([*DATA.glob("cases/packets/*.json"), *DATA.glob("composed/packets/*.json")])
SEXES = {pb.MALE: "male", pb.FEMALE: "female"}


def by_protobuf(text: str) -> dict[str, Any]:
    message = Parse(text, pb.Phenopacket())
    age = message.subject.time_at_last_encounter.age.iso8601duration
    exposures = [r for r in message.meta_data.external_references if r.id.startswith("exposure:")]
    return {
        "id": message.id,
        "sex": SEXES.get(message.subject.sex),
        "age_days": iso_days(age) if age else None,
        "features": [(f.type.id, f.type.label, f.excluded) for f in message.phenotypic_features],
        "exposures": [
            (r.id.split(":", 1)[1], r.reference == "present", r.description) for r in exposures
        ],
    }


def by_us(packet: Packet) -> dict[str, Any]:
    return {
        "id": packet.id,
        "sex": packet.sex,
        "age_days": packet.age_days,
        "features": [(f.code, f.label, f.excluded) for f in packet.features],
        "exposures": [(e.name, e.present, e.description) for e in packet.exposures],
    }


@pytest.mark.parametrize("path", PACKETS, ids=lambda p: p.stem)
def test_reads_each_packet_as_protobuf_does(path: Path) -> None:
    text = path.read_text()
    assert by_us(parse_packet(json.loads(text))) == by_protobuf(text)


def test_there_are_packets() -> None:
    assert len(PACKETS) == 66


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
codes = st.integers(1, 9999999).map(lambda n: f"HP:{n:07d}")


@st.composite
def messages(draw: st.DrawFn) -> pb.Phenopacket:
    message = pb.Phenopacket(id=draw(words))
    message.subject.sex = draw(st.sampled_from([pb.UNKNOWN_SEX, pb.MALE, pb.FEMALE, pb.OTHER_SEX]))
    age = draw(st.none() | st.integers(0, 110))
    if age is not None:
        message.subject.time_at_last_encounter.age.iso8601duration = f"P{age}Y"
    for code, label, excluded in draw(st.lists(st.tuples(codes, words, st.booleans()), max_size=5)):
        feature = message.phenotypic_features.add(excluded=excluded)
        feature.type.id, feature.type.label = code, label
    for name, present, text in draw(
        st.lists(st.tuples(st.sampled_from(("caffeine", "diuretic")), st.booleans(), words))
    ):
        message.meta_data.external_references.add(
            id=f"exposure:{name}", reference="present" if present else "absent", description=text
        )
    message.meta_data.external_references.add(id="PMID:1", description="the answer")
    return message


@settings(max_examples=60, deadline=None)
@given(message=messages(), snake=st.booleans())
def test_reads_either_spelling_of_the_wire_names(message: pb.Phenopacket, snake: bool) -> None:
    text = MessageToJson(message, preserving_proto_field_name=snake)
    assert by_us(parse_packet(json.loads(text))) == by_protobuf(text)


def test_never_looks_at_the_answer() -> None:
    data = json.loads((DATA / "cases/packets/sh-033.json").read_text())
    stripped = {k: v for k, v in data.items() if k not in ("diseases", "interpretations")}
    told = [r for r in data["metaData"]["externalReferences"] if r["id"].startswith("exposure:")]
    stripped["metaData"] = {"externalReferences": told}
    assert parse_packet(stripped) == parse_packet(data)


@pytest.mark.parametrize(
    ("packet", "place"),
    [
        ({"subject": []}, "subject"),
        ({"phenotypicFeatures": {}}, "phenotypicFeatures"),
        ({"phenotypicFeatures": ["HP:0002380"]}, r"phenotypicFeatures\[0\]"),
        ({"phenotypicFeatures": [{"type": {}}]}, r"phenotypicFeatures\[0\].type.id"),
        ({"phenotypicFeatures": [{"type": {"id": 7}}]}, r"phenotypicFeatures\[0\].type.id"),
        (
            {"phenotypicFeatures": [{"type": {"id": "HP:1"}, "excluded": "yes"}]},
            r"phenotypicFeatures\[0\].excluded",
        ),
        ({"subject": {"sex": "M"}}, "subject.sex"),
        (
            {"subject": {"timeAtLastEncounter": {"age": {"iso8601duration": "63"}}}},
            "iso8601duration",
        ),
        (
            {"metaData": {"externalReferences": [{"id": "exposure:caffeine", "reference": "5"}]}},
            r"externalReferences\[0\].reference",
        ),
    ],
)
def test_a_wrong_shape_is_named(packet: dict[str, Any], place: str) -> None:
    with pytest.raises(CaseError, match=place):
        parse_packet({"phenotypicFeatures": []} | packet)

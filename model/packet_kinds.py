"""What may be handed in instead of a Phenopacket: its relatives are read, others are named."""

from collections.abc import Mapping, Sequence
from typing import Any

from fascinet.model.errors import CaseError, FormatError
from fascinet.model.packet_fields import part

ONE = "expected the Phenopacket of one person"
GA4GH = "org.phenopackets.schema."


def plain_message(source: Any) -> Any:
    """Return a protobuf message of the GA4GH schema as a mapping; anything else as it is."""
    name = getattr(getattr(source, "DESCRIPTOR", None), "full_name", "")
    if not isinstance(name, str) or not name:
        return source
    if not name.startswith(GA4GH):
        raise CaseError(f"{name}: {ONE}, got another protobuf message")
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(source)


def parse_message(data: bytes, name: str) -> Mapping[str, Any]:
    """Return the Phenopacket in protobuf's binary encoding as a mapping.

    Raises
    ------
    FormatError
        If the package `phenopackets` is not installed.
    CaseError
        If the bytes are none.
    """
    try:
        from google.protobuf.message import DecodeError
        from phenopackets import Phenopacket
    except ImportError:
        raise FormatError(
            "phenopackets is not installed: pip install 'fascinet[phenopackets]'"
        ) from None
    message = Phenopacket()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise CaseError(f"{name}: not a Phenopacket in protobuf's encoding") from None
    if not message.phenotypic_features and not message.HasField("subject"):
        raise CaseError(f"{name}: {ONE}, got a message without subject and features")
    return plain_message(message)


def one_person(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return the packet of one person, and what of the file is left out.

    A Family gives its proband. What is no case at all, but often taken for one, is named.

    Raises
    ------
    CaseError
        On a Cohort, a FHIR resource, PhenoTips and Matchmaker Exchange records.
    """
    if "proband" in data:
        return _proband(data)
    for key, kind, remedy in KINDS:
        if key in data and not isinstance(data[key], str) and key_is_packet(data, key):
            raise CaseError(f"{_counted(kind, data[key])}: {ONE}; {remedy}")
    if isinstance(data.get("resourceType"), str):
        kind = f"a FHIR {data['resourceType'][:40]}"
        raise CaseError(f"{kind}: {ONE}; FHIR is not read: convert it to a Phenopacket first")
    return data, ()


def key_is_packet(data: Mapping[str, Any], key: str) -> bool:
    """Tell whether `key` holds what the kind of file does, and not a finding of that name."""
    inside = data[key]
    return isinstance(inside, Mapping | Sequence) and "subject" not in data


KINDS = (
    ("members", "a Cohort", "give the packets of its members one by one"),
    ("phenopackets", "a list of Phenopackets", "give them one by one"),
    ("phenopacket", "an interpretation", "give the packet that is in it"),
    ("resultSets", "a Beacon response", "write its individuals as Phenopackets"),
    ("features", "a PhenoTips record", "export it from PhenoTips as a Phenopacket"),
    ("nonstandard_features", "a PhenoTips record", "export it from PhenoTips as a Phenopacket"),
    ("patient", "a Matchmaker Exchange request", "write its features as a Phenopacket"),
    ("entry", "a FHIR Bundle", "FHIR is not read: convert it to a Phenopacket first"),
)


def _counted(kind: str, inside: Any) -> str:
    number = f" of {len(inside)}" if kind == "a Cohort" and isinstance(inside, Sequence) else ""
    return kind + number


def _proband(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    proband = dict(part(data, "proband", Mapping, {}, "family"))
    if not proband:
        raise CaseError("a Family without a proband: " + ONE)
    meta = part(data, "metaData", Mapping, {}, "family")
    if meta and not any(key in proband for key in ("metaData", "meta_data")):
        proband["metaData"] = meta
    count = len(part(data, "relatives", Sequence, (), "family"))
    kin = f" and {count} relative{'s' if count != 1 else ''}" if count else ""
    rest = "pedigree" if "pedigree" in data else "family record"
    return proband, (f"a Family: the proband is read; its {rest}{kin} are not used",)

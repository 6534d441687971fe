"""Small Phenopackets that the tests of cases share."""

from typing import Any

FASCICULATIONS, ATROPHY, WEAKNESS = "HP:0002380", "HP:0003202", "HP:0001324"


def feature(code: str, *, excluded: bool = False) -> dict[str, Any]:
    """Return one feature."""
    return {"type": {"id": code, "label": ""}} | ({"excluded": True} if excluded else {})


def packet(
    *features: dict[str, Any], subject: dict[str, Any] | None = None, version: Any = None
) -> dict[str, Any]:
    """Return a packet with features."""
    meta = {} if version is None else {"phenopacketSchemaVersion": version}
    return {
        "id": "p",
        "subject": {"id": "p", "sex": "FEMALE"} | (subject or {}),
        "phenotypicFeatures": list(features),
        "metaData": meta,
    }

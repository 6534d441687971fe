"""A case as a GA4GH Phenopacket: HPO terms of its findings, nothing that names a person."""

import json
from datetime import UTC, datetime
from typing import Any

from fascinet.dashboard import service
from fascinet.dashboard.state import Case
from fascinet.model.schema import Variable

OLDEST = {"18-39": "P30Y", "40-59": "P50Y", "60+": "P65Y"}


def to_packet(case: Case, *, now: datetime | None = None) -> str:
    """Return the case as Phenopacket v2 JSON.

    Findings without an HPO term of their state are left out: the native format keeps them.
    """
    known = service.resources()
    records = known.knowledge.variables
    features = [
        feature
        for v, s in case.evidence.items()
        if v in records
        for feature in _features(records[v], s, known.resting[v])
    ]
    stamp = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    packet = {
        "id": "fascinet-case",
        "subject": _subject(case),
        "phenotypicFeatures": features,
        "metaData": {
            "created": stamp,
            "createdBy": "fascinet",
            "resources": [_hpo(known.knowledge.hpo_release)],
            "phenopacketSchemaVersion": "2.0",
        },
    }
    return json.dumps(packet, indent=1)


def _features(record: Variable, state: str, rest: str) -> list[dict[str, Any]]:
    excluded = state == rest
    terms = [t for s, ts in record.hpo.items() if (excluded or s == state) for t in ts[:1]]
    out: list[dict[str, Any]] = []
    for term in dict.fromkeys(terms):
        feature: dict[str, Any] = {"type": {"id": term, "label": record.label}}
        out.append(feature | ({"excluded": True} if excluded else {}))
    return out


def _subject(case: Case) -> dict[str, Any]:
    subject: dict[str, Any] = {"id": "subject"}
    if "sex" in case.values:
        subject["sex"] = case.values["sex"].upper()
    if case.values.get("age_group") in OLDEST:
        age = OLDEST[case.values["age_group"]]
        subject["timeAtLastEncounter"] = {"age": {"iso8601duration": age}}
    return subject


def _hpo(release: str) -> dict[str, str]:
    return {
        "id": "hp",
        "name": "Human Phenotype Ontology",
        "url": "http://purl.obolibrary.org/obo/hp.owl",
        "version": release,
        "namespacePrefix": "HP",
        "iriPrefix": "http://purl.obolibrary.org/obo/HP_",
    }

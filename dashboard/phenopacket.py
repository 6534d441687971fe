"""A case as a GA4GH Phenopacket: HPO terms of its findings, nothing that names a person."""

import json
from datetime import datetime

from fascinet.dashboard import service
from fascinet.dashboard.state import Case
from fascinet.model import write_packet


def to_packet(case: Case, *, now: datetime | None = None) -> str:
    """Return the case as Phenopacket v2 JSON; `lost` says what that leaves out."""
    return json.dumps(dict(_written(case, now).packet), indent=1)


def lost(case: Case) -> tuple[str, ...]:
    """Return what the Phenopacket cannot hold, one line a finding, to be shown before saving.

    The native format keeps all of it.
    """
    return _written(case, None).lost


def _written(case: Case, now: datetime | None) -> write_packet.Written:
    known = service.resources()
    release = known.knowledge.hpo_release
    told = service.model_case(case)
    return write_packet.to_packet(told, known.reasoner.rules, release=release, now=now)

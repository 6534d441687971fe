"""From knowledge to network: which gate each record becomes, with its cited ranges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fascinet.model.gates import Gate, deterministic_or
from fascinet.model.network import Network
from fascinet.model.priors import SETTING, PriorGates
from fascinet.model.schema import Cause, Figure, Finding, Knowledge, Spread, Test, Trigger
from fascinet.model.tables import (
    Ranged,
    Row,
    coarsened,
    exact,
    mixture,
    spread_row,
    stack,
    state_row,
)

TWITCHING = "twitching"
UNEXPLAINED = "trigger_other"
OTHER = "other"


@dataclass
class Draft:
    """A network in the making."""

    states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    meta: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(
        self, name: str, states: tuple[str, ...], parents: tuple[str, ...], gate: Ranged,
        meta: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """Add a variable with its gate and the ranges of its parameters."""
        self.states[name], self.parents[name], self.gates[name] = states, parents, gate.gate
        self.meta[name] = {**meta, "ranges": (gate.low, gate.high)}


def build_network(knowledge: Knowledge) -> Network:
    """Return the network of a knowledge base.

    Order: context, risks, causes, triggers, mechanisms, findings, tests. `meta` of a variable holds
    kind, label, short, patient_label, state_labels, group (of causes), cause (of triggers),
    section, cost, burden, codes, article, and `ranges`: low and high of every parameter of its
    gate.

    Raises
    ------
    NetworkError, UnknownVariableError
        If the knowledge does not make a network; `fascinet check` says where and why.
    """
    draft = Draft()
    for name, context in knowledge.context.items():
        row = spread_row(context.spread, context.states)
        meta = _meta(context, "context") | ({"picked": True} if name == SETTING else {})
        draft.add(name, context.states, (), row.as_table(), meta)
    priors = PriorGates(knowledge)
    for kind, group in (("risk", knowledge.risks), ("cause", knowledge.causes)):
        for name, record in group.items():
            parents, gate = priors.gate(name)
            draft.add(name, record.states, parents, gate, _meta(record, kind))
    _add_triggers(draft, knowledge)
    _add_mechanisms(draft, knowledge)
    for name, finding in knowledge.findings.items():
        parents, gate = finding_gate(knowledge, finding)
        draft.add(name, finding.states, parents, gate, _meta(finding, "finding"))
    for name, test in knowledge.tests.items():
        parents, gate = finding_gate(knowledge, test)
        draft.add(name, test.states, parents, gate, _meta(test, "test"))
    return Network(
        draft.states, draft.parents, draft.gates,
        name=knowledge.name, version=knowledge.version, meta=draft.meta,
    )  # fmt: skip


def _meta(record: Any, kind: str) -> dict[str, Any]:
    meta = {"kind": kind, "label": record.label, "patient_label": record.patient_label}
    if record.id == TWITCHING:
        meta["complaint"] = True
    for key in ("short", "group", "section", "cost", "burden", "must_not_miss", "default",
                "normal"):  # fmt: skip
        if getattr(record, key, None) not in (None, ""):
            meta[key] = getattr(record, key)
    if record.state_labels:
        meta["state_labels"] = dict(record.state_labels)
    return meta | {"article": record.article, "codes": dict(record.codes)}


# ------------------------------------------------------------------ triggers and mechanisms


def triggers(knowledge: Knowledge) -> dict[str, tuple[str, Trigger]]:
    """Return cause and trigger of every hidden trigger node, the unexplained one last."""
    made = {f"trigger_{c.id}": (c.id, c.trigger) for c in knowledge.causes.values() if c.trigger}
    return {**made, UNEXPLAINED: ("", knowledge.unexplained)}


def trigger_states(knowledge: Knowledge, cause: str) -> tuple[str, ...]:
    """Return the states of a cause's trigger: the cause's own where they look different."""
    record = knowledge.causes.get(cause)
    by_state = record is not None and record.trigger is not None and record.trigger.by_state
    return record.states if record is not None and by_state else ("no", "yes")


def _add_triggers(draft: Draft, knowledge: Knowledge) -> None:
    for name, (cause, trigger) in triggers(knowledge).items():
        states = trigger_states(knowledge, cause)
        meta = {"kind": "trigger", "cause": cause, "group": OTHER, "patient_label": ""}
        if not cause:
            row = state_row(trigger.link, states)
            meta |= {"label": "Ordinary, unexplained twitch"}
            draft.add(name, states, (), row.as_table(), meta)
            continue
        record = knowledge.causes[cause]
        meta |= {"label": f"{record.label}, making muscle twitch", "group": record.group}
        link = [_trigger_row(trigger, record, state, states) for state in record.states]
        gate = stack([link], state_row({}, states))
        draft.add(name, states, (cause,), gate, meta)


def _trigger_row(trigger: Trigger, cause: Cause, state: str, states: tuple[str, ...]) -> Row:
    if state == cause.states[0]:
        return state_row({}, states)
    figure = trigger.link.get(state, trigger.link.get("yes"))
    if figure is None:
        return state_row({}, states)
    return state_row({state if trigger.by_state else "yes": figure}, states)


def _add_mechanisms(draft: Draft, knowledge: Knowledge) -> None:
    made = triggers(knowledge)
    for name, record in knowledge.mechanisms.items():
        ours = [t for t, (_, trigger) in made.items() if trigger.mechanism == name]
        parents = record.of or tuple(ours)
        gate = deterministic_or([len(draft.states[p]) for p in parents])
        draft.add(name, record.states, parents, exact(gate), _meta(record, "mechanism"))


# ------------------------------------------------------------------ findings and tests


def finding_gate(knowledge: Knowledge, finding: Finding) -> tuple[tuple[str, ...], Ranged]:
    """Return the parents and the gate of a finding or test."""
    if finding.on == "mechanism":
        return _complaint_gate(knowledge)
    sources = _trigger_links if finding.on == "trigger" else _cause_links
    found = sources(knowledge, finding)
    links = [_link_rows(states, rows, finding) for states, rows in found.values()]
    if isinstance(finding, Test) and finding.form == "mixture":
        leak = state_row(finding.leak, finding.states, finding.normal)
        return tuple(found), mixture(links, leak)
    return tuple(found), stack(links, _row(finding.leak, finding))


Rows = dict[str, tuple[tuple[str, ...], dict[str, Mapping[str, Figure] | Spread]]]


def _cause_links(knowledge: Knowledge, finding: Finding) -> Rows:
    out: Rows = {}
    for cause in (*knowledge.risks.values(), *knowledge.causes.values()):
        if finding.id in cause.all_findings:
            rows = {s: cause.links(s).get(finding.id, {}) for s in cause.states[1:]}
            out[cause.id] = (cause.states, dict(rows))
    return out


def _trigger_links(knowledge: Knowledge, finding: Finding) -> Rows:
    out: Rows = {}
    for name, (cause, trigger) in triggers(knowledge).items():
        states = trigger_states(knowledge, cause)
        rows: dict[str, Mapping[str, Figure] | Spread] = {}
        for state in states[1:]:
            shows = trigger.by_state.get(state, trigger.shows)
            if finding.id in shows.spreads:
                rows[state] = shows.spreads[finding.id]
            elif finding.id in shows.figures:
                rows[state] = {"yes": shows.figures[finding.id]}
        if rows:
            out[name] = (states, rows)
    return out


def _link_rows(
    states: tuple[str, ...], rows: Mapping[str, Mapping[str, Figure] | Spread], finding: Finding
) -> list[Row]:
    normal = finding.normal if isinstance(finding, Test) else finding.states[0]
    out: list[Row] = []
    for state in states:
        row = rows.get(state, {})
        if isinstance(row, Spread):
            out.append(spread_row(row, finding.states))
        else:
            out.append(_row(row, finding, normal))
    return out


def _row(link: Mapping[str, Figure], finding: Finding, normal: str | None = None) -> Row:
    row = state_row(link, finding.states, normal)
    return coarsened(row, finding.states, finding.coarse) if link else row


def _complaint_gate(knowledge: Knowledge) -> tuple[tuple[str, ...], Ranged]:
    """Return the OR of all triggers.

    It is the OR of the mechanisms too, each the OR of its own triggers, and the same distribution.
    Hung on the triggers, the mechanisms are leaves that cost nothing unless they are asked about;
    as parents they are two more gates open at once, and the tables four to eight times as large.
    """
    made = triggers(knowledge)
    cards = [len(trigger_states(knowledge, cause)) for cause, _ in made.values()]
    return tuple(made), exact(deterministic_or(cards))

"""Rules on arcs: parents, states, links, triggers, cycles, monotony."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import networkx as nx

from fascinet.model.rules_base import Finding, nearest
from fascinet.model.schema import (
    Cause,
    Context,
    Figure,
    Knowledge,
    Risk,
    Shown,
    Spread,
    Test,
    Trigger,
)
from fascinet.model.schema import (
    Finding as Sign,
)

GROUPS = (
    "muscle_fatigue_overexertion", "electrolyte_imbalance", "stress_anxiety", "drugs_substances",
    "als", "peripheral_neuropathy", "multiple_sclerosis", "dystonia",
    "nerve_compression_radiculopathy", "benign_fasciculation_syndrome", "other",
)  # fmt: skip
TWITCHING = "twitching"
ALL = "all"


def scripted(knowledge: Knowledge) -> Iterator[tuple[str, tuple[str, ...], Risk | Cause]]:
    """Yield file, place and record of risks and causes."""
    for name, cause in knowledge.causes.items():
        yield f"causes/{name}.yaml", (), cause
    for name, risk in knowledge.risks.items():
        yield "risks.yaml", (name,), risk


def signs(knowledge: Knowledge) -> dict[str, Sign]:
    """Return findings and tests by name."""
    return {**knowledge.findings, **knowledge.tests}


def duplicate_name(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a name stands for one variable."""
    parts = {"context": knowledge.context, "risks": knowledge.risks, "causes": knowledge.causes,
             "mechanisms": knowledge.mechanisms, "findings": knowledge.findings,
             "tests": knowledge.tests}  # fmt: skip
    seen: dict[str, str] = {}
    for part, found in parts.items():
        for name in found:
            if name in seen:
                file, place = (f"causes/{name}.yaml", ("id",)) if part == "causes" else (
                    f"{part}.yaml", (name,))  # fmt: skip
                yield Finding(file, place, f"{name!r} is declared in {seen[name]} too",
                              "rename one of them")  # fmt: skip
            seen[name] = part


def unknown_group(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a cause counts for one of the groups of the differential."""
    for name, cause in knowledge.causes.items():
        if cause.group not in GROUPS:
            yield Finding(f"causes/{name}.yaml", ("group",), f"unknown group {cause.group!r}",
                          nearest(cause.group, GROUPS))  # fmt: skip


def unknown_finding(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a link leads to a finding or test, and to a state of it."""
    known = signs(knowledge)
    for file, place, record in scripted(knowledge):
        groups = [(("findings",), record.findings)]
        groups += [(("findings_by_state", s), x) for s, x in record.findings_by_state.items()]
        groups += [(("course",), getattr(record, "course", {}))]
        for at, links in groups:
            for name, link in links.items():
                here = (*place, *at, name)
                if name not in known:
                    yield Finding(file, here, f"unknown finding {name!r}",
                                  nearest(name, list(known)))  # fmt: skip
                    continue
                yield from _states(file, here, link, known[name])


def _states(
    file: str, place: tuple[str, ...], link: Mapping[str, Figure], sign: Sign
) -> Iterator[Finding]:
    for state in link:
        if state not in sign.states:
            yield Finding(file, (*place, state), f"{sign.id} has no state {state!r}",
                          nearest(state, sign.states))  # fmt: skip
        if state in sign.coarse:
            yield Finding(file, (*place, state), f"{sign.id}={state} is made up of others",
                          f"give {' and '.join(sign.coarse[state])} instead")  # fmt: skip
    total = sum(figure.p for figure in link.values())
    if len(link) > 1 and total > 1.0 + 1e-9:
        yield Finding(file, place, f"the states of {sign.id} sum to {total:.6g}, more than 1",
                      "lower them: what is left is the resting state")  # fmt: skip


def own_states(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: states named in a script, and settings, are its own and the network's."""
    for file, place, record in scripted(knowledge):
        for state in record.findings_by_state:
            if state not in record.states[1:]:
                yield Finding(file, (*place, "findings_by_state", state),
                              f"{record.id} has no such state beyond its resting one",
                              nearest(state, record.states[1:]))  # fmt: skip
        wanted = set(knowledge.settings)
        given = set(record.prior.settings)
        if given not in ({ALL}, wanted):
            yield Finding(file, (*place, "prior", "settings"),
                          f"expected {', '.join(knowledge.settings)} (or all), got "
                          f"{', '.join(sorted(given))}",
                          "give one prior a setting")  # fmt: skip
        for setting, link in record.prior.settings.items():
            for state in link:
                if state not in record.states[1:]:
                    yield Finding(file, (*place, "prior", "settings", setting, state),
                                  f"{record.id} has no such state beyond its resting one",
                                  nearest(state, record.states[1:]))  # fmt: skip


def unknown_parent(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a parent is a context, risk or cause, and its states are its own."""
    known: dict[str, Context | Risk | Cause] = {
        **knowledge.context, **knowledge.risks, **knowledge.causes
    }  # fmt: skip
    for file, place, record in scripted(knowledge):
        for key, arcs in (("odds", record.prior.odds), ("links", record.prior.links)):
            for parent, by_state in arcs.items():
                at = (*place, "prior", key, parent)
                if parent not in known:
                    yield Finding(file, at, f"unknown parent {parent!r}",
                                  nearest(parent, list(known)))  # fmt: skip
                    continue
                for state in by_state:
                    if state not in known[parent].states:
                        yield Finding(file, (*at, state), f"{parent} has no state {state!r}",
                                      nearest(state, known[parent].states))  # fmt: skip
    for name, mechanism in knowledge.mechanisms.items():
        for parent in mechanism.of:
            if parent not in known:
                yield Finding("mechanisms.yaml", (name, "of"), f"unknown parent {parent!r}",
                              nearest(parent, list(known)))  # fmt: skip


def prior_form(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a logistic prior has odds, a noisy_max prior has links."""
    for file, place, record in scripted(knowledge):
        prior = record.prior
        wrong = "links" if prior.form == "logistic" else "odds"
        if getattr(prior, wrong):
            yield Finding(file, (*place, "prior", wrong), f"a {prior.form} prior takes no {wrong}",
                          "change the form, or give odds ratios (logistic) or links "
                          "(noisy_max)")  # fmt: skip


def cycle(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: nothing is its own ancestor."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for _, _, record in scripted(knowledge):
        graph.add_edges_from((parent, record.id) for parent in record.prior.parents)
    for loop in nx.simple_cycles(graph):
        name = next((n for n in loop if n in knowledge.causes), loop[0])
        at = loop[loop.index(name) - 1]
        file, place = (f"causes/{name}.yaml", ()) if name in knowledge.causes else (
            "risks.yaml", (name,))  # fmt: skip
        key = "links" if knowledge.causes[name].prior.links else "odds"
        yield Finding(file, (*place, "prior", key, at),
                      f"the arcs make a cycle: {' → '.join([*loop, loop[0]])}",
                      "remove one of these arcs")  # fmt: skip


def trigger_parts(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a trigger names a mechanism and shows the findings that depend on triggers."""
    made: list[tuple[str, tuple[str, ...], Trigger]] = [
        (f"causes/{c.id}.yaml", ("trigger",), c.trigger)
        for c in knowledge.causes.values() if c.trigger
    ]  # fmt: skip
    made.append(("mechanisms.yaml", ("unexplained",), knowledge.unexplained))
    for file, place, trigger in made:
        if trigger.mechanism not in (*knowledge.mechanisms, TWITCHING):
            known = [*knowledge.mechanisms, TWITCHING]
            yield Finding(file, (*place, "mechanism"), f"unknown mechanism {trigger.mechanism!r}",
                          nearest(trigger.mechanism, known))  # fmt: skip
        shown = [(("by_state", s), x) for s, x in trigger.by_state.items()]
        for at, shows in shown or [(("shows",), trigger.shows)]:
            yield from _shown(knowledge, file, (*place, *at), shows)


def _shown(
    knowledge: Knowledge, file: str, place: tuple[str, ...], shows: Shown
) -> Iterator[Finding]:
    hung = {n: f for n, f in knowledge.findings.items() if f.on == "trigger"}
    for name, number in {**shows.spreads, **shows.figures}.items():
        key = "spreads" if isinstance(number, Spread) else "figures"
        if name not in hung:
            yield Finding(file, (*place, key, name), f"{name!r} does not depend on triggers",
                          nearest(name, list(hung)))  # fmt: skip
        elif isinstance(number, Spread) and set(number.p) != set(hung[name].states):
            yield Finding(file, (*place, key, name),
                          f"expected the states {', '.join(hung[name].states)}",
                          "give one share for each state")  # fmt: skip
    for name, finding in hung.items():
        if not finding.leak and name not in {**shows.spreads, **shows.figures}:
            yield Finding(file, place, f"says nothing on {name}, which has no leak",
                          f"add {name}: it would be impossible otherwise")  # fmt: skip


def leak(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a finding or test that causes make has a leak for each state but the resting one."""
    for part, found in (("findings", knowledge.findings), ("tests", knowledge.tests)):
        for name, sign in found.items():
            resting = sign.normal if isinstance(sign, Test) else sign.states[0]
            told = {resting, *sign.leak, *sign.coarse}
            missing = [s for s in sign.states if s not in told]
            if sign.on == "cause" and missing:
                yield Finding(f"{part}.yaml", (name, "leak"),
                              f"no leak for {', '.join(missing)}",
                              "say how often it is seen with none of the causes")  # fmt: skip
            yield from _states(f"{part}.yaml", (name, "leak"), sign.leak, sign)


def monotone(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a finding listed for a cause never lowers it: in a mixture, at least the leak."""
    for file, place, record in scripted(knowledge):
        for name in record.all_findings:
            test = knowledge.tests.get(name)
            if test is None or test.form != "mixture":
                continue
            for own in record.states[1:]:
                for state, figure in record.links(own).get(name, {}).items():
                    if state in test.leak and figure.p < test.leak[state].p:
                        yield Finding(file, (*place, "findings", name, state),
                                      f"{figure.p} is below the leak {test.leak[state].p}, so "
                                      f"{name}={state} would speak against {record.id}",
                                      "raise it to the leak, or remove the link")  # fmt: skip


def defining(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a defining result names a variable, and no other cause makes that result."""
    known = knowledge.variables
    for name, test in knowledge.tests.items():
        for result, target in test.defines.items():
            variable, _, state = target.partition("=")
            at = (name, "defines", result)
            if result not in test.states:
                yield Finding("tests.yaml", at, f"{name} has no state {result!r}",
                              nearest(result, test.states))  # fmt: skip
            if variable not in known or (state and state not in known[variable].states):
                yield Finding("tests.yaml", at, f"unknown variable or state {target!r}",
                              nearest(variable, list(known)))  # fmt: skip
    for file, place, record in scripted(knowledge):
        for own in record.states[1:] if isinstance(record, Cause) else ():
            for name, link in record.links(own).items():
                test = knowledge.tests.get(name)
                defines = test.defines if test else {}
                for result in set(link) & set(defines):
                    if not _is_defined(knowledge, defines[result], record.id, own):
                        yield Finding(file, (*place, "findings", name, result),
                                      f"{name}={result} is {defines[result]} by definition",
                                      f"link {record.id} to that instead")  # fmt: skip


def measured(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: cut points increase, have all results in their order, and a known source."""
    for name, test in knowledge.tests.items():
        if test.measured is None:
            continue
        at, cuts, order = (name, "measured"), test.measured.cuts, test.measured.order
        if sorted(order) != sorted(test.states) or len(cuts) != len(order) - 1:
            yield Finding("tests.yaml", at, "expected every state of the test in order, and a cut "
                          f"point between each two; got {order} and {cuts}",
                          f"order: {list(test.states)}")  # fmt: skip
        factors = test.measured.units.values()
        if any(a >= b for a, b in pairwise(cuts)) or min(factors, default=1) <= 0:
            yield Finding("tests.yaml", at, "expected increasing cut points, and units above 0, "
                          f"got {cuts} and {dict(test.measured.units)}", "sort them")  # fmt: skip
        if test.measured.source not in {"expert_estimate", *knowledge.sources}:
            yield Finding("tests.yaml", at, f"unknown source {test.measured.source!r}",
                          nearest(test.measured.source, list(knowledge.sources)))  # fmt: skip


def _is_defined(knowledge: Knowledge, target: str, cause: str, state: str) -> bool:
    mechanism = knowledge.mechanisms.get(target)
    return target in (cause, f"{cause}={state}") or bool(mechanism and cause in mechanism.of)


def implied(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: what a finding's state contains is another finding, in a state of it out of rest."""
    signs = {**knowledge.findings, **knowledge.tests}
    for name, special in signs.items():
        file = "findings.yaml" if name in knowledge.findings else "tests.yaml"
        for own, contained in special.implies.items():
            if own not in _odd_states(special):
                yield Finding(file, (name, "implies", own), f"{name} has no such state out of rest",
                              nearest(own, _odd_states(special)))  # fmt: skip
            for general, state in contained.items():
                other = signs.get(general)
                if other is None or general == name or state not in _odd_states(other):
                    yield Finding(file, (name, "implies", own, general),
                                  f"no other finding with {general}={state}",
                                  nearest(general, list(signs)))  # fmt: skip


def _odd_states(sign: Sign) -> list[str]:
    resting = sign.normal if isinstance(sign, Test) else sign.states[0]
    return [state for state in sign.states if state != resting]


def orphan(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a finding or test is linked to some cause."""
    linked = {f for _, _, record in scripted(knowledge) for f in record.all_findings}
    for part, found in (("findings", knowledge.findings), ("tests", knowledge.tests)):
        for name, sign in found.items():
            if sign.on == "cause" and name not in linked:
                yield Finding(f"{part}.yaml", (name,), f"no cause makes {name!r}",
                              "add it to an illness script, or remove it", "warning")  # fmt: skip


LINK_RULES: tuple[Callable[[Knowledge, Path], Iterator[Finding]], ...] = (
    duplicate_name, unknown_group, unknown_finding, own_states, unknown_parent, prior_form, cycle,
    trigger_parts, leak, monotone, defining, implied, measured, orphan,
)  # fmt: skip

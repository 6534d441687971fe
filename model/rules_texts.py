"""Rules on statements, red flags, actions, exposures, vignettes, fitted priors and HPO terms."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from fascinet.model.rules_base import Finding, all_numbers, nearest, records
from fascinet.model.schema import Knowledge, Variable

TERM = re.compile(r"HP:\d{7}")


def citations(knowledge: Knowledge) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield file, place and id of every citation of the article."""
    for file, place, record in records(knowledge):
        for key in record.article if isinstance(record, Variable) else ():
            yield file, (*place, "article"), key
    for file, place, number in all_numbers(knowledge):
        for key in number.article:
            yield file, (*place, "article"), key
    for file, found in (
        ("red_flags.yaml", knowledge.red_flags),
        ("actions.yaml", knowledge.actions),
    ):
        for i, record in enumerate(found):
            for key in record.article:
                yield file, (str(i), "article"), key


def unknown_statement(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a citation of the article is a known statement."""
    for file, place, key in citations(knowledge):
        if key not in knowledge.statements:
            yield Finding(file, place, f"unknown statement {key!r}",
                          nearest(key, list(knowledge.statements)))  # fmt: skip


def uncited_statement(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: every statement that must be carried is cited by something."""
    cited = {key for _, _, key in citations(knowledge)}
    for key, statement in knowledge.statements.items():
        if statement.must and key not in cited:
            yield Finding("statements.yaml", (key,), f"{key} must be cited, and nothing cites it",
                          f"add article: [{key}] to what stands for it")  # fmt: skip


def statement_proofs(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a statement that must be carried has a proof, made of names that exist."""
    flags = [flag.id for flag in knowledge.red_flags]
    actions = [action.id for action in knowledge.actions]
    for key, statement in knowledge.statements.items():
        if statement.must and not statement.proofs:
            yield Finding("statements.yaml", (key,), f"{key} must be carried, and nothing shows it",
                          "add proofs: what is entered, and what it moves or raises")  # fmt: skip
        for i, proof in enumerate(statement.proofs):
            at = (key, "proofs", str(i))
            told = {**proof.given, **proof.enter}
            told |= {n: s for n, _, s in (k.partition("=") for k in proof.moves) if s}
            for name, state in told.items():
                yield from _state(knowledge, "statements.yaml", (*at, name), name, (state,))
            for name in {k.partition("=")[0] for k in proof.moves} - set(told):
                # the trigger of a cause: that it is at work, not only there
                cause = name.removeprefix("trigger_")
                yield from _state(knowledge, "statements.yaml", (*at, "moves"), cause, ())
            for ids, known in ((proof.flags, flags), (proof.actions, actions)):
                for name in set(ids) - set(known):
                    yield Finding("statements.yaml", at, f"unknown id {name!r}",
                                  nearest(name, known))  # fmt: skip


def _state(
    knowledge: Knowledge, file: str, place: tuple[str, ...], name: str, states: Sequence[str]
) -> Iterator[Finding]:
    known = knowledge.variables
    if name not in known:
        yield Finding(file, place, f"unknown variable {name!r}", nearest(name, list(known)))
        return
    for state in states:
        if state not in known[name].states:
            yield Finding(file, place, f"{name} has no state {state!r}",
                          nearest(state, known[name].states))  # fmt: skip


def red_flag(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a red flag names variables, their states, actions and sources that exist.

    An urgent one says how soon; what a reassurance allows are variables.
    """
    actions = [action.id for action in knowledge.actions]
    for i, flag in enumerate(knowledge.red_flags):
        at = (str(i),)
        yield from _conditions(knowledge, "red_flags.yaml", (*at, "when"), flag.when)
        for name in flag.despite:
            yield from _state(knowledge, "red_flags.yaml", (*at, "despite"), name, ())
        for key in set(flag.actions) - set(actions):
            yield Finding("red_flags.yaml", (*at, "actions"), f"unknown action {key!r}",
                          nearest(key, actions))  # fmt: skip
        if (flag.level == "urgent") != bool(flag.within):
            yield Finding("red_flags.yaml", (*at, "within"),
                          f"{flag.id} is {flag.level}, within {flag.within or 'nothing'}",
                          "an urgent flag says hours, day or weeks, and no other")  # fmt: skip
    yield from _listed(knowledge, "red_flags.yaml", knowledge.red_flags)


def action(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: an action's targets and conditions are variables, and its sources exist."""
    for i, record in enumerate(knowledge.actions):
        at = (str(i),)
        for name in record.targets:
            yield from _state(knowledge, "actions.yaml", (*at, "targets"), name, ())
        for key in ("when", "unless"):
            yield from _conditions(knowledge, "actions.yaml", (*at, key), getattr(record, key))
    yield from _listed(knowledge, "actions.yaml", knowledge.actions)


def utility(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: every action has its worth, nothing else has, and stakes are for its targets."""
    targets = {action.id: set(action.targets) for action in knowledge.actions}
    declared = knowledge.utilities.actions
    for key in set(targets) - set(declared):
        yield Finding("utilities.yaml", ("actions",), f"nothing is declared for {key}",
                      f"add {key} with benefit and burden")  # fmt: skip
    for key, record in declared.items():
        at = ("actions", key)
        if key not in targets:
            yield Finding("utilities.yaml", at, f"unknown action {key!r}",
                          nearest(key, list(targets)))  # fmt: skip
        for name in set(record.stakes) - targets.get(key, set()):
            yield Finding("utilities.yaml", (*at, "stakes", name), f"{name} is no target of {key}",
                          "add it to the action's targets, or remove the stake")  # fmt: skip


def _conditions(
    knowledge: Knowledge, file: str, place: tuple[str, ...],
    conditions: Sequence[Mapping[str, Sequence[str]]],
) -> Iterator[Finding]:  # fmt: skip
    for j, condition in enumerate(conditions):
        for name, states in condition.items():
            yield from _state(knowledge, file, (*place, str(j), name), name, states)


def _listed(knowledge: Knowledge, file: str, found: Sequence[object]) -> Iterator[Finding]:
    seen: set[str] = set()
    for i, record in enumerate(found):
        key = str(getattr(record, "id", ""))
        if key in seen:
            yield Finding(file, (str(i), "id"), f"the id {key!r} is there twice", "rename one")
        seen.add(key)
        for source in getattr(record, "source", ()):
            if source not in knowledge.sources:
                yield Finding(file, (str(i), "source"), f"unknown source {source!r}",
                              nearest(source, list(knowledge.sources)))  # fmt: skip


def exposure(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: an exposure sets states of variables, or says why it sets nothing."""
    for key, record in knowledge.exposures.items():
        for word, sets in (("present", record.present), ("absent", record.absent)):
            for name, state in sets.items():
                yield from _state(knowledge, "exposures.yaml", (key, word, name), name, (state,))
            if not sets and not record.reason:
                yield Finding("exposures.yaml", (key,), f"sets nothing when {word}: no reason",
                              f"add {word}: {{variable: state}}, or a reason")  # fmt: skip


def vignette(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: a vignette is made of known states, causes and red flags."""
    flags = {flag.id for flag in knowledge.red_flags}
    for i, record in enumerate(knowledge.vignettes):
        for name, state in record.findings.items():
            at = (str(i), "findings", name)
            yield from _state(knowledge, "vignettes.yaml", at, name, (state,))
        for name in (*record.first, *record.below, *record.above):
            if name not in knowledge.causes:
                yield Finding("vignettes.yaml", (str(i),), f"unknown cause {name!r}",
                              nearest(name, list(knowledge.causes)))  # fmt: skip
        for name in set(record.red_flags) - flags:
            yield Finding("vignettes.yaml", (str(i), "red_flags"), f"unknown red flag {name!r}",
                          nearest(name, sorted(flags)))  # fmt: skip


def expectation(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: an expectation names a cause, its findings and their states, and sources."""
    for name, record in knowledge.expectations.items():
        if name not in knowledge.causes:
            yield Finding("expectations.yaml", (name,), f"unknown cause {name!r}",
                          nearest(name, list(knowledge.causes)))  # fmt: skip
        for finding, states in record.signs.items():
            at = (name, "signs", finding)
            yield from _state(knowledge, "expectations.yaml", at, finding, states)
        for source in record.source:
            if source not in knowledge.sources:
                yield Finding("expectations.yaml", (name, "source"), f"unknown source {source!r}",
                              nearest(source, list(knowledge.sources)))  # fmt: skip


def lay_words(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: lay words stand for a state of a variable, and are listed once for it."""
    for key, words in knowledge.lay_words.items():
        name, _, state = key.partition("=")
        yield from _state(knowledge, "lay_words.yaml", (key,), name, (state,) if state else ())
        for word in {w for w in words if words.count(w) > 1}:
            yield Finding("lay_words.yaml", (key,), f"{word!r} is there twice", "remove one")


def fitted_prior(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: every cause has fitted priors for its settings and states, and nothing else has."""
    remedy = "run python -m tools.refit_priors"
    for name in set(knowledge.fitted) - set(knowledge.causes):
        yield Finding("fitted_priors.yaml", (name,), f"unknown cause {name!r}", remedy)
    for name, cause in knowledge.causes.items():
        fitted = _pairs(knowledge.fitted.get(name, {}))
        if fitted != _pairs(cause.prior.settings):
            yield Finding("fitted_priors.yaml", (name,), f"does not fit the prior of {name}",
                          remedy, "warning")  # fmt: skip
        for setting, states in knowledge.fitted.get(name, {}).items():
            for state, p in states.items():
                if not 0.0 <= p <= 1.0:
                    yield Finding("fitted_priors.yaml", (name, setting, state),
                                  f"expected p within 0 and 1, got {p}", remedy)  # fmt: skip


def _pairs(by_setting: Mapping[str, Mapping[str, object]]) -> set[tuple[str, str]]:
    return {(setting, state) for setting, states in by_setting.items() for state in states}


def hpo_terms(knowledge: Knowledge, folder: Path) -> Iterator[Finding]:
    """Check: unmapped terms have a reason, and the map holds every anchor."""
    for code, reason in knowledge.hpo_unmapped.items():
        if not TERM.fullmatch(code) or not reason.strip():
            yield Finding("hpo_unmapped.csv", (code,), "expected an HPO id and a reason",
                          "say why the term sets nothing")  # fmt: skip
    table = folder / "hpo_map.csv"
    if not table.is_file():
        yield Finding("hpo_map.csv", (), "the table of HPO terms is missing",
                      "run python -m tools.map_hpo")  # fmt: skip
        return
    mapped = {line.split(",", 1)[0] for line in table.read_text(encoding="utf-8").splitlines()}
    for name, defining, also in knowledge.hpo_anchors():
        for code in {c for terms in (defining, also) for codes in terms.values() for c in codes}:
            if code not in mapped and TERM.fullmatch(code):
                yield Finding("hpo_map.csv", (code,), f"the anchor {code} of {name} is not in it",
                              "run python -m tools.map_hpo", "warning")  # fmt: skip


TEXT_RULES: tuple[Callable[[Knowledge, Path], Iterator[Finding]], ...] = (
    unknown_statement, uncited_statement, statement_proofs, red_flag, action, utility, exposure,
    vignette, expectation, lay_words, fitted_prior, hpo_terms,
)  # fmt: skip

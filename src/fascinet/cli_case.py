"""Commands on one case: diagnose, explain, next, whatif, sensitivity."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from fascinet.cli_names import parse_pairs
from fascinet.cli_output import percent, print_json, print_table, say, span
from fascinet.cli_reports import Asked, on_network, report_of
from fascinet.cli_reports import show as show_report
from fascinet.engine.clinic.decisions import Decisions
from fascinet.engine.clinic.differential import Differential
from fascinet.engine.clinic.next_tests import WORTH
from fascinet.engine.clinic.reasoner import Reasoner, shipped_reasoner
from fascinet.model.case import Case
from fascinet.model.errors import CaseError
from fascinet.model.read_case import read_case
from fascinet.model.shipped import shipped_knowledge

SHOWN = 12
ADVISED = 4
WITHIN = {"hours": " (now)", "day": " (the same day)"}
MARK = "! "
NOTICE = "For teaching; not for the care of a patient."


def open_case(
    reasoner: Reasoner, case: str | None, findings: list[str] | None, do: list[str] | None
) -> Case:
    """Return the case that the arguments describe.

    Raises
    ------
    CaseError
        If nothing is given, or what is given cannot be read.
    """
    given, done = parse_pairs("--finding", findings), parse_pairs("--do", do)
    if case is None and not given:
        raise CaseError("no case: expected a file, - for standard input, or -f NAME=STATE")
    rules = reasoner.rules
    known = None if case is None else read_case(case, rules, strict=not given)
    person = {"age": _years(given.pop("age"))} if "age" in given else {}
    extra = read_case({"findings": given, "do": done, **person}, rules, strict=False)
    if known is None:
        return extra
    added = extra.without_assumption()
    merged = known.with_evidence(added.hard, added.do)
    return replace(merged, warnings=(*merged.warnings, *added.warnings))


def say_notes(warnings: Iterable[str]) -> None:
    """Print what was read with a doubt."""
    for warning in warnings:
        say(f"Note: {warning}")


def _years(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CaseError(f"--finding: age: expected years, got {text!r}") from None


def diagnose(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    rank: str,
    form: str,
) -> None:
    """Print the differential."""
    reasoner = shipped_reasoner()
    found = reasoner.diagnose(open_case(reasoner, case, findings, do), setting, rank=rank)
    if form == "json":
        print_json(found.to_dict())
    else:
        show(found)


def show(found: Differential) -> None:
    """Print a differential for people."""
    for flag in found.red_flags:
        say(f"{flag.level.upper()}{WITHIN.get(flag.within, '')}: {flag.text} [{flag.id}]")
    for flag in found.reassurance:
        say(f"{flag.text} {flag.action} [{flag.id}]")
    shown = found.differential[:SHOWN]
    rows = [
        ((MARK if e.must_not_miss else "") + e.label, e.group.replace("_", " "), percent(e.prior),
         percent(e.posterior), span(*e.interval), f"{e.responsibility:.2f}",
         f"{e.weight_of_evidence_db:+.1f}")
        for e in shown
    ]  # fmt: skip
    columns = ("cause", "group", "prior", "posterior", "95% interval", "responsibility",
               "evidence (dB)")  # fmt: skip
    title = f"Differential by {found.rank}, {found.setting}"
    print_table(title, columns, rows, optional=("group", "evidence (dB)", "95% interval"))
    if any(e.must_not_miss for e in shown):
        say(f"{MARK}must not be missed")
    _show_next(found)
    for advice in [a for a in found.advice if a.utility > 0][:ADVISED]:
        say(advice.sentence())
    _show_notes(found)


def _show_next(found: Differential) -> None:
    rows = [
        (t.label, f"{t.expected_gain_bits:.3f}", f"{t.cost:g}", f"{t.score:.3f}")
        for t in found.next_tests[:5]
    ]
    if rows:
        print_table("Most informative next", ("question", "bits", "cost", "bits per cost"), rows)


def _show_notes(found: Differential) -> None:
    known = ", ".join(f"{k}={v}" for k, v in {**found.hard, **found.soft}.items()
                      if isinstance(v, str))  # fmt: skip
    say(f"Findings: {known}")
    if found.contained:
        said = ", ".join(f"{k}={v}" for k, v in found.contained.items())
        say(f"Contained in these, not counted again: {said}")
    if found.soft:
        say("Partly known: " + "; ".join(_soft(k, v) for k, v in found.soft.items()))
    if found.unmapped:
        say("Not used: " + ", ".join(u.label or u.code for u in found.unmapped))
    say_notes(found.warnings)
    say(f"ln P(findings) = {found.log_prob_evidence:.2f}, conflict {found.conflict:+.2f}. {NOTICE}")


def _soft(name: str, likelihoods: Any) -> str:
    return f"{name} " + " or ".join(state for state, v in likelihoods.items() if v > 0)


Options = dict[str, str | None]


def _shipped(
    command: str,
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    options: Options,
) -> Asked:
    """Return a case on the shipped network, the target its first cause unless given."""
    reasoner, done = shipped_reasoner(), parse_pairs("--do", do)
    report_of(command, options.get("report"))
    opened = open_case(reasoner, case, findings, None if command == "whatif" else do)
    for name, state in done.items():
        reasoner.rules.check(name, state)
    found = reasoner.diagnose(opened, setting, tests=0, intervals=False)
    target, state = target_of(reasoner, options.get("target"), found)
    head: dict[str, Any] = {"target": target, "state": state}
    notes = {"warnings": list(opened.warnings)}
    if command == "whatif":
        head = {"do": done, "setting": found.setting}
    elif command == "next":
        head = {"setting": found.setting}
        target = target if options.get("target") else ""
    return Asked(
        reasoner.engine_for(found.do), dict(found.hard), found.soft, done, target, state, options,
        head | notes, Decisions(found.advice), shipped_knowledge,
        {"shown": {*reasoner.causes, *reasoner.mechanisms}},
    )  # fmt: skip


def _report(
    command: str,
    network: str | None,
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    form: str,
    options: Options,
) -> tuple[Asked, Any]:
    """Print a report on the shipped network or another; return it with what was asked."""
    if network is None:
        asked = _shipped(command, case, findings, setting, do, options)
    else:
        asked = on_network(command, network, case, findings, do, options)
    result = show_report(command, asked, form)
    if form != "json":
        say_notes(asked.head.get("warnings", ()))
    return asked, result


def next_(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    form: str,
    target: str | None = None,
    network: str | None = None,
    report: str | None = None,
) -> None:
    """Print the most informative questions and tests."""
    options = {"target": target, "report": report}
    if network is not None or target is not None or report_of("next", report) != "tests":
        _report("next", network, case, findings, setting, do, form, options)
        return
    reasoner = shipped_reasoner()
    opened = open_case(reasoner, case, findings, do)
    found = reasoner.diagnose(opened, setting, tests=None)
    if form == "json":
        told = found.to_dict()
        print_json({k: told[k] for k in ("setting", "next_tests", "warnings")})
        return
    asked = reasoner.digest.tests
    questions = sorted((t for t in found.next_tests if t.finding not in asked),
                       key=lambda t: -t.expected_gain_bits)  # fmt: skip
    rows = [
        (t.label, f"{t.expected_gain_bits:.3f}", ", ".join(t.rules_out))
        for t in questions[:SHOWN] + [t for t in questions[SHOWN:] if t.rules_out]
    ]
    print_table("Ask (it is free)", ("question", "bits", "must not miss"), rows)
    tests = [t for t in found.next_tests if t.finding in asked]
    cells = [
        (t.label, f"{t.expected_gain_bits:.3f}", f"{t.cost:g}", f"{t.score:.3f}",
         ", ".join(t.rules_out))
        for t in tests[:SHOWN] + [t for t in tests[SHOWN:] if t.rules_out]
    ]  # fmt: skip
    names = ("test", "bits", "cost", "bits per cost", "must not miss")
    print_table("Test", names, cells)
    if not found.next_tests:
        say(f"Nothing left is worth its cost: no score reaches {WORTH:g}.")
    say_notes(found.warnings)


def target_of(reasoner: Reasoner, target: str | None, found: Differential) -> tuple[str, str]:
    """Return variable and state of CAUSE or CAUSE=STATE; the first cause by default."""
    name, _, state = (target or found.differential[0].cause).partition("=")
    states = reasoner.rules.states[reasoner.rules.check(name)]
    if state:
        reasoner.rules.check(name, state)
        return name, state
    marginal = found.posterior[name] if found.posterior else {s: 0.0 for s in states}
    return name, max(states[1:], key=lambda s: marginal[s])


def explain(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    target: str | None,
    form: str,
    against: str | None = None,
    network: str | None = None,
    report: str | None = None,
) -> None:
    """Print the weight of each finding for a cause, or another report on why."""
    options = {"target": target, "against": against, "report": report}
    if against is not None and report is None:
        options["report"] = "contrast"
    asked, result = _report("explain", network, case, findings, setting, do, form, options)
    if form != "json" and report_of("explain", options["report"]) == "weights":
        for sentence in result.in_words("clinician", asked.engine.network):
            say(sentence)


def sensitivity(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    target: str | None,
    form: str,
    reach: str | None = None,
    network: str | None = None,
    report: str | None = None,
) -> None:
    """Print the parameters that the posterior of a cause depends on most, or another report."""
    options = {"target": target, "reach": reach, "report": report}
    if reach is not None and report is None:
        options["report"] = "reach"
    _report("sensitivity", network, case, findings, setting, do, form, options)


def whatif(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    form: str,
    network: str | None = None,
    report: str | None = None,
) -> None:
    """Print what an intervention would change: this person, had it been otherwise."""
    if report_of("whatif", report) == "compare" and not parse_pairs("--do", do):
        raise CaseError("whatif: expected at least one --do NAME=STATE")
    _report("whatif", network, case, findings, setting, do, form, {"report": report})

"""Commands on one case: diagnose, explain, next, whatif, sensitivity."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fascinet.cli_output import percent, print_json, print_table, say, span
from fascinet.engine.differential import Differential
from fascinet.engine.reasoner import Reasoner, shipped_reasoner
from fascinet.model.case import Case
from fascinet.model.errors import CaseError
from fascinet.model.read_case import read_case

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 12
MARK = "! "
DETAILS = ("a", "b", "c", "d", "flip_low", "flip_high", "low", "high", "posterior_low",
           "posterior_high", "derivative", "observed")  # fmt: skip
NOTICE = "For teaching; not for the care of a patient."


def parse_pairs(option: str, pairs: Iterable[str] | None) -> dict[str, str]:
    """Return NAME=STATE options as a mapping; the same name with two states is an error."""
    found: dict[str, str] = {}
    for pair in pairs or ():
        name, mark, state = (part.strip() for part in pair.partition("="))
        if not (name and mark and state):
            raise CaseError(f"{option}: expected NAME=STATE, got {pair!r}")
        if found.setdefault(name, state) != state:
            raise CaseError(f"contradictory case: {name} is given as {found[name]} and as {state}")
    return found


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
    known = read_case(case, rules, strict=not given) if case is not None else Case()
    person = {"age": _years(given.pop("age"))} if "age" in given else {}
    extra = read_case({"findings": given, "do": done, **person}, rules, strict=False)
    complaint = {} if case is None or "twitching" in given else {"twitching"}
    return known.with_evidence({k: v for k, v in extra.hard.items() if k not in complaint}, done)


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
        print(found.to_json())
    else:
        show(found)


def show(found: Differential) -> None:
    """Print a differential for people."""
    for flag in found.red_flags:
        say(f"{flag.level.upper()}: {flag.text} [{flag.id}]")
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
    _show_notes(found)


def _show_next(found: Differential) -> None:
    rows = [
        (t.label, f"{t.expected_gain_bits:.3f}", f"{t.cost:g}", f"{t.score:.3f}")
        for t in found.next_tests[:5]
    ]
    if rows:
        print_table("Would tell most", ("question", "bits", "cost", "bits per cost"), rows)


def _show_notes(found: Differential) -> None:
    known = ", ".join(f"{k}={v}" for k, v in {**found.hard, **found.soft}.items()
                      if isinstance(v, str))  # fmt: skip
    say(f"Findings: {known}")
    if found.soft:
        say("Partly known: " + "; ".join(_soft(k, v) for k, v in found.soft.items()))
    if found.unmapped:
        say("Not used: " + ", ".join(u.label or u.code for u in found.unmapped))
    for warning in found.warnings:
        say(f"Note: {warning}")
    say(f"ln P(findings) = {found.log_prob_evidence:.2f}, conflict {found.conflict:+.2f}. {NOTICE}")


def _soft(name: str, likelihoods: Any) -> str:
    return f"{name} " + " or ".join(state for state, v in likelihoods.items() if v > 0)


def next_(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    form: str,
) -> None:
    """Print the questions and tests that would tell most."""
    reasoner = shipped_reasoner()
    found = reasoner.diagnose(open_case(reasoner, case, findings, do), setting, tests=None)
    if form == "json":
        print_json({"setting": found.setting, "next_tests": found.to_dict()["next_tests"]})
        return
    rows = [
        (t.label, f"{t.expected_gain_bits:.3f}", f"{t.cost:g}", f"{t.score:.3f}")
        for t in found.next_tests
    ]
    print_table("Would tell most", ("question", "bits", "cost", "bits per cost"), rows)


def target_of(reasoner: Reasoner, target: str | None, found: Differential) -> tuple[str, str]:
    """Return variable and state of CAUSE or CAUSE=STATE; the first cause by default."""
    name, _, state = (target or found.differential[0].cause).partition("=")
    states = reasoner.rules.states[reasoner.rules.check(name)]
    if state:
        reasoner.rules.check(name, state)
        return name, state
    marginal = found.posterior[name] if found.posterior else {s: 0.0 for s in states}
    return name, max(states[1:], key=lambda s: marginal[s])


def _prepared(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
) -> tuple[Reasoner, Differential]:
    reasoner = shipped_reasoner()
    opened = open_case(reasoner, case, findings, do)
    return reasoner, reasoner.diagnose(opened, setting, tests=0, intervals=False)


def explain(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    target: str | None,
    form: str,
) -> None:
    """Print the weight of each finding for a cause."""
    reasoner, found = _prepared(case, findings, setting, do)
    variable, state = target_of(reasoner, target, found)
    result = reasoner.engine_for(found.do).explain(variable, state, found.hard, soft=found.soft)
    title = f"Evidence for {variable}={state} (decibans)"
    _print_frame(result.to_frame(), title, form, {"target": variable, "state": state})
    if form != "json":
        for sentence in result.in_words("clinician", reasoner.network):
            say(sentence)


def sensitivity(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    target: str | None,
    form: str,
) -> None:
    """Print the parameters that the posterior of a cause hangs on most."""
    reasoner, found = _prepared(case, findings, setting, do)
    variable, state = target_of(reasoner, target, found)
    engine = reasoner.engine_for(found.do)
    frame = engine.sensitivity(variable, state, found.hard, soft=found.soft).to_frame()
    frame = frame.assign(spread=(frame["posterior_high"] - frame["posterior_low"]).abs())
    frame = frame.sort_values("spread", ascending=False, na_position="last").drop(columns="spread")
    title = f"Parameters that {variable}={state} hangs on"
    shown = frame if form == "json" else frame.head(20)
    _print_frame(shown, title, form, {"target": variable, "state": state})


def whatif(
    case: str | None,
    findings: list[str] | None,
    setting: str | None,
    do: list[str] | None,
    form: str,
) -> None:
    """Print what an intervention would change: this person, had it been otherwise."""
    done = parse_pairs("--do", do)
    if not done:
        raise CaseError("whatif: expected at least one --do NAME=STATE")
    reasoner, found = _prepared(case, findings, setting, None)
    for name, state in done.items():
        reasoner.rules.check(name, state)
    affected = {v for name in done for v in reasoner.network.descendants(name)}
    known = {*reasoner.causes, *reasoner.mechanisms, *found.hard} & affected - set(done)
    targets = [name for name in reasoner.network.variables if name in known]
    result = reasoner.engine.counterfactual(found.hard, done, targets, soft=found.soft)
    head = {"do": done, "setting": found.setting}
    _print_frame(result.to_frame(), "Had it been otherwise", form, head)


def _print_frame(frame: "pd.DataFrame", title: str, form: str, head: dict[str, Any]) -> None:
    if form == "json":
        print_json({**head, "rows": frame.to_dict(orient="records")})
        return
    columns, rows = [str(c) for c in frame.columns], [_cells(row) for row in _rows(frame)]
    print_table(title, columns, rows, optional=DETAILS)


def _rows(frame: "pd.DataFrame") -> Iterable[Sequence[Any]]:
    return frame.itertuples(index=False, name=None)


def _cells(row: Sequence[Any]) -> list[str]:
    return [f"{x:.4g}" if isinstance(x, float) else _cell(x) for x in row]


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}={v}" for k, v in value.items())
    return str(value)

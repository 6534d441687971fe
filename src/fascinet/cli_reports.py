"""All reports of explain, next, whatif and sensitivity, on the shipped network or any other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fascinet.cli_names import parse_pairs
from fascinet.cli_output import print_json, print_table, say
from fascinet.engine.analyses.hypotheses import causes, is_state
from fascinet.engine.analyses.results import Result
from fascinet.model.errors import CaseError, OptionError

if TYPE_CHECKING:
    from fascinet.engine.api.engine import Engine
    from fascinet.model.schema import Knowledge

SHOWN = 20
ALARM = 0.05  # a judgement: to act for nothing counts a twentieth of the worst miss
DETAILS = ("a", "b", "c", "d", "flip_low", "flip_high", "low", "high", "posterior_low",
           "posterior_high", "derivative", "observed")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A case on a network, and what is asked of it.

    Attributes
    ----------
    engine : Engine
        Of the network, with interventions made where the command means them so.
    hard, soft, done : mappings
        Findings; what is imagined or done.
    target, state : str
        The answer under study; "" where none is given.
    options : mapping of str to str
        `against`, `reach`.
    head : dict
        What the JSON says first.
    advice : Result, optional
        The actions to consider, of the shipped network.
    knowledge : callable
        Loads the knowledge base behind the network, if it has one.
    """

    engine: "Engine"
    hard: dict[str, str]
    soft: Mapping[str, Any]
    done: dict[str, str]
    target: str
    state: str
    options: Mapping[str, str | None]
    head: dict[str, Any]
    advice: Result | None = None
    knowledge: "Callable[[], Knowledge] | None" = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


Report = Callable[[Asked], Any]


def weights(asked: Asked) -> Result:
    """Return what each finding adds."""
    return asked.engine.explain(asked.hard, target=asked.target, state=asked.state, soft=asked.soft)


def contrast(asked: Asked) -> Result:
    """Return which findings tell the target from another hypothesis."""
    from fascinet.engine.analyses.explain import contrast

    other = asked.options.get("against")
    if not other:
        raise CaseError("--report contrast: expected --against VARIABLE=STATE")
    first, second = ((asked.target, asked.state), _answer(asked.engine, asked.hard, other))
    network = asked.engine.network
    return contrast(asked.engine, is_state(network, *first), is_state(network, *second),
                    asked.hard, soft=asked.soft)  # fmt: skip


def conflict(asked: Asked) -> Result:
    """Return whether the findings fit together."""
    return asked.engine.conflict(asked.hard, soft=asked.soft)


def rarity(asked: Asked) -> Result:
    """Return how rare the case is among simulated ones."""
    from fascinet.engine.analyses.meter import outside_meter

    return outside_meter(asked.engine, asked.hard, draws=200)


def joint(asked: Asked) -> Result:
    """Return the most probable joint explanations."""
    names = None if causes(asked.engine.network) else _open(asked)[:12]
    return asked.engine.most_probable_explanations(asked.hard, targets=names, soft=asked.soft)


def mechanisms(asked: Asked) -> Result:
    """Return the mechanisms between the target and the findings, and what each carries."""
    from fascinet.engine.analyses.pathway import pathway

    return pathway(asked.engine, asked.target, asked.state, asked.hard, soft=asked.soft)


def information(asked: Asked) -> Result:
    """Return the expected information of each question and test."""
    targets = asked.target or None
    return asked.engine.value_of_information(asked.hard, targets=targets, soft=asked.soft)


def pairs(asked: Asked) -> Result:
    """Return pairs of questions and tests."""
    return asked.engine.best_pairs(asked.hard, targets=asked.target or None, soft=asked.soft)


def policy(asked: Asked) -> Any:
    """Return up to three steps, each chosen after the last result."""
    return asked.engine.best_policy(asked.hard, targets=asked.target or None, soft=asked.soft)


def utility(asked: Asked) -> Result:
    """Return what each question and test is worth, by the harm of missing each cause."""
    from fascinet.engine.analyses.expected_utility import expected_utility

    if asked.knowledge is None:
        raise CaseError("--report utility: expected the shipped network, which has harms")
    scripts = asked.knowledge().causes
    harms = {c: s.harm for c, s in scripts.items() if c in asked.engine.network.index}
    asked.head["alarm"] = ALARM
    alarms = dict.fromkeys(harms, ALARM)
    return expected_utility(asked.engine, harms, asked.hard, alarms=alarms, soft=asked.soft)


def actions(asked: Asked) -> Result:
    """Return the actions to consider or discuss."""
    if asked.advice is None:
        raise CaseError("--report actions: expected the shipped network, which has actions")
    return asked.advice


def compare(asked: Asked) -> Result:
    """Return observed, interventional and counterfactual answers side by side."""
    network = asked.engine.network
    affected = {v for name in asked.done for v in network.descendants(name)}
    named = asked.extra.get("shown", set(network.variables)) | set(asked.hard)
    targets = [v for v in network.variables if v in affected & named and v not in asked.done]
    return asked.engine.counterfactual(asked.hard, do=asked.done, targets=targets, soft=asked.soft)


def without(asked: Asked) -> Result:
    """For each cause, return the probability that each finding would vanish without it."""
    asked.head["left_out"] = list(asked.soft)  # partly known findings cannot go
    return asked.engine.without_each_cause(asked.hard)


def parameters(asked: Asked) -> Result:
    """Return how strongly the answer depends on each parameter."""
    return asked.engine.sensitivity(
        asked.hard, target=asked.target, state=asked.state, soft=asked.soft
    )


def intervals(asked: Asked) -> Result:
    """Return credible intervals from the cited ranges."""
    names = (
        None if causes(asked.engine.network) and not asked.options.get("target") else [asked.target]
    )
    return asked.engine.uncertainty(asked.hard, targets=names, soft=asked.soft)


def weak(asked: Asked) -> Result:
    """Return influential parameters that are poorly sourced."""
    from fascinet.engine.analyses.influence import poorly_sourced

    found = asked.engine.sensitivity(
        asked.hard, target=asked.target, state=asked.state, soft=asked.soft
    )
    return poorly_sourced(found)


def changes(asked: Asked) -> Result:
    """Return findings and parameters that could change the answer most."""
    return asked.engine.what_would_change(
        asked.hard, target=asked.target, state=asked.state, soft=asked.soft
    )


def reach(asked: Asked) -> Result:
    """Return the smallest single changes that bring the answer to a probability."""
    from fascinet.engine.analyses.inverse import Statement, single_changes

    given = asked.options.get("reach")
    try:
        p = float(given or "")
    except ValueError:
        p = -1.0
    if not 0.0 <= p <= 1.0:
        raise CaseError(f"--report reach: expected --reach P, a probability, got {given!r}")
    hypothesis = is_state(asked.engine.network, asked.target, asked.state)
    now = asked.engine.posterior(asked.hard, soft=asked.soft, targets=[asked.target])
    sense = ">=" if p >= now[asked.target][asked.state] else "<="
    statement = Statement(hypothesis, sense, p)
    return single_changes(asked.engine, statement, asked.hard, soft=asked.soft)


REPORTS: dict[str, dict[str, Report]] = {
    "explain": {"weights": weights, "contrast": contrast, "conflict": conflict, "rarity": rarity,
                "joint": joint, "mechanisms": mechanisms},
    "next": {"tests": information, "pairs": pairs, "policy": policy, "utility": utility,
             "actions": actions},
    "whatif": {"compare": compare, "causes": without},
    "sensitivity": {"parameters": parameters, "intervals": intervals,
                    "poorly_sourced": weak, "changes": changes, "reach": reach},
}  # fmt: skip
"""The reports of each command, the default one first."""
OLDER = {"meter": "rarity", "path": "mechanisms", "worlds": "compare", "weak": "poorly_sourced",
         "movers": "changes"}  # fmt: skip
"""Names of earlier versions, still understood."""
UNTARGETED = frozenset(
    "conflict rarity joint tests pairs policy utility actions compare causes".split()
)


def report_of(command: str, name: str | None) -> str:
    """Return the name of a report, the first one by default; an unknown one is an error."""
    known = REPORTS[command]
    if name is not None:
        name = name.replace("-", "_")
        name = OLDER.get(name, name)
    if name is not None and name not in known:
        raise OptionError("--report", name, known)
    return name or next(iter(known))


def on_network(
    command: str,
    file: str,
    case: str | None,
    findings: list[str] | None,
    do: list[str] | None,
    options: Mapping[str, str | None],
) -> Asked:
    """Return a case on a network of the package or from a file."""
    from fascinet.cli_network import evidence_of, open_network
    from fascinet.engine.api.engine import Engine

    network = open_network(file)
    hard, soft, done = evidence_of(case, network)
    hard |= parse_pairs("--finding", findings)
    done |= parse_pairs("--do", do)
    for name, state in {**hard, **done}.items():
        network.state_index(name, state)
    imagined = command == "whatif"
    engine = Engine(network if imagined or not done else network.do(done))
    report = report_of(command, options.get("report"))
    target, state = "", ""
    if options.get("target"):
        target, state = _answer(engine, hard, str(options["target"]))
    elif report not in UNTARGETED:
        raise CaseError(f"{command} --network: expected --target VARIABLE=STATE")
    head = {"network": network.name, "evidence": hard, "do": done}
    if target:
        head |= {"target": target, "state": state}
    return Asked(engine, hard, soft, done, target, state, options, head)


def _answer(engine: "Engine", hard: Mapping[str, str], text: str) -> tuple[str, str]:
    """Return variable and state of VARIABLE=STATE; the state most probable now by default."""
    name, _, state = text.partition("=")
    engine.network.check(name)
    if state:
        engine.network.state_index(name, state)
        return name, state
    marginal = engine.posterior(dict(hard), targets=[name])[name]
    return name, max(marginal, key=lambda s: marginal[s])


def _open(asked: Asked) -> list[str]:
    return [v for v in asked.engine.network.variables if v not in asked.hard]


def show(command: str, asked: Asked, form: str) -> Any:
    """Compute, print and return a report."""
    name = report_of(command, asked.options.get("report"))
    result = REPORTS[command][name](asked)
    head = {"report": name, **asked.head}
    if not isinstance(result, Result):
        if form == "json":
            print_json({**head, **result.to_dict()})
        else:
            say(str(result))
        return result
    rows = rows_of(result)
    if form == "json":
        print_json({**head, **result.summary(), "rows": rows})
        return result
    columns = list(result.columns())
    cells = [[cell(row[c]) for c in columns] for row in rows[:SHOWN]]
    print_table(result.title(), columns, cells, optional=DETAILS)
    if len(rows) > SHOWN:
        say(f"… and {len(rows) - SHOWN} more")
    return result


def rows_of(result: Result) -> list[dict[str, Any]]:
    """Return the rows of a result, the widest parameters first."""
    columns = dict(result.columns())
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if "posterior_high" in columns:
        rows.sort(key=lambda r: _spread(r["posterior_low"], r["posterior_high"]))
    return rows


def _spread(low: float, high: float) -> float:
    """Return less the width of a range, so that the widest comes first and unknown ones last."""
    return 0.0 if low != low or high != high else -abs(high - low)


def cell(value: Any) -> str:
    """Return a value as a cell of a table."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{k}={v}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)

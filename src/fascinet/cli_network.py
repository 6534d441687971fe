"""Commands on networks and knowledge bases."""

from pathlib import Path
from typing import Any

from fascinet.cli_errors import tell
from fascinet.cli_names import parse_pairs
from fascinet.cli_output import percent, print_json, print_table, say
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import CaseError, FascinetError, FormatError, OptionError, shown
from fascinet.model.examples import EXAMPLES, example
from fascinet.model.network import Network
from fascinet.model.plural import counted
from fascinet.model.read_case import load_json
from fascinet.model.shipped import load

SHIPPED = "shipped"


def open_network(name: str | Path | None, encoding: str | None = None) -> Network:
    """Return the shipped network, an example by its name, or read a file."""
    if name is None or str(name) == SHIPPED:
        return load()
    if str(name) in EXAMPLES:
        return example(str(name))
    if "." not in str(name) and not Path(name).exists():
        raise OptionError("network", str(name), (SHIPPED, *EXAMPLES, "or a file such as x.bif"))
    try:
        return load(name, encoding=encoding)
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{name}: cannot be read: {error}") from None


def query(
    network: str,
    evidence: str | None,
    targets: str | None,
    form: str,
    findings: list[str] | None = None,
    do: list[str] | None = None,
) -> None:
    """Print posteriors."""
    engine = Engine(open_network(network))
    hard, soft, done = evidence_of(evidence, engine.network)
    hard = added(hard, parse_pairs("--finding", findings))
    done = added(done, parse_pairs("--do", do))
    posterior = engine.posterior(hard, soft=soft, do=done, targets=split_names(targets))
    found = {v: dict(m) for v, m in posterior.items()}
    log_prob = float(posterior.log_prob_evidence)
    if form == "json":
        print_json({"log_prob_evidence": log_prob, "posteriors": found})
        return
    rows = [(v, s, percent(p)) for v, marginal in found.items() for s, p in marginal.items()]
    print_table(f"ln P(evidence) = {log_prob:.6g}", ("variable", "state", "posterior"), rows)


def added(told: dict[str, str], more: dict[str, str]) -> dict[str, str]:
    """Return a file's evidence with the options'; the same variable in two states is an error."""
    for name, state in more.items():
        if told.get(name, state) != state:
            raise CaseError(f"contradictory case: {name} is given as {told[name]} and as {state}")
    return told | more


def evidence_of(
    file: str | None, network: Network
) -> tuple[dict[str, str], dict[str, Any], dict[str, str]]:
    """Return hard evidence, soft evidence and interventions of a JSON or UAI evidence file."""
    if file is not None and file.lower().endswith((".evid", ".evid.gz")):
        from fascinet.model.formats import read_evidence as read_uai

        return dict(read_uai(file, network)), {}, {}
    return read_evidence(load_json(file) if file else {})


def read_evidence(data: Any) -> tuple[dict[str, str], dict[str, Any], dict[str, str]]:
    """Return hard evidence, soft evidence and interventions; a flat object is hard evidence.

    A network may have a variable called `evidence`: an object is a section, a text is a state.
    """
    sections = ("evidence", "findings", "soft", "do")
    if not any(isinstance(data.get(key), dict) for key in sections):
        data = {"evidence": data}
    unknown = sorted(set(data) - set(sections))
    if unknown:
        raise CaseError(f"evidence: expected keys {', '.join(sections)}, got {unknown[0]!r}")
    parts = {key: dict(data.get(key) or {}) for key in sections}
    hard = parts["evidence"] | parts["findings"]
    for name, state in {**hard, **parts["do"]}.items():
        if not isinstance(state, str | int):  # numbers and truth values are matched to the text
            raise CaseError(f"evidence: {name}: expected a state's name, got {shown(state)}")
    return hard, parts["soft"], parts["do"]


def split_names(names: str | None) -> list[str] | None:
    """Return names split by commas; None for none."""
    found = [name.strip() for name in (names or "").split(",") if name.strip()]
    return found or None


def convert(source: Path, out: Path, encoding: str | None = None) -> None:
    """Convert a network file."""
    from fascinet.model.formats import format_of

    format_of(out)
    network = open_network(source, encoding)
    try:
        network.save(out)
    except OSError as error:
        raise FormatError(f"{out}: cannot be written: {error}") from None
    tell(f"{out}: {counted(len(network.variables), 'variable')}")


def info(name: str | None, form: str) -> None:
    """Describe a network."""
    facts = describe(open_network(name))
    if form == "json":
        print_json(facts)
        return
    kinds = {f"kind: {kind}": count for kind, count in facts.pop("kinds").items()}
    rows = [(key.replace("_", " "), str(value)) for key, value in {**facts, **kinds}.items()]
    print_table(str(facts["name"]) or "network", ("about", "value"), rows)


def describe(network: Network) -> dict[str, Any]:
    """Return counts and sizes of a network and of its plan without evidence."""
    plan = Engine(network).plan()
    kinds: dict[str, int] = {}
    for v in network.variables:
        kind = str(network.meta.get(v, {}).get("kind", type(network.gate(v)).__name__.lower()))
        kinds[kind] = kinds.get(kind, 0) + 1
    return {
        "name": network.name, "version": network.version, "hash": network.hash,
        "variables": len(network.variables), "arcs": network.graph.number_of_edges(),
        "states": sum(len(network.states(v)) for v in network.variables),
        "kinds": dict(sorted(kinds.items())),
        "plan_entries": int(plan.entries), "largest_clique": int(plan.largest),
    }  # fmt: skip


def check(folder: Path | None, form: str) -> None:
    """Check a knowledge base; exit 2 if it has an error."""
    from fascinet.model.validate import check as find_issues

    if folder is not None and not folder.is_dir():
        raise FormatError(f"{folder}: expected the folder of a knowledge base")
    issues = find_issues(folder)
    if form == "json":
        print_json([_issue(issue) for issue in issues])
    else:
        for issue in issues:
            say(str(issue))
        if not issues:
            say("no issue found")
    errors = [issue for issue in issues if getattr(issue, "level", "error") == "error"]
    if errors:
        raise FascinetError(f"{len(errors)} error(s) in {folder or 'the shipped knowledge base'}")


def _issue(issue: Any) -> dict[str, Any]:
    names = ("level", "rule", "where", "file", "place", "message", "remedy")
    return {name: str(getattr(issue, name)) for name in names if hasattr(issue, name)}


def dashboard(port: int, headless: bool, phones: str, phones_port: int | None) -> None:
    """Replace this process with the server of the dashboard, on 127.0.0.1."""
    from fascinet.dashboard.serve import serve

    serve(port, headless=headless, phones=phones, phones_port=phones_port)

"""The command `ask`: the probability of an event, and two risks compared."""

from typing import Any

from fascinet.cli_network import open_network
from fascinet.cli_output import percent, print_table, say
from fascinet.engine.api.engine import Engine
from fascinet.model.errors import CaseError


def ask(question: str, network: str | None, against: str | None, form: str) -> None:
    """Print P(event | condition), or compare it with P(event | against)."""
    engine = Engine(open_network(network))
    if against is None:
        answer = engine.ask(question)
        if form == "json":
            print(answer.to_json(indent=1))
        else:
            say(f"P({question}) = {percent(answer.probability)} ({answer.probability:.6g})")
            say(f"without the condition {percent(answer.unconditional)}")
        return
    event, bar, condition = (part.strip() for part in question.partition("|"))
    if not bar:
        raise CaseError('--against: expected a question with a condition, "EVENT | CONDITION"')
    found = engine.compare_risks(event, condition, against)
    if form == "json":
        print(found.to_json(indent=1))
        return
    rows = [
        (measure, given, *(f"{x:.4g}" for x in figures))
        for measure, given, *figures in zip(*found.columns().values(), strict=True)
    ]
    columns: list[Any] = list(found.columns())
    print_table(found.title(), columns, rows)

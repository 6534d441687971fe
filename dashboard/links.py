"""The case in the address: codes of findings only, never a name, a date or free text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fascinet.dashboard.state import NAME, Case, Edit, StatesOf, edited

LINK_LIMIT = 4000
PERCENT = re.compile(r"[0-9]{1,3}")


def to_link(case: Case) -> dict[str, str]:
    """Return the query parameters that hold the case: codes only, in a fixed order."""
    setting = case.setting if NAME.fullmatch(case.setting) else ""
    link = {"s": setting, "e": "~".join(f"{v}.{s}" for v, s in case.hard)}
    link["l"] = "~".join(
        f"{v}." + ",".join(f"{s}:{round(100 * x)}" for s, x in like) for v, like in case.soft
    )
    link["p"] = "~".join(sorted(case.paused))
    return {k: v for k, v in link.items() if v}


def from_link(link: Mapping[str, str], states: StatesOf) -> tuple[Case, list[str]]:
    """Return the case that a link holds, and a message for each part that was left out.

    Parameters
    ----------
    link : mapping
        Query parameters `s` (setting), `e` (findings), `l` (likelihoods), `p` (paused).
    states : mapping of str to sequence of str
        What may be entered. Anything else in the link is left out with a message.
    """
    if sum(len(v) for v in link.values()) > LINK_LIMIT:
        return Case(), ["This link is too long to be one of ours; it was not read."]
    bad: list[str] = []
    case = Case()
    if "s" in link:
        case = _take(case, {"op": "set", "id": "setting", "state": link["s"]}, states, bad)
    for part in filter(None, link.get("e", "").split("~")):
        variable, _, state = part.partition(".")
        case = _take(case, {"op": "set", "id": variable, "state": state}, states, bad)
    for part in filter(None, link.get("l", "").split("~")):
        case = _take(case, _soft_edit(part), states, bad)
    for variable in filter(None, link.get("p", "").split("~")):
        case = _take(case, {"op": "pause", "id": variable}, states, bad)
    return case, [_refusal(bad)] if bad else []


def _soft_edit(part: str) -> dict[str, Any]:
    variable, _, text = part.partition(".")
    pairs = [item.rpartition(":") for item in text.split(",")]
    like = {s: int(x) / 100 if PERCENT.fullmatch(x) else -1.0 for s, _, x in pairs}
    return {"op": "soft", "id": variable, "likelihood": like}


def _take(case: Case, edit: Edit, states: StatesOf, bad: list[str]) -> Case:
    variable, state = str(edit["id"]), str(edit.get("state", "-"))
    good = NAME.fullmatch(variable) and variable in states and state
    after = edited(case, edit, states) if good else case
    default = variable == "setting" and state == case.setting
    if after == case and not default:
        bad.append(f"{variable}.{state}" if edit["op"] == "set" else variable)
    return after


def _refusal(bad: Sequence[str]) -> str:
    shown = ", ".join(f"“{name[:60]}”" for name in bad[:5])
    more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    return f"The link holds parts that this network does not know; left out: {shown}{more}."

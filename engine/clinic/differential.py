"""The differential: the record that `diagnose` returns."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from fascinet.engine.api.posterior import Posterior
from fascinet.model.case import Unmapped
from fascinet.model.errors import UnknownCauseError
from fascinet.model.lazy import Lazy
from fascinet.model.plural import counted

if TYPE_CHECKING:
    import pandas as pd

    from fascinet.engine.clinic.decisions import Advice

charts_room = Lazy("fascinet.engine.display.charts")
drawing_room = Lazy("fascinet.engine.display.drawing")


@dataclass(frozen=True)
class CauseEntry:
    """One cause.

    Attributes
    ----------
    cause, label, group : str
    prior : float
        P(present | setting, complaint), before any other finding.
    posterior : float
        P(present | all evidence).
    interval : tuple of float
        95% interval of the posterior from the ranges of the parameters.
    responsibility : float
        Expected disablement, Σ_f w_f d(c, f) / Σ_f w_f; see `clinic.responsibility`.
    weight_of_evidence_db : float
        10 log10 of posterior odds over prior odds.
    must_not_miss : bool
    harm : float
        Weight of missing it, 0 to 1.
    """

    cause: str
    label: str
    group: str
    prior: float
    posterior: float
    interval: tuple[float, float]
    responsibility: float
    weight_of_evidence_db: float
    must_not_miss: bool
    harm: float = 1.0


@dataclass(frozen=True)
class GroupEntry:
    """One group of causes.

    Attributes
    ----------
    group, label : str
    score : float
        What the ranking goes by: responsibility of the group taken out together, its posterior,
        or its responsibility times harm.
    posterior : float
        P(any cause of the group present | all evidence).
    """

    group: str
    score: float
    posterior: float
    label: str = ""


@dataclass(frozen=True)
class RedFlag:
    """A warning sign found in the case, with the statements it rests on.

    `level` is urgent, routine or review; `reassure` marks a sign that all is well. `within` says
    how soon an urgent one wants something done: hours, day or weeks. `actions` are the ids of what
    it calls for.
    """

    id: str
    level: str
    text: str
    article: tuple[str, ...] = ()
    action: str = ""
    within: str = ""
    actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class NextTest:
    """A finding worth asking, or a test worth doing, next.

    Attributes
    ----------
    finding : str
        The finding, or of tests that are done in one session the one that tells most.
    label : str
        Of the finding or the session.
    expected_gain_bits : float
        Expected fall of the differential's entropy, Σ_c max_f I(c; f) over its causes c and the
        session's tests f: what the session tells at least.
    cost : float
        Ordinal cost.
    score : float
        The same sum, each cause weighted by what is lost if it is missed, per unit of price; see
        `clinic.next_tests`.
    rules_out : tuple of str
        Causes that must not be missed, whose decisive test this is.
    includes : tuple of str
        The tests of the session, those that tell most first.
    """

    finding: str
    label: str
    expected_gain_bits: float
    cost: float
    score: float
    rules_out: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Differential:
    """A ranked, exact differential.

    Attributes
    ----------
    model : mapping
        Name, version and hash of the network.
    setting, rank : str
        Where the person is seen, and what the ranking goes by.
    hard, soft : mapping
        All evidence used, context and complaint included.
    contained : mapping
        Findings known from others that contain them (weakness from weak hips), not counted again.
    do : mapping
        Interventions.
    unmapped : tuple of Unmapped
        What the network has no variable for.
    log_prob_evidence : float
        ln P(hard, soft; do).
    conflict : float
        Σ_f ln P(f | setting, complaint) − ln P(findings | the same), in nats; above zero they fit
        each other worse than if they were independent (Jensen 1991).
    differential : tuple of CauseEntry
        Best first.
    groups : tuple of GroupEntry
        Best first, every group once.
    red_flags : tuple of RedFlag
        Most urgent first.
    reassurance : tuple of RedFlag
        Signs that all is well, if no flag is raised and nothing else is out of order.
    next_tests : tuple of NextTest
        Most informative per cost first.
    warnings : tuple of str
    advice : tuple of Advice
        Actions to consider or discuss, best first.
    posterior : Posterior
        All marginals.

    Examples
    --------
    >>> import fascinet as fn
    >>> found = fn.diagnose({"findings": {"weakness": "objective"}})
    >>> entry = found["als"]
    >>> entry.interval[0] <= entry.posterior <= entry.interval[1]
    True
    >>> [entry.cause for entry in found][0] == found[0].cause
    True
    """

    model: Mapping[str, str]
    setting: str
    rank: str
    hard: Mapping[str, str]
    soft: Mapping[str, Mapping[str, float]]
    do: Mapping[str, str]
    unmapped: tuple[Unmapped, ...]
    log_prob_evidence: float
    conflict: float
    differential: tuple[CauseEntry, ...]
    groups: tuple[GroupEntry, ...]
    red_flags: tuple[RedFlag, ...]
    next_tests: tuple[NextTest, ...]
    warnings: tuple[str, ...]
    reassurance: tuple[RedFlag, ...] = ()
    advice: tuple["Advice", ...] = ()
    contained: Mapping[str, str] = field(default_factory=dict)
    posterior: Posterior = field(repr=False, compare=False, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON object."""
        evidence: dict[str, Any] = {
            "hard": dict(self.hard),
            "soft": {k: dict(v) for k, v in self.soft.items()},
            "unmapped": [asdict(u) for u in self.unmapped],
        }
        if self.contained:
            evidence["contained"] = dict(self.contained)
        if self.do:
            evidence["do"] = dict(self.do)
        return {
            "model": dict(self.model), "setting": self.setting, "evidence": evidence,
            "log_prob_evidence": self.log_prob_evidence, "conflict": self.conflict,
            "rank": self.rank,
            "differential": [_plain(entry) for entry in self.differential],
            "groups": [_plain(entry) for entry in self.groups],
            "red_flags": [_plain(flag) for flag in self.red_flags],
            "next_tests": [_plain(test) for test in self.next_tests],
            "warnings": list(self.warnings),
            "reassurance": [_plain(flag) for flag in self.reassurance],
            "actions": [_advice(advice) for advice in self.advice],
        }  # fmt: skip

    def to_json(self, indent: int | None = 1) -> str:
        """Return the contract's JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row a cause, best first."""
        import pandas as pd

        rows = [asdict(entry) for entry in self.differential]
        return pd.DataFrame(rows, columns=list(CauseEntry.__dataclass_fields__))

    def __getitem__(self, cause: str | int) -> CauseEntry:
        """Return the entry of a cause by its name, or by its place (0 is the first).

        Raises
        ------
        UnknownCauseError
            A `KeyError`, too; for a place out of range, an `IndexError`.
        """
        if isinstance(cause, int):
            return self.differential[cause]
        for entry in self.differential:
            if entry.cause == cause:
                return entry
        raise UnknownCauseError(cause, (entry.cause for entry in self.differential))

    def __iter__(self) -> Iterator[CauseEntry]:
        """Iterate over the causes, best first."""
        return iter(self.differential)

    def __len__(self) -> int:
        return len(self.differential)

    def __contains__(self, cause: object) -> bool:
        return any(cause in (entry.cause, entry) for entry in self.differential)

    def __repr__(self) -> str:
        number = counted(len(self.hard), "finding")
        head = f"Differential by {self.rank}, {self.setting}, {number}"
        lines = [head, f"{'cause':<28}{'prior':>8}{'posterior':>11}{'responsibility':>16}"]
        for entry in self.differential[:8]:
            lines.append(
                f"{entry.cause:<28}{entry.prior:>8.2%}{entry.posterior:>11.1%}"
                f"{entry.responsibility:>16.2f}"
            )
        lines += [f"{flag.level}: {flag.text}" for flag in self.red_flags]
        return "\n".join(lines)

    def plot(self, count: int = 12) -> Any:
        """Return an Altair chart: posterior with its interval, and responsibility."""
        return charts_room.differential_chart(self, count)

    def save(self, path: str) -> None:
        """Write the chart as .svg, .png or .html, without a browser."""
        charts_room.save_chart(self.plot(), path)

    def _repr_html_(self) -> str:
        return drawing_room.differential_html(self)


def _advice(advice: "Advice") -> dict[str, Any]:
    out = _plain(advice) | {"first": advice.first, "sentence": advice.sentence()}
    return out | {"basis": {cause: p for cause, p in advice.basis}}


def _plain(entry: Any) -> dict[str, Any]:
    out = asdict(entry)
    return {key: list(v) if isinstance(v, tuple) else v for key, v in out.items()}

"""The learner's ledger: consultations, estimates and exercises, and what they say of the learner.

A learner is a nickname and a key that only they know; the ledger keeps the key's hash. No patient
of flesh and blood is in it. What a method has returned from is on the disk.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from fascinet.engine.teaching.encounter import Encounter
from fascinet.engine.teaching.exercise import Exercise, Mark
from fascinet.engine.teaching.patient import truths
from fascinet.engine.teaching.tables import (
    ATTEMPT,
    ESTIMATE,
    LEARNER,
    VISIT,
    default_url,
    open_database,
    told,
    writing,
)
from fascinet.model.errors import LedgerError

KEY_BYTES = 16  # 128 bits
NICKNAME = 40
WINDOW = 10  # attempts that progress is the mean of
EDGES = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Bin:
    """Estimates between two probabilities: how many, their mean, and what came out."""

    low: float
    high: float
    count: int
    stated: float
    exact: float
    present: float


class Ledger:
    """Keeps what learners did.

    Parameters
    ----------
    url : str, optional
        `sqlite:///file` or `postgresql+psycopg://…`; default: the variable FASCINET_LEDGER, else a
        file in the user's data folder.

    Raises
    ------
    LedgerError
        Where it cannot be opened or written.

    Examples
    --------
    >>> from fascinet.teaching import open_ledger
    >>> ledger = open_ledger("sqlite://")
    >>> key = ledger.enrol("owl")
    >>> ledger.nickname(key), ledger.history(key)
    ('owl', {})
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = default_url() if url is None else url
        self._engine = open_database(self.url)

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    # ---------------------------------------------------------------- learners

    def enrol(self, nickname: str) -> str:
        """Return the key of a new learner; it is told once and kept as its hash."""
        shown = "".join(c for c in nickname if c.isprintable() or c.isspace())
        name = " ".join(shown.split())[:NICKNAME]
        if not name:
            raise LedgerError("a learner needs a nickname of at least one letter")
        key = secrets.token_urlsafe(KEY_BYTES)
        self._write(sa.insert(LEARNER).values(id=_hash(key), nickname=name, since=_now()))
        return key

    def nickname(self, key: str) -> str:
        """Return the nickname of a learner.

        Raises
        ------
        LedgerError
            If no learner has this key.
        """
        rows = self._rows(sa.select(LEARNER.c.nickname).where(LEARNER.c.id == _hash(key)))
        if not rows:
            raise LedgerError("no learner has this key: look for a slip in it, or begin anew")
        return str(rows[0]["nickname"])

    # ---------------------------------------------------------------- what they did

    def keep_visit(self, key: str, here: Encounter, name: str | None = None) -> str:
        """Keep a consultation as it stands, with its estimates; return the name it is kept under.

        Parameters
        ----------
        name : str, optional
            Of a consultation that was kept before, which this one replaces.
        """
        self.nickname(key)
        name = name or secrets.token_hex(8)
        own = {"id": name, "learner": _hash(key), "at": _now(), "ended": here.is_over,
               "record": json.dumps(here.to_dict())}  # fmt: skip
        mine = (VISIT.c.id == name) & (VISIT.c.learner == _hash(key))
        estimates = [{"learner": _hash(key), "visit": name, **e} for e in _estimates(here)]
        with told(self.url), writing(self._engine) as connection:
            connection.execute(sa.delete(VISIT).where(mine))
            connection.execute(sa.delete(ESTIMATE).where(
                (ESTIMATE.c.visit == name) & (ESTIMATE.c.learner == _hash(key))))  # fmt: skip
            connection.execute(sa.insert(VISIT).values(**own))
            if estimates:
                connection.execute(sa.insert(ESTIMATE), estimates)
        return name

    def visits(self, key: str) -> list[dict[str, Any]]:
        """Return the consultations of a learner, the newest first: id, at, ended, record."""
        query = sa.select(VISIT).where(VISIT.c.learner == _hash(key)).order_by(VISIT.c.at.desc())
        rows = self._rows(query)
        return [{**r, "record": json.loads(r["record"])} for r in rows]

    def keep_attempt(self, key: str, exercise: Exercise, mark: Mark) -> None:
        """Keep an attempt at an exercise."""
        self.nickname(key)
        self._write(sa.insert(ATTEMPT).values(
            learner=_hash(key), at=_now(), kind=exercise.kind, seed=exercise.seed,
            credit=mark.credit, error_db=mark.error_db, about=exercise.about or None,
        ))  # fmt: skip

    # ---------------------------------------------------------------- what it says of them

    def history(self, key: str) -> dict[str, tuple[float, int]]:
        """Return the sum of credits and the number of attempts, by kind of exercise."""
        query = sa.select(
            ATTEMPT.c.kind, sa.func.sum(ATTEMPT.c.credit).label("credit"),
            sa.func.count().label("n"),
        ).where(ATTEMPT.c.learner == _hash(key)).group_by(ATTEMPT.c.kind)  # fmt: skip
        return {r["kind"]: (float(r["credit"]), int(r["n"])) for r in self._rows(query)}

    def attempts(self, key: str) -> list[dict[str, Any]]:
        """Return the attempts of a learner, oldest first."""
        query = sa.select(ATTEMPT).where(ATTEMPT.c.learner == _hash(key)).order_by(ATTEMPT.c.id)
        return self._rows(query)

    def calibration(self, key: str) -> tuple[Bin, ...]:
        """Return the learner's reliability: estimates by what was stated, and what came out.

        Of drawn patients alone: of others the truth of each cause is not known.
        """
        query = sa.select(ESTIMATE).where(
            (ESTIMATE.c.learner == _hash(key)) & ESTIMATE.c.present.is_not(None)
        )
        rows = self._rows(query)
        out: list[Bin] = []
        for low, high in zip(EDGES, EDGES[1:], strict=False):
            within = [r for r in rows if low <= r["stated"] < high or r["stated"] == high == 1.0]
            if within:
                means = (_mean(within, k) for k in ("stated", "exact", "present"))
                out.append(Bin(low, high, len(within), *means))
        return tuple(out)

    def progress(self, key: str, window: int = WINDOW) -> tuple[float, ...]:
        """Return after each attempt the mean credit of the last ones, up to a window of them."""
        credits = [float(a["credit"]) for a in self.attempts(key)]
        last = (credits[max(0, k - window) : k] for k in range(1, len(credits) + 1))
        return tuple(sum(some) / len(some) for some in last)

    def errors(self, key: str) -> dict[str, tuple[float, int]]:
        """Return the mean error in decibans and the number of attempts, by finding."""
        query = sa.select(
            ATTEMPT.c.about, sa.func.avg(ATTEMPT.c.error_db).label("error"),
            sa.func.count().label("n"),
        ).where(
            (ATTEMPT.c.learner == _hash(key)) & ATTEMPT.c.error_db.is_not(None)
            & ATTEMPT.c.about.is_not(None)
        ).group_by(ATTEMPT.c.about)  # fmt: skip
        return {r["about"]: (float(r["error"]), int(r["n"])) for r in self._rows(query)}

    # ---------------------------------------------------------------- whose data it is

    def export(self, key: str) -> dict[str, Any]:
        """Return all that is kept of a learner, as plain data."""
        own = _hash(key)
        name = self.nickname(key)
        query = sa.select(ESTIMATE).where(ESTIMATE.c.learner == own).order_by(ESTIMATE.c.id)
        hidden = ("id", "learner")
        return {
            "nickname": name,
            "visits": [_without(v, ("learner",)) for v in self.visits(key)],
            "estimates": [_without(e, hidden) for e in self._rows(query)],
            "attempts": [_without(a, hidden) for a in self.attempts(key)],
            "calibration": [asdict(b) for b in self.calibration(key)],
        }

    def forget(self, key: str) -> None:
        """Delete a learner and all that is kept of them."""
        self.nickname(key)
        with told(self.url), writing(self._engine) as connection:
            for table in (ATTEMPT, ESTIMATE, VISIT):
                connection.execute(sa.delete(table).where(table.c.learner == _hash(key)))
            connection.execute(sa.delete(LEARNER).where(LEARNER.c.id == _hash(key)))

    # ---------------------------------------------------------------- rows

    def _write(self, statement: sa.Insert) -> None:
        with told(self.url), writing(self._engine) as connection:
            connection.execute(statement)

    def _rows(self, query: sa.Executable) -> list[dict[str, Any]]:
        with told(self.url), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _estimates(here: Encounter) -> list[dict[str, Any]]:
    """Return each stated probability beside the exact one, and the truth where it is known."""
    there = set(truths(here.rooms, here.patient))
    out: list[dict[str, Any]] = []
    for said in here.statements:
        exact = here.rooms.belief(here.evidence_after(said.after))
        out += [
            {"cause": c, "stated": q, "exact": exact[c],
             "present": c in there if here.patient.is_sample else None}
            for c, q in said.belief.items()
        ]  # fmt: skip
    return out


def _mean(rows: list[dict[str, Any]], name: str) -> float:
    return sum(float(r[name]) for r in rows) / len(rows)


def _without(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k not in names}


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")

"""A class: the teacher opens a room and steers a case; students answer from seats without names.

A room has a short code that opens it to students, and a key of 128 bits that steers it. A seat is a
random token of 128 bits in the student's browser, and a number that the teacher sees. Keys and
tokens are kept as hashes. An answer that was acknowledged is on the disk.
"""

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from fascinet.engine.teaching.tables import (
    ANSWER,
    ROOM,
    SEAT,
    default_url,
    open_database,
    told,
    writing,
)
from fascinet.model.errors import LedgerError

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is taken for another
CODE, KEY_BYTES = 6, 16
SEATS = 500  # more than any lecture hall that two processors can serve


@dataclass(frozen=True)
class Talk:
    """What is told in a room.

    Attributes
    ----------
    ground : mapping of variable to state
        Known from the start.
    steps : tuple of (variable, state)
        In the order told.
    cause : str
        Whose probability is asked for; "" where one of several is to be chosen.
    said : tuple of str
        The steps in words, the start first: what students read.
    asks : str
        The question in words.
    exact : tuple of float
        The exact posterior after each step.
    choices : tuple of str
        In words, where students choose; then `cause` is "" and `shares` is told instead of `exact`.
    shares : tuple of tuples of float
        The exact posterior of each choice, after each step.
    notes : tuple of str
        The teacher's own on each of `said`; no student reads them.
    """

    ground: Mapping[str, str]
    steps: tuple[tuple[str, str], ...]
    cause: str
    said: tuple[str, ...]
    asks: str
    exact: tuple[float, ...] = ()
    choices: tuple[str, ...] = ()
    shares: tuple[tuple[float, ...], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moment:
    """Where a room stands: the step, whether its answer is revealed, and what is told."""

    step: int
    revealed: bool
    is_open: bool
    talk: Talk


class Classroom:
    """Rooms, seats and answers.

    Parameters
    ----------
    url : str, optional
        As for the ledger, whose database it shares.

    Raises
    ------
    LedgerError
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = default_url() if url is None else url
        self._engine = open_database(self.url)

    def close_database(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    # ---------------------------------------------------------------- the teacher

    def open(self, talk: Talk) -> tuple[str, str]:
        """Open a room and return its code and the teacher's key, which is told once."""
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE))
        key = secrets.token_urlsafe(KEY_BYTES)
        row = {"code": code, "teacher": _hash(key), "at": _now(), "talk": _text(talk), "step": 0,
               "revealed": False, "open": True}  # fmt: skip
        with told(self.url), writing(self._engine) as connection:
            connection.execute(sa.insert(ROOM).values(**row))
        return code, key

    def steer(self, code: str, key: str, step: int, *, revealed: bool) -> None:
        """Go to a step, its answer hidden or revealed.

        Raises
        ------
        LedgerError
            For whoever is not the teacher, and for a step that there is not.
        """
        room = self._mine(code, key)
        if not 0 <= step <= len(room.talk.steps):
            raise LedgerError(f"step: expected 0 to {len(room.talk.steps)}, got {step}")
        self._set(code, step=step, revealed=revealed)

    def close(self, code: str, key: str) -> None:
        """Close a room: nothing more is answered."""
        self._mine(code, key)
        self._set(code, open=False)

    def opened_by(self, code: str, key: str) -> bool:
        """Say whether a room is still open; to its teacher alone."""
        return self._mine(code, key).is_open

    def waiting(self, code: str, key: str) -> tuple[int, ...]:
        """Return the numbers of the seats that have not answered the step: who may be stuck."""
        room = self._mine(code, key)
        done = sa.select(ANSWER.c.seat).where(
            (ANSWER.c.room == code) & (ANSWER.c.step == room.step)
        )
        query = sa.select(SEAT.c.number).where(
            (SEAT.c.room == code) & SEAT.c.id.not_in(done)
        ).order_by(SEAT.c.number)  # fmt: skip
        return tuple(int(r["number"]) for r in self._rows(query))

    def record(self, code: str, key: str) -> dict[str, Any]:
        """Return the session as plain data: the case and every answer by seat number."""
        room = self._mine(code, key)
        asked = ANSWER.c.choice if room.talk.choices else ANSWER.c.p
        query = sa.select(SEAT.c.number.label("seat"), ANSWER.c.step, asked).join(
            SEAT, SEAT.c.id == ANSWER.c.seat
        ).where(ANSWER.c.room == code).order_by(ANSWER.c.step, SEAT.c.number)  # fmt: skip
        answers = [dict(r) for r in self._rows(query)]
        return {"code": code, "talk": json.loads(_text(room.talk)), "answers": answers}

    def _mine(self, code: str, key: str) -> Moment:
        rows = self._rows(sa.select(ROOM.c.teacher).where(ROOM.c.code == code))
        if not rows or not hmac.compare_digest(rows[0]["teacher"], _hash(key)):
            raise LedgerError("this is not the key of the room's teacher")
        return self.now(code)

    def _set(self, code: str, **values: Any) -> None:
        with told(self.url), writing(self._engine) as connection:
            connection.execute(sa.update(ROOM).where(ROOM.c.code == code).values(**values))

    # ---------------------------------------------------------------- students

    def now(self, code: str) -> Moment:
        """Return where a room stands.

        Raises
        ------
        LedgerError
            If there is no such room.
        """
        rows = self._rows(sa.select(ROOM).where(ROOM.c.code == code))
        if not rows:
            raise LedgerError("there is no room of this code: look at the wall again")
        row = rows[0]
        return Moment(
            int(row["step"]), bool(row["revealed"]), bool(row["open"]), _talk(row["talk"])
        )

    def sit(self, code: str) -> str:
        """Take a seat and return its token."""
        self._open(code)
        token = secrets.token_urlsafe(KEY_BYTES)
        with told(self.url), writing(self._engine) as connection:
            taken = connection.execute(
                sa.select(sa.func.count()).select_from(SEAT).where(SEAT.c.room == code)
            ).scalar_one()
            if taken >= SEATS:
                raise LedgerError("this room is full")
            row = {"id": _hash(token), "room": code, "number": taken + 1}
            connection.execute(sa.insert(SEAT).values(**row))
        return token

    def sits(self, code: str, token: str) -> bool:
        """Say whether a token is a seat of this room."""
        query = sa.select(SEAT.c.id).where((SEAT.c.room == code) & (SEAT.c.id == _hash(token)))
        return bool(self._rows(query))

    def number(self, code: str, token: str) -> int:
        """Return the number of a seat, which its student and the teacher see."""
        query = sa.select(SEAT.c.number).where(
            (SEAT.c.room == code) & (SEAT.c.id == _hash(token))
        )  # fmt: skip
        return next((int(r["number"]) for r in self._rows(query)), 0)

    def answer(self, code: str, token: str, step: int, value: float) -> None:
        """Answer a step that is asked and not yet revealed; a second answer replaces the first.

        Parameters
        ----------
        value : float
            A probability, or the place of a choice.

        Raises
        ------
        LedgerError
            If the room has gone on, or the seat is not one of this room.
        """
        room = self._open(code)
        if step != room.step or room.revealed:
            raise LedgerError("the class has gone on: this step is no longer asked")
        said = _answer(room.talk, value)
        if not self.sits(code, token):
            raise LedgerError("this seat is not in this room: join it anew")
        own = {"room": code, "seat": _hash(token), "step": step}
        with told(self.url), writing(self._engine) as connection:
            same = sa.and_(*(ANSWER.c[k] == v for k, v in own.items()))
            connection.execute(sa.delete(ANSWER).where(same))
            connection.execute(sa.insert(ANSWER).values(**own, **said, at=_now()))

    def own(self, code: str, token: str) -> dict[int, float]:
        """Return a seat's own answers by step: probabilities, or places of choices."""
        query = sa.select(ANSWER.c.step, _value()).where(
            (ANSWER.c.room == code) & (ANSWER.c.seat == _hash(token))
        )
        return {int(r["step"]): float(r["value"]) for r in self._rows(query)}

    def answers(self, code: str, step: int) -> tuple[float, ...]:
        """Return the answers to a step, in order of size, without whose they are."""
        query = sa.select(_value()).where((ANSWER.c.room == code) & (ANSWER.c.step == step))
        return tuple(sorted(float(r["value"]) for r in self._rows(query)))

    def seats(self, code: str) -> int:
        """Return how many have joined."""
        query = sa.select(sa.func.count().label("n")).select_from(SEAT).where(SEAT.c.room == code)
        return int(self._rows(query)[0]["n"])

    def _open(self, code: str) -> Moment:
        room = self.now(code)
        if not room.is_open:
            raise LedgerError("this room is closed")
        return room

    def _rows(self, query: sa.Executable) -> Sequence[Mapping[str, Any]]:
        with told(self.url), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _value() -> sa.Label[float]:
    return sa.func.coalesce(ANSWER.c.p, ANSWER.c.choice).label("value")


def _answer(talk: Talk, value: float) -> dict[str, float]:
    """Return an answer as it is kept."""
    if talk.choices:
        if value not in range(len(talk.choices)):
            raise LedgerError(f"expected one of {len(talk.choices)} choices, got {value:g}")
        return {"choice": int(value)}
    if not 0.0 <= value <= 1.0:
        raise LedgerError(f"expected a probability from 0 to 100%, got {100 * value:g}")
    return {"p": value}


def _text(talk: Talk) -> str:
    return json.dumps({**vars(talk), "ground": dict(talk.ground)})


def _talk(text: str) -> Talk:
    raw = json.loads(text)
    shares = tuple(map(tuple, raw.get("shares", ())))  # rooms of before choices have none
    return Talk(raw["ground"], tuple((v, s) for v, s in raw["steps"]), raw["cause"],
                tuple(raw["said"]), raw["asks"], tuple(raw["exact"]),
                tuple(raw.get("choices", ())), shares, tuple(raw.get("notes", ())))  # fmt: skip


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")

"""The ledger's database: where it lies, its tables, how it is opened and what may go wrong."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.event import listen
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from fascinet.model.errors import LedgerError

WHERE = "FASCINET_LEDGER"  # the environment's word for another place than the user's own folder
MIGRATIONS = Path(__file__).with_name("migrations")
PATIENCE_S = 20  # that a writer waits for another
LOCK = (
    7_013_442  # any number: of PostgreSQL's advisory lock while the tables are brought up to date
)

tables = sa.MetaData()


def _learner() -> sa.Column[str]:
    key = sa.ForeignKey("learner.id", ondelete="CASCADE")
    return sa.Column("learner", sa.String(64), key, nullable=False, index=True)


LEARNER = sa.Table(
    "learner", tables,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("nickname", sa.String(40), nullable=False),
    sa.Column("since", sa.String(32), nullable=False),
)  # fmt: skip
VISIT = sa.Table(
    "visit", tables,
    sa.Column("id", sa.String(64), primary_key=True),
    _learner(),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
)  # fmt: skip
ESTIMATE = sa.Table(
    "estimate", tables,
    sa.Column("id", sa.Integer, primary_key=True),
    _learner(),
    sa.Column("visit", sa.String(64), nullable=False, index=True),
    sa.Column("cause", sa.String(64), nullable=False),
    sa.Column("stated", sa.Float, nullable=False),
    sa.Column("exact", sa.Float, nullable=False),
    sa.Column("present", sa.Boolean, nullable=True),
)  # fmt: skip
ATTEMPT = sa.Table(
    "attempt", tables,
    sa.Column("id", sa.Integer, primary_key=True),
    _learner(),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("credit", sa.Float, nullable=False),
    sa.Column("error_db", sa.Float, nullable=True),
    sa.Column("about", sa.String(64), nullable=True),
)  # fmt: skip


def _room(**extra: Any) -> sa.Column[str]:
    return sa.Column("room", sa.String(8), sa.ForeignKey("room.code", ondelete="CASCADE"), **extra)


ROOM = sa.Table(
    "room", tables,
    sa.Column("code", sa.String(8), primary_key=True),
    sa.Column("teacher", sa.String(64), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("talk", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("revealed", sa.Boolean, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
)  # fmt: skip
SEAT = sa.Table(
    "seat", tables,
    sa.Column("id", sa.String(64), primary_key=True),
    _room(nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.UniqueConstraint("room", "number"),
)  # fmt: skip
ANSWER = sa.Table(
    "answer", tables,
    _room(primary_key=True),
    sa.Column("seat", sa.String(64), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("p", sa.Float, nullable=True),  # an estimate, or …
    sa.Column("choice", sa.Integer, nullable=True),  # … the place of the choice
)  # fmt: skip


def default_url() -> str:
    """Return where the ledger lies: FASCINET_LEDGER, else a file in the user's data folder."""
    given = os.environ.get(WHERE, "")
    if given:
        return given
    return f"sqlite:///{Path(platformdirs.user_data_dir('fascinet')) / 'ledger.db'}"


def open_database(url: str) -> sa.Engine:
    """Return the database with its tables brought up to date.

    Raises
    ------
    LedgerError
        Where it cannot be opened or written, with the reason.
    """
    with told(url):
        engine = _engine(url)
        with writing(engine) as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": LOCK})
            upgrade(connection)
    return engine


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the tables of a connection to a revision, in its transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _engine(url: str) -> sa.Engine:
    try:
        where = sa.make_url(url)
    except ArgumentError:
        raise LedgerError(f"the ledger's address {url!r} is not one: expected "
                          "sqlite:///file or postgresql+psycopg://…") from None  # fmt: skip
    if where.get_backend_name() != "sqlite":
        return sa.create_engine(where, pool_pre_ping=True)
    if where.database:
        Path(where.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(where, connect_args={"timeout": PATIENCE_S})
    listen(engine, "connect", _settle)
    listen(engine, "begin", _begin)
    return engine


def _settle(connection: Any, _: object) -> None:
    """Make SQLite keep what it acknowledged, and let readers read while one writes."""
    connection.isolation_level = None  # transactions are begun by `_begin`
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: sa.Connection) -> None:
    kind = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")


@contextmanager
def writing(engine: sa.Engine) -> Generator[sa.Connection, None, None]:
    """Open a transaction that is the only writer from its start; it is kept once left."""
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        yield connection


@contextmanager
def told(url: str) -> Generator[None, None, None]:
    """Turn what a database or a disk says into one clear line."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise LedgerError(f"the ledger {_shown(url)} {_reason(cause)}") from error


def _shown(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url


def _reason(cause: str) -> str:
    low = cause.lower()
    if "full" in low or "no space" in low:
        return "was not written: the disk is full"
    if "readonly" in low or "read-only" in low or "permission" in low or "unable to open" in low:
        return f"cannot be written: give it a folder that can be, by {WHERE} ({cause})"
    if "locked" in low:
        return f"is held by another writer for more than {PATIENCE_S} seconds"
    return f"cannot be used: {cause}"

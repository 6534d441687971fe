"""The ledger: what is acknowledged is kept, whoever dies, whoever else writes, whatever its age."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from fascinet.engine.teaching import ledger as ledger_module
from fascinet.engine.teaching.classroom import Classroom
from fascinet.engine.teaching.ledger import Ledger
from fascinet.engine.teaching.tables import default_url, open_database, upgrade, writing
from fascinet.model.errors import LedgerError
from fascinet.teaching import Encounter, Exercise, Mark, deal, open_ledger, practice
from tests.teaching.test_classroom import TALK

ASKED = Exercise("percent", 7, "percent", "", (0.2,), "", about="cramps")
WRITER = """
import sys
from fascinet.engine.teaching.ledger import Ledger
from fascinet.engine.teaching.exercise import Exercise, Mark
ledger, key = Ledger(sys.argv[1]), sys.argv[2]
print("open", flush=True)
for k in range(int(sys.argv[3])):
    ledger.keep_attempt(key, Exercise("percent", k, "percent", "", (0.2,), ""), Mark(True, 1.0))
    print(k, flush=True)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'folder' / 'ledger.db'}"


def writer(url: str, key: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, url, key, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished_visit() -> Encounter:
    here = Encounter(practice(), deal(practice(), seed=3))
    here.ask("insomnia")
    here.say({"bfs": 0.4, "als": 0.01})
    here.commit("bfs", "A2")
    return here


def check_all(ledger: Ledger) -> None:
    """Everything that the ledger does, on whatever database."""
    key, other = ledger.enrol("  owl  of the night "), ledger.enrol("fox")
    assert ledger.nickname(key) == "owl of the night"
    here = finished_visit()
    name = ledger.keep_visit(key, here)
    assert ledger.keep_visit(key, here, name) == name  # kept anew, not twice
    (visit,) = ledger.visits(key)
    assert visit["ended"]
    assert Encounter.from_dict(practice(), visit["record"]) == here
    for value, credit in ((-2.0, 0.5), (4.0, 0.0)):
        ledger.keep_attempt(key, ASKED, Mark(False, credit, value))
    assert ledger.history(key) == {"percent": (0.5, 2)}
    assert ledger.errors(key) == {"cramps": (1.0, 2)}
    assert ledger.progress(key) == (0.5, 0.25)
    assert ledger.progress(key, window=1) == (0.5, 0.0)
    bins = ledger.calibration(key)
    assert sum(b.count for b in bins) == 2
    assert all(b.low <= b.stated <= b.high for b in bins)
    whole = ledger.export(key)
    assert json.loads(json.dumps(whole)) == whole
    assert [len(whole[k]) for k in ("visits", "estimates", "attempts")] == [1, 2, 2]
    assert (ledger.visits(other), ledger.history(other)) == ([], {})
    with pytest.raises(LedgerError, match="no learner has this key"):
        ledger.export(key + "x")
    ledger.forget(key)
    with pytest.raises(LedgerError, match="no learner"):
        ledger.keep_attempt(key, ASKED, Mark(True, 1.0))
    assert ledger.nickname(other) == "fox"


def rows_left(ledger: Ledger) -> dict[str, int]:
    with ledger._engine.connect() as connection:  # what no method tells: that nothing is left
        return {
            name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("visit", "estimate", "attempt")
        }


def test_all_that_it_does_on_sqlite(url: str) -> None:
    ledger = Ledger(url)
    check_all(ledger)
    assert rows_left(ledger) == {"visit": 0, "estimate": 0, "attempt": 0}


def test_examples_run() -> None:
    import doctest

    assert doctest.testmod(ledger_module).failed == 0


def test_keys_are_long_and_not_kept(url: str, tmp_path: Path) -> None:
    ledger = open_ledger(url)
    keys = {ledger.enrol("owl") for _ in range(20)}
    assert len(keys) == 20
    assert all(len(k) >= 22 for k in keys)  # 128 bits in 64 letters
    ledger.close()
    stored = b"".join(f.read_bytes() for f in (tmp_path / "folder").iterdir())
    assert not any(k.encode() in stored for k in keys)
    with pytest.raises(LedgerError, match="nickname"):
        open_ledger(url).enrol("  ")


def killed_in_the_middle(url: str, key: str, after: float) -> int:
    """Start a writer, kill it, and return how many attempts it had acknowledged."""
    process = writer(url, key, 1_000_000)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    told = process.stdout.read().splitlines()
    process.wait(20)
    process.stdout.close()
    return len(told)


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost_by_kill_9(url: str, kills: int) -> None:
    key = Ledger(url).enrol("owl")
    acknowledged = 0
    for k in range(kills):
        acknowledged += killed_in_the_middle(url, key, 0.05 + 0.01 * (k % 7))
        again = Ledger(url)
        kept = len(again.attempts(key))
        # one more may have been kept whose acknowledgement was cut off
        assert acknowledged <= kept <= acknowledged + k + 1
        with again._engine.connect() as connection:
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
        again.close()
    assert acknowledged > 0


def test_two_writers_do_not_harm_each_other(url: str) -> None:
    key = Ledger(url).enrol("owl")
    processes = [writer(url, key, 40) for _ in range(2)]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert len(out.splitlines()) == 41
    assert len(Ledger(url).attempts(key)) == 80


def test_many_may_open_it_at_once(url: str) -> None:
    errors: list[BaseException] = []

    def opens() -> None:
        try:
            Ledger(url).enrol("owl")
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=opens) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert errors == []


def test_an_older_ledger_is_brought_up_to_date(url: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        upgrade(connection, "0001")
        connection.execute(sa.text("INSERT INTO learner VALUES ('a', 'owl', '2026')"))
        connection.execute(sa.text(
            "INSERT INTO attempt (learner, at, kind, seed, credit, error_db) "
            "VALUES ('a', '2026', 'odds', 1, 1.0, 0.5)"
        ))  # fmt: skip
    engine.dispose()
    database = open_database(url)
    with writing(database) as connection:
        row = connection.execute(sa.text("SELECT kind, about FROM attempt")).one()
        assert tuple(row) == ("odds", None)
    columns = {c["name"] for c in sa.inspect(database).get_columns("attempt")}
    assert columns == {c.name for c in ledger_module.ATTEMPT.columns}


def test_answers_of_older_classes_are_still_read(url: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    engine = sa.create_engine(url)
    talk = {"ground": {}, "steps": [["weakness", "objective"]], "cause": "als",
            "said": ["A man", "Weak"], "asks": "How probable?", "exact": [0.1, 0.3]}  # fmt: skip
    with engine.begin() as connection:
        upgrade(connection, "0003")
        connection.execute(
            sa.text("INSERT INTO room VALUES ('ABCDEF', 'x', '2026', :talk, 0, 0, 1)"),
            {"talk": json.dumps(talk)},
        )
        connection.execute(sa.text("INSERT INTO answer VALUES ('ABCDEF', 's', 0, '2026', 0.25)"))
    engine.dispose()
    rooms = Classroom(url)
    assert rooms.answers("ABCDEF", 0) == (0.25,)
    assert rooms.now("ABCDEF").talk.choices == ()


def test_the_migrations_make_the_tables_that_are_used(url: str) -> None:
    found = sa.inspect(open_database(url))
    for table in ledger_module.LEARNER.metadata.sorted_tables:
        assert {c["name"] for c in found.get_columns(table.name)} == set(table.columns.keys())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LedgerError, match=r"cannot be (used|written)"):
        Ledger(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")
    with pytest.raises(LedgerError, match="is not one: expected sqlite"):
        Ledger("nonsense")


def test_a_read_only_ledger_says_so(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    Ledger(url).close()
    ledger = Ledger(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(LedgerError, match="cannot be written: give it a folder"):
        ledger.enrol("owl")


def test_a_full_disk_says_so_and_loses_nothing(url: str) -> None:
    ledger = Ledger(url)
    key = ledger.enrol("owl")

    @sa.event.listens_for(ledger._engine, "begin")
    def _(connection: sa.Connection) -> None:  # SQLite's own limit stands for the disk's
        connection.exec_driver_sql("PRAGMA max_page_count=1")

    with pytest.raises(LedgerError, match="the disk is full"):
        for _ in range(400):
            ledger.keep_attempt(key, ASKED, Mark(True, 1.0))
    assert Ledger(url).nickname(key) == "owl"


def test_the_place_is_the_users_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASCINET_LEDGER", raising=False)
    assert default_url().startswith("sqlite:///")
    monkeypatch.setenv("FASCINET_LEDGER", "postgresql+psycopg://somewhere/ledger")
    assert default_url() == "postgresql+psycopg://somewhere/ledger"


def test_a_password_is_not_told() -> None:
    with pytest.raises(LedgerError) as told:
        Ledger("postgresql+psycopg://me:secret@127.0.0.1:1/ledger")
    assert "secret" not in str(told.value)


# ------------------------------------------------------------------------------- PostgreSQL


def _binaries() -> Path | None:
    found = shutil.which("pg_ctl")
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return homes[-1] if homes else Path(found).parent if found else None


@pytest.fixture
def postgres() -> Iterator[str]:
    """Start a server of its own on a socket in a folder of its own."""
    home = _binaries()
    if home is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'psycopg[binary]'")
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    as_other: list[str] = []
    if os.geteuid() == 0:  # a server of PostgreSQL refuses to be root
        shutil.chown(folder, "postgres")
        as_other = ["runuser", "-u", "postgres", "--"]
    data, log = folder / "data", folder / "log"

    def run(name: str, *args: str) -> None:
        quiet = subprocess.DEVNULL
        command = [*as_other, str(home / name), *args]
        subprocess.run(command, check=True, cwd=folder, stdout=quiet, stderr=quiet, timeout=120)

    try:
        run("initdb", "-D", str(data), "-U", "owl", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses='' -k {folder} -c fsync=off"
        run("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://owl@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_all_that_it_does_on_postgresql(postgres: str) -> None:
    ledger = Ledger(postgres)
    check_all(ledger)
    assert rows_left(ledger) == {"visit": 0, "estimate": 0, "attempt": 0}
    key = ledger.enrol("owl")
    processes = [writer(postgres, key, 20) for _ in range(2)]
    assert all(p.communicate(timeout=120)[0].endswith("19\n") for p in processes)
    assert len(ledger.attempts(key)) == 40
    odd = ledger.enrol("O\0w\u202el 🦉")  # what PostgreSQL refuses, or a screen turns round
    assert ledger.nickname(odd) == "Owl 🦉"
    with pytest.raises(LedgerError, match="at least one letter"):
        ledger.enrol("\0\u200b ")
    ledger.close()
    rooms = Classroom(postgres)
    code, teacher = rooms.open(TALK)
    seat = rooms.sit(code)
    for p in (0.1, 0.2):
        rooms.answer(code, seat, 0, p)
    assert rooms.answers(code, 0) == (0.2,)
    rooms.steer(code, teacher, 1, revealed=True)
    assert rooms.record(code, teacher)["answers"] == [{"seat": 1, "step": 0, "p": 0.2}]
    rooms.close_database()

"""A table of cases in, a table of posteriors out: here, and on the workers of a scheduler."""

import gzip
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.model.formats import read
from fascinet.model.gates import Table
from fascinet.model.network import Network
from tests.cli.conftest import ROOT, Said
from tests.formats.support import FOLDER

Run = Callable[..., Said]
ROWS = [
    {"patient": "a", "dysp": "yes", "xray": None, "smoke": "no"},
    {"patient": "b", "dysp": "no", "xray": "yes", "smoke": None},
    {"patient": "c", "dysp": None, "xray": None, "smoke": None},
]
CLUSTER = """
import sys
from distributed import LocalCluster
with LocalCluster(host="127.0.0.1", n_workers=1, threads_per_worker=1, processes=False,
                  dashboard_address=None, protocol="tcp://") as cluster:
    if "empty" in sys.argv:
        cluster.scale(0)
        cluster.sync(cluster._correct_state)
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def asia(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asia") / "asia.bif"
    path.write_bytes(gzip.decompress((FOLDER / "asia.bif.gz").read_bytes()))
    return path


def save(folder: Path, suffix: str = ".csv") -> Path:
    frame, path = pd.DataFrame(ROWS), folder / f"cases{suffix}"
    frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    return path


def check(path: Path, asia: Path) -> None:
    """Compare the table with one posterior a row."""
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    assert list(frame.columns) == ["patient", "lung=yes", "lung=no", "tub=yes", "tub=no"]
    assert frame["patient"].tolist() == ["a", "b", "c"]
    engine = Engine(read(asia))
    for k, row in enumerate(ROWS):
        case = {v: s for v, s in row.items() if v != "patient" and s is not None}
        p = engine.posterior(case)
        for column in frame.columns[1:]:
            v, _, state = column.partition("=")
            np.testing.assert_allclose(frame[column][k], p[v][state], rtol=0, atol=1e-12)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_cohort_is_answered_row_by_row(
    fascinet: Run, asia: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"out{suffix}"
    said = fascinet(
        "cohort", save(tmp_path, suffix), out, "--network", asia, "--targets", "lung,tub",
        "--carry", "patient",
    )  # fmt: skip
    assert (said.code, said.out) == (0, ""), said.err
    assert "copied unchanged: patient" in said.err
    assert "3 cases" in said.err
    check(out, asia)


def test_the_shipped_network_answers_a_cohort(fascinet: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("setting,weakness\nprimary_care,objective\ngeneral,\n")
    out = tmp_path / "out.csv"
    said = fascinet("cohort", tmp_path / "in.csv", out, "--targets", "als")
    assert said.code == 0, said.err
    found = pd.read_csv(out)
    assert found["als=yes"][0] > found["als=yes"][1] > 0.0
    assert found.sum(axis=1).tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("table", "options", "expected"),
    [
        ("dyspp\nyes\n", [], "dyspp"),
        ("dysp\nmaybe\n", [], "maybe"),
        ("dysp\nyes\n", ["--targets", "lungg"], "lungg"),
    ],
)
def test_a_bad_cohort_is_one_line_and_leaves_the_output_untouched(
    fascinet: Run, asia: Path, tmp_path: Path, table: str, options: list[str], expected: str
) -> None:
    (tmp_path / "in.csv").write_text(table)
    out = tmp_path / "out.csv"
    out.write_text("precious")
    said = fascinet("cohort", tmp_path / "in.csv", out, "--network", asia, *options)
    assert said.is_bad_input(), said.err
    assert expected in said.err
    assert out.read_text() == "precious"


def served(*arguments: str) -> Iterator[str]:
    """Serve a scheduler on 127.0.0.1 in a process of its own; yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLUSTER, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    address = process.stdout.readline().strip()
    yield address
    process.stdin.close()
    process.stdout.close()
    process.wait(30)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    yield from served()


@pytest.fixture(scope="module")
def idle_scheduler() -> Iterator[str]:
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    yield from served("empty")


def test_the_workers_of_a_scheduler_give_the_same(
    process: Run, asia: Path, tmp_path: Path, scheduler: str
) -> None:
    assert scheduler.startswith("tcp://127.0.0.1:")
    out = tmp_path / "out.csv"
    said = process(
        "cohort", save(tmp_path), out, "--network", asia, "--targets", "lung,tub",
        "--scheduler", scheduler, "--carry", "patient",
    )  # fmt: skip
    assert (said.code, said.out) == (0, ""), said.err
    check(out, asia)


def test_what_a_worker_refuses_is_one_line(
    process: Run, asia: Path, tmp_path: Path, scheduler: str
) -> None:
    (tmp_path / "in.csv").write_text("dysp\nmaybe\n")
    out = tmp_path / "out.csv"
    said = process("cohort", tmp_path / "in.csv", out, "--network", asia, "--scheduler", scheduler)
    assert said.is_bad_input(), said.err
    assert "maybe" in said.err
    assert not out.exists()


def test_a_scheduler_without_workers_is_one_line(
    process: Run, asia: Path, tmp_path: Path, idle_scheduler: str
) -> None:
    out = tmp_path / "out.csv"
    said = process(
        "cohort", save(tmp_path), out, "--network", asia, "--scheduler", idle_scheduler,
        "--carry", "patient",
    )  # fmt: skip
    assert said.code == 2, said.err
    assert said.err.splitlines()[-1].endswith("it has no workers")
    assert not out.exists()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no address", "http://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_one_line(
    process: Run, asia: Path, tmp_path: Path, address: str
) -> None:
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    out = tmp_path / "out.csv"
    said = process(
        "cohort", save(tmp_path), out, "--network", asia, "--scheduler", address,
        "--carry", "patient",
    )  # fmt: skip
    assert said.code == 2, said.err
    assert "Traceback" not in said.err
    assert "cannot be reached" in said.err.splitlines()[-1]
    assert not out.exists()


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_port_that_is_no_scheduler_is_one_line(
    process: Run, asia: Path, tmp_path: Path, greeting: bytes
) -> None:
    """One that takes the connection and then says nothing, and one that says something else."""
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    out = tmp_path / "out.csv"
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def greet() -> None:
            with suppress(OSError):
                while True:
                    taken.append(server.accept()[0])
                    taken[-1].sendall(greeting)

        Thread(target=greet, daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        said = process(
            "cohort", save(tmp_path), out, "--network", asia, "--scheduler", f"tcp://{address}",
            "--carry", "patient",
        )  # fmt: skip
        server.shutdown(socket.SHUT_RDWR)
    for connection in taken:
        connection.close()
    assert said.code == 2 and "Traceback" not in said.err
    assert address in said.err.splitlines()[-1]
    assert not out.exists()


def run_on(
    fascinet: Run, folder: Path, network: Path, table: str | bytes, *options: str,
    source: str = "in.csv", out: str = "out.csv",
) -> tuple[Said, Path]:  # fmt: skip
    data = table.encode() if isinstance(table, str) else table
    (folder / source).write_bytes(data)
    path = folder / out
    said = fascinet("cohort", folder / source, path, "--network", network, *options)
    return said, path


def network_of(path: Path, states: dict[str, list[str]]) -> Path:
    """Write a network in which the first variable is the parent of the others."""
    first, *others = states
    count = len(states[first])
    tables = {first: Table(np.full(count, 1 / count))}
    for k, name in enumerate(others):
        rows = np.random.default_rng(k).dirichlet(np.ones(len(states[name])), count)
        tables[name] = Table(rows)
    parents = {first: (), **{name: (first,) for name in others}}
    Network(states, parents, tables).save(path)
    return path


MARKED = {"top": ["a", "b"], "sign": ["None", "NA", "N/A", "null", "nan", "present"]}


@pytest.mark.parametrize("word", MARKED["sign"])
def test_a_word_for_missing_is_a_state_where_the_variable_has_it(
    fascinet: Run, tmp_path: Path, word: str
) -> None:
    path = network_of(tmp_path / "n.json", MARKED)
    said, out = run_on(fascinet, tmp_path, path, f"sign,top\n{word},\n,\n", "--targets", "top")
    assert said.code == 0, said.err
    engine = Engine(read(path))
    found = pd.read_csv(out)["top=a"].tolist()
    assert found[0] == pytest.approx(engine.posterior({"sign": word})["top"]["a"], abs=1e-12)
    assert found[1] == pytest.approx(0.5) and found[0] != pytest.approx(0.5)


def test_none_is_read_as_the_state_none_whatever_its_case(fascinet: Run, tmp_path: Path) -> None:
    path = network_of(tmp_path / "n.json", {"top": ["a", "b"], "weak": ["none", "some"]})
    table = "weak,top\nNone,\nnone,\nNA,\n"
    said, out = run_on(fascinet, tmp_path, path, table, "--targets", "top")
    assert said.code == 0, said.err
    one, two, blank = pd.read_csv(out)["top=a"]
    assert one == two != pytest.approx(blank)


@pytest.mark.parametrize(
    ("table", "options", "expected"),
    [
        ("dysp,xray\nyes,no\nyes,no,\n", [], "row 2 (line 3) has 3"),
        ("dysp,xray\nyes,no\n\nyes\n", [], "row 2 (line 4) has 1"),
        ("dysp,xrya\nyes,no\n", [], "did you mean 'xray'"),
        ("dysp,Xray\nyes,no\n", [], "did you mean 'xray'"),
        ("dysp,x_ray\nyes,no\n", [], "--carry 'x_ray'"),
        ("dysp,patient\nyes,no\n", [], "column 'patient' is no variable; to copy"),
        ("dysp,xray,\nyes,no,\n", [], "column 3, which has no name, is no variable"),
        ("dysp,xray, xray\nyes,no,no\n", [], "'xray' occurs twice"),
        ("dysp,dysp\nyes,no\n", [], "'dysp' occurs twice"),
        ("dysp,lung=yes\nyes,1\n", ["--carry", "lung=yes"], "'lung=yes' cannot be copied"),
        ("dysp\nyes\n", ["--carry", "lung"], "--carry lung: no such column"),
        ('dysp\n"yes\n', [], "not a table"),
        ("", [], "expected a header"),
        ("\xff\xfe\xff".encode("latin-1"), [], "cannot be read"),
        (b"dysp\n\xe9\n", [], "cannot be read"),
        ("tub,either\nyes,no\n", [], "row 1 (line 2): impossible"),
    ],
)
def test_what_a_table_must_not_hold_is_named_with_its_place(
    fascinet: Run, asia: Path, tmp_path: Path, table: str | bytes, options: list[str], expected: str
) -> None:
    said, out = run_on(fascinet, tmp_path, asia, table, "--targets", "lung", *options)
    assert said.code == 2 and not said.out and expected in said.err.splitlines()[-1], said.err
    assert "Traceback" not in said.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv"] and not out.exists()


def test_a_misspelt_column_is_carried_over_on_request(
    fascinet: Run, asia: Path, tmp_path: Path
) -> None:
    table = "dysp,Xray\nyes,no\n"
    said, out = run_on(fascinet, tmp_path, asia, table, "--targets", "lung", "--carry", "Xray")
    assert said.code == 0, said.err
    found = pd.read_csv(out)
    assert found["Xray"].tolist() == ["no"]
    want = Engine(read(asia)).posterior({"dysp": "yes"})["lung"]["yes"]
    assert found["lung=yes"].tolist() == pytest.approx([want])


def test_blanks_around_names_and_states_do_not_matter(
    fascinet: Run, asia: Path, tmp_path: Path
) -> None:
    table = "dysp , xray\n yes,no \n"
    said, out = run_on(fascinet, tmp_path, asia, table, "--targets", "lung")
    assert said.code == 0, said.err
    want = Engine(read(asia)).posterior({"dysp": "yes", "xray": "no"})["lung"]["yes"]
    assert pd.read_csv(out)["lung=yes"].tolist() == pytest.approx([want])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_impossible_row_does_not_stop_the_rest(
    fascinet: Run, asia: Path, tmp_path: Path, suffix: str
) -> None:
    """Row 7,001 lies beyond the first block; both files name it by its own number."""
    frame = pd.DataFrame({"case": range(1, 8001), "tub": "yes", "either": "yes"})
    frame.loc[7000, "either"] = "no"
    if suffix == ".csv":
        frame.to_csv(tmp_path / "in.csv", index=False)
    else:
        frame.to_parquet(tmp_path / "in.parquet")
    out = tmp_path / f"out{suffix}"
    said = fascinet("cohort", tmp_path / f"in{suffix}", out, "--network", asia, "--targets", "lung",
                    "--carry", "case")  # fmt: skip
    assert said.code == 0, said.err
    assert "1 of 8000 rows not answered" in said.err and "row 7001" in said.err
    assert "7999 cases" in said.err
    found = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    assert found["case"].tolist() == frame["case"].tolist()
    assert found.index[found["lung=yes"].isna()].tolist() == [7000]
    (row,) = pd.read_csv(tmp_path / "out.quarantine.csv").to_dict("records")
    assert (row["row"], row["case"], row["either"]) == (7001, 7001, "no")
    assert "either=no" in row["reason"] and "tub=yes" in row["reason"]
    if suffix == ".csv":
        assert row["line"] == 7002


def test_the_rows_of_an_earlier_run_do_not_stay(fascinet: Run, asia: Path, tmp_path: Path) -> None:
    table = "tub,either\nyes,no\nyes,yes\n"
    said, _ = run_on(fascinet, tmp_path, asia, table, "--targets", "lung")
    assert said.code == 0 and (tmp_path / "out.quarantine.csv").exists()
    said, _ = run_on(fascinet, tmp_path, asia, "tub\nyes\n", "--targets", "lung")
    assert said.code == 0 and not (tmp_path / "out.quarantine.csv").exists()


@pytest.mark.parametrize("way", ["same", "link", "hard link", "quarantine"])
def test_the_input_is_never_the_output(fascinet: Run, asia: Path, tmp_path: Path, way: str) -> None:
    source = tmp_path / "t.csv"
    source.write_text("tub\nyes\n")
    out = source if way == "same" else tmp_path / "u.csv"
    if way == "link":
        out.symlink_to(source)
    if way == "hard link":
        out.hardlink_to(source)
    if way == "quarantine":
        source = source.rename(tmp_path / "u.quarantine.csv")
    said = fascinet("cohort", source, out, "--network", asia)
    assert said.is_bad_input() and source.read_text() == "tub\nyes\n"


def test_a_header_alone_keeps_the_header(fascinet: Run, asia: Path, tmp_path: Path) -> None:
    said, out = run_on(fascinet, tmp_path, asia, "id,tub\n", "--targets", "lung", "--carry", "id")
    assert said.code == 0 and out.read_text() == "id,lung=yes,lung=no\n"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("in.tsv", b"dysp\txray\nyes\tno\n"),
        ("in.CSV", b"dysp;xray\r\nyes;no\r\n"),
        ("in.csv", b"\xef\xbb\xbfdysp\txray\nyes\tno\n"),
        ("in.csv", "dysp,xray\nyes,no\n".encode("utf-16")),
        ("in.csv.gz", gzip.compress(b"dysp,xray\nyes,no\n", mtime=0)),
        ("in.csv", b'"dysp","xray"\n"yes","no"\n'),
    ],
)
def test_tables_as_other_programs_write_them(
    fascinet: Run, asia: Path, tmp_path: Path, name: str, table: bytes
) -> None:
    said, out = run_on(
        fascinet, tmp_path, asia, table, "--targets", "lung", source=name, out="out.tsv.gz"
    )
    assert said.code == 0, said.err
    want = Engine(read(asia)).posterior({"dysp": "yes", "xray": "no"})["lung"]["yes"]
    assert pd.read_csv(out, sep="\t")["lung=yes"].tolist() == pytest.approx([want])


def test_a_damaged_parquet_file_is_one_line(fascinet: Run, asia: Path, tmp_path: Path) -> None:
    whole = save(tmp_path, ".parquet").read_bytes()
    rng = np.random.default_rng(0)
    for k in range(6):
        data = bytearray(whole[: len(whole) - k])
        for place in rng.integers(4, len(data), 8):
            data[place] ^= int(rng.integers(1, 256))
        (tmp_path / "bad.parquet").write_bytes(data)
        said = fascinet(
            "cohort", tmp_path / "bad.parquet", tmp_path / "o.csv", "--network", asia,
            "--targets", "lung",
        )  # fmt: skip
        assert said.code in (0, 2) and "Traceback" not in said.err


def test_an_interrupt_leaves_the_old_table(asia: Path, tmp_path: Path) -> None:
    """Stopped while it works, it says so, and the output's name holds what it held."""
    rows = ["dysp,smoke,xray,tub"] + [f"{'yes' if k % 3 else 'no'},,," for k in range(200_000)]
    (tmp_path / "in.csv").write_text("\n".join(rows))
    out = tmp_path / "out.csv"
    out.write_text("precious")
    process = subprocess.Popen(
        [sys.executable, "-m", "fascinet", "cohort", str(tmp_path / "in.csv"), str(out),
         "--network", str(asia)],
        stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if (tmp_path / "out.csv.part" / "000000.json").exists():
            break  # some of it is finished
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "stopped" in said and "Traceback" not in said
    assert out.read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "out.csv", "out.csv.part"]

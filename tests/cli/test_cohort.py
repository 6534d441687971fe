"""A table of cases in, a table of posteriors out: here, and on the workers of a scheduler."""

import gzip
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fascinet.engine.api.engine import Engine
from fascinet.model.formats import read
from tests.cli.conftest import Said
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
        "cohort", save(tmp_path, suffix), out, "--network", asia, "--targets", "lung,tub"
    )
    assert (said.code, said.out) == (0, ""), said.err
    assert "carried over, no variables: patient" in said.err
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
    fascinet: Run, asia: Path, tmp_path: Path, scheduler: str
) -> None:
    assert scheduler.startswith("tcp://127.0.0.1:")
    out = tmp_path / "out.csv"
    said = fascinet(
        "cohort", save(tmp_path), out, "--network", asia, "--targets", "lung,tub",
        "--scheduler", scheduler,
    )  # fmt: skip
    assert (said.code, said.out) == (0, ""), said.err
    check(out, asia)


def test_what_a_worker_refuses_is_one_line(
    fascinet: Run, asia: Path, tmp_path: Path, scheduler: str
) -> None:
    (tmp_path / "in.csv").write_text("dysp\nmaybe\n")
    out = tmp_path / "out.csv"
    said = fascinet("cohort", tmp_path / "in.csv", out, "--network", asia, "--scheduler", scheduler)
    assert said.is_bad_input(), said.err
    assert "maybe" in said.err
    assert not out.exists()


def test_a_scheduler_without_workers_is_one_line(
    fascinet: Run, asia: Path, tmp_path: Path, idle_scheduler: str
) -> None:
    out = tmp_path / "out.csv"
    said = fascinet("cohort", save(tmp_path), out, "--network", asia, "--scheduler", idle_scheduler)
    assert said.code == 2, said.err
    assert said.err.splitlines()[-1].endswith("it has no workers")
    assert not out.exists()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no address", "http://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_one_line(
    fascinet: Run, asia: Path, tmp_path: Path, address: str
) -> None:
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    out = tmp_path / "out.csv"
    said = fascinet("cohort", save(tmp_path), out, "--network", asia, "--scheduler", address)
    assert said.code == 2, said.err
    assert "Traceback" not in said.err
    assert "cannot be reached" in said.err.splitlines()[-1]
    assert not out.exists()

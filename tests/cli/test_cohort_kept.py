"""What a cohort keeps while it works: killed at any moment, it goes on to the same bytes."""

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fascinet.cohort.parts import Parts
from fascinet.engine.analyses.draw_cases import simulate
from fascinet.model.errors import FormatError
from fascinet.model.examples import example
from tests.cli.conftest import ROOT, Said

Run = Callable[..., Said]
ROWS = 3000
OTHER = (("a.csv", "dysp"), ("b.csv", "tub"))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a table with an impossible row and an unknown state now and then."""
    frame = simulate(example("asia"), ROWS, missing=0.3, seed=3)
    frame.insert(0, "id", range(ROWS))
    frame.loc[7::500, "dysp"] = "maybe"
    frame.loc[9::500, ["tub", "either"]] = ["yes", "no"]
    path = tmp_path_factory.mktemp("cases") / "in.csv"
    frame.to_csv(path, index=False)
    return path


def command(source: Path, out: Path, *more: object) -> list[str]:
    return [str(x) for x in ("cohort", source, out, "--network", "asia", "--targets", "lung,bronc",
                             "--carry", "id", "--block", 100, *more)]  # fmt: skip


def kill_then_resume(
    fascinet: Run, source: Path, out: Path, moments: list[float]
) -> tuple[list[int], Said]:
    """Kill a run without warning, again and again; return how much was finished each time."""
    finished: list[int] = []
    for moment in moments:
        process = subprocess.Popen(
            [sys.executable, "-m", "fascinet", *command(source, out)],
            stderr=subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip
        folder, deadline = out.with_name(f"{out.name}.part"), time.monotonic() + 60
        before = len(list(folder.glob("[0-9]*.json"))) if folder.exists() else 0
        wanted = before + moment  # blocks, and a part of one
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(folder.glob("[0-9]*.json"))) >= int(wanted):
                time.sleep(0.02 * (wanted % 1))
                break
            time.sleep(0.001)
        process.kill()
        process.wait(60)
        finished.append(len(list(folder.glob("[0-9]*.json"))))
    return finished, fascinet(*command(source, out))


@pytest.mark.parametrize(
    "count", [2, pytest.param(10, marks=pytest.mark.slow)], ids=["twice", "ten times"]
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_killed_at_random_moments_it_ends_in_the_same_bytes(
    fascinet: Run, cases: Path, tmp_path: Path, suffix: str, count: int
) -> None:
    if suffix == ".parquet" and count == 2:
        count = 1
    whole = tmp_path / f"whole{suffix}"
    assert fascinet(*command(cases, whole)).code == 0
    out = tmp_path / f"out{suffix}"
    moments = np.random.default_rng(15).uniform(0.0, 26 / count, count).tolist()
    finished, said = kill_then_resume(fascinet, cases, out, moments)
    assert said.code == 0, said.err
    assert finished == sorted(finished)  # what is finished stays so
    if finished[-1]:
        assert f"resumed: {finished[-1]} blocks of 100 rows" in said.err
    assert out.read_bytes() == whole.read_bytes()
    aside = [p.with_name(p.name.replace(suffix, ".quarantine.csv")) for p in (out, whole)]
    assert aside[0].read_bytes() == aside[1].read_bytes()
    assert len(pd.read_csv(aside[0])) == 12
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {out.name, whole.name, *(p.name for p in aside)}


def test_finished_blocks_are_not_answered_again(
    fascinet: Run, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fascinet import cli_cohort
    from fascinet.cohort.work import Worker

    answered: list[int] = []
    real = Worker.answer

    def answer(self: Worker, table: object) -> object:
        if len(answered) == 10:
            raise KeyboardInterrupt
        answered.append(table.first)  # type: ignore[attr-defined]
        return real(self, table)  # type: ignore[arg-type]

    monkeypatch.setattr(Worker, "answer", answer)
    told = {"network": "asia", "targets": "lung", "carry": ["id"], "block": 100}
    out = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        cli_cohort.cohort(cases, out, **told)
    assert answered == list(range(0, 1000, 100)) and not out.exists()
    answered[:] = [-1] * 11  # another count than the one that stops
    cli_cohort.cohort(cases, out, **told)
    assert answered[11:] == list(range(1000, ROWS, 100))


def test_another_input_network_or_option_starts_anew(cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with Parts(out, "a") as first:
        with pytest.raises(FormatError, match="another run is writing it"):
            Parts(out, "a")
        (first.folder / "000000.json").write_text("{}")
    with Parts(out, "a") as same:
        assert same.finished == {0}
    with Parts(out, "b") as again:
        assert again.finished == frozenset() and not (again.folder / "000000.json").exists()
        again.remove()
    assert not again.folder.exists()


def test_a_folder_of_somebody_else_is_left_alone(
    fascinet: Run, cases: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "out.csv.part" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("precious")
    said = fascinet(*command(cases, tmp_path / "out.csv"))
    assert said.is_bad_input() and "thesis.txt" in said.err
    assert mine.read_text() == "precious"


def test_processes_and_other_block_sizes_give_the_same(
    fascinet: Run, process: Run, cases: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    assert fascinet(*command(cases, one)).code == 0
    assert process(*command(cases, two, "--processes", 2)).code == 0
    assert one.read_bytes() == two.read_bytes()
    wide = tmp_path / "wide.csv"
    assert fascinet(*command(cases, wide)[:-1], "1234").code == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(one), pd.read_csv(wide), check_exact=False, rtol=0, atol=1e-12
    )


def test_bad_rows_never_vanish(fascinet: Run, cases: Path, tmp_path: Path) -> None:
    """From a folder of files of several kinds: each bad row with its file and its own number."""
    frame = pd.read_csv(cases, dtype=object, keep_default_na=False)
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    frame[:1000].to_csv(folder / "a.csv", index=False)
    part = frame[1000:2000][frame.columns[::-1]].replace("", None)
    part.to_parquet(folder / "b.parquet", index=False)
    (folder / "more" / "c.tsv.gz").write_bytes(
        gzip.compress(frame[2000:].to_csv(index=False, sep="\t").encode())
    )
    (folder / "_SUCCESS").touch()
    out = tmp_path / "out.csv"
    said = fascinet(*command(folder, out))
    assert said.code == 0 and "12 of 3000 rows not answered" in said.err, said.err
    got = pd.read_csv(out)
    assert got["id"].tolist() == list(range(ROWS))
    bad = pd.read_csv(tmp_path / "out.quarantine.csv")
    assert got.index[got["lung=yes"].isna()].tolist() == sorted(bad["id"])
    assert bad["row"].tolist() == [k % 1000 + 1 for k in bad["id"]]
    files = ["a.csv", "b.parquet", "more/c.tsv.gz"]
    assert [os.path.relpath(f, folder) for f in bad["file"]] == [
        files[k // 1000] for k in bad["id"]
    ]
    known = bad["line"].notna()
    assert (bad["line"] - bad["row"])[known].eq(1).all() and known.sum() == 8
    assert bad["reason"].str.contains("maybe|impossible").all()
    whole = tmp_path / "whole.csv"
    assert fascinet(*command(cases, whole)).code == 0
    assert whole.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda f: None, "the folder has none"),
        (lambda f: (f / "notes.txt").write_text("x"), "expected a table in"),
        (lambda f: [(f / n).write_text(f"{c}\nyes\n") for n, c in OTHER],
         "is in one alone"),
        (lambda f: ((f / "site=a").mkdir(), (f / "site=a" / "a.csv").write_text("dysp\nyes\n")),
         "partitioned by 'site=a'"),
    ],
)  # fmt: skip
def test_a_folder_that_is_no_table(
    fascinet: Run, tmp_path: Path, make: Callable[[Path], object], expected: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    make(folder)
    said = fascinet("cohort", folder, tmp_path / "out.csv", "--network", "asia")
    assert said.is_bad_input() and expected in said.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]


@pytest.mark.slow
def test_the_processes_of_a_killed_cohort_end_with_it(cases: Path, tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    process = subprocess.Popen(
        [sys.executable, "-m", "fascinet",
         *command(cases, tmp_path / "out.csv", "--processes", 2)],
        stderr=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    first, deadline = tmp_path / "out.csv.part" / "000000.json", time.monotonic() + 120
    while not first.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait(60)
    assert children and not psutil.wait_procs(children, timeout=60)[1]

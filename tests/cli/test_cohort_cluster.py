"""A cohort on a dask cluster over TCP: workers that come, and one that is killed in the middle."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from fascinet.cli_cohort import cohort
from fascinet.cohort.parts import Parts
from fascinet.engine.analyses.draw_cases import simulate
from fascinet.model.examples import example

OPTIONS: dict[str, Any] = {"network": "asia", "targets": "lung,bronc", "block": 50}


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_changes_no_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    source, here, there = tmp_path / "in.csv", tmp_path / "here.csv", tmp_path / "there.csv"
    frame = simulate(example("asia"), 2000, missing=0.3, seed=5)
    frame.loc[100, "dysp"] = "maybe"
    frame.to_csv(source, index=False)
    cohort(source, here, **OPTIONS)
    real, killed = Parts.keep, list[int]()
    with (
        distributed.LocalCluster(
            host="127.0.0.1", n_workers=2, threads_per_worker=1, processes=True,
            dashboard_address="127.0.0.1:0", protocol="tcp://",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        assert cluster.scheduler_address.startswith("tcp://127.0.0.1:")

        def keep(self: Parts, block: int, done: Any) -> None:
            if block == 3:
                pids = client.run(os.getpid)
                killed.append(next(iter(pids.values())))
                os.kill(killed[0], signal.SIGKILL)
            real(self, block, done)

        monkeypatch.setattr(Parts, "keep", keep)
        cohort(source, there, scheduler=client, **OPTIONS)
        assert killed and killed[0] not in client.run(os.getpid).values()
        assert client.status == "running"  # it belongs to the caller
    assert there.read_bytes() == here.read_bytes()
    aside = "quarantine.csv"
    assert (tmp_path / f"here.{aside}").read_bytes() == (tmp_path / f"there.{aside}").read_bytes()

"""Many sessions at once, at the level of the websocket: no browser's own work is measured.

`python -m benchmarks.dashboard_load [--sessions N] [--seconds S]` starts a server, opens N
sessions, has each click on a finding every two seconds, follows the page's own polls as a browser
does, and writes benchmarks/results/dashboard_load.json. A click is answered when another ranking
arrives; drawing it takes a browser some 20 ms more.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.dashboard import free_port, summary, wait_until_up
from fascinet.dashboard.serve import command

OUT = Path(__file__).parent / "results" / "dashboard_load.json"
PAUSE = 2.0
PATIENCE = 30.0
FINDINGS = (
    "atrophy", "tremor", "cramps", "falls", "umn_signs", "bulbar", "sensory_loss", "hyporeflexia",
    "insomnia", "myoclonus", "fatigue", "spine_pain",
)  # fmt: skip
TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{}__events"


@dataclass
class Client:
    """One session: what the browser would know, and what was measured."""

    url: str
    seed: int
    ids: dict[str, str] = field(default_factory=dict[str, str])
    ranking: str = ""
    groups: int = 0
    page: str = ""
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    times: list[float] = field(default_factory=list[float])
    errors: list[str] = field(default_factory=list[str])
    polls: dict[str, "asyncio.Task[None]"] = field(default_factory=dict[str, Any])
    runs: int = 0
    sent: int = 0

    async def live(self, seconds: float) -> None:
        """Open the page and click until the time is over."""
        rng = random.Random(self.seed)
        await asyncio.sleep(PAUSE * rng.random())
        async with websockets.connect(
            self.url,
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=None,
            ping_interval=None,
        ) as socket:
            self.socket = socket
            reader = asyncio.create_task(self.read())
            await self.rerun()
            await asyncio.wait_for(self.changed.wait(), 60)
            known = [f for f in FINDINGS if f in self.findings]
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                start = time.monotonic()
                await self.click(rng.choice(known), rng.choice(("yes", "no", "")))
                await asyncio.sleep(max(0.0, PAUSE - (time.monotonic() - start)))
            self.stop_polls()
            reader.cancel()

    async def click(self, finding: str, state: str) -> None:
        """Enter a finding, and wait until another ranking is there."""
        self.changed.clear()
        self.sent = max(self.sent + 1, int(1000 * time.time()))
        edit = {"op": "set", "id": finding, "state": state, "seq": self.sent}
        before = self.states.get(finding, "")
        start = time.perf_counter()
        await self.rerun(edit)
        try:
            if state != before:
                await asyncio.wait_for(self.changed.wait(), PATIENCE)
                self.times.append(1000 * (time.perf_counter() - start))
        except TimeoutError:
            self.errors.append(f"no answer in {PATIENCE} s to {finding}={state or 'unknown'}")
        self.states[finding] = state

    async def rerun(self, edit: dict[str, Any] | None = None, fragment: str = "") -> None:
        """Ask for a run, with an edit or of one fragment."""
        message = BackMsg()
        run = message.rerun_script
        run.page_script_hash, run.fragment_id, run.is_auto_rerun = (
            self.page,
            fragment,
            bool(fragment),
        )
        if edit:
            widget = run.widget_states.widgets.add()
            widget.id = TRIGGER.format(self.ids["findings"])
            widget.json_trigger_value = json.dumps([{"event": "edit", "value": {"edits": [edit]}}])
        await self.socket.send(message.SerializeToString())

    async def read(self) -> None:
        """Follow what the server sends."""
        async for raw in self.socket:
            message = ForwardMsg()
            message.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self.page = message.navigation.page_script_hash
            elif kind == "new_session" and not message.metadata.run.fragment_ids:
                self.stop_polls()
            elif kind == "script_finished":
                self.runs += 1
            elif kind == "auto_rerun":
                poll = message.auto_rerun
                self.polls[poll.fragment_id] = asyncio.create_task(
                    self.poll(poll.fragment_id, poll.interval)
                )
            elif kind == "delta" and message.delta.HasField("new_element"):
                self.element(message.delta.new_element)

    def element(self, element: Any) -> None:
        """Take an element: our components, or an error."""
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(element.exception.message[:200])
        if kind != "bidi_component":
            return
        sent = element.bidi_component
        name = sent.id.rsplit("-", 1)[-1]
        self.ids[name] = sent.id
        data = json.loads(sent.json or sent.mixed.json)
        if name == "findings":
            self.findings = {r["id"] for g in data.get("groups") or [] for r in g["rows"]}
        if name == "ranking":
            rows = json.dumps([(r["id"], r["p"]) for r in data["rows"]])
            if rows != self.ranking:
                self.ranking = rows
                self.changed.set()

    findings: set[str] = field(default_factory=set[str])
    states: dict[str, str] = field(default_factory=dict[str, str])
    socket: Any = None

    async def poll(self, fragment: str, interval: float) -> None:
        """Run a fragment again and again, as the browser does for `run_every`."""
        while True:
            await asyncio.sleep(interval)
            await self.rerun(fragment=fragment)

    def stop_polls(self) -> None:
        """End all polls: the page was drawn anew."""
        for task in self.polls.values():
            task.cancel()
        self.polls.clear()


async def watch(pid: int, seconds: float) -> list[dict[str, float]]:
    """Return the server's memory and CPU, its children included, every five seconds."""
    rows: list[dict[str, float]] = []
    start = time.monotonic()
    server = psutil.Process(pid)
    last, at = _cpu(server), start
    while time.monotonic() - start < seconds:
        await asyncio.sleep(5)
        now, t = _cpu(server), time.monotonic()
        family = [server, *server.children(recursive=True)]
        memory = [p.memory_info().rss / 1e6 for p in family]
        rows.append({"s": round(t - start), "server_mb": round(memory[0], 1),
                     "worker_mb": round(sum(memory[1:]), 1),
                     "cpu": round((now - last) / (t - at), 2),
                     "machine_cpu_percent": psutil.cpu_percent()})  # fmt: skip
        last, at = now, t
    return rows


def _cpu(server: psutil.Process) -> float:
    family = [server, *server.children(recursive=True)]
    return sum(sum(p.cpu_times()[:2]) for p in family)


async def run(url: str, pid: int, sessions: int, seconds: float) -> dict[str, Any]:
    """Return what the clicks of many sessions cost."""
    clients = [Client(url, i) for i in range(sessions)]
    watching = asyncio.create_task(watch(pid, seconds))
    ended = await asyncio.gather(*(c.live(seconds) for c in clients), return_exceptions=True)
    broken = [repr(e) for e in ended if e is not None]
    errors = [e for c in clients for e in c.errors] + broken
    times = [t for c in clients for t in c.times]
    samples = await watching
    if not times:
        raise RuntimeError(f"no click was answered: {errors[:5]}")
    return {
        "sessions": sessions, "seconds": seconds, **summary(times),
        "script_runs": sum(c.runs for c in clients), "errors": len(errors),
        "first_errors": errors[:5], "memory": course(samples), "samples": samples,
    }  # fmt: skip


def course(samples: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return each process's memory in MB: at the start, the medians of later fifths, the peak.

    The first fifth is the warm-up, in which caches fill; memory that is flat has equal fifths.
    """
    size = max(1, len(samples) // 5)
    out: dict[str, dict[str, float]] = {}
    for name in ("server_mb", "worker_mb"):
        values = [row[name] for row in samples]
        fifths = [statistics.median(values[i * size : (i + 1) * size] or values) for i in range(5)]
        names = ("second_fifth", "third_fifth", "fourth_fifth", "last_fifth")
        out[name] = {"start": values[0], **dict(zip(names, fifths[1:], strict=True)),
                     "peak": max(values)}  # fmt: skip
    return out


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300.0)
    options = parser.parse_args()
    before = psutil.getloadavg()[0]
    port = free_port()
    server = subprocess.Popen(command(port), stdout=subprocess.DEVNULL)
    try:
        wait_until_up(f"http://127.0.0.1:{port}")
        time.sleep(5)
        found = asyncio.run(
            run(f"ws://127.0.0.1:{port}/_stcore/stream", server.pid, options.sessions,
                options.seconds)
        )  # fmt: skip
    finally:
        server.terminate()
        server.wait(20)
    # of the machine before the run and after it, and the priority that the run was given
    found |= {"load_before": before, "load_average": psutil.getloadavg()[1], "nice": os.nice(0)}
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({k: v for k, v in found.items() if k != "samples"}))
    for row in found["samples"][:: max(1, len(found["samples"]) // 10)]:
        print(row)


if __name__ == "__main__":
    main()

"""`fascinet serve` under load: so many requests a second for so long, errors, and latencies.

    python -m benchmarks.http --rate 200 --seconds 60 --processes 2

An open loop: requests leave at their time whether or not earlier ones are answered, and a latency
counts from that time, so that a server that falls behind shows it. The client shares the server's
cores, so it is a light one: asyncio's streams, kept alive, each answer read and parsed. CPU seconds
of both are told. Cases are published ones with findings left out, so that bodies differ; they go to
`/query` on the shipped network, with `--diagnoses N` one in N to `/diagnose`.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import psutil

from benchmarks.shipped_batch import mixed, typical_cases
from fascinet.engine.clinic.reasoner import shipped_reasoner

PACKETS = Path(__file__).parents[1] / "tests" / "data" / "cases" / "packets"
Stream: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD = (
    "POST {route} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    "content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
)
DIAGNOSES = 0  # one request in so many is a diagnosis; it takes some twenty times as long


def bodies(count: int, diagnoses: int) -> list[tuple[str, bytes]]:
    """Return the routes and bodies of requests."""
    network = shipped_reasoner().network
    rows = mixed(typical_cases(network, PACKETS), count)
    out: list[tuple[str, bytes]] = []
    for k, row in enumerate(rows):
        if diagnoses and k % diagnoses == 0:
            out.append(("/diagnose", json.dumps({"case": {"findings": row}}).encode()))
        else:
            body = {"evidence": row, "targets": ["als", "bfs", "ms"]}
            out.append(("/query", json.dumps(body).encode()))
    return out


class Connections:
    """Keep-alive connections to one server; a request takes the one that has rested longest."""

    def __init__(self, port: int, most: int) -> None:
        self.port, self.free = port, asyncio.Queue[Stream | None]()
        for _ in range(most):
            self.free.put_nowait(None)

    async def post(self, request: bytes) -> str:
        """Send a request; return the status of the answer, which is read to its end."""
        stream = await self.free.get()
        try:
            stream = stream or await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = stream
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            json.loads(await reader.readexactly(length))
            return head.split(None, 2)[1].decode()
        except (OSError, EOFError, ValueError) as error:
            stream = None
            return type(error).__name__
        finally:
            self.free.put_nowait(stream)


async def load(port: int, rate: float, seconds: float, diagnoses: int) -> dict[str, Any]:
    """Send requests at a steady rate; return counts of statuses and percentiles of latency."""
    requests = bodies(int(rate * seconds), diagnoses)
    waits: dict[str, list[float]] = {"/query": [], "/diagnose": []}
    statuses: Counter[str] = Counter()
    connections = Connections(port, 64)
    start = time.perf_counter() + 0.5

    async def one(route: str, request: bytes, due: float) -> None:
        statuses[await connections.post(request)] += 1
        waits[route].append(time.perf_counter() - due)

    tasks: list[asyncio.Task[None]] = []
    for k, (route, body) in enumerate(requests):
        due = start + k / rate
        request = HEAD.format(route=route, length=len(body)).encode() + body
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(route, request, due)))
    await asyncio.gather(*tasks)
    took = time.perf_counter() - start
    told: dict[str, Any] = {
        "requests": len(requests), "per_second": len(requests) / took,
        "errors": sum(n for s, n in statuses.items() if s != "200"), "statuses": dict(statuses),
    }  # fmt: skip
    for route, times in waits.items():
        if times:
            cuts = np.percentile(times, [50, 95, 99])
            told |= {
                f"{route[1:]}_p{q}_ms": 1000 * c for q, c in zip((50, 95, 99), cuts, strict=True)
            }
    return told


def cpu_of(process: psutil.Process) -> float:
    """Return CPU seconds of a process and those that it started."""
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(port: int) -> None:
    """Return when a server listens."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server does not answer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--diagnoses", type=int, default=DIAGNOSES, help="one in so many; 0: none")
    args = parser.parse_args()
    port = free_port()
    command = [sys.executable, "-m", "fascinet", "serve", "--port", str(port),
               "--processes", str(args.processes)]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    served = psutil.Process(process.pid)
    try:
        wait_for(port)
        asyncio.run(load(port, 20, 5, args.diagnoses))  # each process has to warm up
        before, own = cpu_of(served), time.process_time()
        found = asyncio.run(load(port, args.rate, args.seconds, args.diagnoses))
        found["server_cpu_ms"] = 1000 * (cpu_of(served) - before) / found["requests"]
        found["client_cpu_ms"] = 1000 * (time.process_time() - own) / found["requests"]
        print(json.dumps({"load": os.getloadavg()[0], **found}, indent=1))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


if __name__ == "__main__":
    main()

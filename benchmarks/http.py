"""`fascinet serve` under load: so many requests a second for so long, errors, and latencies.

    python -m benchmarks.http --rate 200 --seconds 60 --processes 2

An open loop: requests leave at their time whether or not earlier ones are answered, and a latency
counts from that time, so that a server that falls behind shows it. The client takes part of the
same cores. Cases are published ones with findings left out, so that bodies differ; they go to
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
from typing import Any

import httpx
import numpy as np

from benchmarks.shipped_batch import mixed, typical_cases
from fascinet.engine.clinic.reasoner import shipped_reasoner

PACKETS = Path(__file__).parents[1] / "tests" / "data" / "cases" / "packets"
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


async def load(base: str, rate: float, seconds: float, diagnoses: int) -> dict[str, Any]:
    """Send requests at a steady rate; return counts of statuses and percentiles of latency."""
    requests = bodies(int(rate * seconds), diagnoses)
    waits: dict[str, list[float]] = {"/query": [], "/diagnose": []}
    statuses: Counter[str] = Counter()
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(
        base_url=base, limits=limits, timeout=60, headers=headers
    ) as client:
        start = time.perf_counter() + 0.5

        async def one(route: str, body: bytes, due: float) -> None:
            try:
                found = await client.post(route, content=body)
                statuses[str(found.status_code)] += 1
            except httpx.HTTPError as error:
                statuses[type(error).__name__] += 1
            waits[route].append(time.perf_counter() - due)

        tasks: list[asyncio.Task[None]] = []
        for k, (route, body) in enumerate(requests):
            due = start + k / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(route, body, due)))
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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


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
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{base}/health")
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        asyncio.run(load(base, 20, 5, args.diagnoses))  # each process has to warm up
        found = asyncio.run(load(base, args.rate, args.seconds, args.diagnoses))
        print(json.dumps({"load": os.getloadavg()[0], **found}, indent=1))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


if __name__ == "__main__":
    main()

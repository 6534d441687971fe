"""A class of sixty: all answer each step within ten seconds, and see it turn.

    python -m benchmarks.class_load [--learners 60] [--steps 4] [--window 10]

Starts the dashboard's server with a ledger of its own on 127.0.0.1. Each learner is a thread with a
connection that answers at a random moment of the window and, like the page, asks every
1.5 seconds where the room stands. Printed: answers sent, acknowledged and in the database, how
long an answer took, and how long after the teacher's step a learner's page knew of it.
"""

import argparse
import http.client
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode, urlsplit

import numpy as np

from fascinet.dashboard.serve import command
from fascinet.engine.teaching.classroom import Classroom, Talk

PORT, LOOK = 8653, 1.5
STEPS = ("weakness", "atrophy", "umn_signs", "emg", "cramps", "bulbar", "clonus", "babinski")


class Learner:
    """One phone."""

    def __init__(self, url: str, code: str) -> None:
        self.where, self.code, self.cookie = urlsplit(url), code, ""
        self.took: list[float] = []
        self.knew: list[float] = []
        self.acknowledged = 0
        self.mark = ""

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Send one request and return status and text."""
        line = http.client.HTTPConnection(self.where.hostname or "", self.where.port, timeout=30)
        body = urlencode(form) if form else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        line.request("POST" if form else "GET", path, body, {"Cookie": self.cookie, **kind})
        reply = line.getresponse()
        given = reply.getheader("Set-Cookie")
        if given:
            self.cookie = given.split(";")[0]
        text = reply.read().decode()
        line.close()
        return reply.status, text

    def join(self) -> int:
        """Take a seat and return the size of the page."""
        status, text = self.ask(f"/join/{self.code}")
        assert status == 200, status
        return len(text)

    def step(self, number: int, begun: float, window: float) -> None:
        """Answer one step at a random moment, looking where the room stands meanwhile."""
        due = begun + random.uniform(0.2, window - 0.5)
        look, known, sent = begun + random.uniform(0.0, LOOK), False, False
        while not (known and sent):
            now = time.monotonic()
            if not known and now >= look:
                known = self.ask(f"/join/{self.code}/now")[1].startswith(f'{{"mark":"{number}-0')
                look = time.monotonic() + LOOK
                if known:
                    self.knew.append(time.monotonic() - begun)
            if not sent and now >= due:
                start, form = time.monotonic(), {"step": str(number), "p": "20"}
                self.acknowledged += self.ask(f"/join/{self.code}", form)[0] == 303
                self.took.append(time.monotonic() - start)
                sent = True
            time.sleep(0.02)


def main() -> None:
    """Run the class and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=60)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--window", type=float, default=10.0)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ledger = f"sqlite:///{Path(folder) / 'ledger.db'}"
        server = subprocess.Popen(command(PORT), stdout=subprocess.DEVNULL,
                                  env={**os.environ, "FASCINET_LEDGER": ledger})  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{PORT}")
            _class(ledger, told.learners, told.steps, told.window)
        finally:
            server.terminate()
            server.wait(20)


def _wait(url: str) -> None:
    learner = Learner(url, "")
    for _ in range(300):
        try:
            if learner.ask("/_stcore/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    sys.exit("the server did not come up")


def _class(ledger: str, count: int, steps: int, window: float) -> None:
    rooms = Classroom(ledger)
    names = [f"step {k}" for k in range(steps + 1)]
    talk = Talk({}, tuple((v, "yes") for v in STEPS[:steps]), "als", tuple(names), "How probable?",
                (0.1,) * (steps + 1))  # fmt: skip
    code, key = rooms.open(talk)
    learners = [Learner(f"http://127.0.0.1:{PORT}", code) for _ in range(count)]
    start = time.monotonic()
    size = max(x.join() for x in learners)
    print(f"{count} learners joined in {time.monotonic() - start:.1f} s; a page is {size:,} bytes")
    for number in range(steps):
        rooms.steer(code, key, number, revealed=False)
        begun = time.monotonic()
        threads = [Thread(target=x.step, args=(number, begun, window)) for x in learners]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    kept = sum(len(rooms.answers(code, k)) for k in range(steps))
    took, knew = (np.array([s for x in learners for s in y(x)])
                  for y in (lambda x: x.took, lambda x: x.knew))  # fmt: skip
    acknowledged = sum(x.acknowledged for x in learners)
    print(f"answers: sent {count * steps}, acknowledged {acknowledged}, in the database {kept}")
    for name, values in (("answer", took), ("page knows of the step", knew)):
        p50, p95 = np.percentile(values, [50, 95])
        print(f"{name}: median {p50:.3f} s, p95 {p95:.3f} s, longest {values.max():.3f} s")


if __name__ == "__main__":
    main()

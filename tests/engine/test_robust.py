"""Signals, recursion, threads, forks: the engine stops when it is told to and never crashes.

Each test runs in a process of its own, so that a crash is a failure and not the end of all tests.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fascinet.engine.core import core

ROOT = Path(__file__).parents[2]
BACKENDS = ["numpy", "core"] if core is not None else ["numpy"]
START = """
import gc, os, signal, sys, threading, time
sys.path.insert(0, {root!r})
from fascinet.engine.api.engine import Engine
from tests.engine.networks import cases, network

def engine_of(name):
    return Engine(network(name), backend={backend!r})

def same(a, b):
    assert a.log_prob_evidence == b.log_prob_evidence
    assert {{v: dict(a[v]) for v in a}} == {{v: dict(b[v]) for v in b}}
"""


def run(script: str, backend: str, timeout: float = 240.0) -> str:
    """Run a script in another process; return what it prints."""
    code = START.format(root=str(ROOT), backend=backend) + textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code],
        capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, f"status {done.returncode}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_storm_of_interrupts(backend: str) -> None:
    name = "link" if backend == "core" else "pigs"
    out = run(
        f"""
        engine, case = engine_of({name!r}), cases({name!r})[0]
        want = engine.posterior(case)
        late = []
        def beat(*_):
            late.append(time.monotonic())
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, beat)
        stopped = 0
        for k in range(30):
            fresh = engine if k % 3 else engine_of({name!r})  # planning is interrupted too
            signal.setitimer(signal.ITIMER_REAL, 0.002 * (1 + k))
            try:
                while True:
                    fresh.posterior(case)
            except KeyboardInterrupt:
                stopped += time.monotonic() - late[-1] < 1.0
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        same(engine.posterior(case), want)
        print(stopped)
        """,
        backend,
    )
    assert int(out) == 30


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_handler_may_ask_the_same_engine(backend: str) -> None:
    name = "link" if backend == "core" else "pigs"
    run(
        f"""
        engine, (case, other) = engine_of({name!r}), cases({name!r})[:2]
        want, wanted = engine.posterior(case), engine.posterior(other)
        asked = []
        def ask(*_):
            asked.append(engine.posterior(other))
        signal.signal(signal.SIGALRM, ask)
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.3)
        found = [engine.posterior(case) for _ in range(4)]
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert asked
        for x in found:
            same(x, want)
        for x in asked:
            same(x, wanted)
        """,
        backend,
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_finalizer_may_ask_the_same_engine(backend: str) -> None:
    run(
        """
        engine, case = engine_of("alarm"), cases("alarm")[0]
        want = engine.posterior(case)
        asked = []
        class Asks:
            def __init__(self):
                self.me = self
            def __del__(self):
                asked.append(engine.posterior(case))
        gc.set_threshold(5)
        for _ in range(300):
            Asks()
            same(engine.posterior(case), want)
        assert asked
        for x in asked:
            same(x, want)
        """,
        backend,
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_recursion_near_its_limit(backend: str) -> None:
    run(
        """
        engine, case = engine_of("alarm"), cases("alarm")[0]
        def deep(n):
            try:
                engine.posterior(case)
                engine_of("asia").posterior({"xray": "yes"})
            except RecursionError:
                return n
            return deep(n + 1)
        try:
            deep(0)
        except RecursionError:
            pass
        want = engine_of("alarm").posterior(case)
        same(engine.posterior(case), want)
        """,
        backend,
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_evidence_that_other_threads_change(backend: str) -> None:
    run(
        """
        from fascinet.model.errors import FascinetError
        engine, case = engine_of("alarm"), dict(cases("alarm")[0])
        names, done = list(engine.network.variables), []
        def change():
            k = 0
            while not done:
                v = names[k % len(names)]
                case.pop(v, None) if k % 2 else case.update({v: engine.network.states(v)[0]})
                k += 1
        threads = [threading.Thread(target=change) for _ in range(3)]
        for t in threads:
            t.start()
        old = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            try:
                engine.posterior(case)
            except (FascinetError, RuntimeError, KeyError):
                pass  # changed during iteration, or contradicting itself
        done.append(1)
        for t in threads:
            t.join()
        fixed = cases("alarm")[0]
        same(engine.posterior(fixed), engine_of("alarm").posterior(fixed))
        """,
        backend,
    )


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork on this system")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_fork_while_threads_are_busy(backend: str) -> None:
    run(
        """
        import warnings
        warnings.simplefilter("ignore")  # later Pythons warn of every fork beside threads
        engine, given = engine_of("insurance"), cases("insurance")
        want, done = [engine.posterior(c) for c in given], []
        def busy():
            while not done:
                for c in given:
                    engine.posterior(c, targets=[next(iter(engine.network.variables))])
        threads = [threading.Thread(target=busy) for _ in range(3)]
        for t in threads:
            t.start()
        for k in range(25):
            pid = os.fork()
            if not pid:
                signal.alarm(30)
                for c, w in zip(given, want):
                    same(engine.posterior(c), w)
                fresh = engine_of("asia").posterior({"xray": "yes"}, targets=["lung"])
                os._exit(0)
            _, status = os.waitpid(pid, 0)
            assert status == 0, status
        done.append(1)
        for t in threads:
            t.join()
        """,
        backend,
    )


def test_a_diagnosis_writes_nothing_but_its_answer(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    script = "from fascinet.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "diagnose", "-f", "weakness=objective", "--format", "json"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1",
             "FASCINET_CACHE": "off"},
        capture_output=True, text=True, timeout=240, cwd=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"differential"' in done.stdout
    assert not list(home.iterdir())

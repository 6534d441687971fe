"""The service answers as the package does, keeps its limits, and says nothing of what was asked."""

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fascinet as fn
from fascinet.cli import run
from fascinet.server.app import create_app
from fascinet.server.guard import Guard, Limits

ROOT = Path(__file__).parents[2]
CASE = {"case": {"findings": {"weakness": "objective", "atrophy": "yes"}}}


class Client:
    """Calls an ASGI application in this process, one request at a time."""

    def __init__(self, app: Guard, **headers: str) -> None:
        self.app, self.headers = app, headers

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        import asyncio

        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)  # pyright: ignore
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                headers = {**self.headers, **options.pop("headers", {})}
                return await client.request(method, path, headers=headers, timeout=60, **options)

        return asyncio.run(one())

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.send("POST", path, json=body, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)


@pytest.fixture(scope="module")
def asia() -> Client:
    return Client(create_app("asia", token=""))


@pytest.fixture(scope="module")
def shipped() -> Client:
    return Client(create_app(token=""))


def test_a_diagnosis_is_that_of_the_package(shipped: Client) -> None:
    got = shipped.post("/diagnose", CASE | {"setting": "primary_care"})
    assert got.status_code == 200
    want = fn.diagnose(CASE["case"], setting="primary_care").to_dict()
    assert got.json()["groups"] == json.loads(json.dumps(want["groups"]))
    next_ = shipped.post("/next", CASE).json()
    assert next_["next_tests"][0]["expected_gain_bits"] > 0


def test_queries_are_those_of_the_engine(asia: Client) -> None:
    engine = fn.Engine(fn.example("asia"))
    got = asia.post("/query", {"evidence": {"dysp": "yes"}, "targets": ["lung"]}).json()
    want = engine.posterior({"dysp": "yes"})
    assert got["posteriors"]["lung"]["yes"] == pytest.approx(want["lung"]["yes"], abs=1e-15)
    assert got["log_prob_evidence"] == pytest.approx(want.log_prob_evidence, abs=1e-15)
    soft = {"soft": {"xray": {"yes": 0.8, "no": 0.2}}, "do": {"smoke": "no"}}
    got = asia.post("/query", soft).json()["posteriors"]["lung"]["yes"]
    want = engine.posterior(soft=soft["soft"], do=soft["do"])["lung"]["yes"]
    assert got == pytest.approx(want, abs=1e-15)
    asked = asia.post("/ask", {"query": "lung=yes or tub=yes | dysp=yes"}).json()
    want = float(engine.ask("lung=yes or tub=yes | dysp=yes"))
    assert asked["rows"][0]["probability"] == pytest.approx(want, abs=1e-15)
    body = {"evidence": {"smoke": "yes", "xray": "yes"}, "target": "lung", "state": "yes"}
    rows = asia.post("/explain", body).json()["rows"]
    assert {row["finding"] for row in rows} == {"smoke", "xray"}


def test_the_model_its_health_and_its_description_are_told(asia: Client) -> None:
    assert asia.get("/health").json()["status"] == "ok"
    model = asia.get("/model").json()
    assert model["hash"] == fn.example("asia").hash
    assert model["variables"]["lung"]["states"] == ["yes", "no"]
    paths = asia.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/health", "/metrics", "/model", "/diagnose", "/next", "/query",
                          "/explain", "/ask"}  # fmt: skip


def test_the_examples_of_the_description_are_answered(shipped: Client) -> None:
    described = shipped.get("/openapi.json").json()
    bodies = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        if "post" in methods:
            content = methods["post"]["requestBody"]["content"]["application/json"]
            name = content["schema"]["$ref"].rpartition("/")[2]
            assert shipped.post(path, bodies[name]["examples"][0]).status_code == 200, path


WRONG = [
    ("/query", {"evidence": {"dyspp": "yes"}}, 422, "did you mean 'dysp'"),
    ("/query", {"evidence": {"dysp": "maybe"}}, 422, "maybe"),
    ("/query", {"evidnce": {}}, 422, "evidnce"),
    ("/query", {"evidence": {"lung": "yes", "either": "no"}}, 422, "exclude each other"),
    ("/query", {"soft": {"lung": [1.0]}}, 422, "2 likelihoods"),
    ("/query", [], 422, "body"),
    ("/ask", {"query": "lung="}, 422, "expected a state"),
    ("/ask", {"query": "x" * 3000}, 422, "2000"),
    ("/explain", {"evidence": {}, "target": "lung", "state": "mabye"}, 422, "mabye"),
    ("/diagnose", {"case": {"findngs": {}}}, 422, "findngs"),
    ("/diagnose", {"case": {"findings": {}}, "rank": "luck"}, 422, "rank"),
    ("/nowhere", {}, 404, "Not Found"),
]


@pytest.mark.parametrize(("path", "body", "status", "said"), WRONG)
def test_bad_requests_are_told_what_is_wrong(
    asia: Client, path: str, body: Any, status: int, said: str
) -> None:
    got = asia.post(path, body)
    assert got.status_code == status
    assert said in got.json()["error"]["message"]


def test_bodies_that_are_no_json_are_refused(asia: Client) -> None:
    header = {"content-type": "application/json"}
    for body in (b"{", b"\xff\xfe", b"[" * 50_000, b'{"evidence": {"dysp": NaN}}', b"NaN", b""):
        got = asia.send("POST", "/query", content=body, headers=header)
        assert got.status_code in (400, 422), body[:20]


def test_a_token_is_asked_of_all_but_health() -> None:
    app = create_app("asia", token="secret")
    assert Client(app).get("/health").status_code == 200
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic secret"}):
        got = Client(app, **headers).get("/model")
        assert got.status_code == 401
        assert got.headers["www-authenticate"] == "Bearer"
    assert Client(app, authorization="Bearer secret").get("/model").status_code == 200


def test_a_body_that_is_too_long_is_refused_by_its_header_or_its_bytes() -> None:
    client = Client(create_app("asia", limits=Limits(body=1000), token=""))
    long = {"evidence": {"dysp": "y" * 2000}}
    assert client.post("/query", long).status_code == 413

    async def parts() -> Any:
        for _ in range(20):
            yield b" " * 100

    assert client.send("POST", "/query", content=parts()).status_code == 413


def test_an_answer_that_takes_too_long_is_given_up_and_a_full_house_says_so(monkeypatch) -> None:
    import asyncio

    def slow(*_: object, **__: object) -> None:
        time.sleep(1.0)

    monkeypatch.setattr(fn.Engine, "ask", slow)
    app = create_app("asia", limits=Limits(seconds=0.3, threads=1, waiting=1), token="")
    assert Client(app).post("/ask", {"query": "q"}).status_code == 504
    app = create_app("asia", limits=Limits(seconds=0.3, threads=1, waiting=1), token="")

    async def many() -> list[int]:
        transport = httpx.ASGITransport(app=app)  # pyright: ignore
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            calls = [client.post("/ask", json={"query": "q"}) for _ in range(5)]
            return sorted(answer.status_code for answer in await asyncio.gather(*calls))

    assert asyncio.run(many()) == [503, 503, 503, 504, 504]


def test_nothing_that_was_asked_is_logged(asia: Client, caplog, capfd, monkeypatch) -> None:
    caplog.set_level(logging.DEBUG)
    asia.post("/query", {"evidence": {"dysp": "yes"}})
    asia.post("/query", {"evidence": {"secret_finding": "yes"}})
    asia.get("/secret_path?secret_query=1")

    def broken(*_: object, **__: object) -> None:
        raise ValueError("secret_finding")

    monkeypatch.setattr(fn.Engine, "ask", broken)
    got = asia.post("/ask", {"query": "secret_finding=yes"})
    assert got.status_code == 500
    assert "secret" not in got.text
    said = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("fascinet"))
    assert "POST /query 200" in said
    assert "GET - 404" in said
    assert "ValueError in /ask" in said
    for text in (said, *capfd.readouterr()):
        assert "secret" not in text
        assert "dysp" not in text


def test_answers_are_counted(asia: Client) -> None:
    asia.get("/health")
    text = asia.get("/metrics").text
    assert 'fascinet_requests_total{route="/health",status="200"}' in text
    assert "fascinet_active_requests 1" in text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["lung", "yes", "dysp", "no", "smoke"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["lung", "dysp", "smoke", "x"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
KEYS = ("evidence", "soft", "do", "targets", "target", "state", "query", "case", "setting", "rank")


def fuzz(client: Client, path: str, body: Any) -> None:
    content = json.dumps(body).encode()
    got = client.send("POST", path, content=content, headers={"content-type": "application/json"})
    assert got.status_code in (200, 400, 422), (path, body, got.text)
    json.loads(got.text)


BODIES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5) | VALUES
PATHS = st.sampled_from(["/query", "/explain", "/ask", "/diagnose", "/next"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PATHS, BODIES)
def test_no_body_breaks_the_service(path: str, body: Any) -> None:
    fuzz(FUZZED, path, body)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PATHS, BODIES)
def test_ten_thousand_bodies_do_not_break_the_service(path: str, body: Any) -> None:
    fuzz(FUZZED, path, body)


# what is looked for is a fault, not a slow machine
FUZZED = Client(create_app("asia", limits=Limits(seconds=600.0), token=""))


# ---------------------------------------------------------------- as a process


def test_the_command_serves_and_ends(tmp_path: Path) -> None:
    port = 18731 + os.getpid() % 1000
    command = [sys.executable, "-m", "fascinet", "serve", "--port", str(port), "--network", "asia",
               "--processes", "2"]  # fmt: skip
    environment = os.environ | {"FASCINET_TOKEN": "word"}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=tmp_path)
        try:
            got = waited(f"http://127.0.0.1:{port}/health", server)
            assert got.json()["status"] == "ok"
            url, body = f"http://127.0.0.1:{port}/query", {"evidence": {"dysp": "yes"}}
            assert httpx.post(url, json=body).status_code == 401
            token = {"authorization": "Bearer word"}
            found = httpx.post(url, json=body, headers=token, timeout=30).json()
            assert 0 < found["posteriors"]["lung"]["yes"] < 1
        finally:
            server.terminate()
            server.wait(20)
    said = (tmp_path / "log").read_text()
    assert "POST /query 200" in said
    assert "dysp" not in said


def waited(url: str, server: "subprocess.Popen[bytes]") -> httpx.Response:
    for _ in range(240):
        assert server.poll() is None
        try:
            return httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.25)
    raise AssertionError("the server does not answer")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "only with a token in FASCINET_TOKEN"),
        (["--port", "0"], "expected 1 to 65535"),
        (["--threads", "0"], "numbers above 0"),
        (["--processes", "0"], "numbers above 0"),
        (["--network", "asai"], "did you mean 'asia'"),
    ],
)
def test_bad_options_are_refused(options: list[str], said: str, capsys, monkeypatch) -> None:
    monkeypatch.delenv("FASCINET_TOKEN", raising=False)
    assert run(["serve", *options]) == 2
    assert said in capsys.readouterr().err

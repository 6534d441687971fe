"""The service: one route a question, each answered by what the command line uses, too."""

import json
import logging
import os
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from starlette.exceptions import HTTPException

from fascinet import __version__
from fascinet.cli_network import open_network
from fascinet.engine.analyses.results import plain
from fascinet.engine.api.engine import Engine
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.errors import FascinetError
from fascinet.server.guard import Guard, Limits, Metrics, Refused, Workers
from fascinet.server.requests import AskBody, CaseBody, ExplainBody, QueryBody

TOKEN = "FASCINET_TOKEN"
SETTINGS = "FASCINET_SERVE"  # from the command to the processes that it starts
NOTICE = "For teaching and reasoning; not for the care of a patient."


def answer(value: Any) -> Response:
    """Return a value as JSON: NaN as null, ASCII alone."""
    text = json.dumps(plain(value), allow_nan=False)
    return Response(text, media_type="application/json")


def create_app(
    network: str | None = None, *, limits: Limits | None = None, token: str | None = None
) -> Guard:
    """Return the service as an ASGI application.

    Parameters
    ----------
    network : str, optional
        A network file or an example's name for query, ask, explain and model; default: the
        shipped network. Diagnoses always come from the shipped one.
    limits : Limits, optional
    token : str, optional
        What requests must bring; default: the environment's FASCINET_TOKEN, and none if that is
        not set.
    """
    limits = limits or Limits()
    app, metrics = (
        FastAPI(
            title="fascinet", version=__version__, description=NOTICE, docs_url=None, redoc_url=None
        ),
        Metrics(),
    )
    _errors(app)
    _about(app, open_network(network), metrics)
    workers = Workers(limits)
    _cases(app, workers)
    _questions(app, workers, Engine(open_network(network)))
    secret = os.environ.get(TOKEN, "") if token is None else token
    return Guard(app, limits, secret, metrics, frozenset({"/health"}))


def served() -> Guard:
    """Return the service as the command that started this process asked for it."""
    told = json.loads(os.environ[SETTINGS])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    return create_app(told["network"], limits=Limits(**told["limits"]))


def _errors(app: FastAPI) -> None:
    def told(status: int, kind: str, message: str) -> Response:
        found = answer({"error": {"type": kind, "message": message}})
        found.status_code = status
        return found

    @app.exception_handler(FascinetError)
    async def ours(request: Request, error: FascinetError) -> Response:  # pyright: ignore
        return told(422, type(error).__name__, str(error))

    @app.exception_handler(RequestValidationError)
    async def shape(request: Request, error: RequestValidationError) -> Response:  # pyright: ignore
        said = "; ".join(
            f"{'.'.join(str(x) for x in e['loc'])}: {e['msg']}" for e in error.errors()[:5]
        )
        return told(422, "request", said)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:  # pyright: ignore
        return told(error.status_code, "http", str(error.detail))

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:  # pyright: ignore
        found = told(error.status, error.kind, str(error))
        if error.status == 503:
            found.headers["retry-after"] = "1"
        return found


def _about(app: FastAPI, network: Any, metrics: Metrics) -> None:
    facts = {
        "name": network.name,
        "version": network.version,
        "hash": network.hash,
        "notice": NOTICE,
        "variables": {
            v: {
                "states": network.states(v),
                "parents": network.parents(v),
                "label": network.meta.get(v, {}).get("label", v),
            }
            for v in network.variables
        },
    }

    @app.get("/health")
    async def health() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Whether the service is up; needs no token."""
        return answer({"status": "ok", "version": __version__})

    @app.get("/metrics")
    async def counts() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Return counts of requests, as Prometheus reads them."""
        return PlainTextResponse(metrics.text())

    @app.get("/model")
    async def model() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Return the served network: variables, states, labels, parents."""
        return answer(facts)


def _cases(app: FastAPI, workers: Workers) -> None:
    def diagnosed(body: CaseBody, **options: Any) -> dict[str, Any]:
        reasoner = shipped_reasoner()
        return reasoner.diagnose(body.case, body.setting, rank=body.rank, **options).to_dict()

    @app.post("/diagnose")
    async def diagnose(body: CaseBody) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Rank the causes of a case, as `fascinet diagnose --format json`."""
        return answer(await workers.run(lambda: diagnosed(body)))

    @app.post("/next")
    async def next_(body: CaseBody) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Rank all questions and tests by expected information."""
        found = await workers.run(lambda: diagnosed(body, tests=None))
        return answer({k: found[k] for k in ("setting", "next_tests", "warnings")})


def _questions(app: FastAPI, workers: Workers, engine: Engine) -> None:
    def queried(body: QueryBody) -> dict[str, Any]:
        found = engine.posterior(
            body.evidence,
            soft=body.soft,
            do=body.do,
            targets=body.targets,  # pyright: ignore
        )
        marginals = {v: dict(m) for v, m in found.items()}
        return {"log_prob_evidence": found.log_prob_evidence, "posteriors": marginals}

    def explained(body: ExplainBody) -> Any:
        found = engine.explain(
            body.evidence,
            target=body.target,
            state=body.state,
            soft=body.soft,  # pyright: ignore
        )
        return json.loads(found.to_json())

    def work(task: Callable[[Any], Any], body: Any) -> Callable[[], Any]:
        return lambda: task(body)

    @app.post("/query")
    async def query(body: QueryBody) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Return posteriors, as `fascinet query --format json`."""
        return answer(await workers.run(work(queried, body)))

    @app.post("/explain")
    async def explain(body: ExplainBody) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Return what each finding contributes to a hypothesis."""
        return answer(await workers.run(work(explained, body)))

    @app.post("/ask")
    async def ask(body: AskBody) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Return the probability of states joined by and, or, not."""
        found = await workers.run(lambda: engine.ask(body.query))
        return answer(json.loads(found.to_json()))

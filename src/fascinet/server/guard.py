"""What stands before the service: token, size and time of a request, and what is logged of it.

Nothing that was asked is ever logged: a line has the method, the route, the status and the time.
"""

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]
Answer = TypeVar("Answer")
log = logging.getLogger("fascinet.server")


@dataclass(frozen=True)
class Limits:
    """What one request, and all together, may take.

    Attributes
    ----------
    body : int
        Bytes of a request.
    seconds : float
        Of an answer, its wait included; and of reading a request.
    threads : int
        Answers that are worked on at a time.
    waiting : int
        Requests that may wait for a thread.
    """

    body: int = 1_000_000
    seconds: float = 20.0
    threads: int = 2
    waiting: int = 128


class Refused(Exception):
    """A request that is not answered: its status and why."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


class Workers:
    """Threads that answer, so many at a time; the rest waits, or is told to come back."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.busy = limits, 0
        self.pool = ThreadPoolExecutor(limits.threads, "fascinet")

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns.

        Raises
        ------
        Refused
            If too many wait already, or it takes too long. A thread that takes too long is not
            stopped, and stays taken until it ends.
        """
        if self.busy >= self.limits.threads + self.limits.waiting:
            raise Refused(503, "busy", "too many requests are waiting; come back later")
        self.busy += 1
        future = asyncio.get_running_loop().run_in_executor(self.pool, work)
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self.limits.seconds)
        except TimeoutError:
            said = f"no answer within {self.limits.seconds:g} s"
            raise Refused(504, "timeout", said) from None

    def _done(self, future: "asyncio.Future[Any]") -> None:
        self.busy -= 1
        if not future.cancelled():
            future.exception()  # seen: asyncio would log it, and with it what was asked


class Metrics:
    """Counts of requests, as Prometheus reads them."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, int], int] = {}
        self.seconds: dict[str, float] = {}
        self.active = 0

    def add(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self.counts[route, status] = self.counts.get((route, status), 0) + 1
        self.seconds[route] = self.seconds.get(route, 0.0) + seconds

    def text(self) -> str:
        """Return all counts in Prometheus' text format."""
        lines = ["# TYPE fascinet_requests_total counter"]
        lines += [
            f'fascinet_requests_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self.counts.items())
        ]
        lines.append("# TYPE fascinet_request_seconds_total counter")
        lines += [
            f'fascinet_request_seconds_total{{route="{route}"}} {seconds:.6f}'
            for route, seconds in sorted(self.seconds.items())
        ]
        lines += [
            "# TYPE fascinet_active_requests gauge",
            f"fascinet_active_requests {self.active}",
        ]
        return "\n".join(lines) + "\n"


class Guard:
    """An ASGI application around another."""

    def __init__(
        self, app: Application, limits: Limits, token: str, metrics: Metrics, open_: frozenset[str]
    ) -> None:
        self.app, self.limits, self.metrics, self.open = app, limits, metrics, open_
        self.token = token.encode()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        self.metrics.active += 1
        try:
            await self._answer(scope, receive, counted)
        except Refused as refused:
            await reply(counted, refused)
        except Exception as error:  # its text may hold what was asked
            log.error("%s in %s", type(error).__name__, route_of(scope))
            if not status:
                await reply(counted, Refused(500, "internal", "internal error"))
        finally:
            self.metrics.active -= 1
            took, route = time.perf_counter() - start, route_of(scope)
            self.metrics.add(route, status, took)
            log.info("%s %s %d %.1f ms", scope["method"], route, status, 1000 * took)

    async def _answer(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if self.token and scope["path"] not in self.open:
            given = headers.get(b"authorization", b"").partition(b" ")
            if given[0].lower() != b"bearer" or not hmac.compare_digest(given[2], self.token):
                raise Refused(401, "token", "expected the header 'Authorization: Bearer TOKEN'")
        try:
            body = await asyncio.wait_for(self._body(headers, receive), self.limits.seconds)
        except TimeoutError:
            raise Refused(408, "timeout", "the request took too long to arrive") from None
        sent = False

        async def again() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """Return the whole body, which must not be too long."""
        told = headers.get(b"content-length", b"0")
        too_long = Refused(413, "size", f"expected at most {self.limits.body:,} bytes")
        if told.isdigit() and int(told[:20]) > self.limits.body:
            raise too_long
        parts, size = list[bytes](), 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                break
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.limits.body:
                raise too_long
            if not message.get("more_body", False):
                break
        return b"".join(parts)


def route_of(scope: Any) -> str:
    """Return the route of a request, "-" for an unknown one: a path may hold anything."""
    return str(getattr(scope.get("route"), "path", "-"))


async def reply(send: Send, refused: Refused) -> None:
    """Send an error."""
    body = json.dumps({"error": {"type": refused.kind, "message": str(refused)}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(b"retry-after", b"1")] if refused.status == 503 else []
    headers += [(b"www-authenticate", b"Bearer")] if refused.status == 401 else []
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

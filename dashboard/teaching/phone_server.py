"""The students' pages on a port of their own, so that phones in the room get in.

The dashboard stays on 127.0.0.1: what the teacher steers is not on the network. Only the students'
pages are served beyond this machine, and only if the teacher says so (`fascinet dashboard --phones
lan`), in the same process, so that both see the same rooms.
"""

import os
import socket
from threading import Thread

from fascinet.model.errors import FascinetError

PHONES = "FASCINET_PHONES"  # tells the server's process where phones come in: address:port
LAN = "lan"
ELSEWHERE = ("192.0.2.1", 9)  # an address of documentation: nothing is sent, a route is looked up
BACKLOG = 256


def phones_at(where: str, port: int) -> str:
    """Return where phones come in, as address:port, once it is sure that one can listen there.

    Parameters
    ----------
    where : str
        An IPv4 address of this machine, or "lan" for the one that the network knows it by.
    port : int

    Raises
    ------
    FascinetError
        If there is no network, the address is not of this machine, or the port is taken.
    """
    if not 1 <= port <= 65535:
        raise FascinetError(f"--phones-port: expected 1 to 65535, got {port}")
    host = _lan_address() if where == LAN else where
    _listen(host, port).close()
    return f"{host}:{port}"


def address() -> str:
    """Return the address that phones are told, or "" where none was asked for."""
    where = os.environ.get(PHONES, "")
    return f"http://{where}" if where else ""


def start(where: str) -> None:
    """Serve the students' pages at an address:port, beside what this process does."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import RedirectResponse, Response
    from starlette.routing import Route

    from fascinet.dashboard.headers import Guard
    from fascinet.dashboard.teaching.phones import routes

    host, _, port = where.rpartition(":")

    def home(_: Request) -> Response:
        return RedirectResponse("/join")

    app = Starlette(routes=[Route("/", home), *routes()], middleware=[Middleware(Guard)])
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", server_header=False, ws="none",
        limit_concurrency=1000, timeout_keep_alive=10,
    )  # fmt: skip
    listening = [_listen(host, int(port))]
    Thread(target=uvicorn.Server(config).run, args=(listening,), name="phones", daemon=True).start()


def _lan_address() -> str:
    """Return this machine's address on the network that its packets leave by."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(ELSEWHERE)
            return str(probe.getsockname()[0])
    except OSError:
        raise FascinetError("--phones lan: this machine is in no network; join one, or name its "
                            "address: --phones 192.168.1.20") from None  # fmt: skip


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        code = error.errno or 0  # those of names that are not known are below zero
        cause = os.strerror(code) if code > 0 else error.strerror or str(error)
        raise FascinetError(f"phones cannot come in at {host}:{port}: {cause.lower()}; "
                            "see --phones and --phones-port") from None  # fmt: skip

"""The command `serve`: answers by HTTP."""

import ipaddress
import json
import logging
import os
from dataclasses import asdict
from typing import Any

from fascinet.cli_errors import tell
from fascinet.model.errors import FascinetError


def serve(
    host: str, port: int, network: str | None, threads: int, seconds: float, megabytes: float,
    processes: int = 1,
) -> None:  # fmt: skip
    """Serve until interrupted."""
    try:
        import uvicorn

        from fascinet.server.app import SETTINGS, TOKEN, create_app
        from fascinet.server.guard import Limits
    except ImportError as error:
        raise FascinetError(
            f"{error.name} is not installed: pip install 'fascinet[server]'"
        ) from None
    if not is_local(host) and not os.environ.get(TOKEN):
        raise FascinetError(f"--host {host}: beyond this machine only with a token in {TOKEN}")
    if not 1 <= port <= 65535:
        raise FascinetError(f"--port: expected 1 to 65535, got {port}")
    if threads < 1 or processes < 1 or seconds <= 0 or megabytes <= 0:
        raise FascinetError(
            "--threads, --processes, --seconds, --megabytes: expected numbers above 0"
        )
    limits = Limits(int(megabytes * 1e6), seconds, threads)
    app: Any = create_app(network, limits=limits)  # what cannot be served is said here
    if processes > 1:
        told = {"network": network, "limits": asdict(limits)}
        os.environ[SETTINGS] = json.dumps(told)  # read by each process
        app = "fascinet.server.app:served"
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    tell(f"fascinet: http://{host}:{port} (stop with Ctrl-C)")
    uvicorn.run(
        app, host=host, port=port, access_log=False, log_level="warning", server_header=False,
        limit_concurrency=1000, timeout_keep_alive=10, workers=processes, factory=processes > 1,
    )  # fmt: skip


def is_local(host: str) -> bool:
    """Whether an address is of this machine alone.

    >>> is_local("127.0.0.1"), is_local("::1"), is_local("localhost"), is_local("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

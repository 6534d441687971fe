"""Start the dashboard's server: `fascinet dashboard` ends here."""

import importlib.util
import os
import socket
import sys
import time
import webbrowser
from pathlib import Path
from threading import Thread

from fascinet.dashboard.teaching.phone_server import PHONES, phones_at, start
from fascinet.dashboard.worker import keep_memory_together
from fascinet.model.errors import FascinetError

APP = Path(__file__).with_name("app.py")
SERVER = Path(__file__).with_name("server.py")
ADDRESS = "127.0.0.1"
QUIET = 3.0  # seconds that the first visitor has the machine for himself
OPEN = "FASCINET_OPEN_PORT"  # tells the server's process to open a browser at this port


def command(port: int = 8501) -> list[str]:
    """Return the command that serves the dashboard on this machine only.

    Streamlit is always told to be headless: otherwise its first run on a machine stops and asks
    for an e-mail address. The browser window is opened by `open_browser`.

    Parameters
    ----------
    port : int
        TCP port on 127.0.0.1.
    """
    return [
        sys.executable, "-m", "fascinet.dashboard.serve", "run", str(SERVER),
        f"--server.address={ADDRESS}", f"--server.port={port}",
        "--server.headless=true", "--browser.gatherUsageStats=false",
    ]  # fmt: skip


def serve(
    port: int = 8501, *, headless: bool = False, phones: str = "", phones_port: int | None = None
) -> None:
    """Replace this process by the dashboard's server.

    Parameters
    ----------
    port : int
        TCP port on 127.0.0.1.
    headless : bool
        Do not open a browser window.
    phones : str
        Where students' phones get in: "lan", or an address of this machine; "" for nowhere but
        the dashboard's own address.
    phones_port : int, optional
        Default: the port after the dashboard's.

    Raises
    ------
    FascinetError
        When the dashboard's extra packages are not installed, the port is out of range, or phones
        cannot come in where they should.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise FascinetError(
            "the dashboard needs the package streamlit: pip install 'fascinet[dashboard]'"
        )
    if not 1 <= port <= 65535:
        raise FascinetError(f"port: expected 1 to 65535, got {port}")
    if phones:
        os.environ[PHONES] = phones_at(phones, port + 1 if phones_port is None else phones_port)
        print(f"fascinet: phones join at http://{os.environ[PHONES]}/join", file=sys.stderr)
    if not headless and has_screen():
        os.environ[OPEN] = str(port)
    args = command(port)
    os.execv(args[0], args)


def has_screen() -> bool:
    """Whether a person at a terminal with a display started this."""
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stdout.isatty() and (sys.platform != "linux" or bool(display))


def open_browser(port: int, patience: float = 30.0) -> None:
    """Open a browser window as soon as the server listens; give up after `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((ADDRESS, port)) == 0:
                webbrowser.open(f"http://{ADDRESS}:{port}")
                return
        time.sleep(0.2)


def main() -> None:
    """Run Streamlit in this process, and load the network beside it for the first visitor."""
    from streamlit.web.cli import main as streamlit

    keep_memory_together()
    if os.environ.get(PHONES):
        start(os.environ[PHONES])
    Thread(target=_warm, name="warm", daemon=True).start()
    port = os.environ.pop(OPEN, "")
    if port:
        Thread(target=open_browser, args=(int(port),), name="open", daemon=True).start()
    sys.argv[0] = "streamlit"
    streamlit()


def _warm() -> None:
    """Load the network and the pages here; then, when the first visitor has been served, beside."""
    from fascinet.dashboard.later import QUEUE
    from fascinet.dashboard.service import warm
    from fascinet.dashboard.views import load_all

    warm()
    time.sleep(QUIET)
    QUEUE.use_process()
    load_all()


if __name__ == "__main__":
    main()

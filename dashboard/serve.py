"""Start the dashboard's server: `fascinet dashboard` ends here."""

import importlib.util
import os
import sys
from pathlib import Path
from threading import Thread

from fascinet.model.errors import FascinetError

APP = Path(__file__).with_name("app.py")
ADDRESS = "127.0.0.1"


def command(port: int = 8501, *, headless: bool = False) -> list[str]:
    """Return the command that serves the dashboard on this machine only.

    Parameters
    ----------
    port : int
        TCP port on 127.0.0.1.
    headless : bool
        Do not open a browser window.
    """
    return [
        sys.executable, "-m", "fascinet.dashboard.serve", "run", str(APP),
        f"--server.address={ADDRESS}", f"--server.port={port}",
        f"--server.headless={str(headless).lower()}", "--browser.gatherUsageStats=false",
    ]  # fmt: skip


def serve(port: int = 8501, *, headless: bool = False) -> None:
    """Replace this process by the dashboard's server.

    Raises
    ------
    FascinetError
        When the dashboard's extra packages are not installed, or the port is out of range.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise FascinetError(
            "the dashboard needs the package streamlit: pip install 'fascinet[dashboard]'"
        )
    if not 1 <= port <= 65535:
        raise FascinetError(f"port: expected 1 to 65535, got {port}")
    args = command(port, headless=headless)
    os.execv(args[0], args)


def main() -> None:
    """Run Streamlit in this process, and load the network beside it for the first visitor."""
    from streamlit.web.cli import main as streamlit

    from fascinet.dashboard.service import warm

    Thread(target=warm, name="warm", daemon=True).start()
    sys.argv[0] = "streamlit"
    streamlit()


if __name__ == "__main__":
    main()

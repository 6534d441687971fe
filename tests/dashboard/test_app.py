"""The pages by AppTest: no browser, the logic alone."""

import pytest
from streamlit.testing.v1 import AppTest

from fascinet.dashboard.serve import APP, command, serve
from fascinet.model.errors import FascinetError


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def test_the_home_page_runs_and_says_what_it_is_for() -> None:
    app = opened()
    assert not app.exception
    assert app.title[0].value == "Differential"
    assert "teaching only" in str(app.get("html")[0].proto.body)


def test_a_link_opens_its_case() -> None:
    app = opened(e="twitching.yes~atrophy.yes", s="general")
    assert not app.exception
    session = app.session_state["session"]
    assert session.case.values["atrophy"] == "yes"
    assert session.case.setting == "general"


def test_a_tampered_link_gives_a_message() -> None:
    app = opened(e="atrophy.yes~<script>alert(1)</script>.yes")
    assert not app.exception
    assert "does not know" in app.warning[0].value


def test_the_server_listens_on_this_machine_only() -> None:
    assert "--server.address=127.0.0.1" in command(8600)
    with pytest.raises(FascinetError, match="port"):
        serve(0)

"""Phones come in at the address that was chosen, and at no other; the wall tells just that one."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest
import segno
from streamlit.testing.v1 import AppTest

from fascinet.dashboard.teaching import phone_server, phones
from fascinet.engine.teaching.classroom import Classroom
from tests.browser import free_port
from tests.teaching.test_classroom import TALK
from tests.teaching.test_present import CASE

OTHER = "127.0.0.2"  # of this machine, as that of a network is, and not where the dashboard is


def _page() -> None:
    from fascinet.dashboard.views import room

    room.page()


def test_an_address_of_its_own_lets_phones_in_and_no_other_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = Classroom(f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setattr(phones, "classroom", lambda: rooms)
    code, _ = rooms.open(TALK)
    where = phone_server.phones_at(OTHER, free_port())
    phone_server.start(where)
    with urllib.request.urlopen(f"http://{where}/join/{code}", timeout=20) as reply:
        assert "A man, 60+" in reply.read().decode()
    port = where.rpartition(":")[2]
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/join", timeout=5)


def test_the_wall_tells_the_address_as_text_and_as_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = Classroom(f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setattr("fascinet.dashboard.views.room.classroom", lambda: rooms)
    monkeypatch.setenv("FASCINET_CASES", str(tmp_path))
    monkeypatch.setenv(phone_server.PHONES, f"{OTHER}:8502")
    drawn: list[str] = []
    make = segno.make

    def seen(text: str, *, micro: bool) -> segno.QRCode:
        drawn.append(text)
        return make(text, micro=micro)

    monkeypatch.setattr(segno, "make", seen)
    at = AppTest.from_function(_page, default_timeout=60)
    at.query_params["e"] = CASE
    at = at.run().button(key="class-open").click().run()
    assert not at.exception
    link = f"http://{OTHER}:8502/join/{at.session_state['class-room'][0]}"
    assert any(f">{link}<" in str(h.proto.body) for h in at.get("html"))
    assert drawn[-1] == link
    at = at.text_input(key="class-address").set_value("https://class.example/").run()
    assert drawn[-1] == link.replace(f"http://{OTHER}:8502", "https://class.example")
    assert not at.exception

"""Present without a browser: what is hidden, what follows the case on the screen, and faults."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from tests.teaching.test_authoring import TEXT
from tools.lesson_tables import FOLDER

CASE = "twitching.yes~age_group.60+~sex.male~weakness.objective~atrophy.yes"
LISTED = "Most probable now"


def _page() -> None:
    from fascinet.dashboard.views import present

    present.page()


def opened(codes: str = CASE) -> AppTest:
    at = AppTest.from_function(_page, default_timeout=60)
    at.query_params["e"] = codes
    return settled(at.run())


def hiding(at: AppTest, what: str) -> AppTest:
    at.button_group(key="present-hide").set_value(what)
    return settled(at.run())


def settled(at: AppTest) -> AppTest:
    assert not at.exception
    return at


@pytest.fixture(autouse=True)
def own_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASCINET_CASES", str(tmp_path))
    return tmp_path


def ranking(at: AppTest) -> str:
    return next((str(h.proto.body) for h in at.get("html") if LISTED in h.proto.body), "")


def test_what_is_hidden_until_the_class_has_spoken() -> None:
    at = opened()
    assert ranking(at) == ""
    assert len(at.get("vega_lite_chart")) == 0
    at = hiding(at, "Numbers")
    assert "<li>" in ranking(at)
    assert "%" not in ranking(at)
    at = hiding(at, "Nothing")
    assert "%" in ranking(at)
    at = hiding(at, "Ranking and numbers")
    assert ranking(at) == ""
    at = settled(at.button(key="present-say").click().run())
    assert "%" in ranking(at)
    at = settled(at.button(key="present-next").click().run())
    assert ranking(at) == ""
    at = settled(at.button(key="present-back").click().run())
    assert "%" in ranking(at)


def test_the_talk_follows_the_case_on_the_screen() -> None:
    at = opened()
    assert "Step 0 of 2" in text_of(at)
    case = at.session_state["session"].case
    at.session_state["session"].case = case.with_state("emg", "normal")
    assert "Step 0 of 3" in text_of(settled(at.run()))


def test_the_address_names_the_talk_and_its_step(own_cases: Path) -> None:
    at = AppTest.from_function(_page, default_timeout=60)
    at.query_params["case"], at.query_params["at"] = "mine:gone.json", "7"
    at = settled(at.run())
    assert any("gone" in w.value for w in at.warning)
    (own_cases / "here.yaml").write_text(TEXT)
    at = AppTest.from_function(_page, default_timeout=60)
    at.query_params["case"], at.query_params["at"] = "mine:here.yaml", "1"
    at = settled(at.run())
    assert "Step 1 of 2" in text_of(at)
    at = settled(at.button(key="present-next").click().run())
    assert at.query_params == {"case": "mine:here.yaml", "at": "2", "follow": "als"}


def test_a_lesson_plans_link_shows_the_figures_of_its_table() -> None:
    """What is rare is told in people, or the screen would say <0.1% at every step."""
    text = (FOLDER / "base_rates.md").read_text()
    at = AppTest.from_function(_page, default_timeout=60)
    link = urlsplit(re.findall(r"`(/present\?[^`]+)`", text)[0])
    for name, value in parse_qsl(link.query):
        at.query_params[name] = value
    at = settled(at.run())
    at = hiding(at, "Nothing")
    rows = re.findall(r"^\| [^|]+ \| ([\d,]+) \| [\d,]+ \|$", text, re.MULTILINE)
    assert len(rows) == 6
    for row in rows:
        assert f"about {row} of 100,000 people" in text_of(at)
        if not at.button(key="present-next").disabled:
            at = settled(at.button(key="present-next").click().run())


def test_a_cause_that_there_is_not_is_not_followed() -> None:
    at = AppTest.from_function(_page, default_timeout=60)
    at.query_params["e"], at.query_params["follow"] = CASE, "<b>"
    at = settled(at.run())
    assert at.selectbox[1].label == "Follow"
    assert at.selectbox[1].value == opened().selectbox[1].value


def test_findings_that_hardly_meet_are_pointed_out_and_can_be_taken_out() -> None:
    at = opened("twitching.yes~sex.male~weakness.objective~pregnancy.yes")
    at.session_state["present-lesson"] = True
    at = settled(at.run())
    slip = "is one of them a slip"
    assert any(slip in c.value and "Pregnan" in c.value for c in at.caption)
    at = settled(at.button(key="editor-out-pregnancy").click().run())
    assert not any(slip in c.value for c in at.caption)


def test_a_broken_file_of_the_library_does_not_stop_the_page(own_cases: Path) -> None:
    (own_cases / "broken.json").write_text("{")
    at = opened()
    assert not any("broken" in option for box in at.selectbox for option in box.options)


def text_of(at: AppTest) -> str:
    return " ".join(str(h.proto.body) for h in at.get("html"))

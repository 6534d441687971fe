"""A class: nobody but the teacher steers, no answer is lost, no student reads another's."""

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.testclient import TestClient

from fascinet.dashboard.teaching import phones as phones_page
from fascinet.engine.teaching.classroom import LETTERS, Classroom, Talk
from fascinet.model.errors import LedgerError
from tests.browser import opened, settled
from tests.teaching.test_pages import CASE

TALK = Talk(
    {"setting": "primary_care"}, (("weakness", "objective"), ("atrophy", "yes")), "als",
    ("A man, 60+", "Weakness <found>", "Wasting"), "How probable is ALS?", (0.01, 0.2, 0.5),
)  # fmt: skip
CHOICE = replace(
    TALK, cause="", asks="Which?", exact=(), choices=("ALS", "<Benign>", "MS"),
    shares=((0.01, 0.5, 0.02), (0.2, 0.4, 0.02), (0.5, 0.1, 0.02)),
)  # fmt: skip


@pytest.fixture
def rooms(tmp_path: Path) -> Classroom:
    return Classroom(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_answers_are_kept_and_told_without_whose_they_are(rooms: Classroom) -> None:
    code, key = rooms.open(TALK)
    first, second, third = (rooms.sit(code) for _ in range(3))
    rooms.answer(code, first, 0, 0.3)
    rooms.answer(code, second, 0, 0.1)
    rooms.answer(code, first, 0, 0.2)  # the mind is changed
    assert rooms.answers(code, 0) == (0.1, 0.2)
    assert rooms.seats(code) == 3
    assert rooms.waiting(code, key) == (3,)
    assert rooms.own(code, first) == {0: 0.2}
    assert rooms.own(code, third) == {}
    rooms.steer(code, key, 1, revealed=False)
    rooms.answer(code, third, 1, 0.9)
    record = rooms.record(code, key)
    assert record["answers"] == [
        {"seat": 1, "step": 0, "p": 0.2}, {"seat": 2, "step": 0, "p": 0.1},
        {"seat": 3, "step": 1, "p": 0.9},
    ]  # fmt: skip
    assert rooms.now(code).talk == TALK


def test_a_class_may_choose_instead_of_estimating(rooms: Classroom) -> None:
    code, key = rooms.open(CHOICE)
    first, second = rooms.sit(code), rooms.sit(code)
    assert (rooms.number(code, first), rooms.number(code, second)) == (1, 2)
    assert rooms.number(code, "nobody's") == 0
    rooms.answer(code, first, 0, 2)
    rooms.answer(code, second, 0, 0)
    rooms.answer(code, first, 0, 1)
    assert rooms.answers(code, 0) == (0.0, 1.0)
    assert rooms.own(code, first) == {0: 1.0}
    assert rooms.record(code, key)["answers"] == [
        {"seat": 1, "step": 0, "choice": 1}, {"seat": 2, "step": 0, "choice": 0}
    ]  # fmt: skip
    for wrong in (3, -1, 0.5, float("nan")):
        with pytest.raises(LedgerError, match="expected one of 3 choices"):
            rooms.answer(code, first, 0, wrong)
    assert rooms.now(code).talk == CHOICE


def test_only_the_teacher_steers(rooms: Classroom) -> None:
    code, key = rooms.open(TALK)
    other, its_key = rooms.open(TALK)
    seat = rooms.sit(code)
    assert len(key) >= 22  # 128 bits in 64 letters
    assert len(code) == 6
    assert set(code) <= set(LETTERS)
    for wrong in ("", code, seat, its_key, key[:-1]):
        for act in (
            lambda w=wrong: rooms.steer(code, w, 1, revealed=True),
            lambda w=wrong: rooms.close(code, w),
            lambda w=wrong: rooms.waiting(code, w),
            lambda w=wrong: rooms.opened_by(code, w),
            lambda w=wrong: rooms.record(code, w),
        ):
            with pytest.raises(LedgerError, match="not the key of the room's teacher"):
                act()
    now = rooms.now(code)
    assert (now.step, now.revealed, now.is_open) == (0, False, True)
    assert rooms.now(other).is_open


def test_what_comes_too_late_or_from_elsewhere_is_refused(rooms: Classroom) -> None:
    code, key = rooms.open(TALK)
    other, _ = rooms.open(TALK)
    seat, stranger = rooms.sit(code), rooms.sit(other)
    for args, reason in (
        ((code, stranger, 0, 0.5), "not in this room"),
        ((code, seat, 1, 0.5), "has gone on"),
        ((code, seat, 0, 1.5), "from 0 to 100%, got 150"),
        ((code, seat, 0, float("nan")), "from 0 to 100%"),
        (("ZZZZZZ", seat, 0, 0.5), "no room of this code"),
    ):
        with pytest.raises(LedgerError, match=reason):
            rooms.answer(*args)
    with pytest.raises(LedgerError, match="expected 0 to 2, got 3"):
        rooms.steer(code, key, 3, revealed=False)
    rooms.steer(code, key, 0, revealed=True)
    with pytest.raises(LedgerError, match="has gone on"):
        rooms.answer(code, seat, 0, 0.5)
    rooms.close(code, key)
    with pytest.raises(LedgerError, match="is closed"):
        rooms.sit(code)


# ------------------------------------------------------------------------------- on the wire


class Student:
    """A phone without a browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> tuple[int, str]:
        return self._send(urllib.request.Request(f"{self.url}{path}"))

    def post(self, path: str, **form: str) -> tuple[int, str]:
        data = urllib.parse.urlencode(form).encode()
        return self._send(urllib.request.Request(f"{self.url}{path}", data))

    def _send(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=20) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def test_a_phone_joins_answers_and_steers_nothing(lessons: str, lesson_ledger: str) -> None:
    rooms = Classroom(lesson_ledger)
    code, key = rooms.open(TALK)
    rooms.steer(code, key, 1, revealed=False)
    phone = Student(lessons)
    status, page = phone.post("/join", code=code.lower())
    assert status == 200
    assert "Weakness &lt;found&gt;" in page
    assert len(page) < 8_000
    assert "20%" not in page  # the exact answer is not sent before it is revealed
    status, page = phone.post(f"/join/{code}", step="1", p="35")
    assert (status, "<b>35%</b>, is kept" in page) == (200, True)
    assert "<output>35%</output>" in page  # the slider stands where it was left
    assert rooms.answers(code, 1) == (0.35,)
    for form in (
        {"step": "x"},
        {"step": "1", "p": "much"},
        {"step": "1", "p": "700"},
        {"p": "1" * 9_000},
    ):
        assert phone.post(f"/join/{code}", **form)[0] == 200
    phone.post(f"/join/{code}", step="1", p="35", revealed="true", open="false", teacher=key)
    assert not rooms.now(code).revealed
    assert rooms.answers(code, 1) == (0.35,)
    rooms.steer(code, key, 1, revealed=True)
    assert "Exactly: <b>20%</b>" in phone.get(f"/join/{code}")[1]
    assert phone.get(f"/join/{code}/now")[1] == '{"mark":"1-1-1"}'
    assert rooms.seats(code) == 1


def test_a_phone_chooses(lessons: str, phones: str, lesson_ledger: str) -> None:
    rooms = Classroom(lesson_ledger)
    code, key = rooms.open(CHOICE)
    phone = Student(phones)
    page = phone.get(f"/join/{code}")[1]
    assert "&lt;Benign&gt;" in page
    assert "Seat 1" in page
    assert "50%" not in page
    status, page = phone.post(f"/join/{code}", step="0", choice="1")
    assert (status, "<b>&lt;Benign&gt;</b>, is kept" in page) == (200, True)
    for form in ({"choice": "9"}, {"choice": "x"}, {"p": "30"}):
        assert "Send" in phone.post(f"/join/{code}", step="0", **form)[1]
    assert rooms.answers(code, 0) == (1.0,)
    rooms.steer(code, key, 0, revealed=True)
    assert "<li>&lt;Benign&gt; <b>50%</b></li>" in phone.get(f"/join/{code}")[1]


def test_the_phones_port_serves_students_and_nothing_else(lessons: str, phones: str) -> None:
    phone = Student(phones)
    assert "Join the class" in phone.get("/")[1]
    for path in ("/present", "/room", "/_stcore/health", "/static/index.js", "/join/a/b/c"):
        assert phone.get(path)[0] == 404


def test_a_class_of_five(
    chromium: Browser, tab: Page, lessons: str, phones: str, lesson_ledger: str
) -> None:
    opened(tab, lessons, "room", CASE)
    tab.get_by_role("button", name="Open a room").click()
    code = tab.get_by_test_id("code").inner_text()
    expect(tab.get_by_text(f"{phones}/join/{code}")).to_be_visible()
    seated = []
    for k in range(5):
        context = chromium.new_context(viewport={"width": 390, "height": 844})
        phone = context.new_page()
        phone.goto(f"{phones}/join/{code}")
        expect(phone.get_by_text("whose muscles twitch")).to_be_visible()
        expect(phone.get_by_text(f"Seat {k + 1}")).to_be_visible()
        for _ in range(k + 1):
            phone.get_by_role("slider").press("ArrowRight")
        if k < 4:
            phone.get_by_role("button", name="Send").click()
            expect(phone.get_by_text("is kept; you may change it")).to_be_visible()
        seated.append(phone)
    expect(tab.get_by_test_id("count")).to_have_text("4 of 5 students answered")
    tab.get_by_text("Show which seats have not answered").click()
    expect(tab.get_by_text("Not yet: seat 5")).to_be_visible()
    tab.reload()  # the teacher's browser knows the room
    settled(tab)
    expect(tab.get_by_test_id("code")).to_have_text(code)
    seated[4].get_by_role("button", name="Send").click()
    expect(tab.get_by_test_id("count")).to_have_text("5 of 5 students answered")
    assert Classroom(lesson_ledger).answers(code, 0) == (0.15, 0.2, 0.25, 0.3, 0.35)
    with tab.expect_download() as saved:  # also what came since the page was drawn
        tab.get_by_role("button", name="Save the session").click()
    assert len(json.loads(saved.value.path().read_text())["answers"]) == 5
    settled(tab)
    tab.set_viewport_size({"width": 1920, "height": 1080})
    tab.get_by_role("button", name="Projector").click()
    expect(tab.get_by_test_id("stHeader")).to_be_hidden()
    settled(tab)  # until then the page of before is there too
    expect(tab.get_by_test_id("link")).to_have_text(f"{phones}/join/{code}")
    tab.get_by_role("button", name="Reveal").click()
    for phone in seated:
        expect(phone.get_by_text("Exactly:")).to_be_visible()
    tab.get_by_role("button", name="Next").click()
    settled(tab)
    expect(tab.get_by_test_id("step")).to_have_text("Step 1 of 3")
    for phone in seated:
        expect(phone.get_by_role("button", name="Send")).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        phone.context.close()
    tab.get_by_role("button", name="Close the room").click()
    expect(tab.get_by_role("button", name="Open a room")).to_be_visible()
    with tab.expect_download() as late:  # who forgot to save it before
        tab.get_by_role("button", name=f"Save the session of {code}").click()
    assert len(json.loads(late.value.path().read_text())["answers"]) == 5
    tab.reload()
    expect(tab.get_by_role("button", name="Open a room")).to_be_visible()


def test_one_address_cannot_take_all_seats(
    rooms: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phones_page, "classroom", lambda: rooms)
    monkeypatch.setattr(phones_page, "SHARE", 3)
    app = Starlette(routes=phones_page.routes())
    code, _ = rooms.open(TALK)
    greedy = [TestClient(app, client=("10.0.0.7", 1)) for _ in range(5)]
    assert [c.get(f"/join/{code}").status_code for c in greedy] == [200, 200, 200, 404, 404]
    assert greedy[0].get(f"/join/{code}").status_code == 200  # who sits, sits
    assert TestClient(app, client=("10.0.0.8", 1)).get(f"/join/{code}").status_code == 200
    assert "Too many have joined" in greedy[4].get(f"/join/{code}").text
    assert rooms.seats(code) == 4


@pytest.mark.parametrize("talk", [TALK, CHOICE], ids=["estimate", "choose"])
def test_nonsense_from_a_phone_is_refused_in_plain_words(
    rooms: Classroom, monkeypatch: pytest.MonkeyPatch, talk: Talk
) -> None:
    monkeypatch.setattr(phones_page, "classroom", lambda: rooms)
    phone = TestClient(Starlette(routes=phones_page.routes()), client=("10.0.0.9", 1))
    code, _ = rooms.open(talk)
    many = "&".join(f"a{i}=1" for i in range(100))
    for body in ("step=0&p=%F0%9F%98%80", "step=0%00&p=1", "step=0&choice=1e9", "step=0&choice=-1",
                 "step=%D9%A0&p=3&choice=%D9%A0", f"step={'9' * 1500}", many, "%ff=%zz&step=0",
                 "step=0&p=inf", "a" * 100_000, '{"step": 0}'):  # fmt: skip
        reply = phone.post(f"/join/{code}", content=body)
        assert reply.status_code == 200
        assert not re.search("literal|convert|base 10|Error", reply.text), body
    assert rooms.answers(code, 0) == ()
    assert phone.post("/join", content=many).status_code == 200
    for path in ("%00", "%F0%9F%98%80", "A" * 5_000, "%3Cscript%3E", f"{code}0"):
        assert phone.get(f"/join/{path}").status_code == 404
        assert phone.get(f"/join/{path}/now").status_code == 404
    first, second = (phone.post(f"/join/{code}", data={"step": "0", "p": "10", "choice": c})
                     for c in "01")  # fmt: skip
    assert "is kept" in first.text + second.text
    assert len(rooms.answers(code, 0)) == 1  # two tabs of one student are one seat


def test_codes_cannot_be_tried_out(lessons: str, lesson_ledger: str) -> None:
    phone, neighbour = Student(lessons), Student(lessons)
    own, _ = Classroom(lesson_ledger).open(TALK)
    assert neighbour.get(f"/join/{own}")[0] == 200
    found = [phone.get(f"/join/ZZZZ{a}{b}")[0] for a in "ABCDE" for b in "ABCDE"]
    assert found[:20] == [404] * 20
    assert found[20:] == [429] * 5
    # who sits already is not kept out by a neighbour's guesses
    assert neighbour.post(f"/join/{own}", step="0", p="10")[0] == 200
    assert phone.get(f"/join/{own}")[0] == 429

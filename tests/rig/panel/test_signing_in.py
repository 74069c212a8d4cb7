"""Signing in at the panel: who is let in, what a stranger gets, and what no reply ever says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rig.panel.guard import COOKIE
from rig.people.directory import FILE_NAME
from rig.people.sessions import find_session, open_session
from rig.people.sign_in import sign_in
from rig.records.run import wall_utc
from tests.support.panel_line import Line, a_line
from tests.support.people import ADA, BEN, BENS, Wall, with_policy

ELSEWHERE = (
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "evil.example",
    "javascript:alert(1)",
)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with a_line(tmp_path) as line:
        yield line


def test_a_stranger_is_asked_who_it_is(line: Line) -> None:
    reply = line.browser.get("/")
    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in?next=/")


@pytest.mark.parametrize("place", ["/lanes", "/events"])
def test_a_stranger_is_told_nothing(line: Line, place: str) -> None:
    reply = line.browser.get(place)
    assert (reply.status_code, reply.json()) == (401, {"detail": "not signed in"})


@pytest.mark.parametrize("what", ["scan", "answer", "stop", "forget"])
def test_a_stranger_changes_nothing(line: Line, what: str) -> None:
    before = line.lanes["twin-1"].told()
    reply = line.browser.post(
        f"/lanes/twin-1/{what}", json={"text": "NP000001", "number": 1, "answer": "yes"}
    )
    assert reply.status_code == 401
    assert line.lanes["twin-1"].told() == before


def test_the_right_password_lets_in_by_a_cookie_that_no_script_reads(line: Line) -> None:
    cookie = line.sign_in().headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    page = line.browser.get("/")
    assert page.status_code == 200
    assert "Ben Cole" in page.text


def test_a_wrong_password_is_refused_in_the_words_for_an_unknown_name(line: Line) -> None:
    replies = [
        line.browser.post("/sign-in", data={"name": name, "password": "a wrong one, again"})
        for name in (BEN, "nobody")
    ]
    assert [reply.status_code for reply in replies] == [401, 401]
    assert replies[0].text.replace(BEN, "nobody") == replies[1].text
    assert "set-cookie" not in replies[0].headers
    assert "a wrong one, again" not in replies[0].text


def test_a_name_that_is_markup_is_shown_as_text(line: Line) -> None:
    reply = line.browser.post("/sign-in", data={"name": "<script>alert(1)</script>", "password": "x"})
    assert "<script>alert" not in reply.text
    assert "&lt;script&gt;alert(1)" in reply.text


@pytest.mark.parametrize("field", ["name", "password", "next"])
def test_what_is_too_long_is_refused(line: Line, field: str) -> None:
    reply = line.browser.post("/sign-in", data={"name": BEN, "password": BENS, field: "x" * 10_000})
    assert reply.status_code == 422
    assert "x" * 300 not in reply.text


@pytest.mark.parametrize("place", ELSEWHERE)
def test_nobody_is_sent_elsewhere(line: Line, place: str) -> None:
    reply = line.browser.post("/sign-in", data={"name": BEN, "password": BENS, "next": place})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    assert line.browser.get("/sign-in", params={"next": place}).headers["location"] == "/"
    assert line.browser.post("/choose", data={"theme": "dark", "next": place}).headers["location"] == "/"


def test_signing_out_ends_the_session(line: Line) -> None:
    line.sign_in()
    secret = line.browser.cookies[COOKIE]
    assert line.browser.post("/sign-out", data={"csrf": line.csrf}).headers["location"] == "/sign-in"
    line.browser.cookies.set(COOKIE, secret)
    assert line.browser.get("/lanes").status_code == 401


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_another_site_signs_nobody_out(line: Line, token: str) -> None:
    line.sign_in()
    assert line.browser.post("/sign-out", data={"csrf": token}).status_code == 403
    assert line.browser.get("/lanes").status_code == 200


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_another_site_does_nothing_on_a_lane(line: Line, token: str) -> None:
    line.sign_in()
    line.csrf = token
    reply = line.scan("NP000001")
    assert reply.status_code == 403
    assert "load it again" in reply.json()["detail"]
    assert line.lanes["twin-1"].state == "pen"


@pytest.mark.parametrize("ago", [timedelta(hours=13), timedelta(minutes=31)])
def test_a_session_that_is_over_sees_and_does_nothing(line: Line, ago: timedelta) -> None:
    person = sign_in(line.runs, BEN, BENS)
    secret = open_session(line.runs, person, now=lambda: wall_utc() - ago)
    line.browser.cookies.set(COOKIE, secret)
    assert line.browser.get("/").headers["location"] == "/sign-in?next=/"
    assert line.scan("NP000001").status_code == 401
    assert line.post("twin-1", "stop").status_code == 401


def test_a_session_lasts_as_long_as_the_policy_says(line: Line) -> None:
    with_policy(line.runs, "[session]\nidle_minutes = 120\n\n")
    person = sign_in(line.runs, BEN, BENS)
    secret = open_session(line.runs, person, now=lambda: wall_utc() - timedelta(minutes=31))
    line.browser.cookies.set(COOKIE, secret)
    assert line.browser.get("/lanes").status_code == 200


@pytest.mark.parametrize(("uses", "goes_on"), [(True, True), (False, False)])
def test_a_page_that_only_looks_on_signs_itself_out(line: Line, uses: bool, goes_on: bool) -> None:
    wall = Wall()
    person = sign_in(line.runs, BEN, BENS)
    secret = open_session(line.runs, person, now=wall)
    wall.goes(minutes=29)
    assert find_session(line.runs, secret, uses=uses, now=wall) is not None
    wall.goes(minutes=2)
    assert (find_session(line.runs, secret, uses=uses, now=wall) is not None) is goes_on


def test_a_language_is_chosen_and_kept(line: Line) -> None:
    assert "Name" in line.browser.get("/sign-in", headers={"accept-language": "fr, de;q=0.5"}).text
    assert "Anmelden" in line.browser.get("/sign-in", headers={"accept-language": "fr, de;q=0.5"}).text
    line.browser.post("/choose", data={"language": "de", "next": "/sign-in"})
    page = line.browser.get("/sign-in", headers={"accept-language": "en"}).text
    assert "Anmelden" in page
    assert '<html lang="de"' in page


@pytest.mark.parametrize("value", ["xx", "../de", "<script>", ""])
def test_a_language_or_a_theme_that_is_none_changes_nothing(line: Line, value: str) -> None:
    reply = line.browser.post("/choose", data={"language": value, "theme": value})
    assert "set-cookie" not in reply.headers
    line.browser.cookies.set("rig_language", value or "-")
    line.browser.cookies.set("rig_theme", value or "-")
    page = line.browser.get("/sign-in").text
    assert '<html lang="en" data-theme="light">' in page


def test_dark_is_chosen_and_kept(line: Line) -> None:
    line.browser.post("/choose", data={"theme": "dark"})
    assert 'data-theme="dark"' in line.browser.get("/sign-in").text


@pytest.mark.parametrize("place", ["/sign-in", "/", "/static/operator.js", "/nowhere", "/lanes"])
def test_a_browser_is_told_to_run_and_load_nothing_from_elsewhere(line: Line, place: str) -> None:
    headers = line.browser.get(place).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert ("cache-control" in headers) or place.startswith("/static/")


def test_a_page_has_no_script_and_no_style_of_its_own(line: Line) -> None:
    line.sign_in()
    for place in ("/", "/nowhere"):
        page = line.browser.get(place, headers={"accept": "text/html"}).text
        inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>", page)
        assert not inline
        assert not re.findall(r"<style|\sstyle=|\son[a-z]+=", page)
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_no_reply_says_a_secret(line: Line) -> None:
    line.sign_in()
    secret = line.browser.cookies[COOKIE]
    stored = (line.runs / FILE_NAME).read_bytes()
    hashes = set(re.findall(rb"\$argon2id\$[^\x00\s\"]+", stored))
    assert hashes
    places = ("/", "/lanes", "/nowhere", "/api/openapi.json", "/static/site.css", "/sign-in")
    replies = [line.browser.get(place, headers={"accept": "text/html"}) for place in places]
    replies += [line.scan("NP000001"), line.scan("x" * 300), line.post("twin-1", "stop")]
    for reply in replies:
        assert secret not in reply.text
        assert BENS not in reply.text
        assert not any(one.decode() in reply.text for one in hashes)


def test_a_page_that_is_not_there_says_so(line: Line) -> None:
    reply = line.browser.get("/nowhere", headers={"accept": "text/html"})
    assert reply.status_code == 404
    assert "Back to the line" in reply.text


def test_who_reviews_runs_has_the_ways_to_them(line: Line) -> None:
    line.sign_in(BEN)
    assert 'href="/overview"' not in line.browser.get("/").text
    line.browser.cookies.clear()
    line.sign_in(ADA)
    assert 'href="/overview"' in line.browser.get("/").text

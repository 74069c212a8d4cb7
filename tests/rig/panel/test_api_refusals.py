"""Whom the interface lets in, and what it answers to what it cannot use; nothing is changed by any of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rig.live.feed import Feed
from rig.panel.door import BODY_LIMIT, SECURITY_HEADERS
from rig.people.clients import add_client, retire_client
from rig.people.directory import FILE_NAME as PEOPLE
from rig.people.sessions import find_session
from rig.records.locks import hold_run
from rig.records.run import wall_utc
from rig.records.store import FILE_NAME
from tests.support.bulk_records import BulkRecord
from tests.support.made_runs import MadeRun, make, run_id_of
from tests.support.panel import Line, client_of, make_line, serving_app, settings_for
from tests.support.people import BEN, BENS

RUN = MadeRun(wall_utc(), plan="eol")
ENGINEERS_RUN = MadeRun(wall_utc(), plan="validation-load")
STUDY = "20261122T103000Z-study"
ORDER = {"lane": "twin-1", "pen": "NP000042"}
PATHS = (
    ("GET", "/api/runs"),
    ("POST", "/api/runs"),
    ("GET", "/api/runs/RUN"),
    ("POST", "/api/runs/RUN/stop"),
    ("GET", "/api/runs/RUN/prompts"),
    ("POST", "/api/runs/RUN/prompts/1"),
    ("GET", "/api/openapi.json"),
    ("DELETE", "/api/runs"),
    ("GET", "/api/nothing-of-the-kind"),
    ("GET", "/api"),
    ("GET", "/api/"),
)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    line = make_line(tmp_path_factory.mktemp("line") / "runs")
    with BulkRecord(line.runs) as record:
        make(record, [RUN, ENGINEERS_RUN])
        record.append(STUDY, "study.started", {"study": {}}, wall_utc())
    return line


@pytest.fixture(scope="module")
def address(line: Line) -> Iterator[str]:
    with serving_app(settings_for(line.runs)) as address:
        yield address


@pytest.fixture(scope="module")
def mes(line: Line, address: str) -> Iterator[httpx.Client]:
    with client_of(address, line.token) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_begins(line: Line) -> Iterator[None]:
    """Whatever is asked here, no run comes of it."""
    before = (line.runs / FILE_NAME).read_bytes()
    yield
    assert (line.runs / FILE_NAME).read_bytes() == before
    assert not (line.runs / ".live" / "starts").exists()


def detail(answer: httpx.Response, status: int) -> str:
    """Return the sentence of a refusal, which is all there is in it."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"detail"}
    text: str = answer.json()["detail"]
    assert text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("token", [None, "", "not-one", "x" * 5000, "µ\xff"])
def test_a_stranger_gets_nowhere(line: Line, address: str, method: str, path: str, token: str | None) -> None:
    headers = {} if token is None else {b"Authorization": f"Bearer {token}".strip().encode("latin-1")}
    with client_of(address, None) as stranger:
        answer = stranger.request(method, path, headers=headers, content=b"{not json")  # type: ignore[arg-type]
    detail(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_a_token_under_another_name_is_none(line: Line, address: str, scheme: str) -> None:
    with client_of(address, None) as stranger:
        answer = stranger.get("/api/runs", headers={"Authorization": f"{scheme} {line.token}".strip()})
    detail(answer, 401)


def test_a_client_that_was_retired_is_a_stranger(tmp_path: Path) -> None:
    line = make_line(tmp_path / "runs")
    with serving_app(settings_for(line.runs)) as address, client_of(address, line.token) as client:
        assert client.get("/api/runs").status_code == 200
        retire_client(line.runs, "line-3-mes", by=line.ada, reason="another takes its place")
        detail(client.get("/api/runs"), 401)


def test_a_role_that_the_plan_does_not_ask_for(line: Line, mes: httpx.Client) -> None:
    text = detail(mes.post("/api/runs", json={**ORDER, "plan": "validation/load"}), 403)
    assert "engineer" in text
    run_id = run_id_of(ENGINEERS_RUN, 2)
    detail(mes.post(f"/api/runs/{run_id}/prompts/1", json={"answer": "yes"}), 403)


def test_a_person_needs_the_token_of_the_session_too(line: Line, address: str) -> None:
    with client_of(address, None) as person:
        signed_in = person.post("/sign-in", data={"name": BEN, "password": BENS})
        assert signed_in.status_code == 303
        assert person.get("/api/runs").status_code == 200
        detail(person.post("/api/runs", json={**ORDER, "lane": "none"}), 403)
        detail(person.post("/api/runs", json=ORDER, headers={"x-csrf-token": "guessed"}), 403)
        session = find_session(line.runs, person.cookies["rig_session"])
        assert session is not None
        with_token = {"x-csrf-token": session.csrf}
        detail(person.post("/api/runs", json={**ORDER, "lane": "none"}, headers=with_token), 404)


@pytest.mark.parametrize(
    "name", ["20261122T103000Z-NP000001-ffff", "last", "audit", "station:key", STUDY, "..", "x" * 100]
)
def test_a_run_that_is_none(mes: httpx.Client, name: str) -> None:
    for method, more in (("GET", ""), ("POST", "/stop"), ("GET", "/prompts"), ("POST", "/prompts/1")):
        answer = mes.request(method, f"/api/runs/{name}{more}", json={"answer": "yes"})
        assert answer.status_code in (404, 405, 422), answer.text
        detail(answer, answer.status_code)


def test_there_is_no_such_lane(mes: httpx.Client) -> None:
    assert "twin-1" in detail(mes.post("/api/runs", json={**ORDER, "lane": "twin-2"}), 404)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"pen": "XX000042"}, "unknown model"),
        ({"pen": ""}, "pen"),
        ({"pen": "NP000042\0"}, "printable"),
        ({"pen": "x" * 201}, "200"),
        ({"pen": "x" * 10_000}, "200"),
        ({"pen": 42}, "pen"),
        ({"pen": None}, "pen"),
        ({"pen": "<script>alert(1)</script>"}, "unknown model"),
        ({"lot": "L\n2"}, "printable"),
        ({"tip_lot": "NP000042"}, "no lot of a tip"),
        ({"plan": "no-such-plan"}, "unknown plan"),
        ({"plan": "../test_plans/eol"}, "unknown plan"),
        ({"plan": "test_plans/eol"}, "unknown plan"),
        ({"plan": "/tmp"}, "unknown plan"),
        ({"station": "twin"}, "station"),
    ],
)
def test_an_order_that_cannot_be(mes: httpx.Client, changed: dict[str, Any], said: str) -> None:
    assert said in detail(mes.post("/api/runs", json={**ORDER, **changed}), 422)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{not json", "application/json", 422),
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (json.dumps(ORDER).encode(), "text/plain", 422),
        (json.dumps(ORDER).encode(), "", 422),
        (b'"\xff"', "application/json", 400),
        (b'{"lane": "\\ud800", "pen": "NP000042"}', "application/json", 422),
        (b"[" * 30_000, "application/json", 400),
        (b" " * (BODY_LIMIT + 1), "application/json", 413),
    ],
)
def test_a_body_that_is_none(mes: httpx.Client, content: bytes, kind: str, status: int) -> None:
    detail(mes.post("/api/runs", content=content, headers={"Content-Type": kind}), status)


def test_a_body_of_unsaid_length_is_counted(mes: httpx.Client) -> None:
    """As programs send it that do not know the length before: in chunks."""
    endless = (b" " * 1024 for _ in range(1 + BODY_LIMIT // 1024))
    detail(mes.post("/api/runs", content=endless, headers={"Content-Type": "application/json"}), 413)
    short = iter([json.dumps({**ORDER, "lane": "none"}).encode()])
    detail(mes.post("/api/runs", content=short, headers={"Content-Type": "application/json"}), 404)


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "many"},
        {"before": 0},
        {"before": 2**70},
        {"since": "yesterday"},
        {"since": "2026-02-30"},
        {"since": "0"},
        {"until": "20260101"},
        {"verdict": "GOOD"},
        {"pen": "x" * 201},
        {"lot": "\0"},
        {"veridct": "FAIL"},
    ],
)
def test_a_question_that_cannot_be(mes: httpx.Client, asked: dict[str, Any]) -> None:
    assert next(iter(asked)) in detail(mes.get("/api/runs", params=asked), 422)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "one", str(10**9)])
def test_a_number_that_no_prompt_has(mes: httpx.Client, number: str) -> None:
    place = f"/api/runs/{run_id_of(RUN, 1)}/prompts/{number}"
    detail(mes.post(place, json={"answer": "yes"}), 422)


@pytest.mark.parametrize("given", [{}, {"answer": ""}, {"answer": 1}, {"answer": "x" * 201}, {"yes": True}])
def test_an_answer_that_is_none(mes: httpx.Client, given: dict[str, Any]) -> None:
    detail(mes.post(f"/api/runs/{run_id_of(RUN, 1)}/prompts/1", json=given), 422)


def test_a_run_that_was_cut_off_is_told_as_such_and_asks_nothing(tmp_path: Path) -> None:
    line = make_line(tmp_path / "runs")
    with BulkRecord(line.runs) as record:
        (run_id,) = make(record, [MadeRun(wall_utc(), "UNFINISHED")])
    feed = Feed(line.runs, run_id)
    feed.write("begins", run_id=run_id, pid=1, station="twin-1", steps=[{"test": "a", "title": "a"}])
    feed.write("step", index=0, of=1, test="a", title="a")
    feed.write("prompt", number=1, key="clamp", text="Clamp it", picture="", answer="confirm", pattern="")
    feed.close()
    with serving_app(settings_for(line.runs)) as address, client_of(address, line.token) as client:
        held = hold_run(line.runs, run_id)
        assert held is not None
        with held:
            assert client.get(f"/api/runs/{run_id}").json()["state"] == "running"
            assert len(client.get(f"/api/runs/{run_id}/prompts").json()) == 1
        told = client.get(f"/api/runs/{run_id}").json()
        assert (told["state"], told["verdict"], told["step"]) == ("cut off", "UNFINISHED", None)
        assert client.get(f"/api/runs/{run_id}/prompts").json() == []
        detail(client.post(f"/api/runs/{run_id}/prompts/1", json={"answer": "yes"}), 404)
        assert client.post(f"/api/runs/{run_id}/stop").json() == {"done": False}


def test_before_the_first_run_there_is_none(tmp_path: Path) -> None:
    line = make_line(tmp_path / "runs")
    with serving_app(settings_for(line.runs)) as address, client_of(address, line.token) as client:
        assert client.get("/api/runs").json() == {"runs": [], "total": 0, "next": None, "is_whole": True}
        detail(client.get("/api/runs/20261122T103000Z-NP000001-0001"), 404)


def test_what_the_rig_cannot_do_now_is_its_own_trouble(tmp_path: Path) -> None:
    line = make_line(tmp_path / "runs")
    with serving_app(settings_for(line.runs)) as address, client_of(address, line.token) as client:
        (line.runs / PEOPLE).write_bytes(b"no file of people" * 1000)
        detail(client.get("/api/runs"), 503)
        detail(client.post("/api/runs", json=ORDER), 503)


def test_every_answer_says_what_a_browser_may_do_with_it(mes: httpx.Client, address: str) -> None:
    with client_of(address, None) as stranger:
        answers = [mes.get("/api/runs"), stranger.get("/api/runs"), stranger.get("/sign-in"), mes.get("/x")]
        answers.append(mes.post("/api/runs", content=b" " * (BODY_LIMIT + 1)))
    for answer in answers:
        assert (
            SECURITY_HEADERS.items() <= {name: answer.headers.get(name) for name in SECURITY_HEADERS}.items()
        )
        assert answer.headers["cache-control"] == "no-store"


def test_a_token_is_in_no_answer(line: Line, mes: httpx.Client) -> None:
    told = [mes.get(path.replace("RUN", run_id_of(RUN, 1))).text for method, path in PATHS if method == "GET"]
    assert all(line.token not in text for text in told)
    with pytest.raises(Exception, match="line-3-mes"):
        add_client(line.runs, "line-3-mes", ["operator"], by=line.ada, reason="again")

"""The interface for the line's computer, as that uses it: over HTTP, with real runs on the twin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.command import shown
from tests.support.panel import ATTENDED, MES, Line, client_of, make_line, serving_app, settings_for, until

PEN, LOT = "NP000042", "L-2026-11"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return make_line(tmp_path_factory.mktemp("line") / "runs")


@pytest.fixture(scope="module")
def mes(line: Line) -> Iterator[httpx.Client]:
    settings = settings_for(line.runs, ["twin", ATTENDED])
    with serving_app(settings) as address, client_of(address, line.token) as client:
        yield client


@pytest.fixture(scope="module")
def good(mes: httpx.Client) -> httpx.Response:
    """The answer to a good pen's order; its run goes on beside the other tests."""
    return mes.post("/api/runs", json={"lane": "twin-1", "pen": PEN, "lot": LOT})


@pytest.fixture(scope="module")
def waiting(mes: httpx.Client, good: httpx.Response) -> str:
    """A run that waits for a person, for as long as it takes."""
    begun = mes.post("/api/runs", json={"lane": ATTENDED, "pen": "NP000043"})
    assert begun.status_code == 201, begun.text
    return str(begun.json()["run_id"])


def asked(mes: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    answer = mes.get(f"/api/runs/{run_id}/prompts")
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()
    return told


def run_of(mes: httpx.Client, run_id: str) -> dict[str, Any]:
    answer = mes.get(f"/api/runs/{run_id}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_prompt_is_answered_and_the_run_stopped_in_the_middle(mes: httpx.Client, waiting: str) -> None:
    (prompt,) = until(lambda: asked(mes, waiting), "the run asks")
    assert (prompt["number"], prompt["key"], prompt["answer"]) == (1, "clamp-pen", "confirm")
    under_way = run_of(mes, waiting)
    assert (under_way["state"], under_way["verdict"]) == ("running", "UNFINISHED")
    assert under_way["step"] < under_way["steps"]

    place = f"/api/runs/{waiting}/prompts"
    assert mes.post("/api/runs", json={"lane": ATTENDED, "pen": PEN}).status_code == 409
    assert mes.post(f"{place}/1", json={"answer": "perhaps"}).status_code == 422
    assert mes.post(f"{place}/2", json={"answer": "yes"}).status_code == 404
    assert asked(mes, waiting) == [prompt], "what was refused has answered nothing"
    answered = mes.post(f"{place}/1", json={"answer": "yes"})
    assert (answered.status_code, answered.json()) == (200, {"done": True})
    assert mes.post(f"{place}/1", json={"answer": "no"}).status_code == 409

    (second,) = until(lambda: asked(mes, waiting), "the run goes on, and asks again")
    assert (second["number"], second["key"]) == (2, "load-pouch")
    stopped = mes.post(f"/api/runs/{waiting}/stop")
    assert (stopped.status_code, stopped.json()) == (200, {"done": True})
    ended = until(lambda: (run := run_of(mes, waiting))["state"] == "ended" and run, "the run ends")
    assert ended["verdict"] == "ABORTED"
    assert not ended["faults"], "the bench could be made safe"
    assert asked(mes, waiting) == []
    again = mes.post(f"/api/runs/{waiting}/stop")
    assert (again.status_code, again.json()) == (200, {"done": False})


def test_who_answered_is_in_the_record(line: Line, mes: httpx.Client, waiting: str) -> None:
    until(lambda: run_of(mes, waiting)["state"] == "ended", "the run ends")
    texts = [note["text"] for note in shown(line.runs, waiting)["notes"]]
    assert any(MES in text and "clamp" in text.lower() for text in texts), texts


def test_a_good_pen_passes_and_is_told_as_it_is_recorded(
    line: Line, mes: httpx.Client, good: httpx.Response
) -> None:
    assert good.status_code == 201, good.text
    run_id = good.json()["run_id"]
    assert good.headers["location"] == f"/api/runs/{run_id}"
    told = until(lambda: (run := run_of(mes, run_id))["state"] == "ended" and run, "the run ends")
    assert told["verdict"] == "PASS"
    recorded = shown(line.runs, run_id)
    assert told["measurements"]
    assert {name: told[name] for name in recorded.keys() & told.keys()} == {
        name: recorded[name] for name in recorded.keys() & told.keys()
    }
    assert set(told) - set(recorded) == {"state", "step", "steps"}
    assert (told["pen_serial"], told["lot"]) == (PEN, LOT)
    assert told["operator"]["name"] == MES
    assert told["step"] is told["steps"] is None


def test_runs_are_listed_and_found(mes: httpx.Client, good: httpx.Response, waiting: str) -> None:
    run_id = good.json()["run_id"]
    for one in (run_id, waiting):
        until(lambda one=one: run_of(mes, one)["state"] == "ended", "the run ends")
    everything = mes.get("/api/runs").json()
    assert everything["is_whole"]
    assert [run["run_id"] for run in everything["runs"]] == [waiting, run_id], "the newest first"
    first = mes.get("/api/runs", params={"limit": 1}).json()
    assert (len(first["runs"]), first["total"]) == (1, 2)
    second = mes.get("/api/runs", params={"limit": 1, "before": first["next"]}).json()
    assert first["runs"] + second["runs"] == everything["runs"]
    assert second["next"] is None

    day = everything["runs"][1]["started"][:10]
    for asked_for in ({"pen": PEN}, {"lot": LOT}, {"verdict": "PASS"}, {"station": "twin-1", "since": day}):
        found = mes.get("/api/runs", params=asked_for).json()["runs"]
        assert [run["run_id"] for run in found] == [run_id], asked_for
    for asked_for in ({"plan": "none"}, {"verdict": "FAIL"}, {"until": "2001-01-01"}):
        assert mes.get("/api/runs", params=asked_for).json()["runs"] == [], asked_for


def test_a_pen_that_the_station_refuses_says_why(line: Line, mes: httpx.Client, good: httpx.Response) -> None:
    """The tip's lot is held against what the pen reports before anything moves."""
    run_id = good.json()["run_id"]
    until(lambda: run_of(mes, run_id)["state"] == "ended", "the lane is free")
    answer = mes.post("/api/runs", json={"lane": "twin-1", "pen": PEN, "tip_lot": "T9999Z"})
    if answer.status_code == 201:  # it had begun, and is recorded
        refused = answer.json()["run_id"]
        ended = until(lambda: (run := run_of(mes, refused))["state"] == "ended" and run, "it ends")
        assert ended["verdict"] == "REFUSED"
        assert "T9999Z" in " ".join(ended["reasons"])
    else:
        assert answer.status_code == 422
        assert "T9999Z" in answer.json()["detail"]


def test_nothing_of_a_token_is_in_the_folder(line: Line, good: httpx.Response, waiting: str) -> None:
    files = [path for path in line.runs.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if line.token.encode() in path.read_bytes()] == []

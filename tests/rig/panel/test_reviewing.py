"""Who may look at many runs, and what becomes of requests that make no sense."""

from itertools import product

import pytest

from rig.records.store import Store
from tests.support.reviewing import Reviewed

PAGES = ("/overview", "/runs", "/stations", "/compare", "/runs/{run}")
DATA = (
    "/data/index.json", "/data/yield.csv", "/data/failures.csv", "/data/errors.json", "/data/capability.csv",
    "/data/control.csv", "/data/takt.json", "/data/runs.csv", "/data/certificates.csv", "/data/drift.csv",
    "/data/station-events.csv", "/data/compare.csv", "/data/runs/{run}/state.json",
    "/data/runs/{run}/measurements.csv", "/data/runs/{run}/calibration.csv",
    "/data/runs/{run}/traces/squeeze.csv", "/data/runs/{run}/raw/squeeze.csv",
)  # fmt: skip
FILTERED = ("/overview", "/runs", "/data/yield.csv", "/data/control.csv", "/data/runs.csv")
LONG = "x" * 10_000


@pytest.mark.parametrize("address", PAGES + DATA)
def test_strangers_are_asked_to_sign_in_and_operators_are_refused(line: Reviewed, address: str) -> None:
    address = address.format(run=line.run_ids[0])
    stranger, operator = line.stranger.get(address), line.ben.get(address)
    if address.startswith("/data"):
        assert stranger.status_code == 401
    else:
        assert stranger.status_code == 303
        assert stranger.headers["location"].startswith("/sign-in")
    assert operator.status_code == 403
    assert "engineer or quality" in operator.json()["detail"]
    assert line.run_ids[0] not in stranger.text + operator.text


@pytest.mark.parametrize(
    ("address", "name"), list(product(FILTERED, ("pen", "lot", "plan", "station", "product")))
)
def test_what_is_too_long_is_refused(line: Reviewed, address: str, name: str) -> None:
    answer = line.ada.get(address, params={name: LONG})
    assert answer.status_code == 422
    assert name in answer.json()["detail"]
    assert LONG not in answer.text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since=2026-13-01", "no date"),
        ("until=tomorrow", "no date"),
        ("since=2026-11-05&until=2026-11-04", "after the last"),
        ("verdict=GREAT", "verdict"),
        ("hidden=maybe", "hidden"),
        (f"since={LONG}", "since"),
    ],
)
@pytest.mark.parametrize("address", FILTERED)
def test_what_is_no_filter_is_refused_in_a_sentence(
    line: Reviewed, address: str, query: str, says: str
) -> None:
    answer = line.ada.get(f"{address}?{query}")
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/runs?before=first", 422),
        ("/runs?before=-1", 422),
        ("/runs?before=99999999999999999999999999", 422),
        ("/data/yield.xlsx", 422),
        ("/data/nothing.csv", 404),
        ("/data/control.csv?series=extension.as_found@deep@fast", 422),
        ("/data/control.csv?series=extension.as_found@nan@5000", 422),
        ("/data/control.csv?series=a@1@2@3", 422),
        (f"/data/control.csv?series={LONG}", 422),
        ("/overview?series=extension.as_found@0.25", 422),
        ("/runs/nobody", 404),
        ("/runs/audit", 404),
        ("/runs/station:twin-1", 422),
        ("/runs/%3Cscript%3E", 422),
        (f"/runs/{'a' * 101}", 422),
        ("/runs/..%2F..%2Fetc", 404),
        ("/data/runs/nobody/measurements.csv", 404),
        ("/data/runs/nobody/state.json", 404),
        ("/data/runs/nobody/traces/squeeze.csv", 404),
        ("/data/runs/{run}/traces/squeeze.csv", 404),
        ("/data/runs/{run}/raw/..%2Fsqueeze.csv", 404),
        (f"/data/runs/{{run}}/raw/{LONG}.csv", 422),
        ("/runs/{run}?trace=squeeze", 404),
        ("/stations?station=nowhere", 404),
        (f"/stations?station={LONG}", 422),
        ("/data/drift.csv?station=twin-1&name=nothing", 404),
        (f"/data/drift.csv?station={LONG}", 422),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_said_and_changes_nothing(
    line: Reviewed, address: str, status: int
) -> None:
    with Store(line.runs, create=False) as store:
        before = store.head()
        answer = line.ada.get(address.format(run=line.run_ids[0]))
        assert answer.status_code == status
        assert len(answer.json()["detail"]) > 5
        assert store.head() == before


def test_a_person_is_told_on_a_page(line: Reviewed) -> None:
    answer = line.ada.get("/runs/nobody", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "<h1" in answer.text
    assert "there is no run" in answer.text


@pytest.mark.parametrize("address", ["/overview", "/runs", "/data/yield.csv", "/stations"])
@pytest.mark.parametrize("text", ["' OR 1=1 --", "\x00", "%", "\u202e", '"><img src=x>'])
def test_text_of_any_kind_asks_for_nothing_but_itself(line: Reviewed, address: str, text: str) -> None:
    answer = line.ada.get(address, params={"lot": text})
    assert answer.status_code == 200
    assert "<img src=x" not in answer.text


def test_pages_may_do_nothing_that_is_inline(line: Reviewed) -> None:
    for address in ("/overview", "/runs", "/stations", f"/runs/{line.run_ids[0]}"):
        answer = line.ada.get(address)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert " style=" not in answer.text
        assert not {"onclick", "onload", "onerror"} & set(answer.text.replace("=", " ").split())

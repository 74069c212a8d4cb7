"""The stations: certificates, checks and what was overridden, as the record has them."""

from datetime import timedelta
from pathlib import Path

import pytest

from rig.records.stations import StationLog
from rig.records.store import Store
from tests.support.evidence import begin
from tests.support.reviewing import TODAY, Reviewed, csv_of, reviewed, tables_of, text_of

ZEROS = [0.010, 0.012, 0.015, 0.017, 0.021, 0.024]


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    panel = reviewed(Path(tmp_path_factory.mktemp("runs")), [])
    with Store(panel.runs) as store:
        run = begin(store, 1)
        for role, left in (("force_gauge", -1), ("counter", 0), ("stage", 30), ("supply", 31)):
            due = (TODAY.date() + timedelta(days=left)).isoformat()
            certificate = {"number": f"CAL-{role}", "issuer": "a lab", "date": "2026-01-05", "due": due}
            run.instrument(role, {"maker": "M", "model": role, "serial": "1", "firmware": "2"}, certificate)
        run.ended("FAIL", takt_s=45.0, wall_s=5.0, reasons=["it is no good"])
        begun = iter(range(100))
        log = StationLog(store, "twin-1", lambda: TODAY - timedelta(days=20 - next(begun)))
        for number, zero in enumerate(ZEROS):
            result = {"name": "gauge.zero", "value": zero, "unit": "N", "U": 0.0001, "verdict": "PASS"}
            log.check(f"check-{number}", "PASS", [result])
        log.overridden("a-run", {"check overdue": "it is late"}, "Ada Berg", "=HYPERLINK(x)")
        log.stopped("<b>emergency</b> stop")
        log.reset("Ada Berg", "seen to")
    return panel


def test_days_left_stand_in_numbers_words_and_order(some: Reviewed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rig.panel.stations_page.today", lambda: TODAY.date())
    table = tables_of(some.ada.get("/stations").text)[0]
    assert [(row[0], row[6], row[7]) for row in table[1:]] == [
        ("force_gauge", "−1", "overdue"),
        ("counter", "0", "due soon"),
        ("stage", "30", "due soon"),
        ("supply", "31", "in order"),
    ]
    rows = csv_of(some.ada.get("/data/certificates.csv").text)
    assert [(row["role"], int(row["days_left"]), row["overdue"]) for row in rows] == [
        ("force_gauge", -1, "yes"),
        ("counter", 0, "no"),
        ("stage", 30, "no"),
        ("supply", 31, "no"),
    ]


def test_checks_are_drawn_with_their_uncertainty_and_the_trend_is_told(some: Reviewed) -> None:
    rows = csv_of(some.ada.get("/data/drift.csv?station=twin-1&name=gauge.zero").text)
    assert [float(row["value"]) for row in rows] == ZEROS
    assert [float(row["low"]) for row in rows] == pytest.approx([zero - 0.0001 for zero in ZEROS])
    words = text_of(some.ada.get("/stations?station=twin-1").text)
    assert "drifts · moves by +0.0028 N a day" in words


def test_overrides_stops_and_resets_are_listed_newest_first(some: Reviewed) -> None:
    page = some.ada.get("/stations").text
    assert "<b>emergency</b>" not in page
    table = tables_of(page)[-1]
    assert [row[1] for row in table[1:]] == ["Reset", "Emergency stop", "Override"]
    rows = csv_of(some.ada.get("/data/station-events.csv?station=twin-1").text)
    assert rows[-1]["why"] == "'=HYPERLINK(x)"
    assert (rows[-1]["by"], rows[-1]["run_id"]) == ("Ada Berg", "a-run")


def test_a_folder_without_runs_has_no_stations(tmp_path: Path) -> None:
    panel = reviewed(tmp_path / "runs", [])
    assert "No run is recorded yet" in text_of(panel.ada.get("/stations").text)
    assert panel.ada.get("/overview").status_code == panel.ada.get("/runs").status_code == 200

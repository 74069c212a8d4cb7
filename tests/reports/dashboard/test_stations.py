"""Daily checks over time, certificates that run out, and what happened to stations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from reports.dashboard import figures
from reports.dashboard.index import Index
from rig.records import kinds
from rig.records.stations import StationLog
from rig.records.store import Store
from tests.support.bulk_records import BulkRecord
from tests.support.made_runs import MadeResult, MadeRun, make

AT = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
Checks = Callable[..., Index]


@pytest.fixture
def checks(tmp_path: Path) -> Iterator[Checks]:
    """Record a check a day with these values of the zero, and index them."""
    opened = []

    def recorded(values: list[float], *, verdict: str = "PASS", station: str = "twin-1") -> Index:
        with BulkRecord(tmp_path) as record:
            for number, value in enumerate(values):
                at, last = AT + timedelta(days=number), number == len(values) - 1
                said = verdict if last else "PASS"
                result = MadeResult(
                    "gauge.zero", value, lower=-0.2, upper=0.2, unit="N", accepted=said == "PASS"
                )
                run = MadeRun(at, said, [result], pen="", plan="station", station=station)
                (run_id,) = make(record, [run], first=record.seq)
                told = {"name": "gauge.zero", "value": value, "unit": "N", "U": 0.01, "verdict": said}
                body = {"run_id": run_id, "verdict": said, "results": [told], "suspects": []}
                record.append(f"{kinds.STATION_PREFIX}{station}", kinds.STATION_CHECK, body, at)
        opened.append(Index(tmp_path))
        opened[-1].catch_up()
        return opened[-1]

    yield recorded
    for index in opened:
        index.close()


def scatter(count: int) -> list[float]:
    return [float(value) for value in np.random.default_rng(3).normal(0.0, 0.005, size=count)]


def test_a_steady_station(checks: Checks) -> None:
    (line,) = figures.drift(checks(scatter(30)), "twin-1")
    json.dumps(asdict(line), allow_nan=False)
    assert (line.name, line.unit, line.lower, line.upper) == ("gauge.zero", "N", -0.2, 0.2)
    assert [point.at[:10] for point in line.points[:2]] == ["2026-03-01", "2026-03-02"]
    assert len(line.points) == 30
    assert line.suggests == "steady"
    assert "no trend" in line.says


@pytest.mark.parametrize(("slope", "days"), [(0.004, 21), (-0.004, 21)])
def test_a_station_that_drifts_says_when_it_reaches_its_limit(
    checks: Checks, slope: float, days: int
) -> None:
    values = [slope * day + noise for day, noise in enumerate(scatter(30))]
    (line,) = figures.drift(checks(values), "twin-1")
    assert line.suggests == "drifts"
    assert line.trend is not None
    wanted = np.polyfit(np.arange(30), values, 1)[0]
    assert line.trend.per_day == pytest.approx(wanted)
    assert line.trend.low < slope < line.trend.high
    assert line.trend.days_left == pytest.approx(days, abs=2)
    assert "at its limit in 2" in line.says


def test_a_check_that_failed_says_so_first(checks: Checks) -> None:
    (line,) = figures.drift(checks([*scatter(9), 0.3], verdict="FAIL"), "twin-1")
    assert (line.suggests, line.points[-1].verdict) == ("outside", "FAIL")


@pytest.mark.parametrize("values", [[0.1], [0.0, 0.1, 0.2, 0.1]])
def test_few_checks_say_nothing_of_a_trend(checks: Checks, values: list[float]) -> None:
    (line,) = figures.drift(checks(values), "twin-1")
    assert (line.suggests, line.trend, len(line.points)) == ("unknown", None, len(values))


def test_equal_values_are_steady(checks: Checks) -> None:
    (line,) = figures.drift(checks([0.1] * 8), "twin-1")
    assert line.suggests == "steady"


def test_each_station_has_its_own_checks_and_the_latest_are_shown(checks: Checks) -> None:
    checks(scatter(8), station="line-2")
    index = checks(scatter(12))
    assert len(figures.drift(index, "line-2")[0].points) == 8
    assert len(figures.drift(index, "twin-1", last=5)[0].points) == 5
    assert figures.drift(index, "line-3") == ()


def test_certificates_that_run_out(tmp_path: Path) -> None:
    with BulkRecord(tmp_path) as record:
        make(record, [MadeRun(AT, station="line-2"), MadeRun(AT, station="twin-1")])
    with Index(tmp_path) as index:
        index.catch_up()
        found = figures.certificates_due(index, date(2026, 12, 31))
        assert [(one.station, one.role, one.number, one.due) for one in found] == [
            ("line-2", "stage", "CAL-1", "2027-01-05"), ("twin-1", "stage", "CAL-1", "2027-01-05"),
        ]  # fmt: skip
        assert [(one.days_left, one.overdue) for one in found] == [(5, False)] * 2
        assert not figures.certificates_due(index, date(2027, 1, 5))[0].overdue
        late = figures.certificates_due(index, date(2027, 1, 6))[0]
        assert (late.days_left, late.overdue) == (-1, True)


def test_a_new_certificate_takes_the_place_of_the_old_one_when_a_run_was_judged_under_it(
    tmp_path: Path,
) -> None:
    renewed = {"number": "CAL-2", "issuer": "a laboratory", "date": "2027-01-03", "due": "2028-01-03"}
    identity = {"maker": "Zaber", "model": "X-LSM", "serial": "12345"}
    with Store(tmp_path) as store, Index(tmp_path) as index:
        for number, (issued, verdict) in enumerate([(None, "PASS"), (renewed, "ERROR"), (renewed, "FAIL")]):
            run_id, old = (
                f"run-{number}",
                {"number": "CAL-1", "issuer": "x", "date": "2026-01-05", "due": "2027-01-05"},
            )
            body = {"run_id": run_id, "plan": "eol", "pen_serial": "", "station": "s", "product": "p"}
            store.append(run_id, kinds.STARTED, body, AT)
            told = {"role": "stage", "identity": identity, "certificate": issued or old}
            store.append(run_id, kinds.INSTRUMENT, told, AT)
            ended = {"verdict": verdict, "takt_s": None, "wall_s": None, "reasons": []}
            store.append(run_id, kinds.ENDED, ended, AT)
            index.catch_up()
            (one,) = figures.certificates_due(index, date(2027, 1, 4))
            assert one.number == ("CAL-2" if verdict == "FAIL" else "CAL-1")
    assert one.instrument == "Zaber X-LSM 12345"


def test_stops_and_overrides(tmp_path: Path) -> None:
    with Store(tmp_path) as store, Index(tmp_path) as index:
        log = StationLog(store, "twin-1", lambda: AT)
        log.stopped("the button was pressed", run_id="run-1")
        log.reset("keller", "the bench is clear")
        log.overridden("run-2", {"check overdue": "never checked"}, "keller", "urgent")
        StationLog(store, "line-2", lambda: AT).stopped("a gate was opened")
        index.catch_up()
        found = figures.station_events(index, "twin-1")
        assert [(one.kind, one.by, one.why, one.run_id) for one in found] == [
            ("station.override", "keller", "urgent", "run-2"),
            ("station.reset", "keller", "the bench is clear", ""),
            ("station.stopped", "", "the button was pressed", "run-1"),
        ]
        assert [one.station for one in figures.station_events(index, limit=1)] == ["line-2"]


def test_a_folder_without_runs_answers_everything(tmp_path: Path) -> None:
    with Index(tmp_path) as index:
        index.catch_up()
        assert figures.drift(index, "twin-1") == figures.certificates_due(index, date(2026, 1, 1)) == ()
        assert figures.station_events(index) == ()
        told = asdict(figures.choices(index))
        assert set(told.values()) == {()}


def test_what_there_is_to_filter_by(tmp_path: Path) -> None:
    with BulkRecord(tmp_path) as record:
        make(record, [MadeRun(AT, lot=f"L-{number}") for number in range(3)])
    with Index(tmp_path) as index:
        while index.catch_up(1):  # so that each run is without an end for a while
            pass
        found = figures.choices(index)
    assert (found.plans, found.stations, found.verdicts) == (("eol",), ("twin-1",), ("PASS",))
    assert found.lots == ("L-2", "L-1", "L-0")

"""Touching the reference step, on real drivers."""

from __future__ import annotations

import numpy as np
import pytest

from rig.errors import ContactNotFound, RefusedToStart
from rig.fixtures.evaluate_step import contact_of
from rig.procedures.bench import Bench
from rig.procedures.step import REST_READINGS, touch_step
from tests.support.real_bench import real_bench


def test_both_faces_are_touched_and_the_gauge_is_read_at_rest_around_them() -> None:
    with real_bench(["step.low_mm=36.38"]) as bench:
        bench.force_gauge.clear_peaks()
        touched = touch_step(bench)
        assert bench.force_gauge.peak_n() < bench.station.safety.force_limit_n
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.001)
        assert not bench.pen.status().running
    contacts, rest = touched.contacts.columns, touched.rest.columns
    for face, place_mm in ((0.0, 36.38), (1.0, 41.38118)):
        loaded = (contacts["upper_face"] == face) & (contacts["force_n"] > 0.5)
        assert loaded.sum() > 30
        assert contacts["position_mm"][loaded].min() == pytest.approx(place_mm, abs=0.006)
    assert rest["after"].sum() == REST_READINGS == len(rest["after"]) / 2
    assert np.abs(rest["force_n"] - 0.02).max() < 0.03
    assert (np.diff(rest["time_s"]) > 0).all()


def test_a_stage_that_stops_late_is_still_scanned_from_before_the_contact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy computer sees the touch some 15 ms late; the scan begins with a flat stretch all the same."""
    with real_bench(["step.low_mm=36.38"]) as bench:
        stop = bench.stage.stop

        def stop_late(axis: str | None = None) -> None:
            bench.clock.sleep(0.015)
            stop(axis)

        monkeypatch.setattr(bench.stage, "stop", stop_late)
        touched = touch_step(bench)
    low, high = (contact_of(touched.contacts, face, bench.station) for face in (0.0, 1.0))
    assert high.position.value - low.position.value == pytest.approx(5.00118, abs=0.001)


def test_a_step_that_is_not_there_is_not_found_and_the_stage_is_retracted() -> None:
    with real_bench(["step.low_mm=37.5"]) as bench:
        with pytest.raises(ContactNotFound, match=r"between 36 and 36\.6 mm.*SIM-STEP-5"):
            touch_step(bench)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.001)


def test_a_stage_that_slips_between_the_faces_is_found() -> None:
    with real_bench() as bench:
        rest = touch_step(bench).rest.columns
        stops_s = rest["time_s"][rest["after"] == 0].max(), rest["time_s"][rest["after"] == 1].min()
    with real_bench([f'faults=["stage.slip@{sum(stops_s) / 2:.3f}s=0.05"]']) as bench:
        told = told_of_step(bench)
    assert "reference step" in told or float(told) > 0.003, told


def told_of_step(bench: Bench) -> str:
    """Return how far the step's height is off, mm, or why that could not be said."""
    touched = touch_step(bench)
    try:
        low, high = (contact_of(touched.contacts, face, bench.station) for face in (0.0, 1.0))
    except ContactNotFound as error:
        return str(error)
    return str(abs(high.position.value - low.position.value - 5.00118))


def test_a_station_without_a_step_refuses_before_anything_moves() -> None:
    with real_bench(prepared=False) as bench:
        bench.station = bench.station.model_copy(update={"artefact": None})
        with pytest.raises(RefusedToStart, match="no reference step"):
            touch_step(bench)

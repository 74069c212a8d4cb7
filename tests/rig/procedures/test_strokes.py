"""Running needles against the plate, on real drivers."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.errors import EstimateError
from rig.errors import ContactNotFound, ContactOpen
from rig.fixtures.evaluate import extension, rate, rim_position
from rig.procedures.rim_datum import scan_rim
from rig.procedures.strokes import capture_rate, capture_strokes, needles_are_seen, prepare_counter
from rig.product import Setting, load_product
from rig.records.trace import Trace
from rig.station import load_station
from tests.support.real_bench import real_bench

AT = Setting(1.25, 7000.0)


@pytest.mark.parametrize(
    "world",
    [
        (),
        ("pen.depth.offset_mm=0.3",),  # far too deep
        ("pen.depth.offset_mm=-0.3",),  # far too shallow
        ("pen.crank.stroke_error_mm=-0.4",),
        ("pen.motor.ripple_1=0.05", "pen.motor.ripple_phase_rad=0.0"),
        ("contact.missed=0.05", "contact.bounce_mean=0.2"),
        ("pen.depth.offset_mm=0.0803", "contact.bounce_mean=0.3"),  # the approach stops where tops just graze
    ],
    ids=lambda world: ",".join(world) or "nominal",
)
def test_extension_is_found_without_knowing_where_to_look(world: tuple[str, ...]) -> None:
    quiet = ("nest.tilt_mrad=0.3", "pen.depth.ripple_mm=0.0", "pen.depth.backlash_mm=0.0")
    with real_bench((*quiet, "pen.tip.needles.length_scatter_mm=0.0", *world)) as bench:
        rim = rim_position(scan_rim(bench), bench.station)
        prepare_counter(bench)
        assert rim.as_read is not None
        capture = capture_strokes(bench, AT, rim.as_read, expected_mm=None, strokes=10, stamps=20)
        found = extension(capture, rim, bench.station, bench.product).extension
        assert capture.stamps is not None
        speed = rate(capture.stamps, bench.station, bench.product).rate
    changes = dict(change.split("=") for change in world)
    true = 1.018 * 1.25 + float(changes.get("pen.depth.offset_mm", 0.022))
    true += float(changes.get("pen.crank.stroke_error_mm", 0.0)) / 2 + 0.006 * (7000 * 1.004 / 6000) ** 2
    assert found.value == pytest.approx(true, abs=1.5 * found.U)
    assert found.U < 0.005
    assert speed.value == pytest.approx(7028.0, abs=1.5 * speed.U)


def test_plate_and_rim_never_touch_while_looking() -> None:
    with real_bench(["pen.depth.offset_mm=-0.2"]) as bench:
        rim = rim_position(scan_rim(bench), bench.station)
        prepare_counter(bench)
        assert rim.as_read is not None
        bench.force_gauge.clear_peaks()
        with pytest.raises(ContactNotFound, match="too little contact"):
            capture_strokes(bench, Setting(0.2, 7000.0), rim.as_read, expected_mm=None, strokes=10, stamps=0)
        assert bench.force_gauge.peak_n() < 0.3
        assert needles_are_seen(bench, Setting(2.5, 7000.0), rim.as_read)


def test_an_open_contact_wire_is_seen_as_such() -> None:
    with real_bench(["contact.wire_open=true"]) as bench:
        rim = rim_position(scan_rim(bench), bench.station)
        prepare_counter(bench)
        assert rim.as_read is not None
        with pytest.raises(ContactOpen, match="Check the wire"):
            needles_are_seen(bench, Setting(2.5, 7000.0), rim.as_read)


def test_a_second_of_stamps_gives_the_rate_to_ten_parts_in_a_hundred_thousand() -> None:
    with real_bench() as bench:
        rim = rim_position(scan_rim(bench), bench.station)
        prepare_counter(bench)
        assert rim.as_read is not None
        stamps = capture_rate(bench, AT, rim.as_read, expected_mm=None, stamps=118)
        found = rate(stamps, bench.station, bench.product).rate
    assert len(stamps) == 118
    assert np.diff(stamps.columns["time_s"]).min() > 0
    assert 1e-4 * found.value > found.U
    assert found.value == pytest.approx(7028.0, abs=1.5 * found.U)


def test_a_rate_from_every_other_stroke_is_refused() -> None:
    """Even spacing cannot tell a slow pen from one whose strokes are mostly missed; its own word can."""
    about = {"overlap_mm": 0.018, "reported_per_min": 7000.0}
    stamps = Trace("stamps", {"time_s": np.arange(40) * 2 * 60.0 / 7000.0}, about)
    with pytest.raises(EstimateError, match="3500 strokes a minute, the pen reports 7000"):
        rate(stamps, load_station("twin"), load_product("office-pen"))

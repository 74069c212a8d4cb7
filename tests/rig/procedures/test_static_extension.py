"""Needles at rest, scanned through real drivers and compared with the truth of the twin."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.stretch import stretch
from rig.errors import ContactNotFound, ForceLimitExceeded
from rig.fixtures.evaluate import extension, rim_position, static_extension
from rig.instruments.roles import Park
from rig.procedures.rim_datum import scan_rim
from rig.procedures.static_extension import scan_needles
from rig.procedures.strokes import capture_strokes, prepare_counter
from rig.product import Setting, load_product
from rig.twin.physics.needles import needles_of
from rig.twin.physics.pen import PenMechanics
from rig.twin.randomness import noise_source
from tests.support.real_bench import real_bench
from tests.support.serving import make_world

SEED = 1  # of the twin that real_bench serves


def true_reach_mm(depth_mm: float, *world: str) -> float:
    """Reach of the longest needle at rest, half-way between coming from above and from below."""
    product, pen = load_product("office-pen"), make_world(world).pen
    needles = needles_of(pen.tip, product.mechanics.needles, seed=SEED)
    mechanics = PenMechanics(pen, product, noise_source(SEED, "strokes"), needles)
    return mechanics.drive.reach_for(depth_mm) + mechanics.crank_shift_mm() + needles.longest_mm


@pytest.mark.parametrize(
    ("depth_mm", "world"),
    [
        (0.25, ()),
        (1.25, ("pen.depth.offset_mm=0.25", "nest.axis_tilt_mrad=5.0")),
        (2.5, ("pen.tip.needles.length_scatter_mm=0.012", "environment.temperature_c=23.0")),
        (1.75, ("pen.tip.needles.length_scatter_mm=0.001", "pen.crank.stroke_error_mm=-0.3")),
    ],
)
def test_the_longest_needle_at_rest_is_found_within_its_uncertainty(
    depth_mm: float, world: tuple[str, ...]
) -> None:
    with real_bench(world) as bench:
        rim = rim_position(scan_rim(bench), bench.station)
        assert rim.as_read is not None
        trace = scan_needles(bench, depth_mm, rim.as_read)
        found = static_extension(trace, rim, bench.station, bench.product)
    assert found.extension.value == pytest.approx(true_reach_mm(depth_mm, *world), abs=found.extension.U)
    assert found.extension.U < 0.006
    assert found.extension.as_read == pytest.approx(found.extension.value, abs=0.002)


def test_stretch_at_speed_is_what_inertia_does() -> None:
    setting = Setting(1.25, 9000.0)
    with real_bench(["pen.crank.stretch_mm=0.010", "pen.motor.rate_error=0.0"]) as bench:
        rim = rim_position(scan_rim(bench), bench.station)
        assert rim.as_read is not None
        at_rest = static_extension(
            scan_needles(bench, setting.depth_mm, rim.as_read), rim, bench.station, bench.product
        )
        prepare_counter(bench)
        capture = capture_strokes(bench, setting, rim.as_read, expected_mm=None, strokes=10, stamps=0)
        at_speed = extension(capture, rim, bench.station, bench.product)
    found = stretch(at_speed.extension, at_rest.extension)
    assert found.value == pytest.approx(0.010 * 1.5**2, abs=found.U)
    assert found.U**2 < at_speed.extension.U**2 + at_rest.extension.U**2


def test_needles_are_touched_lightly_and_left_retracted() -> None:
    with real_bench() as bench:
        rim_mm = rim_position(scan_rim(bench), bench.station).as_read
        assert rim_mm is not None
        bench.retract()
        bench.clock.sleep(1.5)  # the gauge looks for peaks in the last second, the rim's among them
        bench.force_gauge.clear_peaks()
        trace = scan_needles(bench, 1.25, rim_mm)
        assert 0.3 < bench.force_gauge.peak_n() < 0.8
        assert bench.pen.status().park is Park.RETRACTED
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.001)
    assert (np.diff(trace.columns["position_mm"]) > 0).all()


def test_needles_that_do_not_come_out_are_not_found_and_the_stage_is_retracted() -> None:
    with real_bench(["pen.tip.needles.shortening_mm=1.5"]) as bench:
        rim_mm = rim_position(scan_rim(bench), bench.station).as_read
        assert rim_mm is not None
        with pytest.raises(ContactNotFound, match="no needles"):
            scan_needles(bench, 1.25, rim_mm)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.001)


def test_the_force_limit_of_the_station_holds() -> None:
    limited = real_bench(station=["safety.force_limit_n=0.1"])
    with limited as bench, pytest.raises(ForceLimitExceeded, match=r"stopped (and|the .* it was) retracted"):
        scan_needles(bench, 1.25, bench.station.nest.rim_mm)

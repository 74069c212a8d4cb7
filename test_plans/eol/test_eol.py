"""End of line: a pen is identified, found, calibrated, verified and released.

Each test measures one thing and hands it to ``verdict``; limits and rules are the product file's. What
must have happened before is what a test's arguments stand on.
"""

import pytest

from rig.fixtures.evaluate import count
from rig.procedures.pen_checks import limiter_refuses, release_pen


def test_station_is_ready(station):
    """Every instrument answered as the one the station file names, under a valid certificate."""
    assert station.pen_identity.serial


@pytest.mark.requirement("PEN-SINGLE-USE")
def test_tip_is_present_and_unused(pen_status, verdict):
    verdict.judge("tip.present", count(pen_status.tip_present))
    verdict.judge("tip.uses", count(pen_status.tip_use_count))


@pytest.mark.requirement("PEN-SEAL")
def test_pouch_is_sealed(pouch_seal, verdict):
    verdict.judge("seal.leak", pouch_seal.leak.rate, trace=pouch_seal.trace)


@pytest.mark.requirement("PEN-SHARPNESS")
def test_needles_are_sharp(insertion, verdict):
    verdict.judge("tip.insertion_force", insertion.insertion.force_per_needle, trace=insertion.trace)


@pytest.mark.at("grid")
@pytest.mark.requirement("PEN-DEPTH-ACCURACY", "PEN-RATE-ACCURACY")
def test_as_found(as_found, setting, verdict):
    found = as_found.at(setting)
    verdict.judge("extension.as_found", found.extension, at=setting, trace=found.strokes)
    verdict.judge("rate.as_found", found.rate.rate, at=setting, trace=found.stamps)
    verdict.judge("rate.jitter", found.rate.jitter, at=setting, trace=found.stamps)


@pytest.mark.requirement("PEN-DEPTH-ACCURACY")
def test_table_fits(calibration_table, verdict):
    verdict.judge("table.residual", calibration_table.fitted.residual)


def test_table_is_written_back(calibrated_pen):
    """The pen was restarted and runs on the new table, whole."""
    assert calibrated_pen.write_back.after.crc != calibrated_pen.write_back.before.crc


@pytest.mark.at("between")
@pytest.mark.requirement("PEN-DEPTH-ACCURACY")
def test_as_left(as_left, setting, verdict):
    left = as_left.at(setting)
    verdict.judge("extension.as_left", left.extension, at=setting, trace=left.strokes)


@pytest.mark.at("rates")
@pytest.mark.requirement("PEN-RATE-ACCURACY")
def test_stroke_rate(as_left, setting, verdict):
    left = as_left.rate_at(setting)
    verdict.judge("rate.as_left", left.rate, at=setting, trace=left.stamps)


@pytest.mark.requirement("PEN-MAXIMUM-DEPTH")
def test_depth_limiter_refuses(bench, calibrated_pen, verdict):
    verdict.judge("limiter.refuses", count(limiter_refuses(bench)))


def test_rim_is_where_it_was(datum_check):
    """Nothing moved, slipped or grew since the datum, or all that stands on it would be void."""
    datum_check.close()


@pytest.mark.requirement("PEN-RELEASE")
def test_pen_is_released(bench, run, calibrated_pen, verdict):
    verdict.judge("pen.released", count(release_pen(bench, calibrated_pen.write_back.after)))
    run.takt_ends()

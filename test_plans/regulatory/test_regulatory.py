"""Design verification of one pen of a lot: pens and their pouches were aged before, the lot's name says how.

The pen is calibrated as the line does it, then verified at every setting of the product's grid and between.
What it owes over its shelf life it owes here: the limits are those of a new one.
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


@pytest.mark.requirement("PEN-SEAL", "PEN-SHELF-LIFE")
def test_aged_pouch_is_sealed(leak_test, pouch_seal, verdict):
    verdict.judge("seal.leak", pouch_seal.leak.rate, trace=pouch_seal.trace)


@pytest.mark.requirement("PEN-SEAL", "PEN-SHELF-LIFE")
def test_aged_seal_holds_when_peeled(peeled, verdict):
    verdict.judge("peel.strength", peeled.strength, trace=peeled.trace)


@pytest.mark.requirement("PEN-INGRESS", "PEN-SHELF-LIFE")
def test_barrier_holds_pressure(decay_leak, verdict):
    leak, trace = decay_leak
    verdict.judge("seal.pressure_decay", leak.rate, trace=trace)


@pytest.mark.requirement("PEN-SHARPNESS", "PEN-SHELF-LIFE")
def test_needles_are_sharp(insertion, verdict):
    verdict.judge("tip.insertion_force", insertion.insertion.force_per_needle, trace=insertion.trace)


@pytest.mark.at("grid")
@pytest.mark.requirement("PEN-DEPTH-ACCURACY", "PEN-SHELF-LIFE")
def test_depth_at_each_setting(as_left, setting, verdict):
    delivered = as_left.at(setting)
    verdict.judge("extension.delivered", delivered.extension, at=setting, trace=delivered.strokes)


@pytest.mark.at("between")
@pytest.mark.requirement("PEN-DEPTH-ACCURACY", "PEN-SHELF-LIFE")
def test_depth_between_them(as_left, setting, verdict):
    left = as_left.at(setting)
    verdict.judge("extension.as_left", left.extension, at=setting, trace=left.strokes)


@pytest.mark.at("grid")
@pytest.mark.requirement("PEN-RATE-ACCURACY", "PEN-SHELF-LIFE")
def test_rate_at_each_setting(as_left, setting, verdict):
    delivered = as_left.rate_at(setting)
    verdict.judge("rate.delivered", delivered.rate, at=setting, trace=delivered.stamps)


@pytest.mark.requirement("PEN-MAXIMUM-DEPTH", "PEN-SHELF-LIFE")
def test_depth_limiter_refuses(bench, calibrated_pen, verdict):
    verdict.judge("limiter.refuses", count(limiter_refuses(bench)))


def test_rim_is_where_it_was(datum_check):
    """Nothing moved, slipped or grew since the datum, or all that stands on it would be void."""
    datum_check.close()


@pytest.mark.requirement("PEN-RELEASE")
def test_pen_is_released(bench, run, calibrated_pen, verdict):
    verdict.judge("pen.released", count(release_pen(bench, calibrated_pen.write_back.after)))
    run.takt_ends()

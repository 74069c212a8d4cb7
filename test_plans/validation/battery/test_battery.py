"""Battery: a programmable supply stands in for the cell, from full to empty."""

import pytest


@pytest.mark.requirement("PEN-RATE-ACCURACY")
def test_rate_holds_to_the_end(battery, verdict):
    verdict.judge("battery.rate_loss", battery.rate_loss, trace=battery.rate_trace)


@pytest.mark.requirement("PEN-DEPTH-ACCURACY")
def test_depth_holds_to_the_end(battery, verdict):
    verdict.judge("battery.extension_change", battery.extension_change, trace=battery.extension_trace)


@pytest.mark.requirement("PEN-RATE-ACCURACY")
def test_the_pen_stops_before_the_cell_is_harmed(battery, verdict):
    verdict.judge("battery.cut_off", battery.cut_off.stop, trace=battery.cut_off_trace)

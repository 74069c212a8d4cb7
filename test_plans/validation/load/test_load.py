"""Under load: the pen against the plate at growing force, and parked needles pressed by it."""

import pytest

from rig.fixtures.validation_views import load_views


@pytest.mark.requirement("PEN-RATE-ACCURACY")
def test_rate_under_load(under_load, verdict):
    rate, _ = load_views(under_load)
    verdict.judge("load.rate_droop", under_load.droop_percent, trace=rate)


@pytest.mark.requirement("PEN-DEPTH-ACCURACY")
def test_extension_under_load(under_load, verdict):
    _, extension = load_views(under_load)
    verdict.judge("load.extension_loss", under_load.loss, trace=extension)

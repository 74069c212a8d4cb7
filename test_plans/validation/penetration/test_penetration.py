"""Real penetration: how deep the needles go into layered film, and what that falls short of.

The film that is stretched now is measured at every rate; films of other thickness are a matter of
``rig study run penetration``. Beside it stands how far inertia stretches the needles at speed.
"""

import pytest


@pytest.mark.at("rates")
@pytest.mark.requirement("PEN-DEPTH-ACCURACY")
def test_real_penetration(film, setting, verdict):
    found = film(setting.rate_per_min)
    verdict.judge("penetration.shortfall", found.shortfall, at=setting, trace=found.trace)


@pytest.mark.at("rates")
@pytest.mark.requirement("PEN-DEPTH-ACCURACY")
def test_stretch_at_speed(static_extension, setting, verdict):
    found = static_extension(setting)
    verdict.judge("extension.stretch", found.stretch, at=setting, trace=found.trace)

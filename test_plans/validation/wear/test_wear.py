"""Wear: a tip is used again and again, with rests, and what that does to the force it needs."""

import pytest

from rig.fixtures.validation_views import wear_view


@pytest.mark.requirement("PEN-SHARPNESS")
def test_a_new_tip_is_sharp(wear, verdict):
    _, first = wear.insertions[0]
    verdict.judge("wear.first_force", first.force_per_needle)


@pytest.mark.requirement("PEN-SINGLE-USE")
def test_force_grows_with_use(wear, verdict):
    verdict.judge("wear.force_change", wear.force.change, trace=wear_view(wear))

"""Sharpness: a slow insertion into the phantom, in which each needle that punctures drops the force."""

import pytest


@pytest.mark.requirement("PEN-SHARPNESS")
def test_needles_puncture_easily(slow_insertion, verdict):
    found = slow_insertion.punctures
    verdict.judge("puncture.force", found.force_per_needle, trace=slow_insertion.trace)


@pytest.mark.requirement("PEN-SHARPNESS")
def test_no_needle_is_bent(slow_insertion, verdict):
    verdict.judge("puncture.late", slow_insertion.late, trace=slow_insertion.trace)

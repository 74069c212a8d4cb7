"""Daily check of the station: a step of known height, touched as a pen's rim is.

Any pen may be in the nest, or a dummy that answers as one; its needles stay retracted.
"""

import pytest

from rig.fixtures.evaluate import count

pytestmark = pytest.mark.requirement("STATION-CHECK")


def test_instruments_find_no_fault_in_themselves(complaints, verdict):
    verdict.judge("instruments.complaints", count(len(complaints)))


def test_gauge_is_quiet_at_rest(gauge_at_rest, verdict):
    verdict.judge("gauge.zero", gauge_at_rest.zero, trace=gauge_at_rest.trace)
    verdict.judge("gauge.zero_shift", gauge_at_rest.zero_shift, trace=gauge_at_rest.trace)
    verdict.judge("gauge.noise", gauge_at_rest.noise, trace=gauge_at_rest.trace)


def test_step_is_as_high_as_its_certificate_says(reference_step, verdict):
    verdict.judge("step.height", reference_step.height, trace=reference_step.trace)


def test_force_grows_as_it_did_at_the_last_calibration(reference_step, verdict):
    verdict.judge("step.slope", reference_step.slope, trace=reference_step.trace)

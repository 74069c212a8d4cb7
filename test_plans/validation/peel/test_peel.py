"""Seal, three ways: peel strength (destructive), squeeze-force decay, and pressure decay on the leak tester.

The leak tester is started first and runs while the rig squeezes and peels.
"""

import pytest


@pytest.mark.requirement("PEN-SEAL")
def test_pouch_is_sealed(leak_test, pouch_seal, verdict):
    verdict.judge("seal.leak", pouch_seal.leak.rate, trace=pouch_seal.trace)


@pytest.mark.requirement("PEN-SEAL")
def test_seal_holds_when_peeled(peeled, verdict):
    verdict.judge("peel.strength", peeled.strength, trace=peeled.trace)


@pytest.mark.requirement("PEN-SEAL")
def test_part_holds_pressure(decay_leak, verdict):
    leak, trace = decay_leak
    verdict.judge("seal.pressure_decay", leak.rate, trace=trace)

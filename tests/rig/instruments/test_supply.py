"""The supplies' drivers against the bytes of the manuals.

Every exchange with the Rigol but the error replies was also held with a simulator written by others
(see tests/data/rigol_dp800_exchange.txt).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import pytest

from rig.clock import WallClock
from rig.errors import (
    IdentityMismatch,
    InstrumentDisconnected,
    InstrumentRejected,
    InstrumentReplyError,
    InstrumentTimeout,
)
from rig.instruments.roles import Identity, SupplyReading
from rig.instruments.supply_keysight import KeysightSupply
from rig.instruments.supply_rigol import RigolSupply
from rig.instruments.supply_scpi import ScpiSupply
from rig.instruments.wirelog import WireLog
from tests.support.scripted import ScriptedPeer

Exchange = tuple[bytes, bytes]

KEYSIGHT_ERROR, RIGOL_ERROR = (b"SYST:ERR?\n", b'+0,"No error"\n'), (b"SYST:ERR?\n", b'0,"No error"\n')


def keysight_set(command: bytes) -> list[Exchange]:
    return [(command + b"\n", b""), KEYSIGHT_ERROR]


def rigol_set(command: bytes) -> list[Exchange]:
    return [(command + b"\n", b""), RIGOL_ERROR]


KEYSIGHT_OPENING = [
    (b"*IDN?\n", b"Keysight Technologies,E36312A,MY59002187,2.1.0-1.0.4-1.12\n"),
    *keysight_set(b"*CLS"),
    *keysight_set(b"OUTP 0, (@1)"),
    (b"OUTP? (@1)\n", b"0\n"),
]
KEYSIGHT_LIMITS = [
    *keysight_set(b"VOLT:PROT 4.4000, (@1)"),
    *keysight_set(b"VOLT:PROT:STAT ON, (@1)"),
    *keysight_set(b"CURR 1.5000, (@1)"),
    (b"VOLT:PROT? (@1)\n", b"+4.40000000E+00\n"),
    (b"CURR? (@1)\n", b"+1.50000000E+00\n"),
    (b"VOLT:PROT:STAT? (@1)\n", b"1\n"),
]
RIGOL_OPENING = [
    (b"*IDN?\n", b"RIGOL TECHNOLOGIES,DP832,DP8C123456789,00.01.16\n"),
    *rigol_set(b"*CLS"),
    *rigol_set(b":OUTP CH1,OFF"),
    (b":OUTP? CH1\n", b"OFF\n"),
]
RIGOL_LIMITS = [
    *rigol_set(b":OUTP:OVP:VAL CH1,4.400"),
    *rigol_set(b":OUTP:OVP CH1,ON"),
    *rigol_set(b":SOUR1:CURR 1.5000"),
    (b":OUTP:OVP:VAL? CH1\n", b"4.400\n"),
    (b":OUTP:OVP? CH1\n", b"ON\n"),
    (b":APPL? CH1\n", b"CH1:30V/3A,0.000,1.5000\n"),
]


@contextmanager
def scripted(kind: type[ScpiSupply], script: Sequence[Exchange]) -> Iterator[ScpiSupply]:
    """Yield a driver whose peer follows the script."""
    with ScriptedPeer(script) as peer:
        supply = kind("supply", peer.resource, WireLog(), WallClock(), timeout_s=1.0)
        try:
            yield supply
        finally:
            supply.close()


class TestKeysight:
    def test_opening_switches_its_output_off_and_leaves_the_others(self) -> None:
        with scripted(KeysightSupply, [*KEYSIGHT_OPENING, KEYSIGHT_OPENING[0]]) as supply:
            assert supply.identify() == Identity(
                "Keysight Technologies", "E36312A", "MY59002187", "2.1.0-1.0.4-1.12"
            )

    def test_limits_then_voltage_then_output(self) -> None:
        script = [
            *KEYSIGHT_OPENING,
            *KEYSIGHT_LIMITS,
            *keysight_set(b"VOLT 3.8125, (@1)"),
            *keysight_set(b"OUTP 1, (@1)"),
            (b"OUTP? (@1)\n", b"1\n"),
            (b"MEAS:VOLT? (@1);:MEAS:CURR? (@1)\n", b"+3.81218200E+00;+4.12700000E-01\n"),
            (b"STAT:QUES:INST:ISUM1:COND?\n", b"+2\n"),
            (b"STAT:QUES:INST:ISUM1:COND?\n", b"+1\n"),
            (b"VOLT:PROT:TRIP? (@1)\n", b"0\n"),
            (b"CURR:PROT:TRIP? (@1)\n", b"1\n"),
        ]
        with scripted(KeysightSupply, script) as supply:
            supply.limit(voltage_v=4.4, current_a=1.5)
            supply.set_voltage(3.8125)
            supply.switch_on()
            assert supply.measure() == SupplyReading(3.812182, 0.4127)
            assert (supply.is_limiting(), supply.is_limiting()) == (False, True)
            assert supply.has_tripped()

    def test_what_is_no_number_is_no_reading(self) -> None:
        question = b"MEAS:VOLT? (@1);:MEAS:CURR? (@1)\n"
        overload = (question, b"+9.91000000E+37;+0.00000000E+00\n")
        script = [*KEYSIGHT_OPENING, overload]
        for answer in (b"+3.8E+00\n", b"nan;+1.0\n", b"+3.8E+00;\n"):
            script += [(question, answer), KEYSIGHT_OPENING[0], (question, answer), KEYSIGHT_OPENING[0]]
        with scripted(KeysightSupply, [*script, overload]) as supply:
            for _ in range(5):
                with pytest.raises(InstrumentReplyError):
                    supply.measure()


class TestMishaps:
    """After a mishap the supply of before must answer, and hold the limits it was given."""

    READY: ClassVar[list[Exchange]] = [*KEYSIGHT_OPENING, *KEYSIGHT_LIMITS]
    PROOF: ClassVar[list[Exchange]] = [KEYSIGHT_OPENING[0], *KEYSIGHT_LIMITS[-3:]]
    MEASURE = b"MEAS:VOLT? (@1);:MEAS:CURR? (@1)\n"
    SET: Exchange = (b"VOLT 3.8000, (@1)\n", b"")
    LOST: Exchange = (b"SYST:ERR?\n", b"garbage\n")

    def test_a_question_is_asked_again_and_put_on_record(self, caplog: pytest.LogCaptureFixture) -> None:
        again = (self.MEASURE, b"+3.8E+00;+4.0E-01\n")
        with scripted(
            KeysightSupply, [*self.READY, (self.MEASURE, b"4.28 N\n"), *self.PROOF, again]
        ) as supply:
            supply.limit(voltage_v=4.4, current_a=1.5)
            assert supply.measure() == SupplyReading(3.8, 0.4)
        assert "supply: recovered" in caplog.text

    def test_a_supply_that_lost_its_limits_is_not_used(self) -> None:
        reset = [*self.PROOF[:-1], (b"VOLT:PROT:STAT? (@1)\n", b"0\n")]
        with scripted(KeysightSupply, [*self.READY, (self.MEASURE, b"4.28 N\n"), *reset]) as supply:
            supply.limit(voltage_v=4.4, current_a=1.5)
            with pytest.raises(InstrumentRejected, match="not armed"):
                supply.measure()

    def test_another_supply_is_not_believed(self) -> None:
        other = (b"*IDN?\n", KEYSIGHT_OPENING[0][1].replace(b"MY59002187", b"MY00000001"))
        with (
            scripted(KeysightSupply, [*KEYSIGHT_OPENING, (self.MEASURE, b"4.28 N\n"), other]) as supply,
            pytest.raises(IdentityMismatch, match="MY00000001"),
        ):
            supply.measure()

    @pytest.mark.parametrize(("held", "arrived"), [(b"+3.80000000E+00\n", True), (b"+0.0E+00\n", False)])
    def test_a_voltage_is_never_set_twice_but_looked_at(self, held: bytes, arrived: bool) -> None:
        script = [*self.READY, self.SET, self.LOST, *self.PROOF, KEYSIGHT_ERROR, (b"VOLT? (@1)\n", held)]
        with scripted(KeysightSupply, script) as supply:
            supply.limit(voltage_v=4.4, current_a=1.5)
            if arrived:
                supply.set_voltage(3.8)
            else:
                with pytest.raises(InstrumentTimeout, match="Nothing was repeated"):
                    supply.set_voltage(3.8)

    def test_an_output_that_was_not_switched_off_is_told_again(self) -> None:
        off, still_on = (b"OUTP 0, (@1)\n", b""), (b"OUTP? (@1)\n", b"1\n")
        script = [
            *KEYSIGHT_OPENING, off, self.LOST, KEYSIGHT_OPENING[0], KEYSIGHT_ERROR, still_on,
            off, KEYSIGHT_ERROR, (b"OUTP? (@1)\n", b"0\n"),
        ]  # fmt: skip
        with scripted(KeysightSupply, script) as supply:
            supply.switch_off()

    def test_its_self_test(self) -> None:
        test = b"*TST?\n"
        with scripted(KeysightSupply, [*KEYSIGHT_OPENING, (test, b"0\n"), (test, b"1\n")]) as supply:
            assert supply.self_test() == []
            assert "'1'" in supply.self_test()[0]


class TestRigol:
    def test_limits_then_voltage_then_output(self) -> None:
        script = [
            *RIGOL_OPENING,
            *RIGOL_LIMITS,
            *rigol_set(b":SOUR1:VOLT 3.813"),
            *rigol_set(b":OUTP CH1,ON"),
            (b":OUTP? CH1\n", b"ON\n"),
            (b":MEAS:ALL? CH1\n", b"3.8120,0.4127,1.573\n"),
            (b":OUTP:MODE? CH1\n", b"CC\n"),
            (b":OUTP:OVP:QUES? CH1\n", b"YES\n"),
        ]
        with scripted(RigolSupply, script) as supply:
            supply.limit(voltage_v=4.4, current_a=1.5)
            supply.set_voltage(3.8126)
            supply.switch_on()
            assert supply.measure() == SupplyReading(3.812, 0.4127)
            assert supply.is_limiting()
            assert supply.has_tripped()

    def test_a_model_that_leaves_the_rating_out_is_understood(self) -> None:
        limits = [*RIGOL_LIMITS[:-1], (b":APPL? CH1\n", b"4.200,1.5000\n")]
        with scripted(RigolSupply, [*RIGOL_OPENING, *limits]) as supply:
            supply.limit(voltage_v=4.4, current_a=1.5)

    @pytest.mark.parametrize("answer", [b"3.8120,0.4127\n", b"3.8120,--,1.573\n", b"\n"])
    def test_what_is_no_number_is_no_reading(self, answer: bytes) -> None:
        question = (b":MEAS:ALL? CH1\n", answer)
        script = [*RIGOL_OPENING, question, RIGOL_OPENING[0], question]
        with scripted(RigolSupply, script) as supply, pytest.raises(InstrumentReplyError, match="3 numbers"):
            supply.measure()

    def test_a_limit_that_is_no_number(self) -> None:
        question = (b":APPL? CH1\n", b"CH1:30V/3A,4.200,MAX\n")
        limits = [*RIGOL_LIMITS[:-1], question, RIGOL_OPENING[0], question]
        with (
            scripted(RigolSupply, [*RIGOL_OPENING, *limits]) as supply,
            pytest.raises(InstrumentReplyError, match="name,voltage,current"),
        ):
            supply.limit(voltage_v=4.4, current_a=1.5)


class TestSafety:
    def test_nothing_is_set_or_switched_on_before_it_is_limited(self) -> None:
        with scripted(KeysightSupply, KEYSIGHT_OPENING) as supply:
            for attempt in (supply.switch_on, lambda: supply.set_voltage(3.7)):
                with pytest.raises(InstrumentRejected, match="not limited yet"):
                    attempt()

    @pytest.mark.parametrize("voltage_v", [4.41, -0.1, float("nan"), float("inf")])
    def test_a_voltage_beyond_the_limit_is_never_sent(self, voltage_v: float) -> None:
        with scripted(KeysightSupply, [*KEYSIGHT_OPENING, *KEYSIGHT_LIMITS]) as supply:
            supply.limit(voltage_v=4.4, current_a=1.5)
            with pytest.raises(InstrumentRejected, match=r"was not set, expected 0 to 4\.4 V"):
                supply.set_voltage(voltage_v)

    @pytest.mark.parametrize(
        ("position", "answer", "says"),
        [
            (-3, b"+5.00000000E+00\n", r"read back as 5 V \(armed\), 1.5 A"),
            (-2, b"+5.00000000E+00\n", r"read back as 4.4 V \(armed\), 5 A"),
            (-1, b"0\n", r"read back as 4.4 V \(not armed\), 1.5 A"),
        ],
    )
    def test_limits_that_are_not_held_keep_it_off(self, position: int, answer: bytes, says: str) -> None:
        limits = list(KEYSIGHT_LIMITS)
        limits[position] = (limits[position][0], answer)
        with scripted(KeysightSupply, [*KEYSIGHT_OPENING, *limits]) as supply:
            with pytest.raises(InstrumentRejected, match=says):
                supply.limit(voltage_v=4.4, current_a=1.5)
            with pytest.raises(InstrumentRejected, match="not limited yet"):
                supply.switch_on()

    def test_every_queued_error_is_named(self) -> None:
        script = [
            *KEYSIGHT_OPENING,
            (b"VOLT:PROT 44.0000, (@1)\n", b""),
            (b"SYST:ERR?\n", b'-222,"Data out of range"\n'),
            (b"SYST:ERR?\n", b'-113,"Undefined header"\n'),
            KEYSIGHT_ERROR,
        ]
        with (
            scripted(KeysightSupply, script) as supply,
            pytest.raises(InstrumentRejected, match=r"-222.*-113") as caught,
        ):
            supply.limit(voltage_v=44.0, current_a=1.5)
        assert caught.value.reason == '-222,"Data out of range"'

    def test_an_error_queue_without_end_is_given_up(self) -> None:
        endless = [(b"SYST:ERR?\n", b'-113,"Undefined header"\n')] * 21
        with (
            scripted(RigolSupply, [*RIGOL_OPENING, (b":OUTP CH1,OFF\n", b""), *endless]) as supply,
            pytest.raises(InstrumentRejected),
        ):
            supply.switch_off()

    @pytest.mark.parametrize(("trip", "reason"), [(b"1\n", "protection tripped"), (b"0\n", "output off")])
    def test_an_output_that_stays_off(self, trip: bytes, reason: str) -> None:
        last = [] if trip == b"1\n" else [(b"CURR:PROT:TRIP? (@1)\n", b"0\n")]
        script = [
            *KEYSIGHT_OPENING,
            *KEYSIGHT_LIMITS,
            *keysight_set(b"OUTP 1, (@1)"),
            (b"OUTP? (@1)\n", b"0\n"),
            (b"VOLT:PROT:TRIP? (@1)\n", trip),
            *last,
        ]
        with scripted(KeysightSupply, script) as supply:
            supply.limit(voltage_v=4.4, current_a=1.5)
            with pytest.raises(InstrumentRejected, match="stays off") as caught:
                supply.switch_on()
        assert caught.value.reason == reason

    def test_an_output_that_stays_on(self) -> None:
        script = [*KEYSIGHT_OPENING, *keysight_set(b"OUTP 0, (@1)"), (b"OUTP? (@1)\n", b"1\n")]
        with (
            scripted(KeysightSupply, script) as supply,
            pytest.raises(InstrumentRejected, match=r"stays on.*Switch the supply off by hand"),
        ):
            supply.switch_off()


class TestOpening:
    @pytest.mark.parametrize("kind", [KeysightSupply, RigolSupply])
    def test_another_model_is_refused_by_name(self, kind: type[ScpiSupply]) -> None:
        with (
            ScriptedPeer([(b"*IDN?\n", b"Agilent Technologies,53230A,MY1,1.0\n")]) as peer,
            pytest.raises(IdentityMismatch, match=r"53230A answered"),
        ):
            kind("supply", peer.resource, WireLog(), WallClock(), timeout_s=1.0)

    def test_an_identity_that_is_none(self) -> None:
        with (
            ScriptedPeer([(b"*IDN?\n", b"hello\n")]) as peer,
            pytest.raises(InstrumentReplyError, match=r"hello.*maker,model,serial,firmware"),
        ):
            RigolSupply("supply", peer.resource, WireLog(), WallClock(), timeout_s=1.0)

    def test_nobody_at_the_address(self) -> None:
        with ScriptedPeer([]) as peer:
            resource = peer.resource
        with pytest.raises(InstrumentDisconnected):
            KeysightSupply("supply", resource, WireLog(), WallClock(), timeout_s=0.2)

    def test_somebody_mute(self) -> None:
        with (
            ScriptedPeer([(b"*IDN?\n", b"")]) as peer,
            pytest.raises(InstrumentTimeout, match=r"no answer within 0\.1 s"),
        ):
            KeysightSupply("supply", peer.resource, WireLog(), WallClock(), timeout_s=0.1)

    @pytest.mark.parametrize("answer", [b"ON\n", b"2\n", b"\n"])
    def test_an_output_in_no_known_state(self, answer: bytes) -> None:
        question = (b"OUTP? (@1)\n", answer)
        with (
            ScriptedPeer([*KEYSIGHT_OPENING[:-1], question, KEYSIGHT_OPENING[0], question]) as peer,
            pytest.raises(InstrumentReplyError, match="expected 0 or 1"),
        ):
            KeysightSupply("supply", peer.resource, WireLog(), WallClock(), timeout_s=1.0)

    def test_a_garbled_error_queue(self) -> None:
        identity, question = KEYSIGHT_OPENING[0], (b"SYST:ERR?\n", b"0\n")
        with (
            ScriptedPeer([identity, (b"*CLS\n", b""), question, identity, question]) as peer,
            pytest.raises(InstrumentReplyError, match="SYST:ERR"),
        ):
            KeysightSupply("supply", peer.resource, WireLog(), WallClock(), timeout_s=1.0)

    @pytest.mark.parametrize("channel", [0, 4])
    def test_an_unknown_channel(self, channel: int) -> None:
        with pytest.raises(ValueError, match=f"channel {channel}, expected 1 to 3"):
            RigolSupply("supply", "", WireLog(), WallClock(), timeout_s=1.0, channel=channel)

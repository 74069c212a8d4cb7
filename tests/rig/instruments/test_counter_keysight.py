"""The counter's driver against the bytes of the manual, and against the emulated counter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from rig.clock import WallClock
from rig.errors import (
    IdentityMismatch,
    InstrumentDisconnected,
    InstrumentRejected,
    InstrumentReplyError,
    InstrumentTimeout,
)
from rig.instruments.counter_keysight import KeysightCounter
from rig.instruments.roles import Counter, Identity
from rig.instruments.wirelog import WireLog
from rig.twin.emulators.counter_keysight import KeysightEmulator
from tests.support.pulse_train import PulseTrain
from tests.support.scripted import ScriptedPeer
from tests.support.serving import serving_one

Exchange = tuple[bytes, bytes]

# The manual's form of the identity, and a real unit's.
IDN_53220A = b"AGILENT TECHNOLOGIES,53220A,MY12345678,1.00-1.00-01-1\n"
IDN_53230A = b"Agilent Technologies,53230A,MY63260252,03.02-1924.2831-3.15-4.16-127-159-35\n"
NO_ERROR = b'+0,"No error"\n'
READ = b"READ?;:SYST:ERR?\n"
INPUT = b":INP1:COUP DC;:INP1:IMP 1E6;:INP1:FILT 1;:INP1:LEV 2.5;:INP1:SLOP POS"
IDENTITY = (b"*IDN?\n", IDN_53230A)
# What the counter itself says, or what is a number all the same; anything else is asked again.
SAID_AT_ONCE = ("overload", "duty cycle 1.5, expected 0 to 1")
OPENING: list[Exchange] = [(b"*IDN?\n", IDN_53230A), (b"*RST;*CLS;:SYST:ERR?\n", NO_ERROR)]


def measured(readings: bytes) -> bytes:
    """Return an answer to READ: the readings, and that there is no error."""
    return readings.removesuffix(b"\n") + b";" + NO_ERROR


def duty_setup(count: int, timeout: bytes = b"0.5", setup: bytes = INPUT) -> bytes:
    return b"ABOR;*CLS;:CONF:PDUT (@1);%b;:SAMP:COUN %d;:SYST:TIM %b;:SYST:ERR?\n" % (setup, count, timeout)


@contextmanager
def scripted(*script: Exchange, opening: Sequence[Exchange] = OPENING) -> Iterator[KeysightCounter]:
    """Yield a driver whose peer follows the opening and then the script."""
    with ScriptedPeer([*opening, *script]) as peer:
        counter = KeysightCounter("counter", peer.resource, WireLog(), WallClock(), timeout_s=1.0)
        try:
            yield counter
        finally:
            counter.close()


class TestOpening:
    def test_it_asks_who_answers_and_resets(self) -> None:
        with scripted((b"*IDN?\n", IDN_53230A)) as counter:
            assert counter.identify() == Identity(
                "Agilent Technologies", "53230A", "MY63260252", "03.02-1924.2831-3.15-4.16-127-159-35"
            )

    def test_another_model_is_refused_by_name(self) -> None:
        with (
            ScriptedPeer([(b"*IDN?\n", b"Keysight,E36312A,MY1,1.0\n")]) as peer,
            pytest.raises(IdentityMismatch, match=r"E36312A.*expected 53220A or 53230A"),
        ):
            KeysightCounter("counter", peer.resource, WireLog(), WallClock(), timeout_s=1.0)

    def test_an_identity_that_is_none_is_refused(self) -> None:
        with (
            ScriptedPeer([(b"*IDN?\n", b"hello\n")]) as peer,
            pytest.raises(InstrumentReplyError, match=r"hello.*maker,model,serial,firmware"),
        ):
            KeysightCounter("counter", peer.resource, WireLog(), WallClock(), timeout_s=1.0)

    def test_nobody_at_the_address(self) -> None:
        with ScriptedPeer([]) as peer:
            resource = peer.resource
        with pytest.raises(InstrumentDisconnected):
            KeysightCounter("counter", resource, WireLog(), WallClock(), timeout_s=0.2)

    def test_an_unknown_channel(self) -> None:
        with pytest.raises(ValueError, match="channel 3"):
            KeysightCounter("counter", "", WireLog(), WallClock(), timeout_s=1.0, channel=3)


class TestMeasuring:
    def test_duty_configures_once_and_then_only_reads(self) -> None:
        answer = b"+2.00000000000000E-001,+2.50000000000000E-001\n"
        with scripted(
            (duty_setup(2), NO_ERROR), (READ, measured(answer)), (READ, measured(answer))
        ) as counter:
            assert counter.duty(2, timeout_s=0.5) == [0.2, 0.25]
            assert counter.duty(2, timeout_s=0.5) == [0.2, 0.25]

    def test_readings_that_timed_out_are_left_out(self) -> None:
        answer = b"+2.00000000000000E-001,+9.91000000000000E+037,+9.91000000000000E+037\n"
        with scripted((duty_setup(3), NO_ERROR), (READ, measured(answer))) as counter:
            assert counter.duty(3, timeout_s=0.5) == [0.2]

    def test_frequency(self) -> None:
        setup = (
            b"ABOR;*CLS;:CONF:FREQ (@1);" + INPUT + b";:SAMP:COUN 1;:SYST:TIM 0.45;"
            b":SENS:FREQ:MODE REC;:SENS:FREQ:GATE:TIME 0.1;:SYST:ERR?\n"
        )
        script = [(setup, NO_ERROR), (READ, measured(b"+1.16700000000000E+002\n"))]
        with scripted(*script, (READ, measured(b"+9.91000000000000E+037\n"))) as counter:
            assert counter.frequency_hz(gate_s=0.1) == 116.7
            assert counter.frequency_hz(gate_s=0.1) is None

    def test_the_input_goes_with_the_next_configuration(self) -> None:
        setup = b":INP1:COUP AC;:INP1:IMP 1E6;:INP1:FILT 1;:INP1:LEV 0.1;:INP1:SLOP NEG"
        message = b"ABOR;*CLS;:CONF:PWID (@1);" + setup + b";:SAMP:COUN 1;:SYST:TIM 1;:SYST:ERR?\n"
        with scripted((message, NO_ERROR), (READ, measured(b"+1.00000000000000E-003\n"))) as counter:
            counter.set_input(level_v=0.1, slope="negative", coupling="AC")
            assert counter.pulse_widths_s(1, timeout_s=1) == [0.001]

    def test_time_stamps_drop_the_prescale_value(self) -> None:
        setup = b"ABOR;*CLS;:CONF:ARR:TST (2),(@1);" + INPUT + b";:SAMP:COUN 2;:SYST:TIM 1;:SYST:ERR?\n"
        stamps = b"+1,+1.29383828200000E-003,+9.29352315400000E-003\n"
        with scripted(
            (setup, NO_ERROR), (READ, measured(stamps)), (READ, measured(b"+13,+1.0,+2.0\n"))
        ) as counter:
            assert counter.time_stamps_s(2, timeout_s=1) == [1.293838282e-3, 9.293523154e-3]
            with pytest.raises(InstrumentReplyError, match="every 13th edge"):
                counter.time_stamps_s(2, timeout_s=1)

    def test_a_53220a_has_no_time_stamps(self) -> None:
        opening = [(b"*IDN?\n", IDN_53220A), OPENING[1]]
        with (
            scripted(opening=opening) as counter,
            pytest.raises(InstrumentRejected, match=r"53220A has no time stamps.*53230A"),
        ):
            counter.time_stamps_s(2, timeout_s=1)


class TestTrouble:
    def test_every_queued_error_is_named_and_nothing_is_read(self) -> None:
        script = [
            (duty_setup(2, timeout=b"0.001"), b'-222,"Data out of range"\n'),
            (b"SYST:ERR?\n", b'-113,"Undefined header"\n'),
            (b"SYST:ERR?\n", NO_ERROR),
        ]
        with scripted(*script) as counter, pytest.raises(InstrumentRejected, match=r"-222.*-113") as caught:
            counter.duty(2, timeout_s=0.001)
        assert caught.value.reason == '-222,"Data out of range"'

    def test_a_refused_configuration_is_written_again(self) -> None:
        refused = [(duty_setup(1), b'-350,"Error queue overflow"\n'), (b"SYST:ERR?\n", NO_ERROR)]
        again = [(duty_setup(1), NO_ERROR), (READ, measured(b"+2.00000000000000E-001\n"))]
        with scripted(*refused, *again) as counter:
            with pytest.raises(InstrumentRejected):
                counter.duty(1, timeout_s=0.5)
            assert counter.duty(1, timeout_s=0.5) == [0.2]

    def test_an_error_queue_without_end_is_given_up(self) -> None:
        endless = [(b"SYST:ERR?\n", b'-113,"Undefined header"\n')] * 20
        with (
            scripted((duty_setup(1), b'-113,"Undefined header"\n'), *endless) as counter,
            pytest.raises(InstrumentRejected),
        ):
            counter.duty(1, timeout_s=0.5)

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (b"+9.90000000000000E+037\n", "overload"),
            (b"-9.90000000000000E+037\n", "overload"),
            (b"nan\n", "'nan' came as a reading"),
            (b"inf\n", "'inf' came as a reading"),
            (b"+1.0E\xff-001\n", "came as a reading"),
            (b"\n", "'' came as a reading"),
            (b"+2.0E-001,+2.0E-001\n", "expected 1 values, not 2"),
            (b"+1.50000000000000E+000\n", r"duty cycle 1.5, expected 0 to 1"),
        ],
    )
    def test_what_is_no_reading_is_an_error(self, answer: bytes, says: str) -> None:
        exchange = [(duty_setup(1), NO_ERROR), (READ, measured(answer))]
        twice = says not in SAID_AT_ONCE
        with (
            scripted(*exchange, *([IDENTITY, *exchange] if twice else [])) as counter,
            pytest.raises(InstrumentReplyError, match=says),
        ):
            counter.duty(1, timeout_s=0.5)

    @pytest.mark.parametrize(
        "answer",
        [
            b"+2.0E-001\n",  # the end is missing, and with it perhaps half of a number
            b'+0,"No error"\n',
            b"1.00 N\n",
            b"@01 1 07 OK IDLE -- 0\n",
            measured(b"+2.0E-001,+2.0E-001\n"),
            measured(b"+2.0E-001\n") + measured(b"+2.0E-001\n"),
        ],
    )
    def test_a_spoiled_measurement_is_taken_anew_and_put_on_record(
        self, answer: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        spoiled = [(duty_setup(1), NO_ERROR), (READ, answer)]
        anew = [(duty_setup(1), NO_ERROR), (READ, measured(b"+3.0E-001\n"))]
        with scripted(*spoiled, IDENTITY, *anew) as counter:
            assert counter.duty(1, timeout_s=0.5) == [0.3]
        assert "counter: recovered" in caplog.text

    def test_a_refusal_to_measure_is_the_counters_own_word(self) -> None:
        refusal = (READ, b'-230,"Data corrupt or stale"\n')
        with (
            scripted((duty_setup(1), NO_ERROR), refusal) as counter,
            pytest.raises(InstrumentRejected, match="Data corrupt or stale"),
        ):
            counter.duty(1, timeout_s=0.5)

    def test_another_counter_after_a_mishap_is_not_believed(self) -> None:
        other = (b"*IDN?\n", IDN_53230A.replace(b"MY63260252", b"MY00000001"))
        with (
            scripted((duty_setup(1), NO_ERROR), (READ, b"1.00 N\n"), other) as counter,
            pytest.raises(IdentityMismatch, match=r"counter: .*MY00000001.*MY63260252.*as before"),
        ):
            counter.duty(1, timeout_s=0.5)

    def test_a_garbled_error_queue(self) -> None:
        garbled = (duty_setup(1), b"+2.0E-001\n")
        with (
            scripted(garbled, IDENTITY, garbled) as counter,
            pytest.raises(InstrumentReplyError, match="SYST:ERR"),
        ):
            counter.duty(1, timeout_s=0.5)

    def test_after_a_timeout_it_reopens_proves_itself_and_configures_again(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("rig.instruments.counter_keysight.TIMEOUT_MARGIN_S", 0.05)
        setup = duty_setup(1, timeout=b"0.01")
        spoiled = [(setup, NO_ERROR), (READ, b"")]
        anew = [(setup, NO_ERROR), (READ, measured(b"+2.0E-001\n"))]
        with scripted(*spoiled, IDENTITY, *anew) as counter:
            assert counter.duty(1, timeout_s=0.01) == [0.2]
        assert "no answer within 0.06 s" in caplog.text

    def test_silence_twice_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rig.instruments.counter_keysight.TIMEOUT_MARGIN_S", 0.05)
        spoiled = [(duty_setup(1, timeout=b"0.01"), NO_ERROR), (READ, b"")]
        with (
            scripted(*spoiled, IDENTITY, *spoiled) as counter,
            pytest.raises(InstrumentTimeout, match=r"counter: no answer within 0\.06 s"),
        ):
            counter.duty(1, timeout_s=0.01)


class TestSelfTest:
    @pytest.mark.parametrize(("answer", "wrong"), [(b"+0\n", []), (b"0\n", []), (b"+1\n", ["'+1'"])])
    def test_what_it_finds_wrong(self, answer: bytes, wrong: list[str]) -> None:
        with scripted((b"*TST?\n", answer)) as counter:
            found = counter.self_test()
        assert [word in sentence for word, sentence in zip(wrong, found, strict=True)] == [True] * len(wrong)


class TestAgainstTheEmulator:
    @pytest.fixture
    def counter(self) -> Iterator[KeysightCounter]:
        with serving_one(
            lambda bench: KeysightEmulator(PulseTrain.regular(rate_hz=40.0, share=0.25))
        ) as where:
            host, _, port = where.partition(":")
            resource = f"TCPIP0::{host}::{port}::SOCKET"
            counter = KeysightCounter("counter", resource, WireLog(), WallClock(), timeout_s=2.0)
            yield counter
            counter.close()

    def test_all_measurements(self, counter: Counter) -> None:
        assert counter.frequency_hz(gate_s=0.1) == pytest.approx(40.0)
        assert counter.duty(5, timeout_s=0.5) == pytest.approx([0.25] * 5)
        assert counter.pulse_widths_s(3, timeout_s=0.5) == pytest.approx([0.00625] * 3)
        first, second, third = counter.time_stamps_s(3, timeout_s=0.5)
        assert (second - first, third - second) == pytest.approx((0.025, 0.025))

    def test_a_level_above_the_signal_sees_nothing(self, counter: Counter) -> None:
        counter.set_input(level_v=5.05, slope="positive", coupling="DC")
        assert counter.duty(5, timeout_s=0.1) == []
        assert counter.frequency_hz(gate_s=0.1) is None

    def test_a_gate_beyond_the_range_is_rejected(self, counter: Counter) -> None:
        with pytest.raises(InstrumentRejected, match="Data out of range"):
            counter.frequency_hz(gate_s=5000.0)

"""The Mark-10 driver speaks the manual's bytes and believes nothing that is not one of its answers."""

from __future__ import annotations

import os
import socket
from typing import Literal

import pytest

from rig.clock import WallClock
from rig.errors import (
    IdentityMismatch,
    InstrumentDisconnected,
    InstrumentError,
    InstrumentRejected,
    InstrumentReplyError,
)
from rig.instruments.gauge_mark10 import Mark10Gauge
from rig.instruments.mishaps import MOST_MISHAPS
from rig.instruments.roles import Identity
from rig.instruments.wirelog import WireLog
from rig.twin.emulators.gauge_mark10 import Mark10Emulator
from tests.support.scripted import ScriptedPeer
from tests.support.serving import serving_one

Script = list[tuple[bytes, bytes]]

MISSED_S = 0.5  # time-out where an answer is meant to be missing

READY = b"V1.00;N;CUR;FLTC6;FLTP1;AOUT00;AOFF0;FULL;MIT;POL;B0\r\n"
IN_POUNDS = READY.replace(b";N;", b";LBF;")
SILENCE: Script = [(b"\r\nAOUT0\r\nLIST\r\n", READY)]


def open_gauge(peer: ScriptedPeer, *, timeout_s: float = 5.0, **options: int) -> Mark10Gauge:
    return Mark10Gauge("force_gauge", peer.resource, WireLog(), WallClock(), timeout_s=timeout_s, **options)


def test_a_gauge_that_is_ready_is_not_set_again() -> None:
    with ScriptedPeer(SILENCE) as peer:
        open_gauge(peer).close()


def test_opening_sets_what_differs_and_verifies_each_by_the_settings_list() -> None:
    script: Script = [
        (b"\r\nAOUT0\r\nLIST\r\n", b"V1.00;LBF;PC;FLTC8;FLTP1;AOUT00;AOFF5;NUM;MIT;POL;B0\r\n"),
        (b"N\r\nLIST\r\n", b"V1.00;N;PC;FLTC8;FLTP1;AOUT00;AOFF5;NUM;MIT;POL;B0\r\n"),
        (b"FULL\r\nLIST\r\n", b"V1.00;N;PC;FLTC8;FLTP1;AOUT00;AOFF5;FULL;MIT;POL;B0\r\n"),
        (b"CUR\r\nLIST\r\n", b"V1.00;N;CUR;FLTC8;FLTP1;AOUT00;AOFF5;FULL;MIT;POL;B0\r\n"),
        (b"FLTC4\r\nLIST\r\n", b"V1.00;N;CUR;FLTC4;FLTP1;AOUT00;AOFF5;FULL;MIT;POL;B0\r\n"),
        (b"AOFF0\r\nLIST\r\n", b"V1.00;N;CUR;FLTC4;FLTP1;AOUT00;AOFF0;FULL;MIT;POL;B0\r\n"),
    ]
    with ScriptedPeer(script) as peer:
        open_gauge(peer, filter=4).close()


def test_opening_skips_a_stream_that_was_running() -> None:
    left_over = b"8 N\r\n" + b"1.02 N\r\n" * 300 + b"*10\r\n"
    with ScriptedPeer([(SILENCE[0][0], left_over + READY), (b"?C\r\n", b"2.00 N\r\n")]) as peer:
        gauge = open_gauge(peer)
        assert gauge.read_n() == 2.0
        gauge.close()


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        ([(SILENCE[0][0], READY.replace(b"AOUT00", b"AOUT125"))], InstrumentReplyError, "AOUT00"),
        ([(SILENCE[0][0], IN_POUNDS), (b"N\r\nLIST\r\n", b"*11\r\n" + READY)],
         InstrumentRejected, r"refused N: \*11 \(not applicable\)"),
        ([(SILENCE[0][0], IN_POUNDS), (b"N\r\nLIST\r\n", IN_POUNDS)],
         InstrumentReplyError, "LBF.*expected N among them"),
        ([(SILENCE[0][0], b"what?\r\n" * 5000)], InstrumentReplyError, "no settings among them.*what"),
    ],
)  # fmt: skip
def test_opening_fails_when_the_settings_cannot_be_had(
    script: Script, error: type[InstrumentError], words: str
) -> None:
    with ScriptedPeer(script) as peer, pytest.raises(error, match=words):
        open_gauge(peer)


@pytest.mark.parametrize(
    ("answer", "force_n"),
    [(b"4.28 N\r\n", 4.28), (b"-18.78 N\r\n", -18.78), (b"0.00 N\r\n", 0.0), (b"12 N\n", 12.0)],
)
def test_reading(answer: bytes, force_n: float) -> None:
    with ScriptedPeer([*SILENCE, (b"?C\r\n", answer)]) as peer:
        gauge = open_gauge(peer)
        assert gauge.read_n() == force_n
        gauge.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"4.28 lbF", b"4.28 mN", b"4.28", b"4.28 NN", b"4.28  N", b"4.2\xff8 N",
        b"", b"nan N", b"inf N", READY[:-2],
    ],
)  # fmt: skip
def test_anything_but_a_number_in_newtons_is_refused_and_the_step_found_again(answer: bytes) -> None:
    garbage = (b"?C\r\n", answer + b"\r\n")
    script = [*SILENCE, garbage, *SILENCE, garbage, *SILENCE, (b"?C\r\n", b"1.00 N\r\n")]
    with ScriptedPeer(script) as peer:
        gauge = open_gauge(peer)
        with pytest.raises(InstrumentReplyError, match=r"force_gauge: answered .* to \?C, expected a number"):
            gauge.read_n()
        assert gauge.read_n() == 1.0
        gauge.close()


@pytest.mark.parametrize("text", [b"OVER", b"----"])
def test_an_overload_is_an_error_at_once(text: bytes) -> None:
    with ScriptedPeer([*SILENCE, (b"?C\r\n", text + b"\r\n")]) as peer:
        gauge = open_gauge(peer)
        with pytest.raises(InstrumentReplyError, match=r"force_gauge: answered .* it is overloaded"):
            gauge.read_n()
        gauge.close()


def test_an_error_line_is_the_gauges_own_word() -> None:
    with ScriptedPeer([*SILENCE, (b"?PC\r\n", b"*10\r\n")]) as peer:
        gauge = open_gauge(peer)
        with pytest.raises(InstrumentRejected, match=r"refused \?PC: \*10 \(illegal command\)") as caught:
            gauge.peak_n()
        assert caught.value.reason == "*10"
        gauge.close()


def test_the_set_point_is_written_and_its_refusal_is_heard() -> None:
    script = [
        *SILENCE,
        (b"SPH+4.5\r\nRM\r\n", b"M5-10\r\n"),
        (b"SPH+900\r\nRM\r\n", b"*22\r\nM5-10\r\n"),
    ]
    with ScriptedPeer(script) as peer:
        gauge = open_gauge(peer)
        gauge.set_limit_n(4.5)
        with pytest.raises(InstrumentRejected, match="value too large"):
            gauge.set_limit_n(900.0)
        gauge.close()


def test_peaks_are_read_and_cleared() -> None:
    script = [*SILENCE, (b"?PC\r\n", b"7.31 N\r\n"), (b"CLR\r\nRM\r\n", b"M5-10\r\n")]
    with ScriptedPeer(script) as peer:
        gauge = open_gauge(peer)
        assert gauge.peak_n() == 7.31
        gauge.clear_peaks()
        gauge.close()


def test_a_refused_set_up_command_is_noticed_by_the_request_behind_it() -> None:
    script = [
        *SILENCE,
        (b"CLR\r\nRM\r\n", b"*10\r\nM5-10\r\n"),
        *SILENCE,
        (b"?C\r\n", b"1.00 N\r\n"),
    ]
    with ScriptedPeer(script) as peer:
        gauge = open_gauge(peer)
        with pytest.raises(InstrumentRejected, match="refused CLR"):
            gauge.clear_peaks()
        assert gauge.read_n() == 1.0
        gauge.close()


def test_zero_is_verified() -> None:
    script = [
        *SILENCE,
        (b"Z\r\nRM\r\n", b"M5-10\r\n"), (b"?C\r\n", b"-0.01 N\r\n"),
        (b"Z\r\nRM\r\n", b"M5-10\r\n"), (b"?C\r\n", b"0.31 N\r\n"),
    ]  # fmt: skip
    with ScriptedPeer(script) as peer:
        gauge = open_gauge(peer)
        gauge.zero()
        with pytest.raises(
            InstrumentReplyError, match=r"reads 0\.31 N right after it was zeroed.*expected 0 N"
        ):
            gauge.zero()
        gauge.close()


def test_identity() -> None:
    script = [*SILENCE, (b"RN\r\n", b"3772101\r\n"), (b"RM\r\n", b"M5-10\r\n"), (b"RV\r\n", b"1.00\r\n")]
    with ScriptedPeer(script) as peer:
        gauge = open_gauge(peer)
        assert gauge.identify() == Identity("Mark-10", "M5-10", "3772101", "1.00")
        gauge.close()


SERIAL: Script = [(b"RN\r\n", b"3772101\r\n")]
IDENTITY: Script = [*SERIAL, (b"RM\r\n", b"M5-10\r\n"), (b"RV\r\n", b"1.00\r\n")]
READING: Script = [(b"?C\r\n", b"2.50 N\r\n")]


@pytest.mark.parametrize("answer", [b"", b"2.5", b"9.99 N\r\n2.50 N\r\n"])
def test_a_spoiled_reading_is_taken_anew_and_put_on_record(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """No answer, half an answer, two answers: the gauge on the line proves that it is the same."""
    with ScriptedPeer([*SILENCE, *IDENTITY, (b"?C\r\n", answer), *SILENCE, *SERIAL, *READING]) as peer:
        gauge = open_gauge(peer, timeout_s=MISSED_S)
        gauge.identify()
        assert gauge.read_n() == 2.5
        gauge.close()
    assert "force_gauge: recovered: " in caplog.text


def test_another_gauge_after_a_mishap_is_not_believed() -> None:
    other = (b"RN\r\n", b"3772102\r\n")
    with ScriptedPeer([*SILENCE, *IDENTITY, (b"?C\r\n", b""), *SILENCE, other]) as peer:
        gauge = open_gauge(peer, timeout_s=MISSED_S)
        gauge.identify()
        with pytest.raises(IdentityMismatch, match=r"force_gauge: .*'3772102'.*'3772101', as before"):
            gauge.read_n()
        gauge.close()


def test_a_gauge_that_was_switched_off_has_lost_its_zero_and_is_not_used() -> None:
    anew = (SILENCE[0][0], IN_POUNDS)
    with ScriptedPeer([*SILENCE, *IDENTITY, (b"?C\r\n", b""), anew, *SERIAL]) as peer:
        gauge = open_gauge(peer, timeout_s=MISSED_S)
        gauge.identify()
        with pytest.raises(InstrumentError, match="lost the settings N, and its zero with them"):
            gauge.read_n()
        gauge.close()


@pytest.mark.parametrize(("shown", "sent_again"), [(b"0.01 N\r\n", False), (b"1.25 N\r\n", True)])
def test_a_zeroing_without_an_answer_is_looked_at_before_it_is_repeated(
    shown: bytes, sent_again: bool
) -> None:
    lost, look, zeroed = (b"Z\r\nRM\r\n", b""), (b"?C\r\n", shown), (b"?C\r\n", b"0.00 N\r\n")
    again = [(b"Z\r\nRM\r\n", b"M5-10\r\n")] if sent_again else []
    with ScriptedPeer([*SILENCE, lost, *SILENCE, look, *again, zeroed]) as peer:
        gauge = open_gauge(peer, timeout_s=MISSED_S)
        gauge.zero()
        gauge.close()


def test_a_line_that_goes_wrong_again_and_again_is_given_up() -> None:
    mishap: Script = [(b"?C\r\n", b"garbage!\r\n"), *SILENCE, *READING]
    with ScriptedPeer([*SILENCE, *mishap * MOST_MISHAPS, mishap[0]]) as peer:
        gauge = open_gauge(peer)
        for _ in range(MOST_MISHAPS):
            assert gauge.read_n() == 2.5
        with pytest.raises(InstrumentError, match=r"after 10 mishaps .* another: answered 'garbage!'.*cable"):
            gauge.read_n()
        gauge.close()


@pytest.mark.parametrize(
    ("settings", "reading", "words"),
    [
        (READY, b"0.12 N\r\n", []),
        (IN_POUNDS, b"0.12 N\r\n", ["lost the settings N"]),
        (READY, b"-3.10 N\r\n", ["reads -3.10 N at rest"]),
        (READY, b"OVER\r\n", ["reads OVER at rest"]),
    ],
)
def test_its_self_test_looks_at_settings_and_rest(settings: bytes, reading: bytes, words: list[str]) -> None:
    with ScriptedPeer([*SILENCE, (b"LIST\r\n", settings), (b"?C\r\n", reading)]) as peer:
        gauge = open_gauge(peer)
        found = gauge.self_test()
        gauge.close()
    assert [word in sentence for word, sentence in zip(words, found, strict=True)] == [True] * len(words)


def test_no_gauge_there() -> None:
    with ScriptedPeer([]) as peer:
        resource = peer.resource
    with pytest.raises(InstrumentDisconnected, match="force_gauge: the connection"):
        Mark10Gauge("force_gauge", resource, WireLog(), WallClock(), timeout_s=1.0)


@pytest.mark.parametrize(
    "line",
    ["tcp", pytest.param("pty", marks=pytest.mark.skipif(os.name != "posix", reason="no pseudo-terminals"))],
)
def test_against_the_emulator(line: Literal["tcp", "pty"]) -> None:
    with serving_one(Mark10Emulator, line, world_overrides=["gauge.offset_n=1.25"]) as address:
        resource = (
            f"ASRL{address}::INSTR" if line == "pty" else f"TCPIP0::{address.replace(':', '::')}::SOCKET"
        )
        gauge = Mark10Gauge("force_gauge", resource, WireLog(), WallClock(), timeout_s=5.0)
        assert gauge.identify() == Identity("Mark-10", "M5-10", "3772101", "1.00")
        assert gauge.read_n() == pytest.approx(1.25, abs=0.02)
        gauge.zero()
        assert gauge.read_n() == pytest.approx(0.0, abs=0.02)
        gauge.clear_peaks()
        assert gauge.peak_n() == pytest.approx(0.0, abs=0.05)
        gauge.close()


def test_the_emulator_refuses_what_the_manual_does_not_offer() -> None:
    with serving_one(Mark10Emulator) as address:
        resource = f"TCPIP0::{address.replace(':', '::')}::SOCKET"
        with pytest.raises(InstrumentRejected, match=r"refused FLTC11: \*12 \(invalid specifier\)"):
            Mark10Gauge("force_gauge", resource, WireLog(), WallClock(), timeout_s=5.0, filter=11)


def test_a_running_stream_is_ended_before_anything_is_believed() -> None:
    with serving_one(Mark10Emulator, virtual=False) as address:
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), timeout=5.0) as other:
            other.sendall(b"AOUT250\r\n")
            assert other.recv(1)
            gauge = Mark10Gauge(
                "force_gauge", f"TCPIP0::{host}::{port}::SOCKET", WireLog(), WallClock(), timeout_s=5.0
            )
            assert gauge.read_n() == pytest.approx(0.02, abs=0.02)
            gauge.close()

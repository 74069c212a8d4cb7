"""The simulated leak tester: the bytes of the manual, and what its cycle and its queue do."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.twin.bench import TwinBench
from rig.twin.emulators.leak_tester_ateq import AteqEmulator, AteqRtuSlave, AteqTcpSlave
from rig.twin.wire import TCP, Line
from tests.support import leak_tester as by_hand
from tests.support.leak_tester import CYCLES_ASKED, frame, long_hex, to
from tests.support.serving import make_bench

STATE, NEXT, LAST = "03 00 30 00 0D", "03 03 01 00 28", "03 03 11 00 28"
CYCLE_S = 11.0  # 2 + 4 + 4 + 1 s, as a program is delivered
BUSY, NO_FUNCTION, NO_ADDRESS, NO_VALUE = 6, 1, 2, 3


class Served:
    """A tester on its serial line, and the bench it stands on."""

    def __init__(self, *world: str) -> None:
        self.bench: TwinBench = make_bench(world)
        self._slave = AteqRtuSlave(AteqEmulator(self.bench))

    def say(self, request: bytes) -> bytes | None:
        """Send a frame and return the answer."""
        line = Line(self._slave, self.bench.time, TCP, lambda reply: None)
        (message,) = self._slave.split(bytearray(request))
        return asyncio.run(self._slave.answer(message, line))

    def pdu(self, request: str) -> bytes:
        """Send a request without station and CRC, and return its answer without them."""
        reply = self.say(to(request))
        assert reply is not None
        return reply[1:-2]

    def words(self, request: str) -> list[int]:
        """Read words, low byte first."""
        reply = self.pdu(request)
        assert reply[0] == 3, reply.hex(" ")
        data = reply[2:]
        return [int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)]

    def wait(self, seconds: float) -> None:
        asyncio.run(self.bench.time.wait(seconds))

    def run_cycle(self) -> None:
        assert self.say(frame(by_hand.START)) == frame(by_hand.START)
        self.wait(CYCLE_S + 0.01)

    def write_long(self, identifier: int, raw: int) -> bytes:
        return self.pdu(f"10 {0x6000 + identifier:04X} 0002 04 {long_hex(raw)}")


def long_at(words: list[int], index: int) -> int:
    raw = words[index + 1] << 16 | words[index]
    return raw - (1 << 32) if raw & 1 << 31 else raw


# The manual


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (by_hand.START, by_hand.START),
        (by_hand.RESET, by_hand.RESET),
        by_hand.SELECT_PROGRAM_3,
        by_hand.SPECIAL_CYCLE_7,
        by_hand.EDIT_PROGRAM_3,
        by_hand.CONFIGURATION,
        by_hand.READ_SEQUENCING,
        by_hand.WRITE_SEQUENCING,
    ],
)
def test_frames_of_the_manual(request_: str, answer: str) -> None:
    assert Served().say(frame(request_)) == frame(answer)


def test_function_bits_are_nine_words() -> None:
    assert len(Served().say(frame(by_hand.FUNCTIONS_REQUEST)) or b"") == 3 + 18 + 2


def test_the_unit_of_the_last_result_is_bar_as_the_manual_s_example_has_it() -> None:
    tester = Served()
    tester.run_cycle()
    request, answer = by_hand.PRESSURE_UNIT
    assert tester.say(frame(request)) == frame(answer)


# What a cycle does


def test_a_cycle_goes_through_its_steps_and_says_so() -> None:
    tester = Served()
    assert tester.words(STATE)[3:5] == [0x8020, 0xFFFF]
    tester.say(frame(by_hand.START))
    seen = []
    for seconds in (1.0, 2.0, 4.0, 3.5):
        tester.wait(seconds)
        seen.append(tuple(tester.words(STATE)[3:5]))
    assert seen == [(0x8000, 2), (0x8000, 3), (0x8000, 4), (0x8000, 5)]
    tester.wait(1.0)
    program, queued, kind, status, step = tester.words(STATE)[:5]
    assert (program, queued, kind, status, step) == (1, 1, 1, 0x8021, 0xFFFF), "it has ended, and passed"


def test_a_cycle_that_nobody_watched_is_the_same_as_one_that_was() -> None:
    world = [f"leak_tester.{name}=0" for name in ("noise_pa", "temperature_noise_k")]
    watched, left_alone = Served(*world), Served(*world)
    for tester in (watched, left_alone):
        tester.say(frame(by_hand.START))
    for _ in range(20):
        watched.wait(0.3)
        watched.words(STATE)
    for tester in (watched, left_alone):
        tester.wait(20.0)
    assert watched.words(LAST) == left_alone.words(LAST)


def test_a_result_holds_what_the_manual_says() -> None:
    tester = Served("leak_tester.channel_um=20")
    tester.write_long(152, 6000)
    tester.run_cycle()
    words = tester.words(NEXT)
    assert words[:4] == [1, 1, 1, 0]
    assert long_at(words, 4) / 1000 == pytest.approx(20_000, rel=0.05)
    assert (long_at(words, 6), long_at(words, 10), long_at(words, 38)) == (6000, 8000, 1)
    assert 1.0 < long_at(words, 8) / 1000 < 50.0
    assert tester.words("03 2305 0002") == words[4:6], "direct access shows the same"
    assert tester.words(NEXT)[0] == 0, "reading took it off the queue"
    assert tester.words(LAST) == words, "and left it the last one"


def test_the_queue_keeps_the_newest_eight() -> None:
    tester = Served()
    for _ in range(10):
        tester.run_cycle()
    assert tester.words("03 2202 0001") == [8]
    assert [long_at(tester.words(NEXT), 38) for _ in range(9)] == [3, 4, 5, 6, 7, 8, 9, 10, 0]
    tester.run_cycle()
    tester.pdu("05 0002 FF00")
    assert tester.words(NEXT)[0] == 0


def test_a_fall_above_the_reject_level_fails() -> None:
    tester = Served()
    tester.write_long(33, 1)
    tester.run_cycle()
    assert tester.words(NEXT)[2] == 1 << 1


@pytest.mark.parametrize(
    ("world", "minimum", "maximum", "alarm"),
    [
        ("leak_tester.channel_um=120", 15_000_000, 25_000_000, 1),
        ("leak_tester.channel_um=0", 15_000_000, 18_000_000, 2),
        ("leak_tester.channel_um=45", 19_300_000, 25_000_000, 3),
    ],
)
def test_alarms_end_a_cycle_early(world: str, minimum: int, maximum: int, alarm: int) -> None:
    tester = Served(world)
    tester.write_long(31, minimum)
    tester.write_long(32, maximum)
    tester.run_cycle()
    words = tester.words(NEXT)
    assert (words[2], words[3]) == (1 << 3, alarm)


def test_a_reset_empties_the_part_and_leaves_no_result() -> None:
    tester = Served()
    tester.say(frame(by_hand.START))
    tester.wait(4.0)
    tester.say(frame(by_hand.RESET))
    assert tester.words(STATE)[4] == 5
    tester.wait(1.1)
    words = tester.words(STATE)
    assert (words[1], words[3], words[4]) == (0, 0x8020, 0xFFFF)
    assert long_at(words, 5) < 200 * math.exp(-4), "0.2 bar, gone with 0.25 s for 1.1 s"
    assert tester.words(CYCLES_ASKED) == [1, 0], "it counts as started"


def test_auto_zero_takes_the_offset_out() -> None:
    tester = Served("leak_tester.offset_pa=250")
    tester.write_long(152, 6000)
    tester.pdu("10 0201 0001 02 0700")
    tester.say(frame(by_hand.START))
    tester.wait(1.5)
    assert tester.words(CYCLES_ASKED) == [0, 0]
    tester.run_cycle()
    assert tester.words(CYCLES_ASKED) == [1, 0], "the special cycle was for once"
    tester.wait(60.0)
    assert abs(long_at(tester.words(STATE), 5) / 1000) < 3.0


# Refusals


@pytest.mark.parametrize("request_", ["05 0001 FF00", "10 0200 0001 02 0100", "10 3004 0001 02 0100"])
def test_nothing_disturbs_a_cycle_that_runs(request_: str) -> None:
    tester = Served()
    tester.say(frame(by_hand.START))
    assert tester.pdu(request_) == bytes([int(request_[:2], 16) | 0x80, BUSY])
    tester.wait(CYCLE_S)
    assert tester.words(NEXT)[0] == 1


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("01 0000 0001", NO_FUNCTION),
        ("04 0030 000D", NO_FUNCTION),
        ("06 0200 0200", NO_FUNCTION),
        ("03 0031 0001", NO_ADDRESS),
        ("03 0030 000E", NO_ADDRESS),
        ("03 2207 0002", NO_ADDRESS),
        ("03 2206 0001", NO_VALUE),
        ("03 2201 0002", NO_VALUE),
        ("03 0030 0000", NO_VALUE),
        ("05 0003 FF00", NO_ADDRESS),
        ("05 0001 1234", NO_VALUE),
        ("10 2201 0001 02 0000", NO_ADDRESS),
        ("10 0200 0001 02 8000", NO_VALUE),
        ("10 0201 0001 02 0600", NO_VALUE),
        ("10 6622 0001 02 0200", NO_VALUE),
        ("10 6095 0001 02 0000", NO_VALUE),
        ("10 6014 0002 04 FFFFFFFF", NO_VALUE),
        ("10 6098 0002 04 581B0000", NO_VALUE),
    ],
)
def test_exceptions(request_: str, code: int) -> None:
    function = int(request_[:2], 16)
    assert Served().pdu(request_) == bytes([function | 0x80, code])


def test_switching_a_bit_off_does_nothing() -> None:
    tester = Served()
    assert tester.pdu("05 0001 0000") == bytes.fromhex("05 0001 0000")
    assert tester.words(STATE)[4] == 0xFFFF


def test_programs_are_apart() -> None:
    tester = Served()
    tester.say(frame(by_hand.EDIT_PROGRAM_3[0]))
    tester.write_long(22, 7000)
    assert tester.words("03 2016 0002") == [7000, 0]
    tester.pdu("10 3004 0001 02 0000")
    assert tester.words("03 2016 0002") == [4000, 0]


def test_other_stations_are_not_answered_and_broadcasts_are_obeyed() -> None:
    from rig.twin.emulators.modbus_slave import with_crc

    tester = Served()
    start = bytes.fromhex("05 0001 FF00")
    assert tester.say(with_crc(b"\x02" + start)) is None
    assert tester.words(STATE)[4] == 0xFFFF
    assert tester.say(with_crc(b"\x00" + start)) is None
    assert tester.words(STATE)[4] == 2


BENCH = make_bench()


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=20))
def test_any_request_over_the_gateway_is_answered(pdu: bytes) -> None:
    slave = AteqTcpSlave(AteqEmulator(BENCH))
    line = Line(slave, BENCH.time, TCP, lambda reply: None)
    request = b"\0\7\0\0" + (len(pdu) + 1).to_bytes(2, "big") + b"\1" + pdu
    reply = asyncio.run(slave.answer(request, line))
    assert reply is not None
    assert reply[:4] == request[:4]
    assert int.from_bytes(reply[4:6], "big") == len(reply) - 6
    assert reply[7] & 0x7F == pdu[0] & 0x7F

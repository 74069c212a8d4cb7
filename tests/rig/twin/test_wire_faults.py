"""Each fault that can happen to any answer, seen from the other end by somebody who knows nothing but bytes.

It happens to the first answer of a line; the answers after it show what was left behind.
"""

from __future__ import annotations

import os

import pytest

from rig.twin.emulators.modbus_slave import with_crc
from rig.twin.fault_kinds import MODBUS
from rig.twin.wire_faults import DRIP_S, FLOOD_LINES
from tests.support.wire_bench import WAYS, Way, bench, each, right


@each()
def test_an_answer_is_lost_and_the_next_one_comes(way: Way) -> None:
    with bench(f"{way.role}.no_reply@0s") as twin:
        line = twin.line(way)
        line.send(way.first)
        line.send(way.second)
        assert line.receive(len(right(way, way.second))) == right(way, way.second)
        assert line.waiting() == b""


@each()
def test_a_mute_instrument_answers_nothing_for_as_long_as_it_is_mute(way: Way) -> None:
    with bench(f"{way.role}.mute@0s+100s") as twin:
        line = twin.line(way)
        for question in (way.first, way.second, way.first):
            twin.send_and_wait(line, question)
        twin.clock.sleep(100.0)
        line.send(way.second)
        assert line.receive(len(right(way, way.second))) == right(way, way.second)
        assert line.waiting() == b""


@each()
def test_a_late_answer_comes_before_the_next_one(way: Way) -> None:
    with bench(f"{way.role}.late_reply@0s") as twin:
        line = twin.line(way)
        twin.send_and_wait(line, way.first)
        assert line.waiting() == b""
        line.send(way.second)
        expected = right(way, way.first) + right(way, way.second)
        assert line.receive(len(expected)) == expected


@each()
def test_a_late_answer_finds_who_opened_a_terminal_anew_and_nobody_on_tcp(way: Way) -> None:
    with bench(f"{way.role}.late_reply@0s") as twin:
        line = twin.line(way)
        twin.send_and_wait(line, way.first)
        line.reopen()
        line.send(way.second)
        expected = (right(way, way.first) if way.on_pty else b"") + right(way, way.second)
        assert line.receive(len(expected)) == expected


@each()
def test_the_second_half_of_an_answer_is_missing(way: Way) -> None:
    whole = right(way, way.first)
    with bench(f"{way.role}.truncated@0s") as twin:
        line = twin.line(way)
        line.send(way.first)
        half = line.receive(len(whole) // 2)
        assert half == whole[: len(whole) // 2]
        line.send(way.second)
        assert line.receive(len(right(way, way.second))) == right(way, way.second)


@each()
def test_garbled_bytes_are_others_in_the_middle_and_the_same_for_a_seed(way: Way) -> None:
    whole = right(way, way.first)
    heard = []
    for seed in (1, 1, 2):
        with bench(f"{way.role}.garbled@0s", seed=seed) as twin:
            line = twin.line(way)
            line.send(way.first)
            heard.append(line.receive(len(whole)))
            line.send(way.second)
            assert line.receive(len(right(way, way.second))) == right(way, way.second)
    changed = [place for place, byte in enumerate(heard[0]) if byte != whole[place]]
    assert len(changed) == 3
    assert changed[0] > 0
    assert changed[-1] < len(whole) - 1
    assert heard[0] == heard[1] != heard[2]


@each()
def test_an_answer_comes_twice(way: Way) -> None:
    with bench(f"{way.role}.duplicated@0s") as twin:
        line = twin.line(way)
        line.send(way.first)
        line.send(way.second)
        expected = 2 * right(way, way.first) + right(way, way.second)
        assert line.receive(len(expected)) == expected


@each()
def test_another_instrument_answers(way: Way) -> None:
    with bench(f"{way.role}.other_reply@0s") as twin:
        line = twin.line(way)
        twin.send_and_wait(line, way.first)
        other = line.piece()
        assert other != right(way, way.first)
        if way.role in MODBUS:
            pdu = other[1:-2] if way.on_pty else other[7:]
            assert pdu == b"\x03\x04\x00\xd5\x00\xd5"
            assert way.on_pty is (with_crc(other[:-2]) == other)
        else:
            assert other in (b"0.02 N\r\n", b"+4.19870000E+00\n", b"@01 1 07 OK IDLE -- 884500\r\n")
        line.send(way.second)
        assert line.receive(len(right(way, way.second))) == right(way, way.second)


@each()
def test_a_line_is_closed_in_the_middle_of_an_answer_and_can_be_opened_again(way: Way) -> None:
    whole = right(way, way.first)
    with bench(f"{way.role}.disconnect@0s") as twin:
        line = twin.line(way)
        line.send(way.first)
        heard = line.receive(len(whole))
        # What is on its way when a plug is pulled may be lost with it.
        assert heard in (whole[: len(whole) // 2], b"") if way.on_pty else heard == whole[: len(whole) // 2]
        line.reopen()
        line.send(way.second)
        assert line.receive(len(right(way, way.second))) == right(way, way.second)


@each()
def test_a_half_open_line_carries_nothing_until_it_is_opened_anew(way: Way) -> None:
    with bench(f"{way.role}.half_open@0s") as twin:
        line = twin.line(way)
        twin.send_and_wait(line, way.first)
        line.send(way.second)
        assert line.waiting() == b""
        before_s = twin.clock.now_s()
        anew = twin.line(way)
        anew.send(way.second)
        assert anew.receive(len(right(way, way.second))) == right(way, way.second)
        assert line.waiting() == b""
        assert twin.clock.now_s() > before_s


@each()
def test_an_answer_drips_byte_by_byte_and_takes_its_time(way: Way) -> None:
    whole = right(way, way.first)
    with bench(f"{way.role}.slow_drip@0s") as twin:
        line = twin.line(way)
        line.send(way.first)
        assert line.receive(len(whole)) == whole
        assert twin.clock.now_s() >= len(whole) * DRIP_S
        before_s = twin.clock.now_s()
        line.send(way.second)
        assert line.receive(len(right(way, way.second))) == right(way, way.second)
        assert twin.clock.now_s() - before_s < len(whole) * DRIP_S


@pytest.mark.parametrize("key", ["counter", "force_gauge_tcp"])
def test_on_the_wall_clock_the_same_happens(key: str) -> None:
    way = next(way for way in WAYS if way.key == key)
    first, second = right(way, way.first), right(way, way.second)
    with bench(f"{way.role}.late_reply@0s", f"{way.role}.slow_drip@0s", virtual=False) as twin:
        line = twin.line(way)
        line.send(way.first)
        line.send(way.second)
        assert line.receive(len(first + second)) == first + second
        line.send(way.first)
        assert line.receive(len(first)) == first


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are a Unix matter")
def test_an_unread_flood_stops_neither_the_twin_nor_the_line() -> None:
    gauge = next(way for way in WAYS if way.key == "force_gauge")
    with bench("force_gauge.flood@0s+100000s") as twin:
        line = twin.line(gauge)
        for _ in range(20):
            twin.send_and_wait(line, gauge.first)
        stage = twin.line(WAYS[0])
        stage.send(WAYS[0].first)
        assert stage.piece() == right(WAYS[0], WAYS[0].first)
        assert len(line.receive(20 * FLOOD_LINES * 5)) == 20 * FLOOD_LINES * 5

"""Clocks tell and spend time, and a twin that is gone is named as the cause."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from rig.clock import Clock, LinkedClock, WallClock
from rig.errors import TwinError
from rig.twin.server import ClockLine
from rig.twin.time import TwinTime
from tests.support.serving import serving_one


@contextmanager
def linked() -> Iterator[LinkedClock]:
    with serving_one(lambda bench: ClockLine(bench.time)) as address:
        host, port = address.split(":")
        clock = LinkedClock(host, int(port))
        yield clock
        clock.close()


@contextmanager
def answering(answers: Sequence[bytes]) -> Iterator[int]:
    """A peer that answers each line with the next of ``answers``, then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for answer in answers:
                connection.recv(64)
                connection.sendall(answer)
            connection.recv(64)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        yield listener.getsockname()[1]
        thread.join(5.0)


def test_wall_clock_goes_forward_and_knows_the_date() -> None:
    clock: Clock = WallClock()
    first = clock.now()
    clock.sleep(-1.0)
    clock.sleep(0.0)
    assert 0 <= first <= clock.now()
    assert abs(clock.utc_now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_linked_clock_spends_the_twins_time_and_not_ours() -> None:
    wall = WallClock()
    with linked() as clock:
        start = clock.now()
        clock.sleep(3600.0)
        clock.sleep(-5.0)
        # Asking is an exchange on a line of its own, whose cost is far below a second.
        assert clock.now() - start == pytest.approx(3600.0, abs=0.1)
    assert wall.now() < 60.0


def test_linked_clocks_date_follows_simulated_time() -> None:
    with linked() as clock:
        before = clock.utc_now()
        clock.sleep(86400.0)
        assert clock.utc_now() - before == pytest.approx(timedelta(days=1), abs=timedelta(seconds=1))


def test_no_twin_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TwinError, match=f"the twin's clock at 127.0.0.1:{port} cannot be reached"):
        LinkedClock("127.0.0.1", port)


def test_a_twin_that_hangs_up() -> None:
    with answering([b"0.0\n", b"1.5\n"]) as port:
        clock = LinkedClock("127.0.0.1", port)
        assert clock.now() == 1.5
        with pytest.raises(TwinError, match="closed its clock line"):
            clock.now()
        clock.close()


def test_an_answer_that_is_no_number() -> None:
    with answering([b"0.0\n", b"error: sleep SECONDS\n"]) as port:
        clock = LinkedClock("127.0.0.1", port)
        with pytest.raises(TwinError, match="answered 'error: sleep SECONDS'"):
            clock.sleep(1.0)
        clock.close()


def test_a_twin_that_is_none_leaves_no_socket_open() -> None:
    with answering([b"hello\n"]) as port, pytest.raises(TwinError, match="answered 'hello'"):
        LinkedClock("127.0.0.1", port)


def test_a_real_sleep_longer_than_an_answer_may_take_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rig.clock.ANSWER_TIMEOUT_S", 0.05)
    with answering([b"0.0\n", b""]) as port:
        clock = LinkedClock("127.0.0.1", port)
        started = WallClock()
        with pytest.raises(TwinError, match="stopped answering"):
            clock.sleep(0.1)
        assert started.now() > 0.1
        clock.close()


def test_twin_time_stands_still_unless_waited_for() -> None:
    time = TwinTime()
    assert time.now() == time.now() == 0.0

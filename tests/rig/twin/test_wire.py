"""Lines carry bytes in order, lose none, and cost the time that they cost on the real wire."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from rig.twin.bench import TwinBench
from rig.twin.time import TwinTime
from rig.twin.wire import (
    BITS_PER_BYTE,
    LONGEST_BACKLOG,
    LONGEST_MESSAGE,
    SERIAL_LATENCY_S,
    TCP,
    Line,
    Pace,
    serial_pace,
    serve_pty,
)
from tests.support.serving import serving_one

FREE = Pace(0.0, 0.0)
posix_only = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are a Unix matter")


class Echo:
    """An instrument that says what it was told; ``big N`` answers N bytes, ``crash`` breaks it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def split(self, buffer: bytearray) -> list[bytes]:
        *lines, rest = bytes(buffer).split(b"\n")
        buffer[:] = rest
        return lines

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        self.heard.append(message)
        word, _, number = message.partition(b" ")
        if word == b"crash":
            raise RuntimeError("broken")
        if word == b"slow":
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        if word == b"silent":
            return None
        return (b"." * int(number) if word == b"big" else message) + b"\n"


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def on_a_line(script: Callable[[Line, Echo, bytearray], Awaitable[None]]) -> None:
    async def main() -> None:
        echo, sent = Echo(), bytearray()
        await script(Line(echo, TwinTime(), FREE, sent.extend), echo, sent)

    asyncio.run(main())


def test_several_messages_in_one_segment_are_answered_in_order() -> None:
    async def script(line: Line, echo: Echo, sent: bytearray) -> None:
        line.receive(b"slow\nsilent\nb\nc")
        line.receive(b"\n")
        await settle()
        assert echo.heard == [b"slow", b"silent", b"b", b"c"]
        assert sent == b"slow\nb\nc\n"

    on_a_line(script)


def test_a_message_may_come_byte_by_byte() -> None:
    async def script(line: Line, echo: Echo, sent: bytearray) -> None:
        for byte in b"one\ntwo\n":
            line.receive(bytes([byte]))
            await settle()
        assert sent == b"one\ntwo\n"

    on_a_line(script)


def test_what_was_received_is_obeyed_after_the_client_hung_up_but_not_answered() -> None:
    async def script(line: Line, echo: Echo, sent: bytearray) -> None:
        line.receive(b"slow\nstop\n")
        await asyncio.sleep(0)
        line.close()
        await settle()
        assert echo.heard == [b"slow", b"stop"]
        assert sent == b""

    on_a_line(script)


def test_a_message_that_never_ends_is_forgotten() -> None:
    async def script(line: Line, echo: Echo, sent: bytearray) -> None:
        for _ in range(20):
            line.receive(b"." * (LONGEST_MESSAGE // 10))
        line.receive(b"\nnext\n")
        await settle()
        assert echo.heard[-1] == b"next"
        assert len(echo.heard[0]) <= LONGEST_MESSAGE

    on_a_line(script)


def test_a_dead_line_hears_and_says_nothing() -> None:
    async def script(line: Line, echo: Echo, sent: bytearray) -> None:
        line.receive(b"a\nb\n")
        line.go_dead()
        line.receive(b"c\n")
        line.send(b"d\n")
        await settle()
        assert (echo.heard, sent) == ([], b"")

    on_a_line(script)


def test_a_crash_in_an_emulator_is_shown_at_once_and_the_line_goes_on() -> None:
    async def script(line: Line, echo: Echo, sent: bytearray) -> None:
        shown: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: shown.append(context))
        line.receive(b"crash\n")
        await settle()
        assert [str(context["exception"]) for context in shown] == ["broken"]
        line.receive(b"a\n")
        await settle()
        assert sent == b"a\n"

    on_a_line(script)


def test_a_message_and_its_answer_cost_latency_and_length() -> None:
    async def main() -> None:
        time = TwinTime()
        line = Line(Echo(), time, serial_pace(9600), lambda data: None)
        line.receive(b"12345\n" * 3)
        await settle()
        # The echo cuts off the line feed before the length counts, and puts it on again.
        once_s = 2 * SERIAL_LATENCY_S + (5 + 6) * BITS_PER_BYTE / 9600
        assert time.now() == pytest.approx(3 * once_s)

    asyncio.run(main())


def read_lines(client: socket.socket, count: int) -> bytes:
    data = b""
    while data.count(b"\n") < count:
        data += client.recv(65536)
    return data


def test_tcp_answers_and_costs() -> None:
    times: list[TwinTime] = []

    def echo(bench: TwinBench) -> Echo:
        times.append(bench.time)
        return Echo()

    with serving_one(echo) as address, connected(address) as client:
        client.sendall(b"a\nbc\n")
        assert read_lines(client, 2) == b"a\nbc\n"
    assert times[0].now() == pytest.approx(sum(TCP.cost_s(b"." * n) for n in (1, 2, 2, 3)))


def test_a_tcp_client_that_leaves_without_reading_does_no_harm() -> None:
    with serving_one(lambda bench: Echo()) as address:
        with connected(address) as client:
            client.sendall(b"big 3000000\nlast\n")
        with connected(address) as client:
            client.sendall(b"next\n")
            assert read_lines(client, 1) == b"next\n"


def connected(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=5.0)


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    """A client's end of a pty."""
    terminal = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield terminal
    finally:
        os.close(terminal)


async def read_exactly(terminal: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        try:
            data += os.read(terminal, count - len(data))
        except BlockingIOError:
            await asyncio.sleep(0)
    return data


def on_a_pty(script: Callable[[str, Echo], Awaitable[None]]) -> None:
    async def main() -> None:
        echo = Echo()
        await script(serve_pty(echo, TwinTime(), baud=115200), echo)

    asyncio.run(asyncio.wait_for(main(), 20.0))


@posix_only
def test_a_pty_is_raw_and_answers_in_order() -> None:
    async def script(path: str, echo: Echo) -> None:
        with opened(path) as terminal:
            os.write(terminal, b"a\r\x03\x04\x11\x13\nb\n")
            assert await read_exactly(terminal, 9) == b"a\r\x03\x04\x11\x13\nb\n"
        assert echo.heard == [b"a\r\x03\x04\x11\x13", b"b"]

    on_a_pty(script)


@posix_only
def test_a_pty_loses_nothing_when_its_reader_is_slow() -> None:
    async def script(path: str, echo: Echo) -> None:
        with opened(path) as terminal:
            os.write(terminal, b"big 300000\nafter\n")
            while b"after" not in echo.heard:
                await asyncio.sleep(0)
            assert await read_exactly(terminal, 300_007) == b"." * 300_000 + b"\nafter\n"

    on_a_pty(script)


@posix_only
def test_a_pty_forgets_what_nobody_ever_reads() -> None:
    async def script(path: str, echo: Echo) -> None:
        with opened(path) as terminal:
            os.write(terminal, b"big %d\nafter\n" % (3 * LONGEST_BACKLOG))
            while b"after" not in echo.heard:
                await asyncio.sleep(0)
            assert await read_exactly(terminal, LONGEST_BACKLOG) == b"." * LONGEST_BACKLOG
            os.write(terminal, b"next\n")
            data = b""
            while not data.endswith(b"next\n"):
                data += await read_exactly(terminal, 1)
            assert len(data) < LONGEST_BACKLOG

    on_a_pty(script)


class Fragile(Echo):
    """Hangs up at ``up``, and leaves the line standing dead at ``dead``."""

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        if message == b"up":
            line.hang_up()
        if message == b"dead":
            line.go_dead()
        return await super().answer(message, line)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only Linux has such names")
def test_a_terminal_that_was_lost_is_found_again_under_its_lasting_name() -> None:
    async def main() -> None:
        path = serve_pty(Fragile(), TwinTime(), baud=115200, lasting_name=True)
        for loss in (b"dead\n", b"up\n", b"dead\n"):
            with opened(path) as terminal:
                os.write(terminal, b"a\n")
                assert await read_exactly(terminal, 2) == b"a\n"
                before = os.readlink(path)
                os.write(terminal, loss)
                while os.readlink(path) == before:
                    await asyncio.sleep(0)
            await settle()
        with opened(path) as terminal:
            os.write(terminal, b"b\n")
            assert await read_exactly(terminal, 2) == b"b\n"

    asyncio.run(asyncio.wait_for(main(), 20.0))


@posix_only
def test_a_pty_serves_one_client_after_another() -> None:
    async def script(path: str, echo: Echo) -> None:
        for name in (b"first\n", b"second\n", b"third\n"):
            with opened(path) as terminal:
                os.write(terminal, name)
                assert await read_exactly(terminal, len(name)) == name
            await settle()

    on_a_pty(script)

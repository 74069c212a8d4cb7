"""The link to an instrument: what goes wrong on a wire is named for what it is, and never mixed up."""

from __future__ import annotations

import os
import pty
import socket
import tty
from collections.abc import Iterator

import pytest

from rig.clock import WallClock
from rig.errors import InstrumentDisconnected, InstrumentTimeout
from rig.instruments.link import VisaLink
from rig.instruments.wirelog import WireLog
from tests.support.scripted import ScriptedPeer


def link_to(resource: str, *, timeout_s: float = 5.0, read_end: bytes = b"\n") -> VisaLink:
    return VisaLink("gauge", resource, WireLog(), timeout_s=timeout_s, read_end=read_end)


def resource_of(listener: socket.socket) -> str:
    return f"TCPIP0::127.0.0.1::{listener.getsockname()[1]}::SOCKET"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.settimeout(5.0)
        yield opened


def test_a_question_and_its_answer_are_bytes_on_the_wire_and_in_the_log() -> None:
    log = WireLog()
    with ScriptedPeer([(b"*IDN?\r\n", b"ACME\r\n")]) as peer:
        link = VisaLink("gauge", peer.resource, log, write_end=b"\r\n", read_end=b"\r\n")
        assert link.query("*IDN?") == "ACME"
        link.close()
    sent, received = log.lines()
    assert "gauge        > 2a 49 44 4e 3f 0d 0a  |*IDN?\\r\\n|" in sent
    assert "gauge        < 41 43 4d 45 0d 0a  |ACME\\r\\n|" in received


def test_several_answers_in_one_segment_and_one_in_pieces(listener: socket.socket) -> None:
    link = link_to(resource_of(listener))
    peer, _ = listener.accept()
    with peer:
        peer.sendall(b"one\ntwo\nthr")
        assert [link.read(), link.read()] == ["one", "two"]
        peer.sendall(b"ee\n")
        assert link.read() == "three"
    link.close()


def test_bytes_that_are_no_text_come_through_visibly() -> None:
    with ScriptedPeer([(b"?\n", b"1\xff\x002\n")]) as peer:
        link = link_to(peer.resource)
        assert link.query("?") == "1\\xff\x002"
        link.close()


def test_a_refused_port_is_found_out_at_once(listener: socket.socket) -> None:
    resource = resource_of(listener)
    listener.close()
    with pytest.raises(InstrumentDisconnected, match=r"gauge: the connection TCPIP0::.*refused.*Check power"):
        link_to(resource)


@pytest.mark.parametrize("resource", ["ASRL/dev/no-such-port::INSTR", "TCPIP0::no::such::place", "nonsense"])
def test_a_resource_that_cannot_be_opened(resource: str) -> None:
    with pytest.raises(InstrumentDisconnected, match="gauge: the connection"):
        link_to(resource, timeout_s=0.5)


def test_a_closed_peer_is_found_out_long_before_the_time_out(listener: socket.socket) -> None:
    link = link_to(resource_of(listener), timeout_s=60.0)
    listener.accept()[0].close()
    started = WallClock()
    with pytest.raises(InstrumentDisconnected, match="the instrument closed the connection"):
        link.read()
    assert started.now() < 10.0
    link.close()


def test_the_link_comes_back_when_the_peer_does(listener: socket.socket) -> None:
    link = link_to(resource_of(listener))
    listener.accept()[0].close()
    with pytest.raises(InstrumentDisconnected):
        link.read()
    link.write("again")
    peer, _ = listener.accept()
    with peer:
        assert peer.recv(64) == b"again\n"
    link.close()


def test_after_a_time_out_a_late_answer_is_never_heard(listener: socket.socket) -> None:
    link = link_to(resource_of(listener), timeout_s=0.05)
    first, _ = listener.accept()
    with first:
        with pytest.raises(
            InstrumentTimeout, match=r"gauge: no answer within 0\.05 s on TCPIP0.*switched on"
        ):
            link.query("first")
        first.sendall(b"late\n")
        link.write("second")
        second, _ = listener.accept()
        with second:
            assert second.recv(64) == b"second\n"
            second.sendall(b"fresh\n")
            assert link.read() == "fresh"
    link.close()


def test_one_answer_may_take_its_own_time() -> None:
    with ScriptedPeer([(b"?\n", b""), (b"?\n", b"5\n")]) as peer:
        link = link_to(peer.resource, timeout_s=5.0)
        with pytest.raises(InstrumentTimeout, match=r"within 0\.05 s"):
            link.query("?", timeout_s=0.05)
        assert link.query("?") == "5"
        link.close()


def test_small_messages_go_out_at_once(listener: socket.socket) -> None:
    link = link_to(resource_of(listener))
    peer, _ = listener.accept()
    with peer:
        interface = link._session.visalib.sessions[link._session.session].interface
        assert interface.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        link.close()


def test_a_closed_link_says_so_and_closes_twice() -> None:
    with ScriptedPeer([]) as peer:
        link = link_to(peer.resource)
        link.close()
        link.close()
        for use in (link.read, lambda: link.write("x")):
            with pytest.raises(InstrumentDisconnected, match="it is closed"):
                use()


def test_a_link_that_could_not_reopen_tries_again(listener: socket.socket) -> None:
    resource = resource_of(listener)
    link = link_to(resource)
    listener.accept()[0].close()
    port = listener.getsockname()[1]
    listener.close()
    for _ in range(2):
        with pytest.raises(InstrumentDisconnected):
            link.reopen()
        with pytest.raises(InstrumentDisconnected):
            link.write("x")
    with socket.create_server(("127.0.0.1", port)) as back:
        link.write("x")
        with back.accept()[0] as peer:
            assert peer.recv(64) == b"x\n"
    link.close()


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """A serial line: the instrument's end, and the name of the host's."""
    if os.name != "posix":
        pytest.skip("pseudo-terminals are a Unix matter")
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, f"ASRL{os.ttyname(slave)}::INSTR"
    os.close(slave)
    os.close(master)


def test_a_serial_line(terminal: tuple[int, str]) -> None:
    master, resource = terminal
    link = link_to(resource, read_end=b"\r\n")
    link.write("?")
    assert os.read(master, 64) == b"?\n"
    os.write(master, b"4.28 N\r\n-0.01 N\r\n")
    assert [link.read(), link.read()] == ["4.28 N", "-0.01 N"]
    with pytest.raises(InstrumentTimeout):
        link.read(timeout_s=0.02)
    os.write(master, b"late\r\n")
    link.write("?")
    os.read(master, 64)
    os.write(master, b"1.00 N\r\n")
    assert link.read() == "1.00 N"
    link.close()


def test_a_serial_line_that_is_pulled_out() -> None:
    if os.name != "posix":
        pytest.skip("pseudo-terminals are a Unix matter")
    master, slave = pty.openpty()
    link = link_to(f"ASRL{os.ttyname(slave)}::INSTR")
    os.close(slave)
    os.close(master)
    with pytest.raises(InstrumentDisconnected):
        link.read()
    with pytest.raises(InstrumentDisconnected):
        link.write("?")
    link.close()

"""The twin on real lines, in a thread of this process, for clients written by others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from rig.config import apply_override, check_model
from rig.product import load_product
from rig.twin.bench import TwinBench
from rig.twin.server import SERIAL_BAUD, serve
from rig.twin.time import TwinTime
from rig.twin.wire import Emulator, serve_pty, serve_tcp
from rig.twin.world import World

PRODUCT = "office-pen"
START_TIMEOUT_S = 30.0

T = TypeVar("T")


def make_world(overrides: Sequence[str] = ()) -> World:
    """Return the default world with ``a.b=value`` overrides."""
    data: dict[str, Any] = {}
    for override in overrides:
        apply_override(data, override)
    return check_model(World, data, source="test world")


def make_bench(overrides: Sequence[str] = (), *, virtual: bool = True, seed: int = 1) -> TwinBench:
    """Return a bench of the default world and product, at time zero."""
    return TwinBench(make_world(overrides), load_product(PRODUCT), TwinTime(virtual=virtual), seed=seed)


@contextmanager
def serving(
    world_overrides: Sequence[str] = (), *, virtual: bool = True, seed: int = 1
) -> Iterator[dict[str, str]]:
    """Serve a whole bench; yield role → address as :func:`rig.twin.server.serve` returns it."""
    world, product = make_world(world_overrides), load_product(PRODUCT)

    async def start() -> dict[str, str]:
        return (await serve(world, product, seed=seed, virtual=virtual)).addresses

    with _in_thread(start) as addresses:
        yield addresses


@contextmanager
def serving_one(
    make_emulator: Callable[[TwinBench], Emulator],
    line: Literal["tcp", "pty"] = "tcp",
    *,
    virtual: bool = True,
    world_overrides: Sequence[str] = (),
) -> Iterator[str]:
    """Serve one emulator; yield ``127.0.0.1:PORT``, or the path of its pty."""

    async def start() -> str:
        bench = make_bench(world_overrides, virtual=virtual)
        emulator = make_emulator(bench)
        if line == "pty":
            # Under the name of a terminal that was lost, a driver would find one of another test.
            return serve_pty(emulator, bench.time, baud=SERIAL_BAUD, lasting_name=True)
        return f"127.0.0.1:{await serve_tcp(emulator, bench.time)}"

    with _in_thread(start) as address:
        yield address


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that can close the servers and connections opened on it."""

    def __init__(self) -> None:
        super().__init__()
        self._open_servers: list[asyncio.Server] = []
        self._open_transports: list[asyncio.Transport] = []

    async def create_server(self, protocol_factory: Any, *args: Any, **options: Any) -> asyncio.Server:
        def watched() -> asyncio.Protocol:
            protocol: asyncio.Protocol = protocol_factory()
            made = protocol.connection_made

            def connection_made(transport: asyncio.Transport) -> None:
                self._open_transports.append(transport)
                made(transport)

            protocol.connection_made = connection_made  # type: ignore[assignment,method-assign]
            return protocol

        server = await super().create_server(watched, *args, **options)
        self._open_servers.append(server)
        return server

    async def hang_up(self) -> None:
        """Close what is open, so that no socket is left to the garbage collector."""
        for server in self._open_servers:
            server.close()
        for transport in self._open_transports:
            transport.abort()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@contextmanager
def _in_thread(start: Callable[[], Awaitable[T]]) -> Iterator[T]:
    """Run ``start`` on the event loop of a thread; yield its result, serve on, and end with the block."""
    started: Future[tuple[asyncio.Event, T]] = Future()
    loop = _Loop()

    async def main() -> None:
        stop = asyncio.Event()
        try:
            started.set_result((stop, await start()))
        except BaseException as error:
            started.set_exception(error)
            raise
        await stop.wait()
        await loop.hang_up()

    def run() -> None:
        try:
            loop.run_until_complete(main())
        except Exception:  # noqa: BLE001  # handed to the caller by way of `started`
            return
        finally:
            loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    stop, result = started.result(timeout=START_TIMEOUT_S)
    try:
        yield result
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(START_TIMEOUT_S)

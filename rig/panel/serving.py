"""Serving the panel until it is stopped."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from fastapi import FastAPI

from rig.errors import RefusedToStart
from rig.panel.app import make_app
from rig.panel.settings import PanelSettings

TICK_S = 0.5  # between two looks at whether to end
GRACE_S = 5  # for what is under way


def serve(settings: PanelSettings) -> None:
    """Serve a panel; prints where. Returns when it was stopped.

    Raises:
        RefusedToStart: the port cannot be listened on.
    """
    listening = _listen(settings.host, settings.port)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"panel      http://{shown}:{port}/", flush=True)
    if not settings.is_local:
        print("           open to the network: put an encrypting proxy before it", flush=True)
    app = make_app(settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
        access_log=False,
    )
    with listening:
        Server(config, app).run(sockets=[listening])


class Server(uvicorn.Server):
    """A server that says goodbye to the pages that look on, before it waits for what is under way.

    Args:
        config: how it serves.
        app: what it serves, as :func:`~rig.panel.app.make_app` made it.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def main_loop(self) -> None:
        """Look whether to end, as uvicorn does, but seldom: each look takes a processor from a run."""
        while not await self.on_tick(0):
            await asyncio.sleep(TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        await asyncio.to_thread(self._app.state.watcher.stop)
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise RefusedToStart(
            f"nothing can listen on {host}:{port} ({error.strerror or error})",
            expected="a free port of this computer",
            do="Choose another with --port",
        ) from error

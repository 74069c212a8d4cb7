"""Serving the panel until it is stopped."""

from __future__ import annotations

import socket

import uvicorn

from rig.errors import RefusedToStart
from rig.panel.app import make_app
from rig.panel.settings import PanelSettings

GRACE_S = 1


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
    config = uvicorn.Config(
        make_app(settings),
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,  # pages that look on never hang up by themselves
        server_header=False,
        access_log=False,
    )
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


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

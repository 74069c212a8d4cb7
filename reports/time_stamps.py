"""Asking a time-stamp server (RFC 3161) to witness when a signature was made."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import TYPE_CHECKING

from rig.errors import RefusedToStart

if TYPE_CHECKING:
    from pyhanko.sign.timestamps import TimeStamper

TIMEOUT_S = 20.0


def time_stamp_server(url: str) -> TimeStamper:
    """Return the time-stamp server at ``url``.

    Raises:
        RefusedToStart: when it is asked, and does not answer as RFC 3161 says.
    """
    from asn1crypto import tsp
    from pyhanko.sign.timestamps import TimeStamper

    class Server(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            answer = await asyncio.to_thread(_ask, url, req.dump())
            return tsp.TimeStampResp.load(answer)

    if not url.startswith(("http://", "https://")):
        raise RefusedToStart(
            f"{url} is no time-stamp server", expected="an http or https address", do="Correct it"
        )
    return Server()  # type: ignore[no-untyped-call]


def _ask(url: str, question: bytes) -> bytes:
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    request = urllib.request.Request(url, question, headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            kind, told = answer.headers.get_content_type(), bytes(answer.read())
    except OSError as error:
        raise RefusedToStart(
            f"the time-stamp server {url} does not answer ({error})", do="Try again, or sign without one"
        ) from error
    if kind != "application/timestamp-reply":
        raise RefusedToStart(
            f"{url} answered with {kind}",
            expected="application/timestamp-reply",
            do="Check the address, or sign without a time-stamp server",
        )
    return told

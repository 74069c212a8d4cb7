"""The station: everything that touches hardware, or stands in for it.

Kept light on purpose: importing ``rig`` loads no instrument library, no pandas and no plotting.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rig.session import Session

try:
    __version__ = version("needle-rig")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"


def open_station(station: str = "twin", **options: Any) -> Session:
    """Open a station for people who type; arguments and errors are those of :class:`rig.session.Session`.

    >>> with open_station("twin", seed=1) as twin:  # doctest: +SKIP
    ...     print(twin.measure("extension", depth_mm=0.5))
    """
    from rig.session import Session

    return Session(station, **options)

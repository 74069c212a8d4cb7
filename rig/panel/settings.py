"""What a panel was asked to serve: the folder of the runs, the lanes, the plan that a scan starts."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rig.errors import ConfigError, RefusedToStart
from rig.fixtures.plan import find_plan_folder
from rig.people.access import knows_users
from rig.station import Station, load_station

HOST, PORT = "127.0.0.1", 8123


@dataclass(frozen=True)
class LaneSettings:
    """One nest of the line: the station it is, by name or file, and what the station is called."""

    station: str
    name: str


@dataclass(frozen=True)
class PanelSettings:
    """Everything that decides what a panel serves.

    ``options`` are added to each run's command line (``--seed=3``): for simulated stations.
    """

    runs: Path
    lanes: tuple[LaneSettings, ...]
    plan: str = "eol"
    products: tuple[str, ...] = ()
    host: str = HOST
    port: int = PORT
    options: tuple[str, ...] = field(default=())

    @property
    def is_local(self) -> bool:
        """Whether only this computer can reach the page."""
        return self.host == "localhost" or _is_loopback(self.host)


def read_settings(
    runs: Path,
    stations: Sequence[str],
    *,
    plan: str = "eol",
    products: Sequence[str] = (),
    host: str = HOST,
    port: int = PORT,
    options: Sequence[str] = (),
) -> PanelSettings:
    """Check what a panel was asked for.

    Args:
        runs: folder of the records.
        stations: a lane each, by name or by the path of a station file.
        plan: what a scanned pen goes through.
        products: models that may be scanned, by name or path; all that ship where none is given.
        host, port: where to listen.
        options: added to the command line of each run.

    Raises:
        ConfigError: a station or plan that cannot be, or two lanes of one name.
        RefusedToStart: the folder knows no users, so nobody could sign in.
    """
    find_plan_folder(plan)
    loaded: Mapping[str, Station] = {given: load_station(given) for given in stations}
    names = [loaded[given].name for given in stations]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"two lanes are station {twice[0]!r}",
            expected="lanes of different names",
            do="Rename one of them",
        )
    if not knows_users(runs):
        raise RefusedToStart(
            f"{runs} knows no users, so nobody could sign in to the panel",
            do="Add the first one, of role quality: rig users add",
        )
    lanes = tuple(LaneSettings(given, loaded[given].name) for given in stations)
    return PanelSettings(runs, lanes, plan, tuple(products), host, port, tuple(options))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

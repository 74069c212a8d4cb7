"""Instruments a station may do without: it loads without them, and with them only when they are certified."""

from __future__ import annotations

import pytest

from rig.config import check_model, read_toml
from rig.errors import ConfigError, RefusedToStart
from rig.station import OPTIONAL_CERTIFICATE_FIGURES, STATIONS, Station

ROLES = sorted(OPTIONAL_CERTIFICATE_FIGURES)


@pytest.mark.parametrize("role", ROLES)
def test_a_station_without_one_loads_and_says_so_when_it_is_asked_for(role: str) -> None:
    data = read_toml(STATIONS / "twin.toml")
    del data["instruments"][role]
    station = check_model(Station, data, source="here")
    with pytest.raises(
        RefusedToStart, match=rf"station 'twin-1' has no {role}, expected \[instruments.{role}\]"
    ):
        station.require(role)


@pytest.mark.parametrize(
    ("role", "figure"), [(role, figure) for role in ROLES for figure in OPTIONAL_CERTIFICATE_FIGURES[role]]
)
def test_one_whose_certificate_says_too_little_is_refused(role: str, figure: str) -> None:
    data = read_toml(STATIONS / "twin.toml")
    del data["instruments"][role]["certificate"]["figures"][figure]
    with pytest.raises(ConfigError, match=f"certificate of {role} stating {figure}"):
        check_model(Station, data, source="here")

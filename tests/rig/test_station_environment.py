"""What a station file says of the room."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.errors import ConfigError
from rig.station import STATIONS, load_station


def station_with(tmp_path: Path, *lines: str) -> Path:
    """Return a station file like the shipped one, with ``lines`` in its ``[environment]``, if any."""
    text = (STATIONS / "twin.toml").read_text().replace('[environment]\nlocation = "simulated bench"\n', "")
    assert "[environment]" not in text
    path = tmp_path / "bench.toml"
    path.write_text(text + "".join(f"\n{line}" for line in ("[environment]", *lines) if lines) + "\n")
    return path


def test_where_nothing_is_known_nothing_is_said(tmp_path: Path) -> None:
    assert load_station(str(station_with(tmp_path))).known_environment() == {}


def test_what_is_known_says_where_from_and_nothing_is_filled_in(tmp_path: Path) -> None:
    station = load_station(str(station_with(tmp_path, "temperature_c = 21.5")))
    assert station.known_environment() == {"temperature_c": 21.5, "source": "station file"}


@pytest.mark.parametrize("line", ["humidity_percent = 101", "pressure_pa = 101325", 'temperature_c = "warm"'])
def test_what_cannot_be_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=line.split()[0]):
        load_station(str(station_with(tmp_path, line)))

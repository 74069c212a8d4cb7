"""What the parameters of the counter's CONFigure and MEASure commands mean."""

from __future__ import annotations

from rig.twin.emulators.counter_acquisition import FUNCTIONS
from rig.twin.emulators.counter_settings import MOST_READINGS
from rig.twin.emulators.scpi_syntax import ScpiError
from rig.twin.emulators.scpi_values import Number, Value, nr3, read_channels

DEFAULT_GATE_S = 0.1
LEVEL_AT_5_V = 5.125  # largest trigger level per 5 V of range

COUNT = Number(1, 1, MOST_READINGS, decimals=0)
_EXPECTED = {"FREQ": Number(10e6, 0.1, 350e6, "HZ"), "PER": Number(1e-7, 2.8e-9, 10.0, "S")}
_RESOLUTION = {"FREQ": Number(0.0, 0.0, 350e6, "HZ"), "PER": Number(0.0, 0.0, 10.0, "S")}
_GATE = Number(DEFAULT_GATE_S, 1e-6, 1000.0, "S")
LEVEL = Number(0.0, -LEVEL_AT_5_V, LEVEL_AT_5_V, "V")
_PERCENT = Number(50, 10, 90, "PCT")


def take_channel(arguments: list[str]) -> int:
    """Remove a channel list from the end of ``arguments``; return its channel, or 1."""
    if not arguments or not arguments[-1].startswith("(@"):
        return 1
    channels = read_channels(arguments.pop())
    if len(channels) != 1:
        raise ScpiError(-108)
    if channels[0] not in (1, 2, 3):
        raise ScpiError(-224)
    return channels[0]


def take_count(arguments: list[str]) -> int:
    """Remove the parenthesised count from the front of ``arguments``; 100 when there is none."""
    if not arguments:
        return 100
    count = arguments.pop(0)
    if not (count.startswith("(") and count.endswith(")")):
        raise ScpiError(-104)
    return int(COUNT.read(count[1:-1].strip()))


def preset(function: str, arguments: list[str]) -> tuple[dict[str, Value], list[str]]:
    """Return what the parameters of CONFigure set on channel 1, and how ``CONF?`` shows them."""
    way = FUNCTIONS[function].way
    if len(arguments) > (2 if way == "gate" else 0 if function in ("SPER", "TST") else 1):
        raise ScpiError(-108)
    first = arguments[0] if arguments else "DEF"
    if way == "gate":
        expected = float(_EXPECTED[function].read(first))
        resolution = float(_RESOLUTION[function].read(arguments[1])) if len(arguments) > 1 else 0.0
        gate_s = _gate_s(resolution / expected) if resolution else DEFAULT_GATE_S
        shown = resolution or expected * 1e-12 / gate_s
        return {"FREQ:GATE:TIME": gate_s}, [nr3(expected), nr3(shown)]
    if way == "total":
        gate_s = float(_GATE.read(first))
        return {"TOT:GATE:TIME": gate_s}, [nr3(gate_s)]
    if way == "cycle" and arguments:
        return _reference(first)
    return {}, []


def _reference(text: str) -> tuple[dict[str, Value], list[str]]:
    """Read the threshold of a pulse: volts switch auto-level off, a bare number is percent."""
    if text.upper().endswith("V"):
        volts = float(LEVEL.read(text))
        return {"INP:LEV": volts, "INP:LEV:AUTO": False}, [nr3(volts)]
    percent = float(_PERCENT.read(text))
    return {"INP:LEV:REL": percent}, [nr3(percent)]


def _gate_s(relative_resolution: float) -> float:
    """Return the gate time for a resolution: 1000 s for the finest, ten times shorter per decade."""
    decades = 0
    while decades < 9 and relative_resolution > 1.1 * 10.0 ** (decades - 14):
        decades += 1
    return 10.0 ** (3 - decades)

"""What the measured points' uncertainty does to a command of the calibration table.

The command for a wanted extension is read from the monotone curve (PCHIP) of command against extension, as in
:mod:`calibration.table`. Each point's extension is moved up and down by its standard uncertainty and the
curve read again; half the difference is what that point gives the command (GUM 5.1.3, note 2). What all
points share (datum, certificate) moves them together.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

LEAST_POINTS = 2
DUST = 1e-12
LEAST_GAP_MM = 1e-9
"""Extensions closer than a picometre have no slope worth reading."""


def command_uncertainty(
    commands_mm: ArrayLike, extensions: Sequence[Measured], wanted_mm: float, *,
    common: Collection[str] = (), step_mm: float = 0.0,
) -> Measured:  # fmt: skip
    """Return the command that gives the wanted extension, with its propagated uncertainty.

    Args:
        commands_mm: commands at which was measured, mm, strictly increasing, shape (n,).
        extensions: what was measured there, mm.
        wanted_mm: extension of the table's node, mm; beyond the points the outermost chord is followed.
        common: budget lines of the extensions that are one and the same error at all points. Every other
            line is taken as independent from point to point.
        step_mm: what the pen rounds commands to, mm; 0 leaves rounding out.

    Raises:
        EstimateError: wrong shape, not finite, points that do not increase, or that do not stay in order
            when moved by their uncertainty.
    """
    commands, values = _points(commands_mm, extensions)
    if not math.isfinite(wanted_mm):
        raise EstimateError(f"wanted extension {wanted_mm} mm, expected a finite number")
    if not (math.isfinite(step_mm) and step_mm >= 0):
        raise EstimateError(f"step {step_mm} mm, expected a finite number, not negative")
    lines = []
    for name, shifts, dof in _errors(commands, extensions, common):
        high = _command(values + shifts, commands, wanted_mm)
        low = _command(values - shifts, commands, wanted_mm)
        lines.append(Contribution(name, abs(high - low) / 2.0, dof))
    if step_mm:
        lines.append(Contribution("rounding to the pen's step", step_mm / math.sqrt(12.0)))
    return combine(_command(values, commands, wanted_mm), "mm", lines)


def table_uncertainties(
    commands_mm: ArrayLike, extensions: Sequence[Measured], wanted_mm: Sequence[float], *,
    common: Collection[str] = (), step_mm: float = 0.0,
) -> list[Measured]:  # fmt: skip
    """Return :func:`command_uncertainty` for every node of a column."""
    return [
        command_uncertainty(commands_mm, extensions, wanted, common=common, step_mm=step_mm)
        for wanted in wanted_mm
    ]


def _errors(
    commands: Floats, extensions: Sequence[Measured], common: Collection[str]
) -> list[tuple[str, Floats, float]]:
    """Return each independent error: its name, how it moves the extensions (mm, shape (n,)), its dof."""
    shared = sorted({line.name for point in extensions for line in point.budget if line.name in common})
    errors = [_shared(name, extensions) for name in shared]
    for number, (command, point) in enumerate(zip(commands, extensions, strict=True)):
        u, dof = _own(point, shared)
        shifts = np.zeros(len(extensions))
        shifts[number] = u
        errors.append((f"extension at a command of {command:g} mm", shifts, dof))
    return errors


def _shared(name: str, extensions: Sequence[Measured]) -> tuple[str, Floats, float]:
    lines = [[line for line in point.budget if line.name == name] for point in extensions]
    shifts = np.array([math.sqrt(sum(line.u**2 for line in at_point)) for at_point in lines])
    return name, shifts, min(line.dof for at_point in lines for line in at_point)


def _own(point: Measured, shared: Collection[str]) -> tuple[float, float]:
    """Return what is left of a point's uncertainty, and its degrees of freedom, without the shared lines."""
    lines = [line for line in point.budget if line.name in shared]
    u = math.sqrt(max(0.0, point.u**2 - sum(line.u**2 for line in lines)))
    spread = point.u**4 / point.dof - sum(line.u**4 / line.dof for line in lines)
    # Differences of equal numbers leave dust behind.
    known = spread <= DUST * point.u**4
    return u, math.inf if known or u == 0 else u**4 / spread


def _command(extensions: Floats, commands: Floats, wanted: float) -> float:
    """Read the curve of command against extension; the outermost chords beyond its ends."""
    from scipy.interpolate import PchipInterpolator

    if not (np.diff(extensions) > LEAST_GAP_MM).all():
        raise EstimateError(
            f"extensions {extensions.round(4)} mm do not increase within their uncertainty: points too close "
            "to tell apart, measure them farther apart or more often"
        )
    if extensions[0] <= wanted <= extensions[-1]:
        return float(PchipInterpolator(extensions, commands)(wanted))
    left, right = (0, 1) if wanted < extensions[0] else (-2, -1)
    slope = (commands[right] - commands[left]) / (extensions[right] - extensions[left])
    return float(commands[left] + (wanted - extensions[left]) * slope)


def _points(commands_mm: ArrayLike, extensions: Sequence[Measured]) -> tuple[Floats, Floats]:
    commands = np.asarray(commands_mm, dtype=float)
    if commands.ndim != 1 or len(commands) != len(extensions) or len(commands) < LEAST_POINTS:
        raise EstimateError(
            f"commands {commands.shape} and {len(extensions)} extensions, expected as many, "
            f"{LEAST_POINTS} or more"
        )
    values = np.array([point.value for point in extensions])
    if not (np.isfinite(commands).all() and np.isfinite(values).all()):
        raise EstimateError("commands or extensions are not all finite")
    if not ((np.diff(commands) > 0).all() and (np.diff(values) > 0).all()):
        raise EstimateError("commands or extensions do not increase strictly from point to point")
    return commands, values

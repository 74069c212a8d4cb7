"""How hard each target presses on the pen or on its counterpart, told from where everything stands.

What a target remembers, it remembers itself; here is told which of them is asked, and what it adds up to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rig.twin.physics.film import FilmUnderNeedles
from rig.twin.physics.peel import SealInGrip
from rig.twin.physics.pen import PenMechanics
from rig.twin.physics.phantom import PhantomUnderNeedles
from rig.twin.physics.pouch import PouchUnderAnvil
from rig.twin.physics.step import StepUnderProbe
from rig.twin.world import World

Floats = NDArray[np.float64]

TRAVEL_MM = 60.0
SOFT_WIDTHS = 25.0  # so far from a soft contact its force is nothing
REMEMBERING = ("anvil", "phantom", "grip")


@dataclass(frozen=True)
class Targets:
    """What the turret carries, but for the datum plate, which is nothing but a place and a stiffness."""

    film: FilmUnderNeedles
    pouch: PouchUnderAnvil
    phantom: PhantomUnderNeedles
    step: StepUnderProbe
    seal: SealInGrip


class Forces:
    """Force on the target that is presented, N, at moments to which the bench was marched.

    Args:
        world: the truth.
        pen: what presses back.
        targets: what is pressed.
        needle_reach_mm: how far each needle stands beyond a nominal one, along the stage.
        gaps_mm: how far the datum plate is below the rim plane, at moments.
        film_overlaps_mm: how far the rim has sunk into the film, at moments.
    """

    def __init__(
        self,
        world: World,
        pen: PenMechanics,
        targets: Targets,
        *,
        needle_reach_mm: Floats,
        gaps_mm: Callable[[Floats], Floats],
        film_overlaps_mm: Callable[[Floats], Floats],
    ) -> None:
        self._world, self._pen, self._targets = world, pen, targets
        self._needle_reach_mm = needle_reach_mm
        self._gaps_mm, self._film_overlaps_mm = gaps_mm, film_overlaps_mm
        self._clearance_mm = _clearance_mm(world)

    def force_n(self, target: str | None, times_s: Floats) -> Floats:
        """Return the true axial compression, N."""
        match target:
            case "anvil":
                return self._targets.pouch.force_n(times_s)
            case "phantom" if self._pen.running:
                return np.full_like(times_s, self._pen.load_n)
            case "phantom":
                return self._targets.phantom.force_n(times_s)
            case "grip":
                return self._targets.seal.force_n(times_s)
            case _:
                return self._force_without_past_n(target, times_s)

    def most_n(self, target: str | None, times_s: Floats) -> Floats:
        """Return what the force does not exceed, without working out what happened."""
        match target:
            case "anvil":
                return self._targets.pouch.most_n(times_s)
            case "phantom":
                return self._targets.phantom.most_n(times_s) + self._pen.load_n
            case "grip":
                return np.zeros_like(times_s)
            case _:
                return self._force_without_past_n(target, times_s)

    def largest_n(self, target: str | None, now_n: float) -> float:
        """Return the largest force so far on a target that remembers it, else the present one."""
        match target:
            case "anvil":
                return self._targets.pouch.largest_n
            case "phantom":
                return max(self._targets.phantom.largest_n, now_n)
            case "grip":
                return self._targets.seal.largest_n
            case _:
                return now_n

    def touches_from_mm(self, target: str | None, time_s: float) -> float:
        """Return the place of the stage below which a target touches nothing at all."""
        world = self._world
        needles_mm = 0.0 if self._pen.running else max(0.0, float(self.static_reaches_mm(time_s).max()))
        match target:
            case "datum":
                early_mm = world.pen.rim_radius_mm * abs(world.nest.tilt_mrad) * 1e-3
                early_mm += SOFT_WIDTHS * world.nest.soft_mm
                return world.nest.rim_position_mm - early_mm - needles_mm - self._clearance_mm
            case "film":
                return world.film.position_mm - self._targets.film.thickness_mm - self._clearance_mm
            case "phantom":
                return world.phantom.position_mm - needles_mm - self._clearance_mm
            case "anvil":
                return world.pouch.position_mm - self._clearance_mm
            case "step_low" | "step_high":
                return world.step.low_mm - self._clearance_mm
            case _:
                return math.inf

    def static_reaches_mm(self, time_s: float) -> Floats:
        """Return how far each needle of the resting pen stands beyond the rim plane."""
        return self._pen.static_reach_mm(time_s) + self._needle_reach_mm

    def _force_without_past_n(self, target: str | None, times_s: Floats) -> Floats:
        match target:
            case "datum":
                return self._datum_forces_n(times_s)
            case "film":
                return self._targets.film.rim_n(self._film_overlaps_mm(times_s)) + self._pen.load_n
            case "step_low" | "step_high" as face:
                return self._targets.step.force_n(times_s, face)
            case _:
                return np.zeros_like(times_s)

    def _datum_forces_n(self, times_s: Floats) -> Floats:
        nest, gaps_mm = self._world.nest, self._gaps_mm(times_s)
        # A tilted plate touches the rim at its edge first.
        early_mm = self._world.pen.rim_radius_mm * abs(nest.tilt_mrad) * 1e-3
        rim_n = nest.stiffness_n_per_mm * _soft_overlap(early_mm - gaps_mm, nest.soft_mm)
        if self._pen.running:
            return rim_n + self._pen.load_n
        per_needle = self._world.pen.crank.spring_n_per_mm / len(self._needle_reach_mm)
        overlaps = self.static_reaches_mm(float(times_s[-1])) - gaps_mm[:, None]
        # The plate gives way under the needles as it does under the rim.
        given = 1.0 + per_needle * (overlaps > 0.0).sum(axis=1) / nest.stiffness_n_per_mm
        needles_n: Floats = per_needle * np.clip(overlaps, 0.0, None).sum(axis=1) / given
        return rim_n + needles_n


def _clearance_mm(world: World) -> float:
    """Return more than the stage's errors, drift and growth can bring a target nearer."""
    stage = world.stage
    errors_mm = TRAVEL_MM * abs(stage.scale_error) + stage.cyclic_mm + 6.0 * stage.repeatability_mm
    return errors_mm + abs(world.nest.drift_mm) + 0.02


def _soft_overlap(overlap_mm: Floats, width_mm: float) -> Floats:
    """Return an overlap that begins softly over ``width_mm``: width · ln(1 + e^(overlap / width))."""
    if width_mm <= 0:
        return np.clip(overlap_mm, 0.0, None)
    softened: Floats = width_mm * np.logaddexp(0.0, overlap_mm / width_mm)
    return softened

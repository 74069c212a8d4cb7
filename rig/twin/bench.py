"""The simulated bench as a whole: who touches what, at which moment.

Nothing is computed before somebody asks: the bench is marched, stroke by stroke, to the moment of the
question. Positions are in mm along the stage, growing towards the pen.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rig.product import Product
from rig.twin.physics.axis import Axis
from rig.twin.physics.contact import NeedleContact
from rig.twin.physics.needles import NeedleSet
from rig.twin.physics.pen import PenMechanics
from rig.twin.physics.phantom import PhantomUnderNeedles
from rig.twin.physics.pouch import PouchUnderAnvil
from rig.twin.randomness import noise_source
from rig.twin.time import TwinTime
from rig.twin.world import World

Floats = NDArray[np.float64]

# Where the turret presents each target, in degrees, and how exactly it must stand there.
TARGET_ANGLES = {"datum": 0.0, "film": 72.0, "phantom": 144.0, "anvil": 216.0, "grip": 288.0}
TARGET_TOLERANCE = 0.5
START_POSITION_MM = 3.0
IDLE_STEP_S = 0.02


class TwinBench:
    """Stage, pen, targets, and what they do to each other.

    Args:
        world: the truth.
        product: the design of the pen that is clamped in.
        time: the twin's time.
        seed: decides every random number.
    """

    def __init__(self, world: World, product: Product, time: TwinTime, *, seed: int) -> None:
        self.world, self.product, self.time = world, product, time
        self._seed = seed
        self.z, self.turret = Axis(START_POSITION_MM), Axis(0.0)
        self._move_noise, self._move_key = self.random("stage"), -1.0
        self._move_error_mm = 0.0
        needles = NeedleSet(world.pen.tip.needles, product.mechanics.needles, self.random("needles"))
        self._pen = PenMechanics(world.pen, product, self.random("strokes"), needles)
        slope = world.nest.tilt_mrad * 1e-3
        direction = world.nest.tilt_direction_rad
        self._needle_reach_mm = needles.reach_mm(slope * math.cos(direction), slope * math.sin(direction))
        self._longest_reach_mm = float(self._needle_reach_mm.max())
        self._contact = NeedleContact(
            world.contact,
            world.pen.crank,
            world.pen.motor,
            self._pen,
            world.nest.stiffness_n_per_mm,
            self.random("contact"),
        )
        self._pouch = PouchUnderAnvil(
            world.pouch,
            world.environment,
            lambda times: self._heights_mm(times, "anvil", world.pouch.position_mm),
        )
        self._phantom = PhantomUnderNeedles(
            world.phantom,
            world.pen.tip.needles,
            needles,
            self.random("phantom"),
            surface_mm=lambda times: self._heights_mm(times, "phantom", world.phantom.position_mm),
            reach_mm=self._pen.static_reach_mm,
        )

    def random(self, name: str) -> np.random.Generator:
        """Return the noise source of that name: the same for a seed, whoever else draws numbers."""
        return noise_source(self._seed, name)

    @property
    def pen(self) -> PenMechanics:
        """The pen's mechanics, brought up to the present moment before anybody touches them."""
        self._march(self.time.now())
        return self._pen

    # Position

    def plates_mm(self, times_s: Floats) -> Floats:
        """Return where the target head truly is: what the stage was told, with the stage's errors."""
        stage, now_s = self.world.stage, float(times_s[-1])
        if self.z.ends_at() != self._move_key and not self.z.busy_at(now_s):
            self._move_key = self.z.ends_at()
            self._move_error_mm = float(self._move_noise.normal(0.0, stage.repeatability_mm))
        told = self.z.positions_at(times_s)
        cyclic = stage.cyclic_mm * np.sin(2 * np.pi * told / stage.cyclic_period_mm)
        heights: Floats = told * (1.0 + stage.scale_error) + cyclic + self._move_error_mm
        return heights

    def target_at(self, time_s: float) -> str | None:
        """Return the target that the turret presents, or None between two."""
        angle = self.turret.position_at(time_s) % 360.0
        for name, place in TARGET_ANGLES.items():
            if abs(angle - place) <= TARGET_TOLERANCE:
                return name
        return None

    def _heights_mm(self, times_s: Floats, target: str, touches_at_mm: float) -> Floats:
        """Return how far a target's surface stands above a place; without end below it while turned away."""
        if self.target_at(float(times_s[-1])) != target:
            return np.full_like(times_s, -np.inf)
        return self.plates_mm(times_s) - touches_at_mm

    def _gaps_mm(self, times_s: Floats) -> Floats:
        return -self._heights_mm(times_s, "datum", self.world.nest.rim_position_mm)

    # Contact

    async def edges(self, count: int, *, since_s: float, until_s: float) -> tuple[Floats, Floats]:
        """Wait for ``count`` whole cycles of the contact after ``since_s``, or until ``until_s``.

        Returns:
            Rises and falls, s: fall i follows rise i; at most ``count + 1`` rises, and a last rise whose
            fall has not come yet stands alone.
        """
        while True:
            now_s = self.time.now()
            self._march(now_s)
            edges = self._contact.edges_since(since_s)
            rises = [edge.time_s for edge in edges if edge.closes][: count + 1]
            if len(rises) > count or now_s >= until_s:
                break
            await self.time.wait_until(min(until_s, max(self._next_event_s(now_s), now_s + 1e-6)))
        falls = [edge.time_s for edge in edges if not edge.closes and rises and edge.time_s > rises[0]]
        return np.array(rises), np.array(falls[: len(rises)])

    def contact_closed_at(self, time_s: float) -> bool:
        """Say whether needles and plate conduct at a moment that has come."""
        self._march(time_s)
        if not self._pen.running:
            reach_mm = self._static_reaches_mm(time_s).max() - self.world.contact.threshold_mm
            return bool(reach_mm > self._gaps_mm(np.array([time_s]))[0]) and not self.world.contact.wire_open
        before = [edge for edge in self._contact.edges_since(time_s - 1.0) if edge.time_s <= time_s]
        return bool(before) and before[-1].closes

    def _next_event_s(self, now_s: float) -> float:
        return self._pen.next_end_s() if self._pen.running else now_s + IDLE_STEP_S

    def _march(self, time_s: float) -> None:
        while self._pen.next_end_s() <= time_s:
            stroke = self._pen.finish_stroke()
            gap_mm = float(self._gaps_mm(np.array([stroke.top_s]))[0]) - self._longest_reach_mm
            self._contact.strike(stroke, gap_mm)

    # Force

    def force_n(self, times_s: Floats) -> Floats:
        """Return the true axial compression at recent moments, N."""
        now_s = float(times_s.max())
        self._march(now_s)
        match self.target_at(now_s):
            case "datum":
                return self._datum_forces_n(times_s)
            case "anvil":
                return self._pouch.force_n(times_s)
            case "phantom":
                return self._phantom.force_n(times_s)
            case _:
                return np.zeros_like(times_s)

    def _datum_forces_n(self, times_s: Floats) -> Floats:
        nest, gaps_mm = self.world.nest, self._gaps_mm(times_s)
        # A tilted plate touches the rim at its edge first.
        early_mm = self.world.pen.rim_radius_mm * abs(nest.tilt_mrad) * 1e-3
        rim_n = nest.stiffness_n_per_mm * _soft_overlap(early_mm - gaps_mm, nest.soft_mm)
        if self._pen.running:
            return rim_n + self._pen.load_n
        per_needle = self.world.pen.crank.spring_n_per_mm / len(self._needle_reach_mm)
        overlaps = self._static_reaches_mm(float(times_s[-1])) - gaps_mm[:, None]
        needles_n: Floats = per_needle * np.clip(overlaps, 0.0, None).sum(axis=1)
        return rim_n + needles_n

    def _static_reaches_mm(self, time_s: float) -> Floats:
        return self._pen.static_reach_mm(time_s) + self._needle_reach_mm


def _soft_overlap(overlap_mm: Floats, width_mm: float) -> Floats:
    """Return an overlap that begins softly over ``width_mm``: width · ln(1 + e^(overlap / width))."""
    if width_mm <= 0:
        return np.clip(overlap_mm, 0.0, None)
    softened: Floats = width_mm * np.logaddexp(0.0, overlap_mm / width_mm)
    return softened

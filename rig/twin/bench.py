"""The simulated bench as a whole: who touches what, at which moment.

Nothing is computed before somebody asks: the bench is marched, stroke by stroke, to the moment of the
question. Positions are in mm along the stage, growing towards the pen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from rig.product import Product
from rig.twin.faults import FaultSchedule, parse_fault
from rig.twin.forces import REMEMBERING, Forces, Targets
from rig.twin.physics.axis import Axis
from rig.twin.physics.contact import NeedleContact
from rig.twin.physics.emergency_stop import EmergencyStop
from rig.twin.physics.film import FilmUnderNeedles
from rig.twin.physics.force_chain import ForceChain
from rig.twin.physics.needle_wear import NeedleWear
from rig.twin.physics.needles import needles_of
from rig.twin.physics.peel import SealInGrip
from rig.twin.physics.pen import PenMechanics, Stroke
from rig.twin.physics.phantom import PhantomUnderNeedles
from rig.twin.physics.pouch import PouchUnderAnvil
from rig.twin.physics.room import REFERENCE_C, Room
from rig.twin.physics.step import StepUnderProbe
from rig.twin.physics.supply import NOTHING, Feed, SupplyOutput
from rig.twin.randomness import noise_source
from rig.twin.time import TwinTime
from rig.twin.world import World

Floats = NDArray[np.float64]

# Where the turret presents each target, in degrees, and how exactly it must stand there.
TARGET_ANGLES = {"datum": 0.0, "film": 72.0, "phantom": 144.0, "anvil": 216.0, "grip": 288.0}
TARGET_ANGLES |= {"step_low": 18.0, "step_high": 36.0}
TARGET_TOLERANCE = 0.5
START_POSITION_MM = 3.0
LONGEST_REACH_MM = 10.0  # no needle and no layer is as long
IDLE_STEP_S = 0.02


class TwinBench:
    """Stage, pen, targets, and what they do to each other.

    Args:
        world: the truth.
        product: the design of the pen that is clamped in.
        time: the twin's time.
        seed: decides every random number.

    Attributes:
        room: the temperature around it.
        move_error_mm: how far from where it was told the stage's latest motion ended.
        on_power_loss: called when the pen loses power, with the moment at which it has it back; the
            firmware sets it.
    """

    def __init__(self, world: World, product: Product, time: TwinTime, *, seed: int) -> None:
        self.world, self.product, self.time = world, product, time
        self.faults = FaultSchedule(map(parse_fault, world.faults), time.now)
        self._seed = seed
        self.emergency_stop = EmergencyStop(self.faults.of("stage", "emergency_stop"))
        self.force_chain = ForceChain(self, world.overload)
        self._keepers: list[Callable[[float], None]] = []
        self._caught_up_s, self._unseen = 0.0, False
        self.z, self.turret = Axis(START_POSITION_MM), Axis(0.0)
        self._move_noise, self._move_key = self.random("stage"), -1.0
        self.move_error_mm = 0.0
        needles = needles_of(world.pen.tip, product.mechanics.needles, seed=seed)
        self._pen = PenMechanics(world.pen, product, self.random("strokes"), needles, self.faults)
        self.supply = self._pen.power.supply = SupplyOutput(world.supply)
        slope = world.nest.tilt_mrad * 1e-3
        direction = world.nest.tilt_direction_rad
        needle_reach_mm = needles.reach_mm(slope * math.cos(direction), slope * math.sin(direction))
        self._longest_reach_mm = float(needle_reach_mm.max())
        self.room = Room(world, self.faults)
        losses = (*self.faults.of("pen", "browns_out"), *self.faults.of("pen", "reboots"))
        self._power_losses = sorted(losses, key=lambda loss: loss.at_s, reverse=True)
        self.on_power_loss: Callable[[float], None] = lambda dark_until_s: None
        self._contact = NeedleContact(
            world.contact,
            world.pen.crank,
            world.pen.motor,
            self._pen,
            world.nest.stiffness_n_per_mm,
            self.random("contact"),
            self.faults,
        )
        self._film = FilmUnderNeedles(
            world.film,
            self._pen,
            bluntness=NeedleWear(
                world.wear, world.pen.tip.needles, product.mechanics.needles, self.random("wear")
            ).bluntness(),
            reach_mm=needle_reach_mm,
            spring_n_per_mm=world.pen.crank.spring_n_per_mm,
            random=self.random("film"),
        )
        pouch = PouchUnderAnvil(
            world.pouch,
            world.environment,
            lambda times: self._heights_mm(times, "anvil", world.pouch.position_mm),
        )
        self._phantom = PhantomUnderNeedles(
            world.phantom,
            world.pen.tip.needles,
            needles,
            self.random("phantom"),
            wear=NeedleWear(
                world.wear, world.pen.tip.needles, product.mechanics.needles, self.random("wear")
            ),
            surface_mm=lambda times: self._heights_mm(times, "phantom", world.phantom.position_mm),
            reach_mm=self._pen.static_reach_mm,
        )
        warmth_k = world.environment.temperature_c - REFERENCE_C
        growth = (world.step.expansion_per_k - world.stage.expansion_per_k) * warmth_k
        step = StepUnderProbe(world.step, growth, self._heights_mm)
        lowest_mm = min(world.pouch.position_mm, world.step.low_mm, world.phantom.position_mm)
        self._free_below_mm = lowest_mm - LONGEST_REACH_MM
        seal = SealInGrip(world.peel, self.random("peel"), self._grip_travels_mm)
        self._forces = Forces(
            world,
            self._pen,
            Targets(self._film, pouch, self._phantom, step, seal),
            needle_reach_mm=needle_reach_mm,
            gaps_mm=self._gaps_mm,
            film_overlaps_mm=self._film_overlaps_mm,
        )

    def random(self, name: str) -> np.random.Generator:
        """Return the noise source of that name: the same for a seed, whoever else draws numbers."""
        return noise_source(self._seed, name)

    @property
    def pen(self) -> PenMechanics:
        """The pen's mechanics, brought up to the present moment before anybody touches them."""
        self._march(self.time.now())
        return self._pen

    def feed(self) -> Feed:
        """Return what the supply's output gives the pen now; nothing while it is off."""
        pen = self.pen
        return pen.feed_at(self.time.now()) if pen.power.is_external else NOTHING

    # Looking

    def keep(self, keeper: Callable[[float], None]) -> None:
        """Have ``keeper`` called with the present time before anybody looks at the bench.

        It finds out what happened meanwhile (an input that switched, an axis that stalled) and may change
        a motion from that moment on, for nobody has seen what would have come after.
        """
        self._keepers.append(keeper)

    def catch_up(self) -> None:
        """Let everything happen that happened by itself until now."""
        now_s = self.time.now()
        if self._unseen or now_s <= self._caught_up_s:
            return
        with self._nobody_looks():
            for keeper in self._keepers:
                keeper(now_s)
        self._caught_up_s = now_s

    @contextmanager
    def _nobody_looks(self) -> Iterator[None]:
        """Find things out without that anything is decided or drawn by it."""
        before, self._unseen = self._unseen, True
        try:
            yield
        finally:
            self._unseen = before

    # Position

    def plates_mm(self, times_s: Floats) -> Floats:
        """Return where the target head truly is: what the stage was told, with the stage's errors."""
        stage, now_s = self.world.stage, float(times_s[-1])
        if not self._unseen and self.z.ends_at() != self._move_key and not self.z.busy_at(now_s):
            self._move_key = self.z.ends_at()
            self.move_error_mm = float(self._move_noise.normal(0.0, stage.repeatability_mm))
        told = self.z.positions_at(times_s)
        cyclic = stage.cyclic_mm * np.sin(2 * np.pi * told / stage.cyclic_period_mm)
        heights: Floats = told * (1.0 + stage.scale_error) + cyclic + self.move_error_mm
        return heights

    def target_at(self, time_s: float) -> str | None:
        """Return the target that the turret presents, or None between two."""
        angle = self.turret.position_at(time_s) % 360.0
        for name, place in TARGET_ANGLES.items():
            if abs(angle - place) <= TARGET_TOLERANCE:
                return name
        return "film" if abs(self._place_on_film_mm(time_s)) <= self.world.film.half_width_mm else None

    def _heights_mm(self, times_s: Floats, target: str, touches_at_mm: float) -> Floats:
        """Return how far a target's surface stands above a place; without end below it while turned away."""
        if self.target_at(float(times_s[-1])) != target:
            return np.full_like(times_s, -np.inf)
        return self.plates_mm(times_s) - touches_at_mm

    def _grip_travels_mm(self, times_s: Floats) -> Floats:
        """Return how far the grip has pulled from its home; without end while the turret presents another."""
        away = np.abs(self.turret.positions_at(times_s) % 360.0 - TARGET_ANGLES["grip"]) > TARGET_TOLERANCE
        return np.where(away, np.inf, self.world.peel.position_mm - self.plates_mm(times_s))

    def _place_on_film_mm(self, time_s: float) -> float:
        """Return how far the film's middle is turned past the pen: each place on it is a fresh one."""
        off = math.radians(self.turret.position_at(time_s) % 360.0 - TARGET_ANGLES["film"])
        return off * self.world.film.radius_mm

    def _film_overlaps_mm(self, times_s: Floats) -> Floats:
        """Return how far the rim has sunk into the film; negative while it hangs above."""
        return self._heights_mm(times_s, "film", self.world.film.position_mm - self._film.thickness_mm)

    def _gaps_mm(self, times_s: Floats) -> Floats:
        """Return how far the plate is below the rim plane, in the pen's own lengths at 20 °C."""
        nest = self.world.nest
        drifts_mm = nest.drift_mm * -np.expm1(-times_s / nest.drift_time_s)
        below_mm = -self._heights_mm(times_s, "datum", nest.rim_position_mm) + drifts_mm
        below_mm += self.room.rim_shift_mm(times_s)
        gaps: Floats = below_mm * self.room.pen_mm_per_stage_mm(times_s)
        return gaps

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
            reach_mm = self._forces.static_reaches_mm(time_s).max() - self.world.contact.threshold_mm
            touches = bool(reach_mm > self._gaps_mm(np.array([time_s]))[0])
            return touches and not self._contact.wire_is_open_at(time_s)
        before = [edge for edge in self._contact.edges_since(time_s - 1.0) if edge.time_s <= time_s]
        return bool(before) and before[-1].closes

    def _next_event_s(self, now_s: float) -> float:
        return self._pen.next_end_s() if self._pen.running else now_s + IDLE_STEP_S

    def _march(self, time_s: float) -> None:
        self.catch_up()
        while self._power_losses and self._power_losses[-1].at_s <= time_s:
            loss = self._power_losses.pop()
            self._run_strokes(loss.at_s)
            self._pen.stop(loss.at_s)
            self.on_power_loss(loss.at_s if loss.for_s is None else loss.ends_s)
        self._run_strokes(time_s)

    def _run_strokes(self, time_s: float) -> None:
        before, self._unseen = self._unseen, False  # the needles meet the plate, whoever looks
        while self._pen.next_end_s() <= time_s:
            stroke = self._pen.finish_stroke()
            self._contact.strike(stroke, self._contact_gap_mm(stroke))
            if self.target_at(stroke.top_s) == "phantom":
                self._pen.load_n = self._phantom.strike(stroke.top_s, stroke.top_mm)
        self._pen.stall_if_due(time_s)
        self._unseen = before

    def _contact_gap_mm(self, stroke: Stroke) -> float:
        """Return how far a nominal needle's top must reach beyond the rim to touch metal in this stroke."""
        top_s = np.array([stroke.top_s])
        if self.target_at(stroke.top_s) == "film":
            overlap_mm = float(self._film_overlaps_mm(top_s)[0])
            return self._film.gap_mm(stroke, overlap_mm, self._place_on_film_mm(stroke.top_s))
        return float(self._gaps_mm(top_s)[0]) - self._longest_reach_mm

    # Force

    def force_n(self, times_s: Floats) -> Floats:
        """Return the true axial compression at recent moments, N."""
        now_s = float(times_s.max())
        self._march(now_s)
        return self._forces.force_n(self.target_at(now_s), times_s)

    def unseen_forces_n(self, times_s: Floats) -> Floats:
        """Return the true axial compression at recent moments; nothing is decided or drawn by it."""
        with self._nobody_looks():
            return self.force_n(times_s)

    def unseen_force_n(self, time_s: float) -> float:
        """Return the same at one moment."""
        return float(self.unseen_forces_n(np.array([time_s]))[0])

    def largest_remembered_n(self, time_s: float) -> float:
        """Return the largest force so far on the target that is presented, which remembers it."""
        now_n = self.unseen_force_n(time_s)
        return self._forces.largest_n(self.target_at(time_s), now_n)

    def may_touch(self, from_s: float, to_s: float) -> bool:
        """Say whether the presented target may touch anything within a stretch of time."""
        highest_mm = self.z.highest_between(from_s, to_s)[1]
        if highest_mm < self._free_below_mm:
            return False
        return highest_mm >= self._forces.touches_from_mm(self.target_at(to_s), to_s)

    def remembers_at(self, time_s: float) -> bool:
        """Say whether the force on the presented target depends on what happened before."""
        return self.target_at(time_s) in REMEMBERING

    def most_force_n(self, times_s: Floats) -> Floats:
        """Return what the force does not exceed at recent moments, without working out what happened.

        It is the force itself on every target that remembers nothing.
        """
        last_s = float(times_s[-1])
        if not self.may_touch(float(times_s[0]), last_s):
            return np.zeros_like(times_s)
        with self._nobody_looks():
            return self._forces.most_n(self.target_at(last_s), times_s)

"""The electrical contact of needles and plate: when it is closed, with threshold, bounce and misses."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from rig.twin.faults import FaultSchedule
from rig.twin.physics.pen import PenMechanics, Stroke
from rig.twin.world import Contact
from rig.twin.world_pen import Crank, Motor

KEPT_EDGES = 20_000
SHORTEST_S = 2e-6


@dataclass(frozen=True)
class Edge:
    """A change of the contact."""

    time_s: float
    closes: bool


class NeedleContact:
    """Turns strokes and gaps into edges of the contact signal.

    Args:
        contact, crank, motor: the truth.
        pen: the mechanics that make the strokes.
        nest_stiffness_n_per_mm: how far the plate gives under the strokes' mean force.
        random: noise of the contact.
        faults: a broken wire, and bounces beyond the usual.
    """

    def __init__(
        self,
        contact: Contact,
        crank: Crank,
        motor: Motor,
        pen: PenMechanics,
        nest_stiffness_n_per_mm: float,
        random: np.random.Generator,
        faults: FaultSchedule,
    ) -> None:
        self._faults = faults
        self._contact, self._crank, self._motor = contact, crank, motor
        self._pen, self._random = pen, random
        self._nest_stiffness = nest_stiffness_n_per_mm
        self._edges: list[Edge] = []

    def edges_since(self, time_s: float) -> list[Edge]:
        """Return the edges from a moment on, in order."""
        return self._edges[bisect_left(self._edges, time_s, key=lambda edge: edge.time_s) :]

    def wire_is_open_at(self, time_s: float) -> bool:
        """Say whether the wire was broken at a moment."""
        return self._contact.wire_open or self._faults.stood("bench", "contact_open", time_s) is not None

    def strike(self, stroke: Stroke, gap_mm: float) -> None:
        """Work out one stroke against a plate at ``gap_mm`` below the rim plane, tip included.

        Leaves the mean force of the stroke on the pen, which slows it and lets the plate give way.
        """
        gap_mm += self._pen.load_n / self._nest_stiffness
        overlap_mm = stroke.top_mm - gap_mm
        bouncing = self._faults.stood("bench", "contact_bounce", stroke.start_s)
        bounce_mean = self._contact.bounce_mean if bouncing is None else bouncing.value
        bounces, missed = int(self._random.poisson(bounce_mean)), self._random.random()
        if overlap_mm <= 0:
            self._pen.load_n = 0.0
            return
        peak_n = self._crank.spring_n_per_mm * overlap_mm
        drag = 1.0 + self._motor.droop_per_n * peak_n * 2 / 3
        closes_s = self._edge_s(stroke, overlap_mm - self._contact.threshold_mm, -1.0, drag)
        opens_s = self._edge_s(
            stroke, overlap_mm - self._contact.threshold_mm + self._contact.hysteresis_mm, 1.0, drag
        )
        duty = (opens_s - closes_s) / stroke.period_s
        self._pen.load_n = peak_n * 2 / 3 * max(0.0, duty)
        conducts = overlap_mm > self._contact.threshold_mm and missed >= self._contact.missed
        if conducts and not self.wire_is_open_at(stroke.top_s) and closes_s < opens_s:
            self._add(closes_s, opens_s, bounces)

    def _edge_s(self, stroke: Stroke, overlap_mm: float, side: float, drag: float) -> float:
        angle = self._pen.contact_angle(max(0.0, overlap_mm))
        return stroke.top_s + self._pen.delay_of(stroke, side * angle) * drag

    def _add(self, closes_s: float, opens_s: float, bounces: int) -> None:
        if len(self._edges) > KEPT_EDGES:
            del self._edges[: KEPT_EDGES // 2]
        self._edges.append(Edge(closes_s, True))
        time_s = closes_s
        for length_s in self._random.exponential(self._contact.bounce_s, size=2 * bounces):
            # What is shorter than this the capacitance of the wire swallows.
            time_s += max(SHORTEST_S, float(length_s))
            if time_s + SHORTEST_S < opens_s:
                self._edges.append(Edge(time_s, not self._edges[-1].closes))
        if not self._edges[-1].closes:
            self._edges.pop()
        self._edges.append(Edge(opens_s, False))

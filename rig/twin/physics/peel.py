"""A pouch's seal that the grip pulls open: the film stretches, the front of the peel sticks and slips.

The front moves on when the film pulls harder than the seal holds there, and then slips until the force has
fallen by a share. The seal holds more where peeling begins, and unevenly along its length.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rig.twin.physics.force_history import ForceHistory
from rig.twin.world import Peel

Floats = NDArray[np.float64]

STEP_S = 0.001
WAVES = 12
STIFFENING_PER_MM = 0.04
REFERENCE_WIDTH_MM = 15.0
LAID_IN_MM = 0.05


class Specimen:
    """One seal, drawn at random: how hard it holds along its length."""

    def __init__(self, peel: Peel, random: np.random.Generator) -> None:
        self._peel = peel
        scatter = 1.0 + peel.specimen_scatter * random.normal()
        self._mean_n = peel.strength_n_per_15mm * peel.width_mm / REFERENCE_WIDTH_MM * max(0.1, scatter)
        self._numbers = random.uniform(0.4, 1.6, WAVES) * 2 * math.pi / peel.wave_mm
        self._phases = random.uniform(0.0, 2 * math.pi, WAVES)

    def holds_n(self, peeled_mm: float) -> float:
        """Return the force at which the front moves on from a place along the seal."""
        peel = self._peel
        waves = math.sqrt(2.0 / WAVES) * float(np.sin(self._numbers * peeled_mm + self._phases).sum())
        start = peel.initiation * math.exp(-peeled_mm / peel.initiation_mm)
        # Where it slips by a share, the mean lies half of that below what it holds.
        crest = 1.0 / (1.0 - peel.slip / 2)
        return self._mean_n * crest * max(0.05, 1.0 + peel.waviness * waves + start)


class SealInGrip:
    """Tension of a seal in the grip, marched in time; a new specimen is laid in whenever the grip comes home.

    Args:
        peel: the truth.
        random: draws the specimens.
        travel_mm: how far the grip has pulled away from its home at given moments.
    """

    def __init__(
        self, peel: Peel, random: np.random.Generator, travel_mm: Callable[[Floats], Floats]
    ) -> None:
        self._peel, self._random, self._travel_mm = peel, random, travel_mm
        self._specimen: Specimen | None = None
        self._peeled_mm = 0.0
        self._used = False
        self._history = ForceHistory()

    @property
    def largest_n(self) -> float:
        """The largest pull so far, N."""
        return self._history.largest_n

    def force_n(self, times_s: Floats) -> Floats:
        """Return the axial force at recent moments, N: tension, so never positive."""
        self._march(float(times_s.max()))
        return -self._history.at(times_s)

    def _march(self, until_s: float) -> None:
        if until_s <= self._history.now_s:
            return
        times_s = self._history.steps_to(until_s, STEP_S)
        for time_s, travel_mm in zip(times_s.tolist(), self._travel_mm(times_s).tolist(), strict=True):
            self._history.add(time_s, self._step(travel_mm))

    def _step(self, travel_mm: float) -> float:
        if travel_mm <= LAID_IN_MM:
            if self._specimen is None or self._used:
                self._specimen, self._peeled_mm, self._used = Specimen(self._peel, self._random), 0.0, False
            return 0.0
        if self._specimen is None or not math.isfinite(travel_mm):
            return 0.0
        self._used = True
        pull_n = self._pull_n(travel_mm)
        if pull_n >= self._specimen.holds_n(self._peeled_mm):
            slipped_n = (1.0 - self._peel.slip) * pull_n
            stretch_mm = self._stretch_mm(slipped_n)
            self._peeled_mm = max(self._peeled_mm, (travel_mm - self._peel.slack_mm - stretch_mm) / 2)
            pull_n = slipped_n
        return pull_n if self._peeled_mm < self._peel.length_mm * self._peel.tears_at else 0.0

    def _pull_n(self, travel_mm: float) -> float:
        """Force of the film, which stiffens as it is drawn."""
        stretch_mm = max(0.0, travel_mm - self._peel.slack_mm - 2 * self._peeled_mm)
        return self._peel.film_n_per_mm * stretch_mm * (1.0 + STIFFENING_PER_MM * stretch_mm)

    def _stretch_mm(self, force_n: float) -> float:
        """Stretch of the film under a force: the root of stiffness·s·(1 + c·s) = force."""
        c = STIFFENING_PER_MM
        return (math.sqrt(1.0 + 4.0 * c * force_n / self._peel.film_n_per_mm) - 1.0) / (2.0 * c)

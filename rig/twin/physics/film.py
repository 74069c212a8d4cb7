"""Layers of film on a soft conductive bed, struck by needles through the rim that presses on them.

A needle meets the film at some speed and takes it down before it punctures; the more layers, the more force
and the deeper the dent. Dented film goes down as a whole, so the needle must reach further than the film is
thick. What happens within a stroke happens at the speed of that first touch: film and bed relax more
slowly than a stroke lasts. A hole closes behind its needle but stays weaker than fresh film, so a site that
has been struck before lets strokes through that a fresh one stops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rig.twin.physics.pen import PenMechanics, Stroke
from rig.twin.world import Film

Floats = NDArray[np.float64]

SLOWEST_MM_PER_S = 1.0
LEAST_STRENGTH = 0.2
ANGLE_STEP_MM = 1e-4
REACH_ROUNDS = 4


@dataclass
class _Site:
    """One place on the film: what differs there, and how often it was struck."""

    strength: Floats
    thicker_mm: float
    punctures: int = 0


class FilmUnderNeedles:
    """The film as the strokes of a pen meet it.

    Args:
        film: the truth.
        pen: gives the speed of the needles.
        bluntness: puncture force of each needle relative to a new one, shape (needles,).
        reach_mm: reach of each needle beyond the nominal one, with the bed's tilt, shape (needles,).
        spring_n_per_mm: the cartridge, which gives when pierced film holds the needles.
        random: draws the needles' sharpness once, then sites and strokes as they come.
    """

    def __init__(
        self,
        film: Film,
        pen: PenMechanics,
        *,
        bluntness: Floats,
        reach_mm: Floats,
        spring_n_per_mm: float,
        random: np.random.Generator,
    ) -> None:
        self._film, self._pen, self._random = film, pen, random
        self._reach_mm, self._spring_n_per_mm = reach_mm, spring_n_per_mm
        scatter = film.needle_scatter * random.normal(size=len(reach_mm))
        self._puncture_n: Floats = film.puncture_n * bluntness * np.clip(1.0 + scatter, LEAST_STRENGTH, None)
        self._sites: dict[int, _Site] = {}

    @property
    def thickness_mm(self) -> float:
        """Thickness of all layers, the mean over the film."""
        return self._film.layers * self._film.layer_mm

    def rim_n(self, overlap_mm: Floats) -> Floats:
        """Return the force on the rim that has sunk by ``overlap_mm`` into the film, N."""
        return self._film.rim_n_per_mm * np.clip(overlap_mm, 0.0, None)

    def gap_mm(self, stroke: Stroke, overlap_mm: float, place_mm: float) -> float:
        """Return how far a nominal needle's top must reach beyond the rim to touch the bed in this stroke.

        Args:
            overlap_mm: how far the rim has sunk into the film; negative while it hangs above.
            place_mm: where on the film, along the turret's way; the place remembers the stroke.
        """
        site = self._site(place_mm)
        weakened = self._film.weakening * -math.expm1(-site.punctures / self._film.weakening_strokes)
        scatter = 1.0 + self._film.stroke_scatter * self._random.normal(size=len(self._puncture_n))
        strength = np.clip(site.strength * scatter * (1.0 - weakened), LEAST_STRENGTH, None)
        met_mm = stroke.top_mm + float(self._reach_mm.max()) - max(-overlap_mm, 0.0)
        if met_mm <= 0:
            return math.inf
        speed = self._speed_mm_per_s(met_mm, 1.0 / stroke.period_s)
        if met_mm > float(self._dent_mm(strength * self._puncture_n, speed, 1).min()):
            site.punctures += 1
        needed_mm = self._needed_mm(strength, speed, overlap_mm)
        return float((needed_mm - self._reach_mm).min()) + site.thicker_mm

    def reach_of_half(
        self, rate_hz: float, preload_n: float, top_scatter_mm: float, *, strokes: int
    ) -> float:
        """Return the top (mm) of a nominal needle at which half the strokes on fresh sites reach the bed.

        Draws ``strokes`` strokes, each on a site of its own; their median is found for the speed that goes
        with the top that is looked for.
        """
        shape = (strokes, len(self._puncture_n))
        strength = (1.0 + self._film.site_scatter * self._random.normal(size=shape)) * (
            1.0 + self._film.stroke_scatter * self._random.normal(size=shape)
        )
        thicker = self._film.layers**0.5 * self._film.thickness_scatter_mm * self._random.normal(size=strokes)
        thicker -= top_scatter_mm * self._random.normal(size=strokes)
        overlap_mm = preload_n / self._film.rim_n_per_mm
        top_mm = self.thickness_mm
        for _ in range(REACH_ROUNDS):
            speed = self._speed_mm_per_s(top_mm + float(self._reach_mm.max()), rate_hz)
            needed = self._needed_mm(np.clip(strength, LEAST_STRENGTH, None), speed, overlap_mm)
            top_mm = float(np.median((needed - self._reach_mm).min(axis=1) + thicker))
        return top_mm

    def _needed_mm(self, strength: Floats, speed: float, overlap_mm: float) -> Floats:
        """Return how far each needle must reach beyond the rim plane, last axis: needles."""
        film = self._film
        puncture_n = strength * self._puncture_n
        holding_n = film.grip * film.layers * self._at_speed(puncture_n, speed).sum(axis=-1, keepdims=True)
        surface_mm = film.doming_mm_per_n * film.rim_n_per_mm * max(overlap_mm, 0.0) + min(overlap_mm, 0.0)
        given_way_mm = holding_n / self._spring_n_per_mm
        needed: Floats = (
            self.thickness_mm - surface_mm + given_way_mm + self._dent_mm(puncture_n, speed, film.layers)
        )
        return needed

    def _dent_mm(self, puncture_n: Floats, speed: float, layers: int) -> Floats:
        """Return how deep the film is dented when the last of so many layers punctures."""
        film = self._film
        force_n = self._at_speed(puncture_n, speed) * (1.0 + (layers - 1) * film.grip)
        force_n /= speed**film.bed_exponent
        root = np.sqrt(film.linear_n_per_mm**2 + 4.0 * film.square_n_per_mm2 * force_n)
        dent: Floats = 2.0 * force_n / (film.linear_n_per_mm + root)
        return dent

    def _at_speed(self, puncture_n: Floats, speed: float) -> Floats:
        force_n: Floats = puncture_n * speed**self._film.rate_exponent
        return force_n

    def _speed_mm_per_s(self, drop_mm: float, rate_hz: float) -> float:
        """Return the speed of the needles where they stand ``drop_mm`` below their top."""
        turned = self._pen.contact_angle(drop_mm + ANGLE_STEP_MM) - self._pen.contact_angle(drop_mm)
        if turned <= 0:
            return SLOWEST_MM_PER_S
        return max(SLOWEST_MM_PER_S, 2.0 * math.pi * rate_hz * ANGLE_STEP_MM / turned)

    def _site(self, place_mm: float) -> _Site:
        key = round(place_mm / self._film.hole_mm)
        if key not in self._sites:
            film, random = self._film, self._random
            strength = 1.0 + film.site_scatter * random.normal(size=len(self._puncture_n))
            thicker_mm = film.layers**0.5 * film.thickness_scatter_mm * float(random.normal())
            self._sites[key] = _Site(strength, thicker_mm)
        return self._sites[key]

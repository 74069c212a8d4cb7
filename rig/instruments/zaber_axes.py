"""An axis of a Zaber controller: its numbers on the wire, and how long it takes to go somewhere."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from rig.config import Section

# The wire carries microsteps/s times this, and microsteps/s² times a ten-thousandth of this.
VELOCITY_FACTOR = 1.6384
ACCEL_FACTOR = 1.6384e-4

Positive = Annotated[float, Field(gt=0)]


class AxisOptions(Section):
    """An axis as the station file describes it, in its own unit (mm, or ° for the turret)."""

    number: Annotated[int, Field(ge=1, le=9)]
    unit_per_microstep: Positive
    speed: Positive = Field(description="default speed, unit/s")
    accel: Positive = Field(description="acceleration and deceleration, unit/s²")


def motion_time_s(distance: float, speed: float, accel: float) -> float:
    """Return the duration of a motion with symmetric trapezoid (or triangle) of velocity, in s."""
    if distance * accel < speed * speed:
        return 2 * math.sqrt(distance / accel)
    return distance / speed + speed / accel

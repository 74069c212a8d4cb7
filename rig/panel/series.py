"""The name of a characteristic at a setting in an address: ``extension.as_found@0.25@5000``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Query

from rig.panel.asked import LONGEST


@dataclass(frozen=True)
class SeriesName:
    """A characteristic at a setting; ``characteristic`` is empty where none was asked for.

    Args:
        characteristic: which.
        setting: (depth in mm, rate per minute); None for what has no setting.
    """

    characteristic: str
    setting: tuple[float, float] | None = None

    def __str__(self) -> str:
        if self.setting is None:
            return self.characteristic
        depth_mm, rate_per_min = self.setting
        return f"{self.characteristic}@{depth_mm!r}@{rate_per_min!r}"


def series_name(characteristic: str, depth_mm: float | None, rate_per_min: float | None) -> SeriesName:
    """Return the name of what a line of the capability table is about."""
    if depth_mm is None or rate_per_min is None:
        return SeriesName(characteristic)
    return SeriesName(characteristic, (depth_mm, rate_per_min))


def series_asked(series: Annotated[str, Query(max_length=LONGEST)] = "") -> SeriesName:
    """Return the series that an address names; raises HTTPException 422 for a setting that is none."""
    name, *setting = series.strip().split("@")
    if not setting:
        return SeriesName(name)
    try:
        depth_mm, rate_per_min = (float(text) for text in setting)
    except ValueError:
        depth_mm = rate_per_min = math.nan
    if not (math.isfinite(depth_mm) and math.isfinite(rate_per_min)):
        raise HTTPException(
            422, f"series: {series!r} names no setting, expected such as extension.as_found@0.25@5000"
        )
    return SeriesName(name, (depth_mm, rate_per_min))


SeriesAsked = Annotated[SeriesName, Depends(series_asked)]

"""Readings of gauge studies as a study's frame has them: published ones, and whatever a test needs."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from tests.support.published import rows


def aiag() -> pd.DataFrame:
    """The study of fig. III-B 15 of AIAG's manual, as a study's frame has it."""
    readings = [
        {"part": row["part"], "operator": row["appraiser"], "value": float(row["value"])}
        for row in rows("grr_aiag_msa4.csv")
    ]
    return completed(pd.DataFrame(readings))


def completed(frame: pd.DataFrame, U: float = 0.1) -> pd.DataFrame:
    """Return readings with all other columns that a study has."""
    places = range(len(frame))
    return frame.assign(response="extension", unit="mm", U=U, problem="", run=places, point=places)


def readings(values: list[float], **columns: list[float]) -> pd.DataFrame:
    """Return readings of a millimetre each, with columns of their own."""
    return completed(pd.DataFrame({"value": values, **columns}))


def known(frame: pd.DataFrame, by_depth: Mapping[float, float] | float) -> dict[int, float]:
    """The reference value of each point, from those by depth, or from the one of all."""
    if isinstance(by_depth, float):
        return dict.fromkeys(frame["point"], by_depth)
    return {point: by_depth[depth] for point, depth in zip(frame["point"], frame["depth"], strict=True)}

"""How a world file's parameters are declared: with unit, range and what they are."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, le=1)]


def p(default: float, unit: str, description: str) -> Any:
    """Declare a parameter: its default, its unit and what it is."""
    return Field(default, description=description, json_schema_extra={"unit": unit})

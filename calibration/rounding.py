"""A value beside its uncertainty, to the digits that it deserves and no more."""

from __future__ import annotations

import math


def with_uncertainty(value: float, U: float) -> str:
    """Return ``value ± U`` with two significant digits of U, as the GUM asks (7.2.6).

    >>> with_uncertainty(0.25137, 0.00416)
    '0.2514 ± 0.0042'
    >>> with_uncertainty(1.2345e-5, 1.2e-6)
    '(1.23 ± 0.12)e-5'
    """
    if not U > 0 or math.isinf(U):
        return f"{value:g}"
    largest = max(abs(value), U)
    if 1e-3 <= largest < 1e6:
        places = _places(U)
        return f"{_rounded(value, places)} ± {_rounded(U, places)}"
    power = math.floor(math.log10(largest))
    scale = 10.0**-power
    places = _places(U * scale)
    return f"({_rounded(value * scale, places)} ± {_rounded(U * scale, places)})e{power}"


def _places(U: float) -> int:
    """Return the decimal places that show two significant digits of U; 0.0996 shows as 0.10."""
    two_digits = float(f"{U:.1e}")
    return 1 - math.floor(math.log10(two_digits))


def _rounded(value: float, places: int) -> str:
    return f"{round(value, places) + 0.0:.{max(0, places)}f}"  # + 0.0 makes a zero of a negative zero

"""The libraries that studies need and runs do not: asked for before anything begins."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from rig.errors import RefusedToStart

TO_DESIGN, TO_FIT = "pydoe", "statsmodels"


def check_libraries(names: Sequence[str] = (TO_DESIGN, TO_FIT)) -> None:
    """Refuse when a library is missing.

    Raises:
        RefusedToStart: names what is missing, and the command that installs it.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise RefusedToStart(
            f"studies need {' and '.join(missing)}, which {are} not installed",
            do="Install what studies need: pip install needle-rig[studies]",
        )

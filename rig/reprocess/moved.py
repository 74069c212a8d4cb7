"""What moved: a recorded result beside the same result made again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from rig.reprocess.again import Again

Body = Mapping[str, Any]

ROUNDING_IN_U = 1e-6
"""What another processor or numerical library may change, in units of the recorded u."""

ROUNDING = 1e-12
"""The same, relative, where a result has no uncertainty."""

NUMBERS = ("value", "u", "dof", "k", "U")
WORDS = ("unit", "lower", "upper", "verdict", "accepted")


class Status(StrEnum):
    """What became of a result."""

    IDENTICAL = "identical"
    ROUNDING = "within rounding"
    MOVED = "moved"
    REFUSED = "no longer evaluated"
    LEFT = "not made again"

    @property
    def has_moved(self) -> bool:
        """Whether the record and today disagree."""
        return self in (Status.MOVED, Status.REFUSED)


@dataclass(frozen=True)
class Movement:
    """A result, recorded and made again, and the difference.

    Args:
        name, noted: as in :class:`~rig.reprocess.again.Again`.
        status: in a word.
        was, now: the numbers; ``now`` is None where there are none.
        why: it was not made again; empty where it was.
        value: by how much the value moved, in its unit; None where there is nothing to compare.
        in_u: the same in units of the recorded u; None where that is 0.
        of_limits: the same as a share of the width between the limits; None where it has not two.
        u, U: by how much these moved.
    """

    name: str
    noted: bool
    status: Status
    was: Body
    now: Body | None
    why: str = ""
    value: float | None = None
    in_u: float | None = None
    of_limits: float | None = None
    u: float | None = None
    U: float | None = None

    @property
    def verdict_changed(self) -> bool:
        """Whether it is judged otherwise now."""
        return self.now is not None and self.was.get("verdict") != self.now.get("verdict")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "status": self.status.value}


def movement(again: Again) -> Movement:
    """Compare a recorded result with the same made again."""
    was, now = again.was, again.now
    if now is None:
        status = Status.REFUSED if again.refused else Status.LEFT
        return Movement(again.name, again.noted, status, was, None, again.why)
    if was["unit"] != now["unit"]:
        return Movement(again.name, again.noted, Status.MOVED, was, now, "its unit is another")
    moved, width = now["value"] - was["value"], _width(was)
    return Movement(
        again.name,
        again.noted,
        _status(was, now),
        was,
        now,
        value=moved,
        in_u=moved / was["u"] if was["u"] else None,
        of_limits=None if width is None else moved / width,
        u=now["u"] - was["u"],
        U=now["U"] - was["U"],
    )


def counts(movements: Sequence[Movement]) -> dict[str, int]:
    """Return how many results there are of each status."""
    return {status.value: sum(m.status is status for m in movements) for status in Status}


def _status(was: Body, now: Body) -> Status:
    if any(was.get(name) != now.get(name) for name in WORDS if name in now):
        return Status.MOVED
    if all(was[name] == now[name] for name in NUMBERS):
        return Status.IDENTICAL
    least = ROUNDING_IN_U * was["u"] or ROUNDING * abs(was["value"])
    near = all(math.isclose(now[name], was[name], rel_tol=0.0, abs_tol=least) for name in ("value", "u", "U"))
    return Status.ROUNDING if near else Status.MOVED


def _width(was: Body) -> float | None:
    lower, upper = was.get("lower"), was.get("upper")
    return upper - lower if lower is not None and upper is not None and upper > lower else None

"""Faults on a schedule: what goes wrong on the simulated bench, with whom and when.

A fault is written ``ROLE.NAME@12s``, with ``+5s`` for how long it stands and ``=0.3`` for how much, such
as ``counter.late_reply@12s`` or ``force_gauge.drift@3s+20s=0.01``. Times are the twin's. This module
says what there is and when it is due; what each fault does stands with the thing that it happens to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rig.twin.fault_kinds import KINDS, FaultKind

_FORM = re.compile(
    r"(?P<role>[a-z_]+)\.(?P<name>[a-z_0-9]+)@(?P<at>\d+(\.\d*)?)s"
    r"(\+(?P<for>\d+(\.\d*)?)s)?(=(?P<value>[-+]?\d+(\.\d*)?(e[-+]?\d+)?))?",
    re.ASCII,
)
FORM = "ROLE.NAME@SECONDSs, with +SECONDSs and =VALUE behind it where wanted, such as counter.late_reply@12s"


@dataclass(frozen=True)
class Fault:
    """One entry of a schedule.

    Attributes:
        kind: what happens.
        role: to whom.
        at_s: from when on.
        for_s: how long it stands; None for once, or for ever where its kind lasts.
        value: how much, in the kind's unit.
    """

    kind: FaultKind
    role: str
    at_s: float
    for_s: float | None
    value: float

    @property
    def ends_s(self) -> float:
        """When it stands no longer."""
        return math.inf if self.for_s is None else self.at_s + self.for_s

    @property
    def is_single(self) -> bool:
        """Whether it happens once, the first time that there is occasion for it."""
        return self.for_s is None and not self.kind.lasts


def parse_fault(text: str) -> Fault:
    """Read one entry of a schedule.

    Raises:
        ValueError: it has another form, or there is no such role or fault.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{FORM}; {text!r} is not")
    role, name = found["role"], found["name"]
    mine = {kind.name: kind for kind in KINDS if role in kind.roles}
    if not mine:
        roles = sorted({role for kind in KINDS for role in kind.roles})
        raise ValueError(f"one of these roles: {', '.join(roles)}; {text!r} has {role!r}")
    if name not in mine:
        raise ValueError(f"a fault of {role}: {', '.join(sorted(mine))}; {text!r} has {name!r}")
    kind = mine[name]
    if found["value"] is not None and not kind.unit:
        raise ValueError(f"no value with {role}.{name}; {text!r} has one")
    at_s, value = float(found["at"]), float(found["value"] or kind.default)
    for_s = None if found["for"] is None else float(found["for"])
    if not all(map(math.isfinite, (at_s, value, for_s or 0.0))):
        raise ValueError(f"numbers of a possible size; {text!r} has one that is too large")
    if for_s == 0.0:
        raise ValueError(f"a fault that stands longer than 0 s; {text!r} would never happen")
    return Fault(kind, role, at_s, for_s, value)


def first_moment(faults: Iterable[Fault], start_s: float, end_s: float) -> float:
    """Return when one of the faults stands first between two moments; infinity when none does."""
    moments = (max(f.at_s, start_s) for f in faults if f.at_s < end_s and f.ends_s > start_s)
    return min(moments, default=math.inf)


class FaultSchedule:
    """The faults of one bench, asked by whatever they happen to.

    Args:
        faults: what goes wrong.
        now: the time in seconds.
    """

    def __init__(self, faults: Iterable[Fault], now: Callable[[], float]) -> None:
        self._faults, self._now = sorted(faults, key=lambda fault: fault.at_s), now
        self._taken: set[int] = set()

    def stands(self, role: str, name: str) -> Fault | None:
        """Return the fault that ``role`` suffers from at this moment, or None."""
        return next((f for _, f in self._due(role, (name,))), None)

    def take(self, role: str, *names: str) -> Fault | None:
        """Return the next of these faults that is due; one that happens once is returned once."""
        for index, fault in self._due(role, names):
            if fault.is_single:
                self._taken.add(index)
            return fault
        return None

    def of(self, role: str, name: str) -> Sequence[Fault]:
        """Return every fault of that name, past and future, for what must be computed over a time."""
        return [fault for fault in self._faults if (fault.role, fault.kind.name) == (role, name)]

    def stood(self, role: str, name: str, time_s: float) -> Fault | None:
        """Return the fault that ``role`` suffered from at a moment that has come, or None."""
        return next((f for f in self.of(role, name) if f.at_s <= time_s < f.ends_s), None)

    def _due(self, role: str, names: Sequence[str]) -> Iterable[tuple[int, Fault]]:
        now_s = self._now()
        for index, fault in enumerate(self._faults):
            if fault.at_s > now_s:
                return
            due = fault.role == role and fault.kind.name in names and now_s < fault.ends_s
            if due and index not in self._taken:
                yield index, fault

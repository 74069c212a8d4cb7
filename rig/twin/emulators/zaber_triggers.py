"""The triggers of the Zaber controller: when a condition becomes true, up to two actions are done.

Conditions are those on inputs and outputs (``io di 1 == 0``), on positions (``1 pos > 5000``, ``1 abs
pos >= 5000``, also ``encoder.pos``) and on standing still (``1 idle``); distances and times are refused with
BADCOMMAND. An action is a motion command, an output, or a setting (``1 maxspeed = 1000``). A trigger acts
at the moment at which its condition becomes true, whether or not anybody is talking to the controller.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rig.twin.emulators.zaber_packets import Rejected
from rig.twin.emulators.zaber_settings import integer

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TRIGGERS, SLOTS = 6, ("a", "b")
RESOLUTION_S = 1e-6  # so exactly the moment of a change is found
COMPARISONS: dict[str, Callable[[Floats, float], Bools]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ASSIGNMENTS = ("=", "+=", "-=")
COMMANDS = ("stop", "estop", "home", "move", "io")


class Signal(Protocol):
    """A number of the controller over time."""

    def values(self, times_s: Floats) -> Floats:
        """Return it at recent moments, in order."""

    def moments(self, from_s: float, to_s: float) -> Floats:
        """Return the next moments after ``from_s`` at which to look; the last is ``to_s`` or before it.

        None when it cannot change before ``to_s``.
        """


@dataclass(frozen=True)
class Condition:
    """A signal compared with a number."""

    signal: Signal
    compare: Callable[[Floats, float], Bools]
    number: float

    def holds(self, times_s: Floats) -> Bools:
        """Say at which of the moments it is true."""
        return self.compare(self.signal.values(times_s), self.number)

    def holds_at(self, time_s: float) -> bool:
        """Say whether it is true at a moment."""
        return bool(self.holds(np.array([time_s]))[0])

    def becomes_true(self, from_s: float, to_s: float, *, held: bool) -> tuple[float | None, bool]:
        """Return the moment within a stretch of time at which it turns from false to true, or None.

        Args:
            held: it was true at ``from_s``.

        Returns:
            The moment, and whether it is true at the end where it never turned.
        """
        while from_s < to_s:
            times_s = self.signal.moments(from_s, to_s)
            if not len(times_s):
                break
            true = self.holds(times_s)
            rises = true & ~np.concatenate([[held], true[:-1]])
            if rises.any():
                first = int(np.argmax(rises))
                before_s = float(times_s[first - 1]) if first else from_s
                return self._first_true(before_s, float(times_s[first])), True
            from_s, held = float(times_s[-1]), bool(true[-1])
        return None, held

    def _first_true(self, false_s: float, true_s: float) -> float:
        while true_s - false_s > RESOLUTION_S:
            middle_s = 0.5 * (false_s + true_s)
            if self.holds_at(middle_s):
                true_s = middle_s
            else:
                false_s = middle_s
        return true_s


@dataclass
class Trigger:
    """One trigger.

    Attributes:
        when: its condition as it was told, and the condition.
        actions: slot → axis and words of what it does.
        left: how many times it will still fire; None for ever, 0 while disabled.
        held: its condition was true when it was last looked at.
    """

    when: tuple[str, Condition] | None = None
    actions: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    left: int | None = 0
    held: bool = False

    @property
    def enabled(self) -> bool:
        """Whether it will fire."""
        return self.left != 0 and self.when is not None

    @property
    def state(self) -> str:
        """``d`` while disabled, ``e`` while it fires for ever, or how many times it will."""
        return {None: "e", 0: "d"}.get(self.left, str(self.left))

    def lines(self) -> list[str]:
        """Return what it was told, one line each."""
        told = [f"when {self.when[0]}"] if self.when else []
        for slot, (axis, words) in sorted(self.actions.items()):
            told.append(" ".join(["action", slot, *([str(axis)] if axis else []), *words]))
        count = [] if self.left is None else [str(self.left)]
        return [*told, " ".join(["enable", *count]) if self.left != 0 else "disable"]


class Triggers:
    """All of a controller's triggers.

    Args:
        signal: finds a signal by its words; raises :class:`Rejected` when there is none.
        do: carries out a command's words on an axis (0: all).
        now: the time in seconds.
        axes: how many axes there are.
    """

    def __init__(
        self,
        signal: Callable[[list[str]], Signal],
        do: Callable[[int, list[str]], None],
        now: Callable[[], float],
        *,
        axes: int,
    ) -> None:
        self._signal, self._do, self._now, self._axes = signal, do, now, axes
        self.forget()

    def forget(self) -> None:
        """Have none set up."""
        self._triggers = [Trigger() for _ in range(TRIGGERS)]

    def command(self, words: list[str]) -> str:
        """Act on what follows ``trigger`` and return the reply's data.

        Raises:
            Rejected: BADCOMMAND or BADDATA.
        """
        match words:
            case ["show"]:
                return " ".join(trigger.state for trigger in self._triggers)
            case [number, "when", *condition]:
                self._numbered(number).when = (" ".join(condition), self._condition(condition))
                self._numbered(number).held = False
            case [number, "action", "none"]:
                self._numbered(number).actions.clear()
            case [number, "action", slot, "none"] if slot in SLOTS:
                self._numbered(number).actions.pop(slot, None)
            case [number, "action", slot, *action] if slot in SLOTS:
                self._numbered(number).actions[slot] = self._action(action)
            case [number, "enable"]:
                self._enable(self._numbered(number), None)
            case [number, "enable", count]:
                self._enable(self._numbered(number), integer(count))
            case [number, "disable"]:
                self._numbered(number).left = 0
            case [number, "print"]:
                self._numbered(number)
            case _:
                raise Rejected("BADCOMMAND")
        return "0"

    def printed(self, words: list[str]) -> list[str]:
        """Return the lines that follow the reply to what follows ``trigger``: those of a ``print``."""
        return self._numbered(words[0]).lines() if words[1:] == ["print"] else []

    def next_firing_s(self, from_s: float, to_s: float) -> float | None:
        """Return the moment within a stretch of time at which one fires first, or None."""
        found = [
            (trigger, trigger.when[1].becomes_true(from_s, to_s, held=trigger.held))
            for trigger in self._triggers
            if trigger.left != 0 and trigger.when is not None
        ]
        fires_s = min((at_s for _, (at_s, _) in found if at_s is not None), default=None)
        if fires_s is None:
            for trigger, (_, held) in found:
                trigger.held = held
        return fires_s

    def look(self) -> None:
        """Fire every trigger whose condition is true now and was not when last looked at."""
        for trigger in self._triggers:
            if trigger.left == 0 or trigger.when is None:
                continue
            held, trigger.held = trigger.held, trigger.when[1].holds_at(self._now())
            if trigger.held and not held:
                trigger.left = None if trigger.left is None else trigger.left - 1
                for axis, words in trigger.actions.values():
                    self._do(axis, words)

    def _numbered(self, number: str) -> Trigger:
        index = integer(number) - 1
        if not 0 <= index < TRIGGERS:
            raise Rejected("BADDATA")
        return self._triggers[index]

    def _condition(self, words: list[str]) -> Condition:
        if words[1:] == ["idle"]:
            return Condition(self._signal(words), operator.eq, 1.0)
        *signal, sign, number = words if len(words) > 2 else ["", "", ""]
        if sign not in COMPARISONS:
            raise Rejected("BADCOMMAND")
        try:
            return Condition(self._signal(signal), COMPARISONS[sign], float(number))
        except ValueError:
            raise Rejected("BADDATA") from None

    def _enable(self, trigger: Trigger, count: int | None) -> None:
        if trigger.when is None or (count is not None and count < 1):
            raise Rejected("BADDATA")
        trigger.left, trigger.held = count, False
        self.look()

    def _action(self, words: list[str]) -> tuple[int, list[str]]:
        """Return the axis and the words of an action."""
        axis, rest = (int(words[0]), words[1:]) if words and words[0].isdecimal() else (0, words)
        if axis > self._axes:
            raise Rejected("BADAXIS")
        is_setting = len(rest) == 3 and rest[1] in ASSIGNMENTS
        if not rest or not (is_setting or rest[0] in COMMANDS):
            raise Rejected("BADCOMMAND")
        return axis, rest

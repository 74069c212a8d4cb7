"""The Zaber two-axis controller on the wire: axis 1 is the vertical stage, axis 2 the turret.

Answers as firmware 7 does to what a test rig asks: motion, settings, warnings, inputs and outputs,
alerts, triggers. Streams, scope, storage and lockstep are refused with BADCOMMAND, which clients accept.

Digital input 1 is the force chain and input 2 that of the emergency stop: 1 while they are closed and all
is right. Pressed, the emergency stop takes the drivers' supply away without the controller's doing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import numpy as np

from rig.twin.bench import TwinBench
from rig.twin.emulators.zaber_axis import FLAG_PRIORITY, AxisDesign, ZaberAxis
from rig.twin.emulators.zaber_packets import Command, Rejected, packet, parse_command, split_lines
from rig.twin.emulators.zaber_settings import Settings, integer
from rig.twin.emulators.zaber_signals import Idle, Level, Position
from rig.twin.emulators.zaber_triggers import ASSIGNMENTS, Signal, Triggers
from rig.twin.wire import Line

ADDRESS = 1
Z_DESIGN = AxisDesign(unit_per_microstep=4.7625e-5, travel=60.0, speed=26.0, accel=600.0)
TURRET_DESIGN = AxisDesign(unit_per_microstep=1e-3, travel=359.0, speed=360.0, accel=3600.0)
MOTIONS = {"home", "move", "stop", "estop"}
CHANGES = MOTIONS | {"set", "io", "driver"}  # a trigger's condition may be another after these
CHANNELS = 4  # digital inputs, and outputs
FORCE_CHAIN, EMERGENCY_STOP_CHAIN = 0, 1  # inputs, counted from 0

Action = Callable[[Sequence[ZaberAxis], list[str], bool], str]


class ZaberEmulator:
    """One controller, device 1 of its chain, with the bench's two axes.

    Args:
        bench: whose stage it drives.
    """

    def __init__(self, bench: TwinBench) -> None:
        self._bench, self._time = bench, bench.time
        self._kept_until_s = bench.time.now()
        self._at_s: float | None = None  # what is being caught up on happened then
        self.axes = [
            ZaberAxis(Z_DESIGN, bench.z, self._now),
            ZaberAxis(TURRET_DESIGN, bench.turret, self._now),
        ]
        self.settings = Settings(self.axes, address=ADDRESS, serial=bench.world.stage.serial)
        self._outputs = [0] * CHANNELS
        self.triggers = Triggers(self._signal, self._do, self._now, axes=len(self.axes))
        self._mishaps = self._scheduled_mishaps()
        bench.emergency_stop.on_press(self._cut_off)
        bench.keep(self._keep_up)
        self._alerts: dict[int, Line] = {}  # axis number → where the end of its motion is announced
        self._actions: dict[str, Action] = {
            "home": lambda axes, words, whole: _each(axes, ZaberAxis.home, words),
            "stop": lambda axes, words, whole: _each(axes, ZaberAxis.stop, words),
            "estop": lambda axes, words, whole: _each(axes, ZaberAxis.stop_at_once, words),
            "move": lambda axes, words, whole: _move(axes, words),
            "warnings": lambda axes, words, whole: _warnings(axes, words),
            "get": self._get,
            "set": self._set,
            "io": self._io,
            "driver": self._driver,
            "trigger": self._trigger,
            "tools": lambda axes, words, whole: _echo(words),
            "help": lambda axes, words, whole: "0",
        }

    def split(self, buffer: bytearray) -> list[bytes]:
        """Remove every complete line from the front of ``buffer`` and return them in order."""
        return split_lines(buffer)

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        """Act on one line; silence for what is not for this device or damaged."""
        self._bench.catch_up()
        self._send_due_alerts()
        try:
            command = parse_command(message)
        except Rejected as refusal:
            return self._packet("@", 0, None, f"RJ {self._state(self.axes)} {refusal}")
        if command is None or command.device not in (0, ADDRESS):
            return None
        return self._reply(command, line)

    def _reply(self, command: Command, line: Line) -> bytes:
        verdict, data, axes = "OK", "0", self.axes
        try:
            axes = self._addressed(command.axis)
            if command.words and command.words[0] in CHANGES:
                self.triggers.look()
            data = self._act(command, axes)
            if command.words and command.words[0] in MOTIONS:
                self._promise_alerts(axes, line)
            if command.words and command.words[0] in CHANGES:
                self.triggers.look()
        except Rejected as refusal:
            verdict, data = "RJ", str(refusal)
        reply = self._packet("@", command.axis, command.id, f"{verdict} {self._state(axes)} {data}")
        if verdict == "OK":
            for text in self._lines(command.words):
                reply += self._packet("#", command.axis, command.id, text)
        return reply

    def _lines(self, words: list[str]) -> list[str]:
        """Return what follows a reply, a packet each."""
        if words == ["help"]:
            return sorted(self._actions)
        return self.triggers.printed(words[1:]) if words[:1] == ["trigger"] else []

    def _addressed(self, number: int) -> list[ZaberAxis]:
        if number > len(self.axes):
            raise Rejected("BADAXIS")
        return [self.axes[number - 1]] if number else self.axes

    def _act(self, command: Command, axes: Sequence[ZaberAxis]) -> str:
        if not command.words:
            return "0"
        word, *words = command.words
        if word not in self._actions:
            raise Rejected("BADCOMMAND")
        return self._actions[word](axes, words, command.axis == 0)

    def _get(self, axes: Sequence[ZaberAxis], words: list[str], whole_device: bool) -> str:
        if len(words) != 1:
            raise Rejected("BADCOMMAND")
        return self.settings.get(words[0], axes, whole_device=whole_device)

    def _set(self, axes: Sequence[ZaberAxis], words: list[str], whole_device: bool) -> str:
        if len(words) != 2:
            raise Rejected("BADCOMMAND")
        self.settings.set(words[0], words[1], axes, whole_device=whole_device)
        return "0"

    def _io(self, axes: Sequence[ZaberAxis], words: list[str], whole_device: bool) -> str:
        now_s = np.array([self._now()])
        inputs = [f"{self._input(channel).values(now_s)[0]:.0f}" for channel in range(CHANNELS)]
        values = {"di": inputs, "do": [str(v) for v in self._outputs], "ai": ["0.00"] * CHANNELS}
        match words:
            case ["info"]:
                return f"0 {CHANNELS} {CHANNELS} {CHANNELS}"
            case ["get", kind] if kind in values:
                return " ".join(values[kind])
            case ["get", kind, channel] if kind in values:
                return values[kind][_channel(channel)]
            case ["set", "do", channel, "0" | "1" | "t" | "k" as value]:
                index = _channel(channel)
                old = self._outputs[index]
                self._outputs[index] = {"t": 1 - old, "k": old, "0": 0, "1": 1}[value]
                return "0"
        raise Rejected("BADCOMMAND")

    def _driver(self, axes: Sequence[ZaberAxis], words: list[str], whole_device: bool) -> str:
        if words == ["enable"]:
            if self._bench.emergency_stop.pressed_at(self._now()):
                raise Rejected("DRIVERDISABLED")
            return _each(axes, ZaberAxis.enable, [])
        if words == ["disable"]:
            return _each(axes, ZaberAxis.disable, [])
        raise Rejected("BADCOMMAND")

    def _trigger(self, axes: Sequence[ZaberAxis], words: list[str], whole_device: bool) -> str:
        if not whole_device:
            raise Rejected("DEVICEONLY")
        return self.triggers.command(words)

    # --- what happens by itself -----------------------------------------------------------------

    def _now(self) -> float:
        return self._time.now() if self._at_s is None else self._at_s

    def _keep_up(self, now_s: float) -> None:
        """Let triggers fire and mishaps happen, each at its moment, up to now."""
        while self._kept_until_s < now_s:
            until_s = min(now_s, self._mishaps[0][0]) if self._mishaps else now_s
            fires_s = self.triggers.next_firing_s(self._kept_until_s, until_s)
            self._at_s = self._kept_until_s = until_s if fires_s is None else fires_s
            happens = bool(self._mishaps) and self._mishaps[0][0] <= self._at_s
            while self._mishaps and self._mishaps[0][0] <= self._at_s:
                self._mishaps.pop(0)[1]()
            if happens or fires_s is not None:
                self.triggers.look()
        self._at_s = None

    def _scheduled_mishaps(self) -> list[tuple[float, Callable[[], None]]]:
        """Return what goes wrong and when, in order."""
        z, faults = self.axes[0], self._bench.faults
        mishaps: list[tuple[float, Callable[[], None]]] = []
        for stall in faults.of("stage", "stall"):
            mishaps += [(stall.at_s, z.jam), (stall.ends_s, z.free)]
        for slip in faults.of("stage", "slip"):
            mishaps.append((slip.at_s, partial(z.slip, slip.value)))
        mishaps += [(fault.at_s, self._power_up) for fault in faults.of("stage", "lost_reference")]
        mishaps += [(fault.at_s, self._cut_off) for fault in faults.of("stage", "emergency_stop")]
        return sorted(mishaps, key=lambda mishap: mishap[0])

    def _cut_off(self) -> None:
        for axis in self.axes:
            axis.cut_off()

    def _power_up(self) -> None:
        """Come back from a loss of power: nothing that was set or armed is left."""
        for axis in self.axes:
            axis.power_up()
        self.settings.power_up()
        self.triggers.forget()
        self._outputs = [0] * CHANNELS
        self._alerts.clear()

    # --- what triggers look at and do -----------------------------------------------------------

    def _signal(self, words: list[str]) -> Signal:
        match words:
            case ["io", "di", channel]:
                return self._input(_channel(channel))
            case ["io", "do", channel]:
                index = _channel(channel)
                return Level(lambda times_s: np.full(len(times_s), self._outputs[index]))
            case [axis, "pos" | "encoder.pos"]:
                return Position(self._one(axis), absolute=False)
            case [axis, "abs", "pos" | "encoder.pos"]:
                return Position(self._one(axis), absolute=True)
            case [axis, "idle"]:
                return Idle(self._one(axis))
        raise Rejected("BADCOMMAND")

    def _one(self, number: str) -> ZaberAxis:
        axis, *others = self._addressed(integer(number))
        if others:
            raise Rejected("BADAXIS")
        return axis

    def _input(self, index: int) -> Level:
        chain, button = self._bench.force_chain, self._bench.emergency_stop
        if index == FORCE_CHAIN:
            return Level(chain.closed, chain.moments)
        if index == EMERGENCY_STOP_CHAIN:
            return Level(lambda times_s: [not button.pressed_at(at_s) for at_s in times_s.tolist()])
        return Level(np.zeros_like)

    def _do(self, axis: int, words: list[str]) -> None:
        """Carry out a trigger's action; what is refused is not done."""
        axes = self._addressed(axis)
        with suppress(Rejected):
            if words[1:2] and words[1] in ASSIGNMENTS:
                name, sign, number = words
                for one in axes:
                    before = 0 if sign == "=" else integer(self.settings.get(name, [one], whole_device=False))
                    value = before + (-integer(number) if sign == "-=" else integer(number))
                    self.settings.set(name, str(value), [one], whole_device=False)
            else:
                self._act(Command(ADDRESS, axis, None, words), axes)

    def _state(self, axes: Sequence[ZaberAxis]) -> str:
        busy = any(axis.busy for axis in axes)
        return f"{'BUSY' if busy else 'IDLE'} {(*_flags(axes), '--')[0]}"

    def _packet(self, kind: str, axis: int, message_id: int | None, text: str) -> bytes:
        return packet(kind, ADDRESS, axis, message_id, text, checked=self.settings.checksum)

    def _promise_alerts(self, axes: Sequence[ZaberAxis], line: Line) -> None:
        """Announce the ends of these motions when they come.

        On the wall clock that is a matter for the event loop. Virtual time passes only while someone
        talks, so there it is enough to look before each answer.
        """
        if not self.settings.alert:
            return
        for axis in axes:
            if axis.busy:
                self._alerts[self.axes.index(axis) + 1] = line
                if not self._time.virtual:
                    delay_s = axis.motion.ends_at() - self._time.now() + 1e-3
                    asyncio.get_running_loop().call_later(delay_s, self._send_due_alerts)

    def _send_due_alerts(self) -> None:
        for number in sorted(self._alerts, key=lambda n: self.axes[n - 1].motion.ends_at()):
            axis = self.axes[number - 1]
            if not axis.busy:
                self._alerts.pop(number).send(self._packet("!", number, None, self._state([axis])))


def _each(axes: Sequence[ZaberAxis], action: Callable[[ZaberAxis], None], words: list[str]) -> str:
    if words:
        raise Rejected("BADCOMMAND")
    for axis in axes:
        action(axis)
    return "0"


def _move(axes: Sequence[ZaberAxis], words: list[str]) -> str:
    kind, arguments = (words[0] if words else ""), [integer(word) for word in words[1:]]
    actions: dict[str, tuple[Callable[..., None], range]] = {
        "abs": (ZaberAxis.move_to, range(1, 4)),
        "rel": (ZaberAxis.move_by, range(1, 4)),
        "vel": (ZaberAxis.move_velocity, range(1, 3)),
        "min": (lambda axis, *rest: axis.move_to(axis.settings["limit.min"], *rest), range(0, 3)),
        "max": (lambda axis, *rest: axis.move_to(axis.settings["limit.max"], *rest), range(0, 3)),
    }
    if kind not in actions or len(arguments) not in actions[kind][1]:
        raise Rejected("BADCOMMAND")
    for axis in axes:
        actions[kind][0](axis, *arguments)
    return "0"


def _warnings(axes: Sequence[ZaberAxis], words: list[str]) -> str:
    if words not in ([], ["clear"]):
        raise Rejected("BADCOMMAND")
    flags = _flags(axes)
    if words:
        for axis in axes:
            axis.clear_flags()
    return " ".join([f"{len(flags):02d}", *flags])


def _flags(axes: Sequence[ZaberAxis]) -> list[str]:
    standing = {flag for axis in axes for flag in axis.flags()}
    return sorted(standing, key=FLAG_PRIORITY.index)


def _echo(words: list[str]) -> str:
    if not words or words[0] != "echo":
        raise Rejected("BADCOMMAND")
    return " ".join(words[1:]) or "0"


def _channel(text: str) -> int:
    number = integer(text)
    if not 1 <= number <= CHANNELS:
        raise Rejected("BADDATA")
    return number - 1

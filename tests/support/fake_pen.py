"""A pen's memory without a wire, with a fault at one step: what the write-back is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from calibration.table import CalibrationTable, decode
from rig.errors import InstrumentRejected, InstrumentTimeout
from rig.instruments.roles import Identity


def table(generation: int, shift_um: int = 0) -> CalibrationTable:
    """Return a small table."""
    commands = ((250 + shift_um,), (1250 + shift_um,))
    return CalibrationTable(250, date(2026, 1, 2), 1, generation, (250, 1250), (7000,), commands)


OLD, NEW = table(1), table(2, 7)
PAD = [0] * 60


class FakePen:
    """Does what a pen does, and ``fails_at`` one step in the manner of ``how``.

    Args:
        fails_at: a step (unlock, write, read shadow, commit, restart), or what it does wrong: "damaged"
            shadow, "commit unanswered", "swaps wrongly", "stays up" at the restart, "forgets" over it.
        how: "refuses", "silent" from then on, "boots" until it is waited for, "interrupt", or "lock" when
            besides refusing it does not close its service lock.
    """

    def __init__(self, fails_at: str = "", how: str = "refuses") -> None:
        self.active, self.shadow, self.unlocked = [*OLD.words(), *PAD], [0] * 100, False
        self.serial = "NP000417"
        self.done: list[str] = []
        self.journal: list[tuple[str, dict[str, Any]]] = []
        self._fails_at, self._how, self._is_deaf = fails_at, how, False

    def in_use(self) -> CalibrationTable:
        return decode(self.active)

    def identify(self) -> Identity:
        self._check_heard()
        return Identity("", "NP-250", self.serial, "1.4.2")

    def unlock_service(self) -> None:
        self._step("unlock")
        self.unlocked = True

    def lock_service(self) -> None:
        self._check_heard()
        if self._how == "lock":
            raise InstrumentRejected("pen", "no lock", reason="fault")
        self.unlocked = False

    def service_unlocked(self) -> bool:
        self._check_heard()
        return self.unlocked

    def write_shadow_bank(self, words: Sequence[int]) -> None:
        if any(words):
            self._step("write")
        self.shadow[: len(words)] = words

    def read_shadow_bank(self, words: int) -> list[int]:
        self._step("read shadow")
        return [word ^ (self._fails_at == "damaged") for word in self.shadow[:words]]

    def commit(self) -> None:
        self._step("commit")
        shadow = table(2, 9).words() if self._fails_at == "swaps wrongly" else self.shadow
        self.active[: len(shadow)] = shadow
        if self._fails_at == "commit unanswered":
            raise InstrumentTimeout("pen", "no answer to the commit")

    def active_crc(self) -> int:
        self._check_heard()
        return decode(self.active).crc

    def active_generation(self) -> int:
        self._check_heard()
        return decode(self.active).generation

    def read_active_bank(self, words: int) -> list[int]:
        self._check_heard()
        return self.active[:words]

    def restart(self) -> None:
        self._step("restart")
        if self._fails_at == "stays up":
            return
        self.unlocked, self.shadow = False, [0] * 100
        if self._fails_at == "forgets":
            self.active = [*OLD.words(), *PAD]

    def await_answer(self) -> None:
        self._is_deaf = self._is_deaf and self._how != "boots"
        self._check_heard()

    def _step(self, name: str) -> None:
        self._check_heard()
        self.done.append(name)
        if name != self._fails_at:
            return
        if self._how == "interrupt":
            raise KeyboardInterrupt
        if self._how == "boots":
            self.unlocked, self.shadow = False, [0] * 100
        self._is_deaf = self._how in ("silent", "boots")
        raise InstrumentRejected("pen", f"no {name}", reason="fault")

    def _check_heard(self) -> None:
        if self._is_deaf:
            raise InstrumentTimeout("pen", "no answer")

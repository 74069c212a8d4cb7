"""The pen's firmware on a bench of its own, asked register by register."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from rig.product import Product
from rig.twin.bench import TwinBench
from rig.twin.emulators.modbus_slave import Exc, Refused
from rig.twin.emulators.pen_modbus import PenFirmware
from rig.twin.emulators.pen_table import crc_of
from tests.support.pen_bench import PRODUCT, FakeBench

REGISTERS = PRODUCT.modbus.registers
KEY = PRODUCT.calibration.unlock_key


class Rig:
    """A firmware with its registers by name."""

    def __init__(self, *overrides: str, product: Product = PRODUCT) -> None:
        self.bench = FakeBench(*overrides, product=product)
        self.firmware = PenFirmware(cast(TwinBench, self.bench))
        self._registers = product.modbus.registers

    def words(self, name: str) -> list[int]:
        return self.firmware.read(self._registers[name].address, self._registers[name].width)

    def get(self, name: str) -> int:
        (word,) = self.words(name)
        return word

    def text(self, name: str) -> str:
        return b"".join(word.to_bytes(2, "big") for word in self.words(name)).rstrip(b"\0").decode()

    def set(self, name: str, *words: int, offset: int = 0) -> None:
        asyncio.run(self.firmware.write(self._registers[name].address + offset, words))

    def refuses(self, name: str, *words: int) -> Exc:
        """Try a write that must be refused and change nothing; return the exception code."""
        before = self.memory()
        with pytest.raises(Refused) as refusal:
            self.set(name, *words)
        assert self.memory() == before
        return refusal.value.code

    def memory(self) -> dict[str, Any]:
        return {name: self.words(name) for name in self._registers} | vars(self.bench.pen)

    def write_table(self, words: Sequence[int]) -> None:
        self.set("service_unlock", KEY)
        self.set("shadow_bank", *words)

    def commit(self) -> int:
        self.set("commit", 1)
        return self.get("commit_result")

    def attend(self) -> bool:
        return asyncio.run(self.firmware.attend())

    def boot(self) -> None:
        """Take the power away, give it back, and wait until the pen answers."""
        self.firmware.cut_power()
        self.firmware.restore_power()
        asyncio.run(self.bench.time.wait(PRODUCT.calibration.restart_s))
        assert self.attend()


def new_table(pen: Rig, *, generation: int = 2, first_command: int = 230) -> list[int]:
    """Return the pen's own table with another first row and generation."""
    words = pen.words("active_bank")[:31]
    words[7] = generation
    words[16:19] = [first_command] * 3
    return [*words, *divmod(crc_of(words), 0x10000)]

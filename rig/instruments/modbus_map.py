"""A product's register map at work: values to words, words to values, and which blocks to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rig.instruments.modbus_link import BLOCK_WORDS
from rig.product_registers import Modbus, Register

Value = float | str


class RegisterMap:
    """Names, addresses and encodings of a device's registers.

    Args:
        modbus: the map, as the product file describes it.
    """

    def __init__(self, modbus: Modbus) -> None:
        self._registers, self._big_first = modbus.registers, modbus.word_order == "big"
        self._mapped = {address for register in modbus.registers.values() for address in _addresses(register)}

    def __getitem__(self, name: str) -> Register:
        return self._registers[name]

    def blocks(self, names: Iterable[str]) -> list[tuple[int, int]]:
        """Return (address, count) of the fewest blocks that hold all of ``names``.

        A block runs over other registers where that saves a request, but never over a gap: a device
        refuses a read that touches an address without a register.
        """
        blocks: list[tuple[int, int]] = []
        for register in sorted((self[name] for name in names), key=lambda register: register.address):
            end = register.address + register.width
            if blocks:
                start, count = blocks[-1]
                between = range(start + count, register.address)
                if end - start <= BLOCK_WORDS and self._mapped.issuperset(between):
                    blocks[-1] = (start, end - start)
                    continue
            blocks.append((register.address, register.width))
        return blocks

    def decode(self, name: str, words: Mapping[int, int]) -> Value:
        """Return the value of a register, given words by address."""
        register = self[name]
        own = [words[address] for address in _addresses(register)]
        if register.type == "text":
            text = b"".join(word.to_bytes(2, "big") for word in own)
            return text.rstrip(b"\0 ").decode("ascii", "backslashreplace")
        raw = 0
        for word in own if self._big_first else own[::-1]:
            raw = raw << 16 | word
        if register.type == "i16" and raw & 0x8000:
            raw -= 0x10000
        return raw * register.scale

    def encode(self, name: str, value: float) -> list[int]:
        """Return the words of a number, to the nearest step of its register.

        Raises:
            ValueError: the number does not fit.
        """
        register = self[name]
        raw, bits = round(value / register.scale), 16 * register.width
        lowest = -0x8000 if register.type == "i16" else 0
        if not lowest <= raw < lowest + (1 << bits):
            raise ValueError(f"{value:g} does not fit into register {name}")
        words = [raw >> shift & 0xFFFF for shift in range(bits - 16, -1, -16)]
        return words if self._big_first else words[::-1]


def _addresses(register: Register) -> range:
    return range(register.address, register.address + register.width)

"""Values as a device lays them into 16-bit registers, and back, as its register map says."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

from rig.product_registers import Register

Value = float | str | Sequence[int]
WordOrder = Literal["big", "little"]


def encode(register: Register, value: Value, word_order: WordOrder) -> Sequence[int]:
    """Return the words of ``value``: text in ASCII with NULs behind it, numbers divided by their scale."""
    if isinstance(value, str):
        text = value.encode("ascii", "replace").ljust(2 * register.words, b"\0")[: 2 * register.words]
        return struct.unpack(f">{register.words}H", text)
    if not isinstance(value, (int, float)):
        return value
    raw = round(value / register.scale)
    if register.type == "u32":
        words = divmod(raw & 0xFFFFFFFF, 0x10000)
        return words if word_order == "big" else words[::-1]
    return [raw & 0xFFFF]


def decode(register: Register, words: Sequence[int], word_order: WordOrder) -> float:
    """Return the number that ``words`` stand for, times its scale."""
    raw = 0
    for word in words if word_order == "big" else words[::-1]:
        raw = raw << 16 | word
    if register.type == "i16" and raw >= 0x8000:
        raw -= 0x10000
    return raw * register.scale

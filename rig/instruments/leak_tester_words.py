"""How a leak tester of ATEQ's 6th series writes numbers, and a link that speaks so.

Each 16-bit data word goes low byte first, addresses and counts high byte first, so a Modbus library shows
every data word with its bytes swapped. A long is two words, low word first, signed, in thousandths. There is
no function 06: a single word is written by function 16 too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rig.instruments.modbus_link import WRITE_BIT, WRITE_MANY, ModbusLink

LONG_UNIT = 1000
LONG_LIMIT = 2**31


def swapped(words: Sequence[int]) -> list[int]:
    """Return 16-bit words with the bytes of each exchanged."""
    return [(word & 0xFF) << 8 | word >> 8 for word in words]


def raw_long(words: Sequence[int]) -> int:
    """Return the signed whole number in two words, low word first."""
    low, high = words
    raw = high << 16 | low
    return raw - 2 * LONG_LIMIT if raw >= LONG_LIMIT else raw


def from_long(words: Sequence[int]) -> float:
    """Return the number in two words, low word first: their whole number over 1000."""
    return raw_long(words) / LONG_UNIT


def to_long(value: float) -> list[int]:
    """Return the two words of a number, low word first, to the nearest thousandth.

    Raises:
        ValueError: not finite, or beyond ±2 147 483.647.
    """
    raw = round(value * LONG_UNIT) if math.isfinite(value) else LONG_LIMIT
    if not -LONG_LIMIT <= raw < LONG_LIMIT:
        raise ValueError(f"{value} does not fit, expected a number within ±{LONG_LIMIT // LONG_UNIT}")
    return [raw & 0xFFFF, raw >> 16 & 0xFFFF]


class SwappedLink(ModbusLink):
    """A Modbus link whose data words go low byte first; errors as :class:`ModbusLink` raises them."""

    def read_words(self, address: int, count: int) -> list[int]:
        """Return ``count`` words; asked a second time when no answer comes."""
        return swapped(self.read(address, count))

    def read_words_once(self, address: int, count: int) -> list[int]:
        """Return ``count`` words that reading takes away; never asked twice."""
        self._get_in_step()
        return swapped(self._read_block(address, count))

    def pin_words(self, address: int, words: Sequence[int]) -> None:
        """Believe only a tester that holds these words there, whenever the connection opens."""
        self.pin(address, swapped(words))

    def write_words(self, address: int, words: Sequence[int]) -> None:
        """Write words, once."""
        self.write(address, swapped(words))

    def set_bit(self, address: int) -> None:
        """Set a bit (function 05), once: after a time-out nobody knows whether it arrived."""
        self._get_in_step()
        answer = self._exchange(
            WRITE_BIT, lambda client: client.write_coil(address, True, device_id=self._device_id)
        )
        if answer.address != address:
            raise self._misfit(f"the answer to another request came ({answer})", f"the echo of bit {address}")

    def _write_once(self, address: int, words: Sequence[int]) -> None:
        answer = self._exchange(
            WRITE_MANY, lambda client: client.write_registers(address, list(words), device_id=self._device_id)
        )
        if (answer.address, answer.count) != (address, len(words)):
            raise self._misfit(f"the answer to another request came ({answer})", f"the echo of {address}")

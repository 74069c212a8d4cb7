"""Two banks of flash and one table in use: which one the firmware takes, and how it exchanges it.

The new table goes into the bank that is not in use and counts from the moment its mark stands; until
then, and after any cut of the power, the other bank is what it was. When the pen boots it takes the whole
table (mark, size, order, CRC) of the newest generation. In use it is compared with the flash at each
request: a bit that turned by itself is found then, and the table is used no more until the next boot,
which falls back on the other bank where that holds a whole table, older as that may be.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from rig.errors import TwinError
from rig.product import Product
from rig.twin.emulators.pen_flash import BANKS, Flash
from rig.twin.emulators.pen_table import PenTable, TableRefused, identity_words


class TableBanks:
    """The firmware's view of its flash.

    Args:
        flash: the cells.
        parse: reads a bank's words, or raises TableRefused.
        first: the table the pen is born with.

    Attributes:
        table: in use; None when no bank holds a whole one, or the one in use was damaged.
    """

    def __init__(self, flash: Flash, parse: Callable[[Sequence[int]], PenTable], first: PenTable) -> None:
        self._flash, self._parse = flash, parse
        flash.hold(BANKS[0], first.words)
        self.table: PenTable | None = None
        self._in_use: int | None = None
        self.boot()

    def boot(self) -> None:
        """Take the newest whole table."""
        whole = self._whole()
        newest = max(whole, key=lambda bank: whole[bank].generation, default=None)
        self._in_use, self.table = newest, None if newest is None else whole[newest]

    def check(self) -> bool:
        """Look whether the table in use still lies in the flash; let go of it and return False when not."""
        if self._in_use is None or self.table is None:
            return False
        lies = self._flash.marked(self._in_use)
        if lies is None or tuple(lies[: len(self.table.words)]) != self.table.words:
            self.table = None
            return False
        return True

    def is_newer(self, table: PenTable) -> bool:
        """Say whether a table has a higher generation than every whole one in the flash."""
        return all(table.generation > other.generation for other in self._whole().values())

    async def exchange(self, table: PenTable) -> None:
        """Store ``table`` in the bank that is not in use, and use it.

        Raises:
            PowerLost, ProgramFailed: it is not in use; the other bank is untouched.
        """
        bank = BANKS[0] if self._in_use == BANKS[1] else BANKS[1]
        if self.table is None:  # a whole table that is not in use is worth more than a damaged one
            bank = next((bank for bank in BANKS if bank not in self._whole()), bank)
        await self._flash.store(bank, table.words)
        self._in_use, self.table = bank, table

    def damage(self) -> None:
        """Let a bit of the table in use turn by itself."""
        if self._in_use is not None and self.table is not None:
            self._flash.flip_bit(self._in_use, len(self.table.words))

    def _whole(self) -> dict[int, PenTable]:
        whole = {}
        for bank in BANKS:
            words = self._flash.marked(bank)
            if words is None:
                continue
            try:
                whole[bank] = self._parse(words)
            except TableRefused:
                continue
        return whole


def first_table(product: Product, generation: int) -> PenTable:
    """Return the table a pen leaves its factory with, which changes nothing.

    Raises:
        TwinError: the product's calibration grid does not fit into the pen's table.
    """
    plan, room = product.calibration, product.modbus.registers["active_bank"].words
    try:
        words = identity_words(
            [round(depth_mm * 1000) for depth_mm in plan.depths_mm],
            [round(rate) for rate in plan.rates_per_min],
            model_code=plan.model_code,
            generation=generation,
        )
        return PenTable.parse(words[:room], model_code=plan.model_code)
    except (TableRefused, struct.error) as error:
        raise TwinError(
            f"the calibration grid of {product.model} does not fit the pen's table ({error})",
            expected="2 to 16 depths, 1 to 8 rates, whole micrometres, all within the bank",
        ) from error

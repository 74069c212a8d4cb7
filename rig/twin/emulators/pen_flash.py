"""The pen's flash memory: two banks for the table, and what is left of them when the power goes.

A bank is erased page by page to all ones, then programmed word by word, which clears bits and sets none.
The mark that makes a bank count is programmed last. Nothing here is atomic but the turning of one bit:
an erase that was cut off leaves each bit of its page as it was or erased, a word that was cut off has some
of its bits cleared. That a swap is whole or does not happen is the firmware's doing, with CRC and generation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import numpy as np

ERASED = 0xFFFF
PAGE_WORDS = 64
PAGE_ERASE_S = 0.02
WORD_PROGRAM_S = 60e-6
VALID_MARK = 0x5AA5
BANKS = (0, 1)


class PowerLost(Exception):
    """The power went in the middle of an erase or a word."""


class ProgramFailed(Exception):
    """A word reads back otherwise than it was programmed."""


class Flash:
    """The cells of both banks, each with room for a table and the mark behind it.

    Args:
        words: room for a table, in words.
        random: decides what half-done cells hold.
        wait: lets time pass.
        has_power: asked once the time of a page or a word has passed; when False, that one is half done.

    Attributes:
        programs: whether words can be programmed; a worn-out memory keeps its ones.
        before_each: called before each page and word is done, by whoever means to cut the power there.
    """

    def __init__(
        self,
        words: int,
        random: np.random.Generator,
        wait: Callable[[float], Awaitable[None]],
        has_power: Callable[[], bool],
    ) -> None:
        self._room, self._random, self._wait, self._has_power = words, random, wait, has_power
        self._cells = [[ERASED] * (words + 1) for _ in BANKS]
        self.programs = True
        self.before_each: Callable[[], None] = lambda: None

    def marked(self, bank: int) -> list[int] | None:
        """Return the words of a bank whose mark is set, or None."""
        return self._cells[bank][: self._room] if self._cells[bank][self._room] == VALID_MARK else None

    def hold(self, bank: int, words: Sequence[int]) -> None:
        """Let a bank hold a table from the beginning, as a pen that leaves its factory does."""
        self._cells[bank][: len(words)] = words
        self._cells[bank][self._room] = VALID_MARK

    def flip_bit(self, bank: int, words: int) -> None:
        """Let one bit among the first ``words`` of a bank turn by itself."""
        self._cells[bank][int(self._random.integers(words))] ^= 1 << int(self._random.integers(16))

    async def store(self, bank: int, words: Sequence[int]) -> None:
        """Erase a bank, program ``words``, read them back, and mark the bank valid.

        Raises:
            PowerLost: in the middle; what was done until then is done.
            ProgramFailed: the words did not take; the bank is not marked.
        """
        for start in range(0, self._room + 1, PAGE_WORDS):
            await self._erase(bank, range(start, min(start + PAGE_WORDS, self._room + 1)))
        for at, word in enumerate(words):
            await self._program(bank, at, word)
        if self._cells[bank][: len(words)] != list(words):
            raise ProgramFailed
        await self._program(bank, self._room, VALID_MARK)

    async def _erase(self, bank: int, page: range) -> None:
        cut = await self._is_cut_within(PAGE_ERASE_S)
        for at in page:
            self._cells[bank][at] = self._cells[bank][at] | self._noise() if cut else ERASED
        if cut:
            raise PowerLost

    async def _program(self, bank: int, at: int, word: int) -> None:
        cut = await self._is_cut_within(WORD_PROGRAM_S)
        if self.programs:
            self._cells[bank][at] &= word | self._noise() if cut else word
        if cut:
            raise PowerLost

    async def _is_cut_within(self, seconds: float) -> bool:
        self.before_each()
        await self._wait(seconds)
        return not self._has_power()

    def _noise(self) -> int:
        return int(self._random.integers(0x10000))

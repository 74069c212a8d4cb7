"""Reading SQLite's write-ahead log: is what was committed there still whole?

SQLite itself passes over a damaged frame, and over everything behind it, without a word: to it that is a
log whose writer was cut off. Here the log is followed frame by frame, as
https://www.sqlite.org/fileformat2.html#walformat defines it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER, FRAME_HEADER = 32, 24
MAGIC = {0x377F0682: "<", 0x377F0683: ">"}  # which way round the words of the checksums are
WAL_MODE = b"\x02\x02"  # bytes 18 and 19 of a database in this mode
MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class LogState:
    """What the log looks like.

    Args:
        damage: what is wrong with it; empty when nothing.
        unfinished: whether it ends in the middle of a frame, as after a power cut.
    """

    damage: str = ""
    unfinished: bool = False


def check_log(data: bytes) -> LogState:
    """Follow a write-ahead log to its end."""
    if len(data) < HEADER:
        return LogState(unfinished=bool(data))
    magic, version, page_size, _, *salts = struct.unpack(">6I", data[:24])
    order = MAGIC.get(magic, ">")
    sums = _checksum(data[:24], order, (0, 0))
    if magic not in MAGIC or version != 3007000 or sums != struct.unpack(">2I", data[24:HEADER]):
        return LogState("its header was altered, so SQLite reads nothing of it")
    frames = list(_frames(data, page_size + FRAME_HEADER))
    unfinished = (len(data) - HEADER) % (page_size + FRAME_HEADER) != 0
    for number, frame in enumerate(frames):
        found = struct.unpack(">2I", frame[8:16])
        if list(found) != salts:
            return _older(frames[number:], salts, unfinished)
        sums = _checksum(frame[:8] + frame[FRAME_HEADER:], order, sums)
        if sums != struct.unpack(">2I", frame[16:FRAME_HEADER]):
            return LogState(_broken(number + 1, len(frames)))
    return LogState(unfinished=unfinished)


def _older(frames: list[bytes], salts: list[int], unfinished: bool) -> LogState:
    """Judge what stands behind the end: frames of an earlier round, which differ in both salts."""
    for frame in frames:
        found = struct.unpack(">2I", frame[8:16])
        if found[0] == salts[0] or found[1] == salts[1]:
            return LogState("a frame in it was altered, so SQLite reads nothing behind it")
    return LogState(unfinished=unfinished)


def _broken(number: int, count: int) -> str:
    return (
        f"frame {number} of {count} does not fit its checksum, so SQLite reads nothing from there on: it was "
        "altered, or power failed while the last entry was written"
    )


def _frames(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(HEADER, len(data) - size + 1, size):
        yield data[start : start + size]


def _checksum(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """Return SQLite's running checksum, gone on over ``data``."""
    first, second = sums
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for one, two in zip(words, words, strict=True):
        first = (first + one + second) & MASK
        second = (second + two + first) & MASK
    return first, second

"""A write-back cut at any byte: the pen is on its old or its new table, whole, and the record says which.

``POWER_CUTS`` says how many cuts; the long version is ``make power-cuts``.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from rig.procedures.table_state import OnTable
from rig.records.store import Store
from tests.support.modbus_pen import needs_pty
from tests.support.power_cuts import Ending, Line, carry_out, draw_cut, lengths_on

CUTS = int(os.environ.get("POWER_CUTS", "400"))
FIRST_SEED = int(os.environ.get("POWER_CUTS_SEED", "0"))

pytestmark = needs_pty


@pytest.mark.parametrize(("line", "share"), [("tcp", 0.8), ("rtu", 0.2)])
def test_after_any_cut_the_pen_is_on_a_whole_table_and_the_record_says_which(
    line: Line, share: float, tmp_path: Path
) -> None:
    lengths, cuts = lengths_on(line), round(share * CUTS)
    with Store(tmp_path) as store:
        endings = [
            carry_out(draw_cut(seed, lengths, line), store) for seed in range(FIRST_SEED, FIRST_SEED + cuts)
        ]
        assert store.verify() is None
    print(_summary(endings))
    assert {ending.truth for ending in endings} == {OnTable.OLD, OnTable.NEW}, "cuts fall before and after"


def _summary(endings: list[Ending]) -> str:
    counted = Counter((ending.cut.what, str(ending.truth)) for ending in endings)
    rows = [f"{what:10} {table:4} {number:6}" for (what, table), number in sorted(counted.items())]
    return "\n".join([f"{len(endings)} cuts on {endings[0].cut.line}", *rows])

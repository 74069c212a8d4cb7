"""The leak tester's driver on a line that loses answers: nothing is started twice, no result is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rig.errors import InstrumentRejected
from rig.instruments.roles import LeakStep
from rig.twin.bench import TwinBench
from rig.twin.emulators.leak_tester_ateq import AteqEmulator, AteqRtuSlave
from rig.twin.wire import Line
from tests.support.leak_tester import (
    PROGRAM,
    open_tester,
)
from tests.support.modbus_pen import TIMEOUT_S
from tests.support.serving import serving_one


class LossySlave(AteqRtuSlave):
    """Obeys, but the answers to some requests are lost, or come with the answer to the next request."""

    def __init__(self, tester: AteqEmulator, loses: bytes, *, late: bool = False) -> None:
        super().__init__(tester)
        self._loses, self._late, self._kept = loses, late, b""
        self.heard = 0

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        reply = await super().answer(message, line) or b""
        if message.startswith(self._loses):
            self.heard += 1
            if self.heard == 1:
                self._kept = reply if self._late else b""
                return None
        kept, self._kept = self._kept, b""
        return kept + reply


def lossy(made: list[LossySlave], loses: str, *, late: bool = False) -> Callable[[TwinBench], LossySlave]:
    def make(bench: TwinBench) -> LossySlave:
        made.append(LossySlave(AteqEmulator(bench), bytes.fromhex(loses), late=late))
        return made[-1]

    return make


def test_a_tester_that_obeys_without_answering_is_started_once() -> None:
    made: list[LossySlave] = []
    with serving_one(lossy(made, "01 05"), "pty") as path:
        tester = open_tester(path, timeout_s=TIMEOUT_S)
        assert tester.start(3) == 1
        assert tester.state().step is LeakStep.FILL
        tester.close()
    assert made[0].heard == 1


@pytest.mark.parametrize("late", [False, True])
def test_a_late_answer_is_not_taken_for_the_answer_to_the_next_question(late: bool) -> None:
    made: list[LossySlave] = []
    with serving_one(lossy(made, "01 03 22 0E", late=late), "pty") as path:
        tester = open_tester(path, timeout_s=TIMEOUT_S)
        assert tester.temperature_c() == pytest.approx(21.4, abs=0.3)
        assert tester.room_pressure_pa() == pytest.approx(100_800)
        assert tester.identify().serial == "620417"
        tester.close()
    assert made[0].heard == 2, "a harmless question is asked again"


def test_a_result_whose_answer_is_lost_is_not_lost() -> None:
    made: list[LossySlave] = []
    with serving_one(lossy(made, "01 03 03 01"), "pty") as path:
        tester = open_tester(path, timeout_s=TIMEOUT_S)
        tester.load_program(replace(PROGRAM, fill_s=0.0, stabilise_s=0.0, test_s=0.001, dump_s=0.0))
        with pytest.raises(InstrumentRejected, match="cycle 1 ended with alarm 1"):
            tester.result(tester.start(3))
        tester.close()
    assert made[0].heard == 1

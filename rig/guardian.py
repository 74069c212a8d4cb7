"""Somebody who makes the bench safe when the run dies without a word: killed, crashed, out of memory.

A second process, next to nothing until it is needed. The run tells it on a pipe when the bench may be moving
and when it is safe; when the pipe closes in between, it opens stage and pen itself, stops them, retracts
and parks. It cannot help where the computer itself loses its power: that is for the controller's own limits.

While it lives it holds a lock, so that the next run waits until it has let go of the instruments.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import RigError

if TYPE_CHECKING:
    from rig.product import Product
    from rig.records.locks import Held
    from rig.station import InstrumentConfig, PenConfig, Station

GUARDIAN_WORDS = "guardian.log"
PATIENCE_S = 30.0
WATCHES, STANDS_DOWN, IS_THERE = "watch", "safe", "here"


class Guardian:
    """The run's end of the pipe.

    Args:
        station, product: what the guardian needs to reach stage and pen by itself.
        words: file that gets what it did, if it ever does anything, in the folder of the records; the
            terminal when None.
    """

    def __init__(self, station: Station, product: Product, words: Path | None = None) -> None:
        told = {
            "station": station.model_dump(mode="json"),
            "product": product.model_dump(mode="json"),
            "words": None if words is None else str(words),
        }
        # A session of its own: what ends the run by a signal to its group must not end this one.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rig.guardian"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._said, self._is_there = STANDS_DOWN, False
        self._tell(json.dumps(told))

    def watches(self) -> None:
        """From now on the bench may be moving.

        Raises:
            RigError: there is no guardian: it did not start.
        """
        assert self._process.stdout is not None
        if not self._is_there and self._process.stdout.readline().strip() != IS_THERE.encode():
            raise RigError(
                "the process that makes the bench safe if this one is killed did not start",
                expected="somebody who watches before anything moves",
                do="Read what it said on the terminal, and start again",
            )
        self._is_there = True
        self._say(WATCHES)

    def stands_down(self) -> None:
        """The bench is safe."""
        self._say(STANDS_DOWN)

    def close(self) -> None:
        """Let go; a guardian that was left watching makes the bench safe first. Closing twice is harmless."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _say(self, word: str) -> None:
        if word != self._said:
            self._said = word
            self._tell(word)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # a guardian that died is no reason to end the run
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()


def main() -> None:
    """Listen until the run is gone, and act when its last word was not that the bench is safe."""
    work, last = json.loads(sys.stdin.readline()), STANDS_DOWN
    held = _hold(work)
    with contextlib.suppress(OSError):  # a run that is gone by now has moved nothing
        print(IS_THERE, flush=True)
    for line in sys.stdin:
        last = line.strip()
    if last == WATCHES:
        words = [f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC {sentence}\n" for sentence in make_safe(work)]
        with contextlib.ExitStack() as stack:
            out = (
                stack.enter_context(open(work["words"], "a", encoding="utf-8"))
                if work["words"]
                else sys.stderr
            )
            out.writelines(words)
    if held is not None:
        held.release()


def _hold(work: dict[str, Any]) -> Held | None:
    """Take the lock that lets the next run wait; without a folder of records there is none."""
    if work["words"] is None:
        return None
    from rig.records.locks import hold_guardian

    return hold_guardian(Path(work["words"]).parent, work["station"]["name"])


def make_safe(told: dict[str, Any]) -> list[str]:
    """Open stage and pen of a station, stop both, retract, park.

    Args:
        told: ``station`` and ``product``, as their models dump themselves.

    Returns:
        What was done, and what could not be done, as sentences.
    """
    from rig.connect import open_clock
    from rig.instruments.opening import open_driver
    from rig.instruments.roles import Park
    from rig.instruments.wirelog import WireLog
    from rig.product import Product
    from rig.station import Station

    station, product = Station.model_validate(told["station"]), Product.model_validate(told["product"])
    problems: list[str] = []
    with contextlib.ExitStack() as stack:
        clock, log = open_clock(station, None, stack), WireLog()

        def opened(role: str, config: InstrumentConfig | PenConfig, **options: Any) -> Any:
            driver = open_driver(
                role, config.driver, config.resource, log, clock, timeout_s=config.timeout_s,
                **config.options, **options,
            )  # fmt: skip
            stack.callback(driver.close)
            driver.halt()
            return driver

        stage = _tried(problems, "the stage", lambda: opened("stage", station.instruments["stage"]))
        pen = _tried(
            problems,
            "the pen",
            lambda: opened(
                "pen",
                station.pen,
                modbus=product.modbus,
                restart_s=product.calibration.restart_s,
                unlock_key=product.calibration.unlock_key,
            ),
        )
        if stage is not None:
            _tried(problems, "stopping the stage", stage.stop)
            _tried(problems, "retracting", lambda: stage.move_to("z", station.nest.safe_mm))
        if pen is not None:
            _tried(problems, "stopping the pen", pen.stop)
            _tried(problems, "parking the needles", lambda: pen.park(Park.RETRACTED))
    return problems or ["the run ended without a word; stage and pen were stopped and retracted"]


def _tried(problems: list[str], what: str, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Exception as error:  # noqa: BLE001  # whatever it is, the next action is tried all the same
        problems.append(f"the run ended without a word, and {what} failed: {error}")
        return None


if __name__ == "__main__":
    main()

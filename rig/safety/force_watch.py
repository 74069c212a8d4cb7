"""Whether the gauge can be believed while the stage moves: readings that are old, frozen, or no numbers.

On the clock on the wall a thread watches too: it halts the stage when the program hangs in some call while
a motion is under way that needs force readings. On a twin's virtual clock nothing moves while nobody asks.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable

from rig.errors import ForceUnknown, InstrumentError
from rig.instruments.roles import ForceGauge

CHANCE = 1e-9
"""How seldom as many equal readings as are refused come from a gauge that is well."""

logger = logging.getLogger(__name__)


def repeats_beyond_chance(noise_n: float, resolution_n: float) -> float:
    """Return how many equal readings in a row a live gauge gives less often than once in ``1 / CHANCE``.

    Args:
        noise_n: standard deviation of a reading before it is rounded.
        resolution_n: step of the readings.

    Returns:
        A count; infinity when the noise is so small that the reading of a live gauge may stand for ever.
    """
    if noise_n <= 0:
        return math.inf
    # Of all forces, one in the middle of a step is read equally most often.
    equal = math.erf(resolution_n / (2 * math.sqrt(2) * noise_n))
    return math.inf if equal >= 1 else math.ceil(math.log(CHANCE) / math.log(equal)) + 1


class ForceWatch:
    """Reads the gauge, and knows when its last good reading was while the stage moves.

    Args:
        gauge: what is read.
        stale_s: longest time without a reading in a motion that needs them.
        repeats: so many equal readings during such a motion are one too many.
        halt: stops the stage at once; may be called from another thread.
        real_time: whether seconds of the motion are seconds of this process, so that a thread can watch.
    """

    def __init__(
        self,
        gauge: ForceGauge,
        *,
        stale_s: float,
        repeats: float,
        halt: Callable[[], None],
        real_time: bool,
    ) -> None:
        self._gauge, self._stale_s, self._repeats = gauge, stale_s, repeats
        self._halt, self._real_time = halt, real_time
        self._moving = self._fired = False
        self._last_n, self._equal = math.nan, 0
        self._deadline_s = math.inf
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def read_n(self) -> float:
        """Return the force; a reading that cannot be had or believed halts the stage first.

        Raises:
            ForceUnknown: it came too late, or the gauge is frozen.
            InstrumentError: as the gauge raises it.
        """
        try:
            force_n = self._gauge.read_n()
            if not math.isfinite(force_n):
                raise self._unknown(f"reads {force_n} N", "a number", "Check the gauge")
            self._count_equal(force_n)
        except InstrumentError:
            self._halt()
            raise
        self._check_not_fired()
        if self._moving:  # at rest nobody has to read on
            self._expect_within(self._stale_s)
        return force_n

    def begins(self) -> None:
        """Demand readings from now on: a motion begins that needs them."""
        self._moving, self._fired, self._equal = True, False, 0
        self._expect_within(self._stale_s)
        if self._real_time and self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="force watch", daemon=True)
            self._thread.start()

    def ends(self) -> None:
        """Demand no readings any more: the stage stands, or goes away from the pen."""
        self._moving = False
        self._expect_within(math.inf)

    def _count_equal(self, force_n: float) -> None:
        self._equal = self._equal + 1 if self._moving and force_n == self._last_n else 0
        self._last_n = force_n
        if self._equal >= self._repeats:
            raise self._unknown(
                f"read {force_n:g} N {self._equal + 1} times in a row while the stage moved",
                "readings that differ by the gauge's noise",
                "Switch the gauge off and on, and check the station before the next pen",
            )

    def _check_not_fired(self) -> None:
        if self._fired:
            self._fired = False
            raise self._unknown(
                f"no reading within {self._stale_s:g} s while the stage moved; the stage was stopped",
                "a reading all the time",
                "Check the gauge's cable, and that nothing else keeps this computer busy",
            )

    def _unknown(self, what: str, expected: str, do: str) -> ForceUnknown:
        return ForceUnknown(self._gauge.role, what, expected=expected, do=do)

    def _expect_within(self, seconds: float) -> None:
        if self._real_time:
            with self._changed:
                later = self._deadline_s > (deadline_s := time.monotonic() + seconds)
                self._deadline_s = deadline_s
                if later:  # the thread sleeps towards a later one
                    self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                left_s = self._deadline_s - time.monotonic()
                if left_s > 0:
                    self._changed.wait(left_s if math.isfinite(left_s) else None)
                    continue
                self._deadline_s, self._fired = math.inf, True
            logger.warning(
                "%s: no reading within %g s while the stage moved; the stage was stopped",
                self._gauge.role,
                self._stale_s,
            )
            with contextlib.suppress(InstrumentError):
                self._halt()

"""A station for people who type: in a notebook, in a script, at the prompt.

The instruments are those of a run, opened, identified and guarded in the same way; what is measured is kept
in memory only. The bench is made safe when the session closes, and at the latest when Python ends. An
emergency stop is entered in the station's log, as one in a run is.
"""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from calibration.measured import Measured
from rig.connect import OpenStation, open_unrecorded
from rig.errors import ConfigError, EmergencyStopped, RefusedToStart
from rig.interlocks import latch_stop, refuse_stopped
from rig.procedures.bench import Bench
from rig.product import Setting, load_product
from rig.station import load_station
from rig.studies.feasible import check_setting
from rig.studies.measurands import MEASURANDS, Bout
from rig.twin_process import TwinProcess


class Session:
    """An open station with a pen in its nest.

    Args:
        station: by name or path.
        product: of the pen, by name or path.
        world, seed, overrides: of the twin, where the station is one: name, seed of its noise, and changed
            values as ``key=value``.
        runs: folder of the records, whose log of the station says whether it was stopped and reset.

    Raises:
        ConfigError: a wrong name, key or value.
        RefusedToStart: a certificate is not valid, the station was stopped and nobody has reset it, or
            another instrument answered than expected.
        InstrumentError: one does not answer.
    """

    def __init__(
        self,
        station: str = "twin",
        *,
        product: str = "office-pen",
        world: str | None = None,
        seed: int | None = None,
        overrides: Sequence[str] = (),
        runs: str | Path = "runs",
    ) -> None:
        if isinstance(overrides, str):
            raise ConfigError(f"overrides {overrides!r}", expected="a list, such as ['pen.depth.gain=1.03']")
        config = load_station(station)
        config.check_certificates(date.today())
        design = load_product(product)
        if config.twin is None and (world or overrides or seed is not None):
            raise ConfigError(
                f"station {config.name} is real", expected="no world, seed or overrides with it"
            )
        self._runs = Path(runs)
        refuse_stopped(config.name, self._runs)
        self._stack = contextlib.ExitStack()
        self._is_open = True
        twin = None
        try:
            if config.twin is not None:
                chosen = config.twin.seed if seed is None else seed
                twin = TwinProcess(world or config.twin.world, product, overrides=overrides, seed=chosen)
            self.opened: OpenStation = open_unrecorded(config, design, self._stack, twin)
            self.bench: Bench = self.opened.bench()
            self._stack.callback(self._make_safe)
            with self._safe_when_broken_off():
                self.bench.prepare()
        except BaseException:
            self.close()
            raise
        # Only now: what is registered last runs first, while the links of the instruments still work.
        atexit.register(self.close)
        self.bout = Bout(self.bench)

    def measure(self, measurand: str, *, depth_mm: float = 1.25, rate_per_min: float = 7000.0) -> Measured:
        """Measure something by its name, at a setting.

        What several measurands share (where the rim is, the strokes at a setting) is measured once.
        The bench is made safe when the measurement is broken off, by an error or by Ctrl-C.

        Raises:
            ConfigError: no such measurand, or a setting outside the product's range; nothing has moved.
            RefusedToStart: the station has no instrument for it, was stopped and nobody has reset it, or the
                session is closed.
            RigError, EstimateError, NotMeasured: it could not be measured; the message says why.
            StoreError: an emergency stop could not be entered in the station's log.
        """
        if measurand not in MEASURANDS:
            raise ConfigError(f"measurand {measurand!r}", expected=f"one of: {', '.join(MEASURANDS)}")
        setting = Setting(depth_mm, rate_per_min)
        check_setting(self.bench.product, setting)
        for role in MEASURANDS[measurand].needs:
            self.bench.station.require(role)
        if not self._is_open:
            raise RefusedToStart("the session is closed", do="Open the station again: rig.open_station(…)")
        refuse_stopped(self.bench.station.name, self._runs)
        with self._safe_when_broken_off():
            return MEASURANDS[measurand].measure(self.bout, setting)

    def close(self) -> None:
        """Make the bench safe and let go of the instruments; closing twice is harmless."""
        self._is_open = False
        atexit.unregister(self.close)
        self._stack.close()

    @contextlib.contextmanager
    def _safe_when_broken_off(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._make_safe(error)
            raise

    def _make_safe(self, error: BaseException | None = None) -> None:
        """Make the bench safe, and latch an emergency stop that was met before or is met now."""
        self.bench.make_safe()
        stop = error if isinstance(error, EmergencyStopped) else self.bench.emergency_stop
        self.bench.emergency_stop = None  # what is met after a reset is another one
        if stop is not None:
            latch_stop(self.bench.station.name, self._runs, str(stop))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        pen: Any = self.opened.pen_identity
        state = "open" if self._is_open else "closed"
        return f"<station {self.opened.config.name}, pen {pen.serial}, {state}>"

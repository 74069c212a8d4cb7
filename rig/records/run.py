"""Writing a run into the record, entry by entry.

The recorder takes plain values and tables, so the record depends on no instrument and no estimator.
What each entry says is listed in :mod:`rig.records.kinds`; :mod:`rig.records.view` reads it back.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rig.errors import StoreError
from rig.records import kinds
from rig.records.event import Event
from rig.records.files import safe_name, write_new
from rig.records.signatures import keep_signed_head
from rig.records.view import fold, is_accepted

if TYPE_CHECKING:
    from rig.records.store import Store
    from rig.records.trace import StoredTrace, Trace

Table = Mapping[str, Any]


def new_run_id(pen_serial: str, at: datetime) -> str:
    """Return a unique run id that sorts by time, such as ``20261122T103000Z-NP000001-3f9a``.

    The serial number is left out when the pen has not been asked yet.
    """
    serial = f"-{safe_name(pen_serial)}" if pen_serial else ""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{serial}-{secrets.token_hex(2)}"


def wall_utc() -> datetime:
    """Return the time of day on the wall, in UTC."""
    return datetime.now(UTC)


class RunRecorder:
    """Writes the entries of one run; each method returns when its entry is on the disk.

    Args:
        store: where to.
        run_id: as :func:`new_run_id` makes them.
        utc_now: tells the time of the entries; ``clock.utc_now`` on the twin's virtual clock.

    Every method raises StoreError when the entry could not be kept.
    """

    def __init__(self, store: Store, run_id: str, utc_now: Callable[[], datetime] = wall_utc) -> None:
        self.store, self.run_id, self._utc_now = store, run_id, utc_now

    def started(
        self,
        *,
        plan: str,
        pen_serial: str,
        station: str,
        product: str,
        software: Table,
        seed: int | None = None,
        options: Table | None = None,
        lot: str = "",
        tip_lot: str = "",
        operator: Table | None = None,
        environment: Table | None = None,
    ) -> Event:
        """Record that the run began; ``software`` is {version, commit}, ``operator`` a known user."""
        return self._append_head(
            kinds.STARTED,
            run_id=self.run_id,
            plan=plan,
            pen_serial=pen_serial,
            station=station,
            product=product,
            software=software,
            seed=seed,
            options=options or {},
            lot=lot,
            tip_lot=tip_lot,
            operator=operator,
            environment=environment or {},
        )

    def configuration(self, files: Sequence[Table]) -> Event:
        """Record the files the run began with, {what, name, path, sha256} each, as they are kept."""
        return self._append(kinds.CONFIGURATION, files=list(files))

    def tests(self, tests: Sequence[Table]) -> Event:
        """Record what the plan holds, {test, title, requirements} each, before any of it runs."""
        return self._append(kinds.TESTS, tests=list(tests))

    def instrument(self, role: str, identity: Table, certificate: Table | None) -> Event:
        """Record who an instrument is and which certificate it is used under."""
        return self._append(kinds.INSTRUMENT, role=role, identity=identity, certificate=certificate)

    def measurement(
        self,
        *,
        name: str,
        characteristic: str,
        value: float,
        unit: str,
        u: float,
        dof: float | None,
        k: float,
        U: float,
        lower: float | None,
        upper: float | None,
        rule: str,
        verdict: str,
        requirements: Sequence[str] = (),
        budget: Sequence[Table] = (),
        trace: StoredTrace | None = None,
        setting: Table | None = None,
        p_conform: float | None = None,
        as_read: float | None = None,
        equation: str = "",
        method: str = "",
        tur: float | None = None,
        accepted: bool | None = None,
        remark: str = "",
        recipe: Table | None = None,
        test: str = "",
    ) -> Event:
        """Record one judged number.

        Args:
            name: of this measurement, unique in the run.
            characteristic: of the product file.
            value, unit: what was measured.
            u, dof, k, U: standard uncertainty, degrees of freedom (None or inf: infinite), coverage
                factor, expanded uncertainty; all in ``unit``.
            lower, upper: limits in ``unit``; None where there is none.
            rule, verdict: the decision rule by name, and what it said.
            requirements: ids of what this is evidence for.
            budget: contributions to u, {name, u, dof, …} each.
            trace: the raw numbers it was made from.
            setting: {depth_mm, rate_per_min} of the pen, where it has one.
            p_conform: probability that the true value is within the limits.
            as_read: the value before corrections, where there are any.
            equation, method: the model it was computed by, and how uncertainty was propagated.
            tur: test uncertainty ratio (None or inf: infinite).
            accepted: whether the run may pass with it; by default when its verdict is kinds.PASS.
            remark: what the plan's demands made of it.
            recipe: how it was made of its traces, as :mod:`rig.fixtures.recipes` tells it.
            test: of the plan, in which it was judged; one of the run's tests.

        Raises:
            StoreError: it could not be kept, or claims to accept what its verdict says has failed.
        """
        return self._append(
            kinds.MEASUREMENT,
            name=name,
            characteristic=characteristic,
            value=value,
            unit=unit,
            u=u,
            dof=finite_or_none(dof),
            k=k,
            U=U,
            lower=lower,
            upper=upper,
            rule=rule,
            verdict=verdict,
            requirements=list(requirements),
            budget=_finite_lines(budget),
            trace=_reference(trace),
            setting=setting,
            p_conform=p_conform,
            as_read=as_read,
            equation=equation,
            method=method,
            tur=finite_or_none(tur),
            accepted=_accepted(name, verdict, accepted),
            remark=remark,
            recipe=recipe,
            test=test,
        )

    def trace(self, trace: Trace) -> StoredTrace:
        """Keep raw numbers in the run's folder; the path returned is relative to the folder of all runs."""
        from rig.records.trace import StoredTrace, write_trace

        folder = PurePosixPath(safe_name(self.run_id), "traces")
        stored = write_trace(trace, self.store.runs / folder)
        return StoredTrace(str(folder / stored.path), stored.sha256, stored.rows)

    def calibration(
        self, *, before_crc: int, after_crc: int, generation: int, nodes: Sequence[Table], **more: Any
    ) -> Event:
        """Record a table written into the pen; ``nodes`` as :mod:`rig.records.kinds` lists them."""
        return self._append(
            kinds.CALIBRATION,
            before_crc=before_crc,
            after_crc=after_crc,
            generation=generation,
            nodes=list(nodes),
            **more,
        )

    def note(self, text: str, *, trace: StoredTrace | None = None, **more: Any) -> Event:
        """Record something worth knowing, with the trace that shows it where there is one."""
        return self._append(kinds.NOTE, text=text, trace=_reference(trace), **more)

    def fault(self, where: str, message: str) -> Event:
        """Record that something broke; a run with a fault cannot pass."""
        return self._append(kinds.FAULT, where=where, message=message)

    def wire_log(self, lines: Iterable[str]) -> Event:
        """Keep every message on the wires in the run's folder."""
        data = "".join(f"{line}\n" for line in lines).encode()
        folder = PurePosixPath(safe_name(self.run_id))
        path = write_new(self.store.runs / folder, "wire", ".log", data)
        return self._append(
            kinds.WIRE_LOG, path=str(folder / path.name), sha256=hashlib.sha256(data).hexdigest()
        )

    def ended(
        self, verdict: str, *, takt_s: float | None, wall_s: float | None, reasons: Sequence[str] = ()
    ) -> Event:
        """Record how the run ended: kinds.PASS, FAIL, ERROR or ABORTED, and why.

        Raises:
            StoreError: it says kinds.PASS, and the record says otherwise.
        """
        if verdict == kinds.PASS:
            self._check_it_passed()
        return self._append_head(
            kinds.ENDED, verdict=verdict, takt_s=takt_s, wall_s=wall_s, reasons=list(reasons)
        )

    def _check_it_passed(self) -> None:
        view = fold(self.store.events(self.run_id))
        against = [f"{m['name']} is {m['verdict']}" for m in view.measurements if not is_accepted(m)]
        against += [f"fault in {fault['where']}" for fault in view.faults]
        if not view.measurements:
            against.append("nothing was measured")
        if against:
            raise StoreError(
                f"run {self.run_id} cannot be recorded as {kinds.PASS}: {', '.join(against)}",
                do="The pen is not released; report this, it is a fault of the rig's software",
            )

    def _append_head(self, kind: str, **body: Any) -> Event:
        event = self._append(kind, **body)
        keep_signed_head(self.store, event)
        return event

    def _append(self, kind: str, **body: Any) -> Event:
        return self.store.append(self.run_id, kind, body, self._utc_now())


def finite_or_none(number: float | None) -> float | None:
    return None if number is None or math.isinf(number) else number


def _finite_lines(budget: Sequence[Table]) -> list[dict[str, Any]]:
    return [{**line, "dof": finite_or_none(line.get("dof"))} for line in budget]


def _accepted(name: str, verdict: str, claimed: bool | None) -> bool:
    """Return whether the run may pass with a measurement; one that failed is never accepted."""
    if claimed and verdict == kinds.FAIL:
        raise StoreError(f"{name} cannot be recorded as accepted: its verdict is {verdict}")
    return verdict == kinds.PASS if claimed is None else claimed


def _reference(trace: StoredTrace | None) -> dict[str, str] | None:
    return None if trace is None else {"path": trace.path, "sha256": trace.sha256}

"""The audit trail: who changed what between runs, when, from what to what, and why.

Its entries stand in the same chain as the runs', so that an earlier value is never obscured.
It decides nothing: who may change what is the affair of whoever writes here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rig.errors import RefusedToStart
from rig.records import kinds
from rig.records.event import Event
from rig.records.run import wall_utc
from rig.records.signatures import keep_signed_head
from rig.records.stations import check_person
from rig.records.view import fold

if TYPE_CHECKING:
    from rig.records.store import Store


class AuditLog:
    """Writes the entries of the audit trail.

    Args:
        store: where to.
        utc_now: tells the time of new entries.

    Every method raises StoreError when the entry could not be kept.
    """

    def __init__(self, store: Store, utc_now: Callable[[], datetime] = wall_utc) -> None:
        self._store, self._utc_now = store, utc_now

    def entered(
        self, kind: str, *, what: str, by: str, before: Any, after: Any, reason: str, **more: Any
    ) -> Event:
        """Record a change.

        Args:
            kind: one of the ``audit.`` kinds.
            what: that was changed.
            by: who changed it; empty where nobody was named.
            before, after: old and new value, as JSON has them; None where there was or is none.
            reason: why; empty where nobody said.
            more: what else belongs to it.
        """
        body = {"what": what, "by": by, "before": before, "after": after, "reason": reason, **more}
        return self._append(kinds.AUDIT_SUBJECT, kind, body)

    def hide(self, run: str, *, by: str, reason: str) -> str:
        """Leave a run out of lists and reports; it stays in the record. Return its id.

        Raises:
            RefusedToStart: it is hidden already, it has not ended, or the name or the reason is missing.
            StoreError: there is no such run.
        """
        return self._set_hidden(run, kinds.AUDIT_HIDDEN, by, reason)

    def unhide(self, run: str, *, by: str, reason: str) -> str:
        """Let a hidden run be seen again. Return its id.

        Raises:
            RefusedToStart: it is not hidden, or the name or the reason is missing.
            StoreError: there is no such run.
        """
        return self._set_hidden(run, kinds.AUDIT_SHOWN, by, reason)

    def _set_hidden(self, run: str, kind: str, by: str, reason: str) -> str:
        check_person(by, reason)
        run_id = self._store.find_run(run)
        view = fold(self._store.events(run_id))
        hides = kind == kinds.AUDIT_HIDDEN
        if view.ended is None:
            raise RefusedToStart(
                f"run {run_id} has not ended",
                expected="a run that has",
                do="Close it first, where it was cut off: rig recover",
            )
        if bool(view.hidden) == hides:
            already = f"hidden already, {view.hidden}" if view.hidden else "not hidden"
            raise RefusedToStart(f"run {run_id} is {already}")
        before, after = ("shown", "hidden") if hides else ("hidden", "shown")
        body = {"what": f"run {run_id}", "by": by, "before": before, "after": after, "reason": reason}
        self._append(run_id, kind, body)
        return run_id

    def _append(self, subject: str, kind: str, body: dict[str, Any]) -> Event:
        event = self._store.append(subject, kind, body, self._utc_now())
        keep_signed_head(self._store, event)
        return event

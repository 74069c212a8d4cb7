"""A lane: one nest of the line, from a scanned pen to its verdict, as every page shows it.

What stands here is only what was scanned and has not begun yet; of a run, a lane knows what record and feed
say. So a run that was started elsewhere on the same station is shown like one that was started here.
"""

from __future__ import annotations

import threading
from typing import Any

from rig.errors import RefusedToStart, RigError
from rig.panel.lane_record import end_in_record
from rig.panel.message import Message
from rig.panel.progress import Progress
from rig.panel.scanning import Scanned, read_scan
from rig.panel.settings import LaneSettings, PanelSettings
from rig.panel.starting import Order, Start, start
from rig.panel.stopping import stop_process, stop_run
from rig.people.sign_in import SignedIn
from rig.records.locks import is_held

AT_WORK = ("starting", "running")
DEAD = "cut off"
ASK_RECORD_EACH = 20  # looks: somebody may close the record of a run that was cut off


class Busy(RefusedToStart):
    """The lane has a run under way."""


class Lane:
    """The state of one nest; safe to use from several threads.

    Args:
        settings: of the panel.
        lane: which station it is.
        number: from 1, as it is called on the page.
    """

    def __init__(self, settings: PanelSettings, lane: LaneSettings, number: int) -> None:
        self.settings, self.lane, self.number = settings, lane, number
        self.version = self.points = 0
        self.progress: Progress | None = None
        self.usual_takt_s: float | None = None
        self._pen = Scanned()
        self._message: Message | None = None
        self._start: Start | None = None
        self._left_behind: Progress | None = None  # its verdict is another pen's than the one at hand
        self._is_cut_off = self._is_stopping = False
        self._unrecorded = 0  # looks in which nobody recorded the run that is shown
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        """What the station is called."""
        return self.lane.name

    @property
    def state(self) -> str:
        """``pen`` or ``tip`` (a scan is awaited), ``starting``, ``running``, ``ended`` or ``cut off``."""
        if self._start is not None and self._run_of(self._start) is None:
            return "starting"
        if self._pen.serial:
            return "tip"
        if self.progress is None or self.progress is self._left_behind:
            return "pen"
        if self.progress.verdict:
            return "ended"
        return DEAD if self._is_cut_off else "running"

    def scan(self, text: str, person: SignedIn) -> None:
        """Take what was scanned: an answer where a prompt asks for one, a pen, or the lot of its tip.

        Raises:
            Busy: a run is under way and asks nothing.
            RefusedToStart: it is none of what is expected now; the sentence stays on the lane.
            StoreError: users or record cannot be read or written.
        """
        with self._lock:
            try:
                self._take(text, person)
            except Busy:
                raise
            except RigError as error:
                self._says(Message.of_error(error))
                raise

    def answer(self, number: int, answer: str, person: SignedIn) -> None:
        """Answer the prompt of the run under way: ``yes``, ``no``, or what was scanned.

        Raises:
            RefusedToStart: nothing is asked, it was answered before, or the scan is not what was asked for.
        """
        from rig.live.prompts import answer_prompt

        progress = self.progress
        asked = None if progress is None or self.state != "running" else progress.prompt
        if progress is None or asked is None or asked["number"] != number:
            raise RefusedToStart("nothing is asked", expected="a prompt on the page")
        if not answer_prompt(self.settings.runs, progress.run_id, number, answer, by=person.name):
            raise RefusedToStart("this was answered before")

    def begin(self, order: Order, person: SignedIn) -> Start:
        """Start a run of an order.

        Raises:
            Busy: a run is under way here.
            RefusedToStart: it cannot be started.
        """
        with self._lock:
            self._must_be_free()
            begun = start(self.settings, self.lane, order, person)
            self._pen, self._message, self._is_stopping = Scanned(), None, False
            self._start, self._left_behind = begun, self.progress
            self._changed()
            return begun

    def stop(self, person: SignedIn) -> bool:
        """Stop the run under way, as Ctrl-C would; say whether there was one.

        What was scanned and has not begun is forgotten.
        """
        with self._lock:
            self._pen, self._message = Scanned(), None
            progress, begun = self.progress, self._start
            if begun is not None and not begun.is_over and self._run_of(begun) is None:
                was_going_on = stop_process(begun.pid)
            elif progress is not None and not progress.verdict:
                was_going_on = stop_run(self.settings.runs, progress.run_id, by=person.name)
            else:
                was_going_on = False
            self._is_stopping = self._is_stopping or was_going_on
            self._changed()
            return was_going_on

    def forget(self) -> None:
        """Forget what was scanned and has not begun, and what was refused."""
        with self._lock:
            self._pen, self._message = Scanned(), None
            self._changed()

    def sees(self, progress: Progress) -> None:
        """Show a run, or what is new of the one shown."""
        with self._lock:
            if self.progress is not progress:
                self._is_cut_off = self._is_stopping = False
                if not progress.verdict:  # it may have begun elsewhere, while a pen was scanned here
                    self._pen, self._message = Scanned(), None
            self.progress = progress
            if progress.verdict:
                self._is_stopping = False
            self._changed()

    def is_recorded(self) -> bool | None:
        """Say whether a living process records the run that is shown; None where that is no question."""
        progress = self.progress
        if progress is None or progress.verdict:
            return None
        return is_held(self.settings.runs, progress.run_id)

    def looks(self, was_recorded: bool | None) -> None:
        """Look after what was started: a process that ended without a run says why, a run may be cut off.

        Args:
            was_recorded: what :meth:`is_recorded` said before the feed was read last.
        """
        with self._lock:
            self._look_at_start()
            progress = self.progress
            if progress is None or progress.verdict or was_recorded is None:
                return
            self._unrecorded = 0 if was_recorded else self._unrecorded + 1
            if self._unrecorded % ASK_RECORD_EACH == 1 and (
                end := end_in_record(self.settings.runs, progress.run_id)
            ):
                progress.ends(*end)
                self._changed()
            elif self._is_cut_off != (not was_recorded):
                self._is_cut_off, self._is_stopping = not was_recorded, False
                self._changed()

    def told(self) -> dict[str, Any]:
        """Return the lane as the page shows it, without its plot."""
        with self._lock:
            state = self.state
            progress = self.progress if state in ("running", "ended", DEAD) else None
            scanned = self._start.order if state == "starting" and self._start else None
            return {
                "lane": self.name,
                "number": self.number,
                "version": self.version,
                "state": state,
                "is_stopping": self._is_stopping,
                "message": None if self._message is None else self._message.told(),
                "pen": scanned.pen if scanned else self._pen.serial,
                "tip_lot": scanned.tip_lot if scanned else "",
                "run": None if progress is None else progress.told(self.usual_takt_s),
            }

    def run_of(self, begun: Start) -> str | None:
        """Return the id of the run that a start became; None while there is none."""
        return self._run_of(begun)

    def _take(self, text: str, person: SignedIn) -> None:
        if self.state == "running" and self.progress is not None and self.progress.prompt is not None:
            self.answer(self.progress.prompt["number"], text, person)
            return
        scanned = read_scan(text, self.settings.products, pen=self._pen)
        self._must_be_free()
        if scanned.tip_lot:
            self.begin(Order(scanned.serial, scanned.tip_lot, scanned.product, self.settings.plan), person)
            return
        self._pen, self._message, self._left_behind = scanned, None, self.progress
        self._changed()

    def _must_be_free(self) -> None:
        if self.state in AT_WORK:
            raise Busy(f"lane {self.name} is at work", do="Wait until its run has ended, or stop it")

    def _look_at_start(self) -> None:
        begun = self._start
        if begun is None or not begun.is_over:
            return
        if self._run_of(begun) is None:
            was_stopped, self._is_stopping = self._is_stopping, False
            self._message = (
                Message("", key="stopped_before") if was_stopped else Message.of_sentence(begun.why())
            )
        self._start = None
        self._changed()

    def _run_of(self, begun: Start) -> str | None:
        progress = self.progress
        return progress.run_id if progress is not None and progress.pid == begun.pid else None

    def _says(self, message: Message) -> None:
        self._message = message
        self._changed()

    def _changed(self) -> None:
        self.version += 1

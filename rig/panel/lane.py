"""A lane: one nest of the line, from a scanned pen to its verdict, as every page shows it.

What stands here is only what was scanned and has not begun yet; of a run, a lane knows what record and feed
say. So a run that was started elsewhere on the same station is shown like one that was started here.
"""

from __future__ import annotations

import threading
from typing import Any

from rig.errors import RefusedToStart, RigError
from rig.labels import product_of, read_label
from rig.live.prompts import answer_prompt
from rig.panel.progress import Progress
from rig.panel.settings import LaneSettings, PanelSettings
from rig.panel.starting import Order, Start, start
from rig.panel.stopping import stop_process, stop_run
from rig.people.sign_in import SignedIn
from rig.product import load_product
from rig.records.locks import holder_of

LONGEST_SCAN = 200


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
        self.version = 0
        self.progress: Progress | None = None
        self.usual_takt_s: float | None = None
        self._pen = self._product = self._message = ""
        self._start: Start | None = None
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
        if self._pen:
            return "tip"
        if self.progress is None:
            return "pen"
        if self.progress.verdict:
            return "ended"
        return "running" if self._is_alive(self.progress) else "cut off"

    def scan(self, text: str, person: SignedIn) -> None:
        """Take what was scanned: an answer where a prompt asks for one, a pen, or the lot of its tip.

        Raises:
            RefusedToStart: it is none of what is expected now; the sentence is shown on the lane too.
            StoreError: users or record cannot be read or written.
        """
        with self._lock:
            try:
                self._take(text, person)
            except RigError as error:
                self._says(str(error))
                raise

    def answer(self, number: int, answer: str, person: SignedIn) -> None:
        """Answer the prompt of the run under way: ``yes``, ``no``, or what was scanned.

        Raises:
            RefusedToStart: nothing is asked, it was answered before, or the scan is not what was asked for.
        """
        progress = self.progress
        asked = None if progress is None or self.state != "running" else progress.prompt
        if progress is None or asked is None or asked["number"] != number:
            raise RefusedToStart("nothing is asked", expected="a prompt on the page")
        if not answer_prompt(self.settings.runs, progress.run_id, number, answer, by=person.name):
            raise RefusedToStart("this was answered before")
        self._changed()

    def begin(self, order: Order, person: SignedIn) -> Start:
        """Start a run of an order.

        Raises:
            Busy: a run is under way here.
            RefusedToStart: it cannot be started.
        """
        with self._lock:
            if self.state in ("starting", "running"):
                raise Busy(f"lane {self.name} is at work", do="Wait until its run has ended, or stop it")
            self._pen = self._product = self._message = ""
            self._start = start(self.settings, self.lane, order, person)
            self._changed()
            return self._start

    def stop(self) -> bool:
        """Stop the run under way, as Ctrl-C would; say whether there was one.

        What was scanned and has not begun is forgotten.
        """
        with self._lock:
            self._pen = self._product = self._message = ""
            self._changed()
            progress = self.progress
            if progress is not None and not progress.verdict:
                return stop_run(self.settings.runs, progress.run_id)
            begun = self._start
            return begun is not None and not begun.is_over and stop_process(begun.pid)

    def sees(self, progress: Progress) -> None:
        """Show a run, if it is later than the one shown."""
        with self._lock:
            if self.progress is None or progress.run_id >= self.progress.run_id:
                self.progress = progress
                self._changed()

    def looks(self) -> None:
        """Look after the process that was started: one that ended without a run says why."""
        with self._lock:
            begun = self._start
            if begun is None:
                return
            if self._run_of(begun) is not None and not begun.is_over:
                return
            if begun.is_over:
                if self._run_of(begun) is None:
                    self._says(begun.why())
                self._start = None
                self._changed()

    def told(self) -> dict[str, Any]:
        """Return the lane as the page shows it, without the points of its plot."""
        with self._lock:
            state = self.state
            is_of_run = state in ("running", "ended", "cut off") and self.progress is not None
            return {
                "lane": self.name,
                "number": self.number,
                "version": self.version,
                "state": state,
                "message": self._message,
                "pen": self._pen,
                "product": self._product,
                "run": self.progress.told(self.usual_takt_s) if is_of_run and self.progress else None,
            }

    def run_of(self, begun: Start) -> str | None:
        """Return the id of the run that a start became; None while there is none."""
        return self._run_of(begun)

    def _take(self, text: str, person: SignedIn) -> None:
        if len(text) > LONGEST_SCAN:
            raise RefusedToStart(
                f"a scan of {len(text)} characters", expected=f"{LONGEST_SCAN} or fewer", do="Scan again"
            )
        state = self.state
        if state == "running" and self.progress is not None and self.progress.prompt is not None:
            self.answer(self.progress.prompt["number"], text, person)
            return
        if state in ("running", "starting"):
            raise Busy(f"lane {self.name} is at work", do="Wait until its run has ended, or stop it")
        label = read_label(text)
        if state == "tip":
            self._tip(label.lot or label.serial or "", person)
            return
        serial = label.serial or ""
        self._product, self._pen = product_of(serial, self.settings.products), serial
        self._message = ""
        self._changed()

    def _tip(self, lot: str, person: SignedIn) -> None:
        load_product(self._product).check_tip_lot(lot)
        self.begin(Order(self._pen, lot, self._product, self.settings.plan), person)

    def _run_of(self, begun: Start) -> str | None:
        progress = self.progress
        return progress.run_id if progress is not None and progress.pid == begun.pid else None

    def _is_alive(self, progress: Progress) -> bool:
        return holder_of(self.settings.runs, progress.run_id) is not None

    def _says(self, message: str) -> None:
        self._message = message
        self._changed()

    def _changed(self) -> None:
        self.version += 1

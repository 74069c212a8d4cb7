"""How far a run is, folded from the lines of its live feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rig.records import kinds

PLOT_POINTS = 20_000  # a longer plot loses its beginning: it is a window, the trace has all of it
ABOUT_A_RUN = ("plan", "title", "product", "pen", "tip_lot", "lot")


@dataclass
class Plot:
    """The measurement being taken: what is plotted against what, and how many points there were in all."""

    title: str = ""
    x_name: str = ""
    y_name: str = ""
    x: list[float | None] = field(default_factory=list)
    y: list[float | None] = field(default_factory=list)
    number: int = 0
    taken: int = 0

    def begins(self, line: Mapping[str, Any]) -> None:
        """Begin another plot."""
        self.title, self.x_name, self.y_name = line["title"], line["x"], line["y"]
        self.x, self.y, self.number, self.taken = [], [], self.number + 1, 0

    def add(self, line: Mapping[str, Any]) -> None:
        """Add points."""
        count = min(len(line["x"]), len(line["y"]))
        # Made anew and never changed in place: a page may be reading the ones before.
        self.x = (self.x + line["x"][:count])[-PLOT_POINTS:]
        self.y = (self.y + line["y"][:count])[-PLOT_POINTS:]
        self.taken += count

    def since(self, taken: int) -> tuple[list[float | None], list[float | None]]:
        """Return the points that came after the first ``taken`` ones, as far as they are kept."""
        new = min(self.taken - taken, len(self.x), len(self.y))
        return (self.x[-new:], self.y[-new:]) if new > 0 else ([], [])


@dataclass
class Progress:
    """A run as its feed tells it so far; times in seconds of the station's clock."""

    run_id: str
    begun: dict[str, Any] = field(default_factory=dict)
    index: int = -1
    at_s: float = 0.0
    judged: list[dict[str, Any]] = field(default_factory=list)
    failed_steps: set[int] = field(default_factory=set)
    prompt: dict[str, Any] | None = None
    faults: list[str] = field(default_factory=list)
    verdict: str = ""
    reasons: list[str] = field(default_factory=list)
    ended: str = ""
    plot: Plot = field(default_factory=Plot)

    @property
    def station(self) -> str:
        """Name of the station it runs on."""
        return str(self.begun.get("station", ""))

    @property
    def pid(self) -> int:
        """Process that records it; 0 while unknown."""
        return int(self.begun.get("pid", 0))

    @property
    def order(self) -> tuple[str, str]:
        """What runs are sorted by, the later after the earlier: the second in which it began, and its id."""
        return str(self.begun.get("wall", "")), self.run_id

    def take(self, line: Mapping[str, Any]) -> bool:
        """Take one line of the feed; say whether anything but the points of the plot changed.

        Kinds that this version does not know are passed over, and so is what is no line of a feed.
        """
        try:
            self.at_s = max(self.at_s, float(line.get("at_s", 0.0)))
            return self._take(line)
        except (KeyError, TypeError, ValueError):
            return False

    def _take(self, line: Mapping[str, Any]) -> bool:
        match line.get("kind"):
            case "begins":
                self.begun = dict(line)
            case "step":
                self.index = int(line["index"])
            case "judged":
                self.judged.append(dict(line))
                if not line["accepted"]:
                    self.failed_steps.add(self.index)
            case "plot":
                self.plot.begins(line)
                return False
            case "points":
                self.plot.add(line)
                return False
            case "prompt":
                self.prompt = dict(line)
            case "answered":
                self.prompt = None
            case "fault":
                self.faults.append(str(line["text"]))
            case "ended":
                self.ends(line["verdict"], line["reasons"], str(line.get("wall", "")))
            case _:
                return False
        return True

    def ends(self, verdict: str, reasons: list[str], wall: str) -> None:
        """Take its end, from the feed or, where that was cut off, from the record."""
        self.verdict, self.reasons = verdict or kinds.UNFINISHED, [str(one) for one in reasons]
        self.ended, self.prompt = wall, None

    def left_s(self, usual_takt_s: float | None) -> float | None:
        """Return how long it will take from now, as runs before it did; None where that is not known."""
        return None if usual_takt_s is None or self.verdict else max(usual_takt_s - self.at_s, 0.0)

    def told(self, usual_takt_s: float | None) -> dict[str, Any]:
        """Return what the page shows of it, without its plot."""
        return {
            "run_id": self.run_id,
            **{key: str(self.begun.get(key) or "") for key in ABOUT_A_RUN},
            "steps": self._steps(),
            "index": self.index,
            "left_s": self.left_s(usual_takt_s),
            "judged": self.judged,
            "prompt": self.prompt,
            "faults": self.faults,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "ended": self.ended,
        }

    def _steps(self) -> list[dict[str, str]]:
        steps = self.begun.get("steps", [])
        return [
            {"test": str(step["test"]), "title": str(step["title"]), "state": self._state(i)}
            for i, step in enumerate(steps)
        ]

    def _state(self, step: int) -> str:
        if step in self.failed_steps:
            return "failed"
        if step < self.index:
            return "done"
        if step > self.index:
            return "waiting"
        if not self.verdict:
            return "now"
        return "done" if self.verdict in (kinds.PASS, kinds.FAIL) else "broken"

"""How far a run is, folded from the lines of its live feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PLOT_POINTS = 20_000  # a longer plot loses its beginning: it is a window, the trace has all of it


@dataclass
class Plot:
    """The measurement being taken: what is plotted against what, and how many points there were in all."""

    title: str = ""
    x_name: str = ""
    y_name: str = ""
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    number: int = 0

    def begins(self, line: Mapping[str, Any]) -> None:
        """Begin another plot."""
        self.title, self.x_name, self.y_name = line["title"], line["x"], line["y"]
        self.x, self.y, self.number = [], [], self.number + 1

    def add(self, line: Mapping[str, Any]) -> None:
        """Add points."""
        self.x += line["x"]
        self.y += line["y"]
        del self.x[:-PLOT_POINTS], self.y[:-PLOT_POINTS]


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
    plot: Plot = field(default_factory=Plot)

    @property
    def station(self) -> str:
        """Name of the station it runs on."""
        return str(self.begun.get("station", ""))

    @property
    def pid(self) -> int:
        """Process that records it; 0 while unknown."""
        return int(self.begun.get("pid", 0))

    def take(self, line: Mapping[str, Any]) -> None:
        """Take one line of the feed; kinds that this version does not know are passed over."""
        self.at_s = max(self.at_s, float(line.get("at_s", 0.0)))
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
            case "points":
                self.plot.add(line)
            case "prompt":
                self.prompt = dict(line)
            case "answered":
                self.prompt = None
            case "fault":
                self.faults.append(str(line["text"]))
            case "ended":
                self.verdict, self.reasons = str(line["verdict"]), [str(one) for one in line["reasons"]]
                self.prompt = None

    def told(self, usual_takt_s: float | None) -> dict[str, Any]:
        """Return what the page shows of it, without the points of its plot."""
        steps = self.begun.get("steps", [])
        left_s = None if usual_takt_s is None or self.verdict else max(usual_takt_s - self.at_s, 0.0)
        return {
            "run_id": self.run_id,
            **{
                key: self.begun.get(key, "")
                for key in ("plan", "title", "product", "pen", "tip_lot", "lot", "wall")
            },
            "steps": [{"title": step["title"], "state": self._state(i)} for i, step in enumerate(steps)],
            "index": self.index,
            "at_s": self.at_s,
            "left_s": left_s,
            "judged": self.judged,
            "prompt": self.prompt,
            "faults": self.faults,
            "verdict": self.verdict,
            "reasons": self.reasons,
        }

    def told_plot(self) -> dict[str, Any]:
        """Return the whole of the plot as it is now."""
        return asdict(self.plot)

    def _state(self, step: int) -> str:
        if step in self.failed_steps:
            return "failed"
        if step < self.index or (step == self.index and self.verdict == "PASS"):
            return "done"
        return "now" if step == self.index and not self.verdict else "waiting"

"""What goes over the interface for the line's computer, and what each part of it means."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from reports.dashboard.filters import Filter

LONGEST = 200
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Verdict = Literal["PASS", "FAIL", "ERROR", "ABORTED", "REFUSED", "UNFINISHED"]


def _printable(text: str) -> str:
    """Refuse characters that no label has, and that no command line can take."""
    if not text.isprintable():
        raise ValueError("printable characters only")
    return text


def _day(given: object) -> object:
    """Refuse what would be read as a day and is none: a number, a time."""
    if isinstance(given, str) and not DAY.fullmatch(given):
        raise ValueError("a day such as 2026-11-22")
    return given


Short = Annotated[str, Field(max_length=LONGEST), AfterValidator(_printable)]
Named = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_printable)]
Day = Annotated[date, BeforeValidator(_day)]


class Problem(BaseModel):
    """Why a request was not carried out, and what to do about it."""

    detail: str


class RunOrder(BaseModel):
    """What shall be run, and where."""

    model_config = ConfigDict(extra="forbid")

    lane: Named = Field(description="name of the station, as the panel's page shows it")
    pen: Named = Field(description="serial number, as it is on the pen")
    tip_lot: Short = Field("", description="lot of the tip; checked against what the pen reports")
    lot: Short = Field("", description="lot the pen belongs to")
    plan: Short = Field("", description="a plan that ships, by name; the panel's own where none is given")


class Begun(BaseModel):
    """A run that began."""

    run_id: str
    lane: str


class RunQuery(BaseModel):
    """Which runs are asked for; what is not given lets all through, and a name that is none is refused."""

    model_config = ConfigDict(extra="forbid")

    pen: Short = ""
    lot: Short = ""
    plan: Short = ""
    station: Short = ""
    verdict: Verdict | None = None
    since: Day | None = Field(None, description="first day on which a run began, in UTC")
    until: Day | None = Field(None, description="last day on which a run began, in UTC")
    before: Annotated[int, Field(ge=1, le=2**62)] | None = Field(
        None, description="``next`` of the page ahead"
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    def filter(self) -> Filter:
        """Return which runs those are."""
        texts = {name: getattr(self, name) for name in ("pen", "lot", "plan", "station")}
        return Filter(**texts, verdict=self.verdict or "", since=self.since, until=self.until)


class RunLine(BaseModel):
    """A run in a list."""

    model_config = ConfigDict(from_attributes=True)

    run_id: str
    plan: str
    pen_serial: str
    station: str
    product: str
    lot: str
    tip_lot: str
    operator: str
    verdict: Verdict = Field(description="UNFINISHED while it goes on, and for what was cut off")
    started: str | None
    ended: str | None
    takt_s: float | None


class RunList(BaseModel):
    """Some runs, the newest first; what was hidden is not among them."""

    runs: list[RunLine]
    total: int = Field(description="runs that were asked for, on all pages")
    next: int | None = Field(description="``before`` of the next page; null where this is the last")
    is_whole: bool = Field(description="false while older runs are still being counted")


class RunStatus(BaseModel):
    """A run: how far it is, and what came of it; what is recorded is as ``rig show --json`` has it."""

    model_config = ConfigDict(from_attributes=True)

    run_id: str
    state: Literal["running", "ended", "cut off"]
    plan: str
    pen_serial: str
    station: str
    product: str
    lot: str
    tip_lot: str
    operator: dict[str, Any] | None = Field(description="who began it: a person, or a client by its name")
    verdict: Verdict
    started: str | None
    ended: str | None
    takt_s: float | None
    reasons: list[str] = Field(description="why it did not pass")
    faults: list[dict[str, Any]]
    step: int | None = Field(description="the step under way, from 0; null before the first and at the end")
    steps: int | None = Field(description="how many there are; null where it is not running")
    measurements: list[dict[str, Any]]
    calibration: dict[str, Any] | None


class Prompt(BaseModel):
    """What a run asks of the person at the station."""

    model_config = ConfigDict(extra="ignore")

    number: int
    key: str = Field(description="what is asked, for programs")
    text: str = Field(description="what is asked, for people")
    answer: Literal["confirm", "scan"]
    pattern: str = Field(description="regular expression that a scan matches whole; empty where any does")


class PromptAnswer(BaseModel):
    """Answer to a prompt: ``yes``, ``no`` (which stops the run), or what was scanned."""

    model_config = ConfigDict(extra="forbid")

    answer: Named


class Done(BaseModel):
    """Whether there was anything to do."""

    done: bool

"""What a reader asks of many runs: the parameters of the address, checked, and kept for the next link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, HTTPException, Query

from reports.dashboard.filters import Filter

LONGEST = 200
USUAL_DAYS = 30
"""How far the overview looks back, unless it is told otherwise."""

Text = Annotated[str, Query(max_length=LONGEST)]
Verdict = Literal["", "PASS", "FAIL", "ERROR", "ABORTED", "REFUSED", "UNFINISHED"]
DATES = ("since", "until")
VERDICTS = ("PASS", "FAIL", "ERROR", "ABORTED", "REFUSED", "UNFINISHED")


@dataclass(frozen=True)
class Asked:
    """Which runs a page is about.

    Args:
        filter: what of them.
        usual: whether the dates are the usual ones, because none were asked for.
    """

    filter: Filter
    usual: bool = False

    def query(self, **more: Any) -> str:
        """Return the same as the query of an address, with ``more`` in place of what it had.

        Dates are always in it, empty for "no bound": leaving them out would ask for the usual ones.
        """
        told = {**dict(self.pairs()), **{name: str(value) for name, value in more.items()}}
        return urlencode({name: text for name, text in told.items() if text or name in DATES})

    def any_time(self) -> str:
        """Return the same without its dates."""
        return self.query(since="", until="")

    def pairs(self) -> list[tuple[str, str]]:
        """Return the same as names and values; what is empty is left out, save for dates."""
        asked = self.filter
        told = {
            "since": asked.since.isoformat() if asked.since else "",
            "until": asked.until.isoformat() if asked.until else "",
        }
        texts = ("pen", "lot", "plan", "verdict", "station", "product")
        told |= {name: getattr(asked, name) for name in texts if getattr(asked, name)}
        told |= {"hidden": "1"} if asked.hidden else {}
        return list(told.items())


def asked(
    pen: Text = "",
    lot: Text = "",
    plan: Text = "",
    verdict: Annotated[Verdict, Query()] = "",
    station: Text = "",
    product: Text = "",
    since: Annotated[str | None, Query(max_length=LONGEST)] = None,
    until: Annotated[str | None, Query(max_length=LONGEST)] = None,
    hidden: Annotated[bool, Query()] = False,
) -> Asked:
    """Return what an address asks for; dates that are missing let all through.

    Raises:
        HTTPException: 422 for what is no date, or a first day after the last.
    """
    first, last = _day("since", since), _day("until", until)
    if first and last and first > last:
        raise HTTPException(422, f"the first day, {first}, is after the last, {last}")
    texts = {"pen": pen, "lot": lot, "plan": plan, "station": station, "product": product}
    wanted = Filter(
        **{name: text.strip() for name, text in texts.items()},
        verdict=verdict,
        since=first,
        until=last,
        hidden=hidden,
    )
    return Asked(wanted, usual=since is None and until is None)


def asked_lately(given: Annotated[Asked, Depends(asked)]) -> Asked:
    """Return what an address asks for; the last days where it says nothing of dates."""
    if not given.usual:
        return given
    first = today() - timedelta(days=USUAL_DAYS - 1)
    return replace(given, filter=replace(given.filter, since=first))


def today() -> date:
    """Return the day it is, in UTC."""
    return datetime.now(UTC).date()


def _day(name: str, text: str | None) -> date | None:
    if not text or not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise HTTPException(422, f"{name}: {text!r} is no date, expected such as 2026-11-22") from None


AnyTime = Annotated[Asked, Depends(asked)]
Lately = Annotated[Asked, Depends(asked_lately)]

"""Words of the engineer's pages whose keys are put together from what a figure says."""

import re
from pathlib import Path

import pytest

from reports.dashboard.drift import DRIFTS, OUTSIDE, STEADY, UNKNOWN
from rig.panel import words
from rig.panel.numbers import GOOD, LOW, OPEN
from rig.panel.words import catalogue, languages
from rig.records.kinds import STATION_OVERRIDE, STATION_RESET, STATION_STOPPED

TEMPLATES = Path(words.__file__).parent / "templates"
PAGES = ("_engineer", "overview", "runs", "run", "compare", "stations")
MADE = {
    *(f"cpk_{word}" for word in (GOOD, LOW, OPEN)),
    *(f"due_{word}" for word in ("good", "soon", "overdue")),
    *(f"drift_{word}" for word in (STEADY, DRIFTS, OUTSIDE, UNKNOWN)),
    *(kind.replace("station.", "event_") for kind in (STATION_STOPPED, STATION_RESET, STATION_OVERRIDE)),
}


@pytest.mark.parametrize("language", languages())
def test_each_word_that_a_figure_says_is_there_and_none_for_nothing(language: str) -> None:
    texts = [(TEMPLATES / f"{page}.html").read_text(encoding="utf-8") for page in PAGES]
    used = set(re.findall(r"""t\(["']engineer\.(\w+)["']\)""", "\n".join(texts)))
    own = {key.removeprefix("engineer.") for key in catalogue(language) if key.startswith("engineer.")}
    assert own == used | MADE

"""A pytest plugin that writes down when each phase of a run begins, in the twin's seconds.

Phases are what an operator would call them: some are tests of the plan, some are fixtures that a test
stands on. The file is named by the environment variable PHASES.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rig.fixtures.plugin import RUN

VARIABLE = "PHASES"
FIXTURES = {
    "bench": "homing",
    "pouch_seal": "squeeze",
    "insertion": "insertion",
    "datum": "rim datum",
    "calibrated_pen": "write-back",
}
TESTS = {
    "test_tip_is_present_and_unused": "tip",
    "test_as_found": "as found",
    "test_as_left": "as left",
    "test_stroke_rate": "stroke rate",
    "test_depth_limiter_refuses": "limiter",
    "test_rim_is_where_it_was": "closing check",
    "test_pen_is_released": "release",
}


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: pytest.FixtureRequest) -> Any:
    """Write down when a fixture that is a phase is set up."""
    if fixturedef.argname in FIXTURES:
        _begins(request.config, FIXTURES[fixturedef.argname])
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Write down when a test that is a phase is called: what it stands on has been measured by then."""
    name = item.name.partition("[")[0]
    if name in TESTS:
        _begins(item.config, TESTS[name])


def _begins(config: pytest.Config, phase: str) -> None:
    clock = config.stash[RUN].clock
    with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as file:
        file.write(json.dumps([phase, 0.0 if clock is None else clock.now()]) + "\n")

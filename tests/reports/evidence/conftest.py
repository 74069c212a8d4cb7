"""A package made of a real run on the twin: the station's daily check, which is short and has traces."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports.evidence.package import make_package
from reports.evidence.subject import run_subject
from tests.support.command import PASS, rig

MADE_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def checked_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that holds one."""
    runs = tmp_path_factory.mktemp("evidence") / "runs"
    assert rig("run", "station", "--runs", runs).status == PASS
    return runs


@pytest.fixture(scope="session")
def made(checked_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of it; look, and touch nothing."""
    return make_package(run_subject(checked_runs, ["last"]), tmp_path_factory.mktemp("made"), made_at=MADE_AT)


@pytest.fixture
def package(made: Path, tmp_path: Path) -> Path:
    """A copy of the package, to be harmed."""
    return Path(shutil.copytree(made, tmp_path / made.name))

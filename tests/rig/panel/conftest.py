"""Panels that the tests of this room look at."""

import pytest

from tests.support.reviewing import Reviewed, reviewed, some_runs


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    """Return a panel over some weeks of a line; tests only look at it."""
    return reviewed(tmp_path_factory.mktemp("line"), some_runs())

"""What holds for the tests of this software, and not for the test plans that it runs."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """A warning is an error here: an operator's run must not stop for one."""
    config.addinivalue_line("filterwarnings", "error")
    # pyvisa-py announces back ends that are not installed; the rig does not use them.
    config.addinivalue_line("filterwarnings", "ignore:.*:UserWarning:pyvisa_py.*")

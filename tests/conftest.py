"""What holds for the tests of this software, and not for the test plans that it runs."""

from __future__ import annotations

import os
import signal
import tempfile

import pytest
from hypothesis import settings

from rig.records.station_key import FOLDER_VARIABLE

# The same examples in every run: what fails here fails everywhere. `make fuzz` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("fuzz", derandomize=False, deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# Stations of tests make keys of their own; the commands that tests start inherit the place.
KEYS = tempfile.TemporaryDirectory(prefix="rig-keys-")
os.environ[FOLDER_VARIABLE] = KEYS.name

# Below nohup or in the background, shells have processes ignore what the tests send to those they start.
for name in ("SIGINT", "SIGHUP"):
    if (number := getattr(signal, name, None)) and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


def pytest_configure(config: pytest.Config) -> None:
    """A warning is an error here: an operator's run must not stop for one."""
    config.addinivalue_line("filterwarnings", "error")
    # pyvisa-py announces back ends that are not installed; the rig does not use them.
    config.addinivalue_line("filterwarnings", "ignore:.*:UserWarning:pyvisa_py.*")
    config.add_cleanup(KEYS.cleanup)

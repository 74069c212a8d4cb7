"""Programs of others that judge what is made here."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import Final

import pytest

UNDER_CI: Final = os.environ.get("CI") == "true"


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where a program is not installed; under CI it runs all the same, and fails."""
    missing = [program for program in programs if shutil.which(program) is None]
    skips = bool(missing) and not UNDER_CI
    return pytest.mark.skipif(skips, reason=f"not installed: {', '.join(missing)}")


def needs_library(name: str) -> None:
    """Skip a module of tests where a library of an extra is not installed; under CI its tests fail."""
    if importlib.util.find_spec(name) is None and not UNDER_CI:
        pytest.skip(f"not installed: {name}", allow_module_level=True)

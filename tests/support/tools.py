"""Programs of others that judge what is made here."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where a program is not installed; under CI it runs all the same, and fails."""
    missing = [program for program in programs if shutil.which(program) is None]
    skips = bool(missing) and os.environ.get("CI") != "true"
    return pytest.mark.skipif(skips, reason=f"not installed: {', '.join(missing)}")

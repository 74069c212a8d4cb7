"""What the software weighs: how fast it loads, what it takes in memory, and what it must not drag in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ENVIRONMENT, RIG, ROOT

IMPORT_LIMIT_S = 0.3
TRIES = 5
MEMORY_LIMIT_KB = 300 * 1024
HEAVY = {"numpy", "scipy", "pandas", "pyarrow", "matplotlib", "pyvisa", "pymodbus", "sqlalchemy", "pytest"}
PERSONAL_PATH = re.compile(rb"(?<![\w.~/-])/(?:home|root|work|Users)/\w")

TIMED_IMPORT = """
import sys, time
begin = time.perf_counter()
import rig
print(time.perf_counter() - begin, *{name.partition(".")[0] for name in sys.modules})
"""

# Runs the plan and says how much memory the largest process took that was waited for, in KB.
WEIGHED_RUN = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def python(code: str, *arguments: str) -> list[str]:
    """Run code in a fresh interpreter; return the words it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT
    )
    assert done.returncode == 0, done
    return done.stdout.split()


def test_import_is_quick_and_light() -> None:
    best_s = float("inf")
    for _ in range(TRIES):  # a busy machine only ever makes it slower
        seconds, *modules = python(TIMED_IMPORT)
        assert not HEAVY & set(modules)
        best_s = min(best_s, float(seconds))
    assert best_s <= IMPORT_LIMIT_S


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
def test_memory_of_a_run(tmp_path: Path) -> None:
    (kilobytes,) = python(WEIGHED_RUN, *RIG, "run", "eol", "--runs", str(tmp_path))
    assert int(kilobytes) <= MEMORY_LIMIT_KB


def test_arrows_between_the_rooms() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout


def test_no_file_names_anybodys_folders() -> None:
    """Nothing in the project may depend on where it lies."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, cwd=ROOT)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    found = [
        f"{name}: {match.group().decode()}"
        for name in listed.stdout.decode().split("\0")
        if name and (ROOT / name).is_file()
        for match in PERSONAL_PATH.finditer((ROOT / name).read_bytes())
    ]
    assert not found

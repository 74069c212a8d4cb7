"""``python -m benchmarks.fuzz [--seconds N] [--only NAME …]``: search hostile bytes, guided by coverage.

Atheris (benchmarks/fuzz.txt) watches which lines of the rig each example reaches and keeps those that reach
new ones. What it searches is the same as in tests/rig/instruments/test_hostile_bytes.py. Each parser has a
process of its own; the exit code is 1 when one of them failed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from benchmarks.figures import ROOT, Figure, table
from benchmarks.oracles import oracle

SECONDS = 5
LONGEST_EXAMPLE = 512  # bytes
SLOWEST_S = 10  # an example that takes longer counts as a hang
MEMORY_MB = 2048
GRACE_S = 60  # for imports

_RUNS = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_RATE = re.compile(r"stat::average_exec_per_sec:\s+(\d+)")


def main() -> int:
    """Search with every parser, or those asked for; print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each parser")
    parser.add_argument("--only", action="append", help="a parser's name; may be given several times")
    parser.add_argument("--search", help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if (atheris := oracle("atheris")) is None:
        print("Skipped: atheris is not installed (pip install -r benchmarks/fuzz.txt; Linux and macOS).")
        return 0
    if asked.search:
        _search(atheris, asked.search, asked.seconds, asked.folder)
    from tests.support.hostile_bytes import TARGETS

    figures = [_figure(name, asked.seconds) for name in asked.only or TARGETS]
    print(table(figures))
    return int(any(figure.beside for figure in figures))


def _figure(name: str, seconds: int) -> Figure:
    """Search with one parser in a process of its own; what it failed on stands beside the figure."""
    search = [sys.executable, "-m", "benchmarks.fuzz", "--search", name, "--seconds", str(seconds)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*search, "--in", folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds + SLOWEST_S + GRACE_S,
            check=False,
        )
    runs, rate = _RUNS.search(done.stderr), _RATE.search(done.stderr)
    found = "" if done.returncode == 0 else _finding(done.stderr)
    return Figure(name, f"{runs[1]} examples, {rate[1]} /s" if runs and rate else "no figures", found)


def _finding(said: str) -> str:
    """Return the line that names the failure, as atheris prints it, and the example in Base64."""
    lines = said.splitlines()
    named = [lines[place + 1] for place, line in enumerate(lines[:-1]) if "Uncaught Python exception" in line]
    example = [line for line in lines if line.startswith(("Base64:", "ALARM", "=="))]
    return " ".join([*named[:1], *example[-1:]]) or (lines[-1] if lines else "no message")


def _search(atheris: ModuleType, name: str, seconds: int, folder: str) -> NoReturn:
    """Search until the time is over; atheris ends the process, with another code than 0 after a failure."""
    with atheris.instrument_imports(include=["rig", "calibration"]):
        from tests.support.hostile_bytes import TARGETS, WORDS
    for place, word in enumerate(WORDS):
        (Path(folder) / f"word{place}").write_bytes(word)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_EXAMPLE}",
        f"-timeout={SLOWEST_S}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]
    atheris.Setup(["fuzz", *options, folder], TARGETS[name])
    atheris.Fuzz()
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())

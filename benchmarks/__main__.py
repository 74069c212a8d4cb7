"""``python -m benchmarks [--only NAME …]``: measure, and print a Markdown table of each."""

from __future__ import annotations

import argparse
import os
import platform
from importlib import import_module

from benchmarks.figures import table

BENCHMARKS = (
    "eol_run",
    "round_trips",
    "record_measurement",
    "live",
    "verify",
    "import_time",
    "estimators",
    "process_statistics",
    "propagation",
    "contact_point",
    "stability",
    "studies",
    "report",
    "dashboard",
    "panel",
    "onlookers",
    "stopping",
)

GROUPS = {"oracles": ("propagation", "process_statistics", "contact_point", "stability")}
"""Names for several benchmarks: those with programs of others to compare with."""


def main() -> None:
    """Run the benchmarks that were asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=(*BENCHMARKS, *GROUPS), help="may be given several times"
    )
    asked = parser.parse_args().only or BENCHMARKS
    chosen = [name for one in asked for name in GROUPS.get(one, (one,))]
    print(f"{platform.machine()}, {os.cpu_count()} processors{_load()}, {platform.system()},", end=" ")
    print(f"Python {platform.python_version()}")
    for name in chosen:
        print(f"\n## {name}\n", flush=True)
        print(table(import_module(f"benchmarks.{name}").measure()), flush=True)


def _load() -> str:
    """Return how busy the machine is by other work, where the system tells."""
    return f" (load {os.getloadavg()[0]:.1f} before)" if hasattr(os, "getloadavg") else ""


if __name__ == "__main__":
    main()

"""What a person sees of a qualification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from rig.qualification.check import Check, CheckVerdict

STYLES = {CheckVerdict.PASS: "green", CheckVerdict.FAIL: "bold red", CheckVerdict.NOT_DONE: "yellow"}


def render_check(check: Check, console: Console) -> None:
    """Print a check as it was made."""
    console.print(
        f"{check.verdict.value:<8} {check.id:<7} {check.what}: {check.got}"
        + (f" (expected: {check.expected})" if check.verdict is not CheckVerdict.PASS else ""),
        style=STYLES[check.verdict], highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip


def render_outcome(told: Mapping[str, Any], written: Sequence[Path], console: Console) -> None:
    """Print what came of it all, and where it stands."""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in told["counts"].items())
    what = "QUALIFIED" if told["qualified"] else "NOT QUALIFIED"
    if told["quick"] and told["qualified"]:
        what = "NOTHING FAILED (quick: most whole runs were left out; not for release)"
    console.print(f"\n{counts}", highlight=False, markup=False)
    console.print(
        what, style="bold green" if told["qualified"] else "bold red", highlight=False, markup=False
    )
    for path in written:
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)

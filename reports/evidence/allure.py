"""Allure results in a package: copied from its runs; and as a page, where Node and Allure 3 are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.evidence.subject import Subject

NAME, RESULTS, PAGE = "allure", "allure-results", "allure-html"
TIMEOUT_S = 300.0
ALLOWED = "default-src data: blob: 'unsafe-inline' 'unsafe-eval'"
"""What a browser may load: what is in the page. Allure would have it ask a server on the internet."""


def copy_results(subject: Subject, folder: Path) -> bool:
    """Copy the results of each run to ``allure-results/RUN``; say whether there were any. Raises OSError."""
    found = False
    for view in subject.runs:
        results = subject.folder / view.run_id / RESULTS
        if results.is_dir():
            shutil.copytree(results, folder / RESULTS / view.run_id)
            found = True
    return found


def allure_command() -> list[str] | None:
    """Return the command of Allure 3 on this machine, or None; nothing is ever downloaded.

    It is looked for in the path, then in the ``node_modules`` of this folder and of those above it, where npm
    puts it. npx would look there too, but takes a second to say that it found nothing.
    """
    here = Path.cwd()
    folders = [str(folder / "node_modules" / ".bin") for folder in (here, *here.parents)]
    for program in (shutil.which(NAME), shutil.which(NAME, path=os.pathsep.join(folders))):
        if program is None:
            continue
        try:
            said = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if said.returncode == 0 and said.stdout.strip().startswith("3."):
            return [program]
    return None


def make_page(command: list[str], folder: Path) -> bool:
    """Let Allure make ``allure-html`` of the package's results, in one file; say whether it did."""
    results = [str(path) for path in sorted((folder / RESULTS).iterdir())]
    try:
        done = subprocess.run(
            [*command, "awesome", *results, "--single-file", "--output", str(folder / PAGE)],
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    page = folder / PAGE / "index.html"
    if done.returncode != 0 or not page.is_file():
        shutil.rmtree(folder / PAGE, ignore_errors=True)
        return False
    policy = f'<head><meta http-equiv="Content-Security-Policy" content="{ALLOWED}">'
    page.write_text(re.sub("<head>", policy, page.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    return True

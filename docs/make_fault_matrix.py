"""Run the fault matrix: every fault in every phase of the end-of-line run; print how each run ended.

``python docs/make_fault_matrix.py`` prints the table and exits with 1 when a run ended as none may, or too
few were tried in the time there was;
``--write`` also writes ``docs/fault-matrix.md``; words after it choose cases, such as ``counter.late_reply``.
"""

from __future__ import annotations

import argparse
import math
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.fault_matrix import SPOKEN_TO, Case, End, cases, moments, run_with, try_case

PAGE = Path(__file__).parent / "fault-matrix.md"
AT_ONCE = 2
LEAST = 300  # runs that make a whole matrix, on however slow a machine
STRIDE = 7
ADDRESS = re.compile(r" (on )?(rtu|tcp|TCPIP\d*|ASRL)\S*?(?=[;.,]? |[;.,]?$)")
"""Where an instrument was on the twin: another place in every run."""
SIGNS = {"PASS": "P", "FAIL": "F", "ERROR": "E", "REFUSED": "R"}
HEAD = """# What the rig does about each fault

Made by `make faults/write`; `make faults` runs it again, and so does CI. Each cell is one end-of-line run of
a good pen on the twin, with one fault in the middle of one phase: **P** passed with the right values, **r**
passed and says on its record what it recovered from, **E** ended as ERROR naming the culprit and what to do,
**R** was refused before anything moved, **F** failed (only where the fault makes the pen a bad one), **·** it
cannot strike there. A fault of the wire strikes one of those that are spoken to in a phase, in turns;
`make faults/all` tries all of them. After every run the stage stood, the strokes had stopped, no force had
been above its limit, and the record said which table the pen was on.

"""


def main() -> int:
    """Run what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--keep", type=Path, help="keep the runs in this folder")
    parser.add_argument("--every-role", action="store_true", help="each fault with everybody it can strike")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no more runs after this time")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    known = cases(of_every_role=options.every_role)
    chosen = [case for case in known if all(word in str(case) for word in options.words)]
    folder = options.keep or Path(tempfile.mkdtemp())
    try:
        ends, wrong = run_all(chosen, folder, within_s=60 * options.minutes)
    finally:
        if options.keep is None:
            shutil.rmtree(folder)
    page = HEAD + table(ends) + "\n" + symptoms(ends)
    print(page)
    for case, what in wrong.items():
        print(f"WRONG {case}: {'; '.join(what)}")
    if options.write:
        PAGE.write_text(page, encoding="utf-8")
    if len(ends) < len(chosen):
        print(f"{len(chosen) - len(ends)} were not tried: {options.minutes:g} minutes were up")
    print(f"{len(ends) - len(wrong)} passed, {len(wrong)} failed")
    if too_few := len(ends) < min(LEAST, len(chosen)):
        print(f"too few for a matrix: at least {min(LEAST, len(chosen))} have to be tried")
    return 1 if wrong or too_few else 0


def run_all(
    chosen: list[Case], folder: Path, *, within_s: float
) -> tuple[dict[Case, End], dict[Case, list[str]]]:
    """Run cases, two at a time; return how each ended, and what was wrong with those that ended wrong.

    Args:
        within_s: no run begins later; those that come first are spread over faults and phases.
    """
    until_s = time.monotonic() + within_s
    nominal = run_with(folder / "nominal")
    at_s = moments(folder / "nominal")

    def end_of(numbered: tuple[int, Case]) -> tuple[End, list[str]] | None:
        if time.monotonic() > until_s:
            return None
        number, case = numbered
        return try_case(case, at_s, nominal, folder / str(number))

    spread = [case for first in range(STRIDE) for case in list(enumerate(chosen))[first::STRIDE]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tried = zip(spread, pool.map(end_of, spread), strict=True)
        by_case = {case: found for (_, case), found in tried if found is not None}
    found = {case: by_case[case] for case in chosen if case in by_case}
    return (
        {case: end for case, (end, _) in found.items()},
        {case: wrong for case, (_, wrong) in found.items() if wrong},
    )


def table(ends: dict[Case, End]) -> str:
    """Return the outcomes as a table: a row a fault, a column a phase."""
    lines = ["| fault | " + " | ".join(SPOKEN_TO) + " |", "|---" * (len(SPOKEN_TO) + 1) + "|"]
    for fault in dict.fromkeys(case.fault for case in ends):
        cells = [_cell(ends, fault, phase) for phase in SPOKEN_TO]
        lines.append(f"| {fault} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def symptoms(ends: dict[Case, End]) -> str:
    """Return, for each fault, one sentence that an operator reads of each different end."""
    lines = ["## What is said", ""]
    for role, fault in dict.fromkeys((case.role, case.fault) for case in ends):
        mine = [end for case, end in ends.items() if (case.role, case.fault) == (role, fault)]
        lines += [f"**{role}.{fault}**", "", *_different(mine), ""]
    return "\n".join(lines)


def _different(ends: Iterable[End]) -> list[str]:
    first: dict[str, End] = {}
    for end in ends:
        first.setdefault(_sign(end), end)
    return [f"- {sign}: {ADDRESS.sub('', end.symptom)}" for sign, end in sorted(first.items())]


def _cell(ends: dict[Case, End], fault: str, phase: str) -> str:
    """Return the role and the end of each run of a fault in a phase."""
    mine = [
        (case.role, _sign(end)) for case, end in ends.items() if (case.fault, case.phase) == (fault, phase)
    ]
    return "<br>".join(f"{role} **{sign}**" for role, sign in mine) or "·"


def _sign(end: End) -> str:
    sign = SIGNS.get(end.verdict, end.verdict)
    return "r" if sign == "P" and end.symptom != "no harm done" else sign


if __name__ == "__main__":
    sys.exit(main())

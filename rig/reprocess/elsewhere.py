"""The same in a process of its own, in which ``calibration`` is another version than the installed one.

Only that one package is replaced. A folder that holds it is used with this Python; a virtual environment's
Python is used with its own numerical libraries, and with this version of the rig.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rig
from rig.errors import RefusedToStart
from rig.reprocess.again import Again
from rig.reprocess.software import CalibrationVersion
from rig.reprocess.worker import Evaluated, RunAgain

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
WHERE = "import calibration, pathlib; print(pathlib.Path(calibration.__file__).resolve().parent)"


def evaluate_elsewhere(
    calibration: Path,
    runs: Path,
    run_ids: Sequence[str],
    *,
    todays_configuration: bool = False,
    station_file: str = "",
) -> Evaluated:
    """Evaluate runs again with another version of ``calibration``.

    Args:
        calibration: folder that holds the package, or the Python of an environment it is installed in.
        runs, run_ids, todays_configuration, station_file: as
            :func:`~rig.reprocess.worker.evaluate_again` has them.

    Raises:
        RefusedToStart: there is no such package, it does not fit this rig, or the evaluation was refused.
    """
    python, package = _find(calibration)
    asked = {
        "calibration": str(package),
        "rig": str(Path(rig.__file__).resolve().parent),
        "runs": str(runs.resolve()),
        "run_ids": list(run_ids),
        "todays_configuration": todays_configuration,
        "station_file": station_file,
    }
    done = subprocess.run(
        [python, "-P", str(BOOTSTRAP)],
        input=json.dumps(asked),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise RefusedToStart(
            f"{package} does not fit this version of the rig: {lines[-1] if lines else 'it ended'}",
            expected="a version of calibration that has what the evaluations of this rig ask for",
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    if "refused" in answer:
        raise RefusedToStart(answer["refused"])
    return _evaluated(answer)


def _find(calibration: Path) -> tuple[str, Path]:
    """Return the Python to use, and the folder of the package."""
    if (calibration / "calibration" / "__init__.py").is_file():
        return sys.executable, (calibration / "calibration").resolve()
    if calibration.is_file():
        try:
            # From elsewhere and isolated, so that it is the installed one.
            done = subprocess.run(
                [str(calibration.absolute()), "-I", "-c", WHERE],
                capture_output=True, encoding="utf-8", check=False, cwd=calibration.parent,
            )  # fmt: skip
        except OSError as error:
            raise RefusedToStart(f"{calibration}: cannot be run ({error.strerror or error})") from error
        if done.returncode == 0:
            return str(calibration.absolute()), Path(done.stdout.strip())
    raise RefusedToStart(
        f"{calibration}: no calibration package",
        expected="a folder that holds a folder calibration, or the python of an environment that has it",
    )


def _evaluated(answer: dict[str, Any]) -> Evaluated:
    runs = [
        RunAgain(**{**run, "results": tuple(Again(**result) for result in run["results"])})
        for run in answer["runs"]
    ]
    return Evaluated(CalibrationVersion(**answer["calibration"]), answer["at"], tuple(runs))

"""The example notebook does what it shows: its code runs, and its outputs are there and are fit to print."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    notebook = json.loads((ROOT / "docs" / "study.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_its_code_runs(cells: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    mpl.use("Agg")
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    for cell in cells:
        exec("".join(cell["source"]), names)
    assert names["finished"].returncode == 0, names["finished"].stderr
    assert names["view"].ended
    assert names["view"].frame["value"].notna().all()
    assert set(names["model"].terms) >= {"depth", "rate"}
    assert len(names["seal"]) > 0


def test_its_outputs_are_whole_and_hold_nothing_of_the_machine_they_were_made_on(
    cells: list[dict[str, Any]],
) -> None:
    outputs = [output for cell in cells for output in cell["outputs"]]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert {"image/png", "text/html", "text/plain"} <= kinds
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not [
        output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    for output in outputs:
        output.get("data", {}).pop("image/png", None)
    told = json.dumps(outputs)
    for where in (str(ROOT), str(Path.home()) + os.sep, "/tmp/", "site-packages", "Traceback"):
        assert where not in told

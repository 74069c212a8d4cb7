"""Writes docs/study.ipynb from the cells below and executes it: `make notebook`, in its own environment.

The notebook's outputs are real: they come from the digital twin, with the same figures every time.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "study.ipynb"
TEXT, CODE = "markdown", "code"

CELLS = [
    (
        TEXT,
        """# How far do the needles reach, and what decides it?

An example of the rig from a notebook: a few measurements by hand, then a designed study, then a whole test
run read as tables. Everything here runs on the digital twin; on a real bench only the name of the
station differs.""",
    ),
    (
        CODE,
        """import rig

bench = rig.open_station("twin", seed=1)
bench""",
    ),
    (
        TEXT,
        """## A few measurements

`measure` takes the name of what is wanted and a setting. Instruments are identified, certificates checked
and limits guarded as in any test run. A setting outside the product's range is refused before anything
moves.""",
    ),
    (
        CODE,
        """rates_per_min = [5000, 7000, 9000]
extension = [bench.measure("extension", depth_mm=1.25, rate_per_min=rate) for rate in rates_per_min]
for rate, measured in zip(rates_per_min, extension):
    print(f"{rate} /min: {measured}")""",
    ),
    (
        CODE,
        """import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
values, half_widths = [m.value for m in extension], [m.U for m in extension]
axes.errorbar(rates_per_min, values, half_widths, marker="o", capsize=3)
axes.set(xlabel="set rate (1/min)", ylabel="extension (mm)", title="Dial at 1.25 mm, with U");""",
    ),
    (
        TEXT,
        """Every result carries its uncertainty budget: which doubt contributes how much.""",
    ),
    (
        CODE,
        """import pandas as pd

budget = pd.DataFrame([{"contribution": part.name, "u (µm)": 1000 * part.u} for part in extension[-1].budget])
budget.sort_values("u (µm)", ascending=False, ignore_index=True).round(3)""",
    ),
    (
        CODE,
        """from rig.errors import ConfigError

try:
    bench.measure("extension", depth_mm=3.0)
except ConfigError as refusal:
    print(refusal)
bench.close()""",
    ),
    (
        TEXT,
        """## A designed study

The needles reach farther at speed. By how much, at which depth, and does the one depend on the other? A study
is a file (here written as text): factors, a design, responses. Each point has a bench of its own.""",
    ),
    (
        CODE,
        """from pathlib import Path
from tempfile import TemporaryDirectory

folder = TemporaryDirectory()
file = Path(folder.name, "reach.toml")
written = file.write_text('''
name = "reach"
title = "Extension against depth and rate"
question = "Does the pen reach as far at full speed as at low speed?"
responses = ["extension"]

[design]
kind = "central composite"
centre_points = 2

[factors.depth]
sets = "setting.depth_mm"
low = 0.5
high = 2.0
unit = "mm"

[factors.rate]
sets = "setting.rate_per_min"
low = 5000
high = 9000
unit = "1/min"
''')""",
    ),
    (
        CODE,
        """from rig.studies.run_study import run_study
from rig.studies.study_file import load_study

out = Path(folder.name, "out")
view = run_study(load_study(str(file)), out, jobs=2)
view.frame[["run", "depth", "rate", "value", "unit", "U"]].round(4)""",
    ),
    (
        TEXT,
        """Had this been stopped midway, the same call would have gone on where it stopped. The record stays
in its folder, from which the table can be read again at any time:""",
    ),
    (
        CODE,
        """from rig.records.studies import read_study

again = read_study(out)
again.ended, len(again.frame), again.factors""",
    ),
    (
        CODE,
        """from reports.response_model import fit_response

model = fit_response(view.frame, "extension", view.factors)
model.anova.round(6)""",
    ),
    (
        CODE,
        """model.coefficients.round(5)""",
    ),
    (
        TEXT,
        """Coefficients are half of what the response moves by over a factor's range. As pictures:""",
    ),
    (
        CODE,
        """import io

from reports.study_plots import plot_main_effects

picture = plot_main_effects(model, units={"depth": "mm", "rate": "1/min"})
figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
axes.imshow(plt.imread(io.BytesIO(picture)))
axes.axis("off");""",
    ),
    (
        TEXT,
        """## A whole test run as tables

What `rig run` records is read in the same way: measurements with limits and verdicts, and the raw traces that
they were made from.""",
    ),
    (
        CODE,
        """import subprocess
import sys

runs = Path(folder.name, "runs")
command = [sys.executable, "-m", "rig", "run", "eol", "--runs", str(runs)]
finished = subprocess.run(command, capture_output=True)

from rig.records import frames

columns = ["name", "depth_mm", "rate_per_min", "value", "unit", "U", "verdict"]
frames.measurements(runs)[columns].head(8).round(4)""",
    ),
    (
        CODE,
        """seal = frames.traces(runs, "last", "seal.leak")
figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.plot(seal["time_s"] - seal["time_s"].min(), seal["force_n"])
axes.set(xlabel="time (s)", ylabel="force (N)", title="The pouch is squeezed, and relaxes");""",
    ),
    (
        CODE,
        """folder.cleanup()""",
    ),
]


def notebook() -> nbformat.NotebookNode:
    """Return the notebook, not yet executed."""
    make = {TEXT: nbformat.v4.new_markdown_cell, CODE: nbformat.v4.new_code_cell}
    cells = [make[kind](text, id=f"cell-{number}") for number, (kind, text) in enumerate(CELLS, start=1)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def main() -> None:
    """Execute the notebook in the project's folder, and write it without what differs from run to run."""
    made = notebook()
    NotebookClient(made, resources={"metadata": {"path": str(NOTEBOOK.parent.parent)}}).execute()
    for cell in made.cells:
        cell.metadata.clear()  # when each cell was run
    made.metadata.pop("language_info", None)  # which Python it was
    nbformat.validate(made)
    nbformat.write(made, NOTEBOOK)


if __name__ == "__main__":
    main()

"""What a study found, from its record alone: fitted models as data, and plots as pictures, in its folder."""

from __future__ import annotations

import json
from pathlib import Path

from calibration.errors import EstimateError
from reports.agreement import agreements
from reports.penetration_plot import plot_penetration
from reports.response_model import ResponseModel, fit_response
from reports.study_plots import plot_interactions, plot_main_effects
from rig.records.studies import StudyView, written_beside_the_record

MODEL_FILE = "models.json"
PENETRATION_FILE = "penetration.png"


def write_report(view: StudyView, folder: Path) -> tuple[list[ResponseModel], list[str]]:
    """Fit every response, and draw it.

    Writes ``models.json``, and for each response ``RESPONSE-effects.png`` and ``RESPONSE-interactions.png``;
    ``penetration.png`` where films of several thicknesses were struck.

    Returns:
        The fitted models, and a sentence for each response that could not be fitted.

    Raises:
        StoreError: a file could not be written.
    """
    models, problems = [], []
    units = {name: str(factor.get("unit", "")) for name, factor in view.study["factors"].items()}
    for response in view.study["responses"]:
        try:
            model = fit_response(view.frame, response, view.factors)
        except EstimateError as error:
            problems.append(str(error))
            continue
        models.append(model)
        interactions = plot_interactions(model, units)
        with written_beside_the_record(folder):
            (folder / f"{response}-effects.png").write_bytes(plot_main_effects(model, units))
            if interactions is not None:
                (folder / f"{response}-interactions.png").write_bytes(interactions)
    penetration = plot_penetration(view)
    if penetration is not None:
        with written_beside_the_record(folder):
            (folder / PENETRATION_FILE).write_bytes(penetration)
    told = {
        "study": view.study,
        "models": [model.to_json() for model in models],
        "problems": problems,
        "agreements": agreements(view),
    }
    with written_beside_the_record(folder):
        (folder / MODEL_FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    return models, problems

"""Plots of a package, as vectors: what the traces look like, and where the results lie between their limits.

Equal subjects give equal bytes: no date, and names inside the file that depend on nothing but it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from reports.evidence.lot_figures import draw_lot
from reports.evidence.results_figure import draw_results
from reports.evidence.sheet import ACROSS, Sheet
from reports.evidence.trace_figures import draw_traces

if TYPE_CHECKING:
    from reports.evidence.subject import Subject

Draw = Callable[[Sheet], None]


def figures_of(subject: Subject) -> dict[str, bytes]:
    """Return the figures of a subject: SVG by name, which is the figure's caption too.

    One run: its results between their limits, and its traces. Several: each characteristic over the pens. A
    study: each response against its factors.

    Raises:
        StoreError: a trace is missing, or is not the one that was recorded.
    """
    if len(subject.runs) == 1:
        view = subject.runs[0]
        drawn = {**draw_results(view.measurements), **draw_traces(view.measurements, subject.folder)}
    elif subject.study is not None:
        from reports.evidence.results import study_of_subject
        from reports.evidence.study_figures import draw_study

        drawn = {**draw_lot(subject.runs), **draw_study(study_of_subject(subject.study))}
    else:
        drawn = draw_lot(subject.runs)
    rows = {f"{title}: {names}": draws for title, panels in drawn.items() for names, draws in _rows(panels)}
    return {name: _svg(name, draws) for name, draws in rows.items()}


def _rows(panels: Mapping[str, Draw]) -> list[tuple[str, list[Draw]]]:
    """Return panels beside each other, as many as fit, and what they are called together."""
    names = list(panels)
    rows = [names[at : at + ACROSS] for at in range(0, len(names), ACROSS)]
    return [(", ".join(row), [panels[name] for name in row]) for row in rows]


def _svg(name: str, draws: Sequence[Draw]) -> bytes:
    from matplotlib import rc_context

    # Text stays text: it can be searched for, and the font is one that comes with matplotlib.
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        sheet = Sheet()
        for draw in draws:
            draw(sheet)
        picture = io.BytesIO()
        sheet.figure.savefig(picture, format="svg", metadata={"Date": None, "Creator": None})
    return picture.getvalue()

"""The results of a run, made again from its kept traces; nothing is compared, and nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calibration.errors import EstimateError, TableRejected
from calibration.measured import Measured
from rig.errors import RigError, StoreError
from rig.fixtures.judging import judge
from rig.product import Setting
from rig.records.event import canonical_json
from rig.records.run import finite_or_none
from rig.records.trace import Trace, read_trace
from rig.records.view import RunView
from rig.reprocess.configuration import Configuration
from rig.reprocess.evaluations import EVALUATIONS, Given

Body = Mapping[str, Any]

NO_TRACE = "it is not from a trace"
NOT_ON_RECORD = "how it was made is not on record"


@dataclass(frozen=True)
class Again:
    """A recorded result and what came of it now.

    Args:
        name: of the measurement, or of a noted result.
        noted: it was noted, not judged.
        was: the recorded numbers.
        now: the same made again; None where it could not be made.
        why: it could not be made; empty where it was.
        refused: the estimator refuses now what it once accepted.
    """

    name: str
    noted: bool
    was: Body
    now: Body | None
    why: str = ""
    refused: bool = False


def results_again(view: RunView, runs: Path, configuration: Configuration) -> Iterator[Again]:
    """Make every result of a run again, in the order of its record.

    Args:
        view: the run.
        runs: folder of the records, in which its traces lie.
        configuration: to evaluate with.

    Raises:
        StoreError: a trace is missing, or not the one that was recorded.
    """
    kitchen = _Kitchen(runs, configuration)
    for note in view.notes:
        if (result := note.get("result")) and "value" in result:
            yield _again(str(result["name"]), result, note.get("recipe"), kitchen, None)
    for body in view.measurements:
        yield _again(str(body["name"]), body, body.get("recipe"), kitchen, configuration)


@dataclass
class _Kitchen:
    """Follows recipes; what several of them share is evaluated once."""

    runs: Path
    configuration: Configuration
    _done: dict[str, Any] = field(default_factory=dict)
    _traces: dict[str, Trace] = field(default_factory=dict)

    def make(self, recipe: Body) -> Any:
        outcome = self._outcome(recipe)
        for name in filter(None, recipe["part"].split(".")):
            outcome = getattr(outcome, name)
        return outcome

    def _outcome(self, recipe: Body) -> Any:
        key = canonical_json({**recipe, "part": ""})
        if key not in self._done:
            self._done[key] = EVALUATIONS[recipe["evaluation"]](
                Given(
                    self.configuration.station,
                    self.configuration.product,
                    {name: [self._trace(one) for one in some] for name, some in recipe["traces"].items()},
                    {name: [self.make(one) for one in some] for name, some in recipe["of"].items()},
                    recipe["figures"],
                )
            )
        return self._done[key]

    def _trace(self, named: Mapping[str, str]) -> Trace:
        path = named["path"]
        if path not in self._traces:
            self._traces[path] = read_trace(self.runs / path, sha256=named["sha256"])
        return self._traces[path]


def _again(
    name: str, body: Body, recipe: Body | None, kitchen: _Kitchen, judged_by: Configuration | None
) -> Again:
    noted = judged_by is None
    was = {key: body.get(key) for key in ("value", "unit", "u", "dof", "k", "U", "as_read")}
    if judged_by is not None:
        was |= {key: body.get(key) for key in ("lower", "upper", "rule", "verdict", "accepted", "p_conform")}
    if recipe is None:
        return Again(name, noted, was, None, NOT_ON_RECORD if body.get("trace") else NO_TRACE)
    if recipe["evaluation"] not in EVALUATIONS:
        return Again(name, noted, was, None, f"evaluation {recipe['evaluation']!r} is not known here")
    try:
        measured = kitchen.make(recipe)
        return Again(name, noted, was, _told(measured, body, judged_by))
    except StoreError:
        raise
    except (EstimateError, TableRejected, RigError) as error:
        return Again(name, noted, was, None, str(error), refused=True)


def _told(measured: Measured, body: Body, judged_by: Configuration | None) -> dict[str, Any]:
    told = {
        "value": measured.value,
        "unit": measured.unit,
        "u": measured.u,
        "dof": finite_or_none(measured.dof),
        "k": measured.k,
        "U": measured.U,
        "as_read": measured.as_read,
    }
    if judged_by is None:
        return told
    name, at = body["characteristic"], body.get("setting")
    if name not in judged_by.product.characteristics:
        raise RigError(f"no limits for {name!r} in the product's file")
    setting = None if at is None else Setting(at["depth_mm"], at["rate_per_min"])
    judgement = judge(measured, judged_by.product.characteristics[name], setting, judged_by.plan.demand(name))
    return told | {
        "lower": judgement.limits.lower,
        "upper": judgement.limits.upper,
        "rule": judgement.decision.rule,
        "verdict": judgement.decision.outcome.value,
        "accepted": judgement.accepted,
        "p_conform": judgement.decision.p_conform,
    }

"""Writes Allure results as a run goes: each judged result a step, with its trace as a picture and as CSV.

Loaded as a pytest plugin beside the rig's. It listens only: it judges nothing, and what goes wrong in it
costs a picture and never a verdict. In the report

- a run is a suite with the plan's title; a test carries the requirements that it gives evidence for, the
  pen, the product and the station;
- a step is a result: value ± U, limits, rule, verdict. It fails when the verdict is not PASS;
- *Environment* says what was run on what, and *Categories* tell a bad pen from a broken rig from
  something that could not be measured.

``allure serve runs/<run_id>/allure-results`` shows it.
"""

from __future__ import annotations

import math
import sys
import time
import uuid
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import allure_commons
import pytest
from allure_commons.model2 import (
    ATTACHMENT_PATTERN,
    Attachment,
    Label,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestResultContainer,
    TestStepResult,
)
from allure_commons.types import AttachmentType, LabelType

from calibration.rounding import with_uncertainty
from reports.allure_files import csv_of, write_categories, write_environment
from reports.plotter import Plotter
from reports.trace_view import view_of
from rig.show import limits_text

if TYPE_CHECKING:
    from calibration.limits import Limits
    from calibration.measured import Measured
    from rig.fixtures.judging import Judged
    from rig.fixtures.run import Run
    from rig.records.trace import Trace


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Listen where Allure writes results, as it does in every run of a plan."""
    allure = config.pluginmanager.get_plugin("allure_listener")
    if allure is None:
        return
    listener = RunListener(allure.allure_logger, Path(config.option.allure_report_dir))
    config.pluginmanager.register(listener, "rig-allure")
    allure_commons.plugin_manager.register(listener)
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(listener))


class RunListener:
    """Listens to pytest, to the rig, and to Allure just before it writes.

    Args:
        reporter: Allure's, which knows the test under way.
        folder: of the results.
    """

    def __init__(self, reporter: Any, folder: Path) -> None:
        self._reporter, self._folder = reporter, folder
        self._plotter = Plotter()
        self._attached: dict[Trace, list[Attachment]] = {}
        self._problems: list[str] = []
        self._labels: dict[str, str] = {}

    # What pytest and the rig tell

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Learn what run this is, and show the rim's scan, which no test judges, where it was made."""
        made: Any = yield
        if not fixturedef.func.__module__.startswith("rig.fixtures"):
            return made
        match fixturedef.argname:
            case "run":
                self._labels |= _labels_of(made)
                self._plotter.prepare()  # while the station is connected
            case "station":
                self._labels["pen"] = made.pen_identity.serial
            case "datum":
                caption = f"Rim at {value_text(made.position)}"
                attachments = self._attachments(made.trace, made.position, None, caption)
                self._reporter.get_last_item().attachments.extend(attachments)
        return made

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Name the requirements of a test, so that they are named also where nothing was measured."""
        for marker in item.iter_markers("requirement"):
            self._name_requirements(marker.args)

    def pytest_rig_judged(self, judged: Judged) -> None:
        """Make a step of a result."""
        self._name_requirements(judged.requirements)
        moment = round(time.time() * 1000)
        silent = judged.accepted and not judged.remark
        step = TestStepResult(
            name=step_title(judged),
            status=Status.PASSED if judged.accepted else Status.FAILED,
            statusDetails=None if silent else StatusDetails(message=_why(judged)),
            parameters=[Parameter(name, value) for name, value in _parameters(judged).items()],
            start=moment,
            stop=moment,
        )
        if judged.trace is not None:
            caption = f"{judged.title}: {value_text(judged.measured)}"
            step.attachments = self._attachments(judged.trace, judged.measured, judged.limits, caption)
        self._reporter.get_test(None).steps.append(step)

    def pytest_rig_ended(self, run: Run) -> None:
        """Wait for the last plot, and write what concerns the whole run."""
        self._problems += self._plotter.finish()
        try:
            write_environment(self._folder, _facts_of(run, self._labels.get("pen", "")))
            write_categories(self._folder)
        except OSError as error:
            self._problems.append(str(error))
        for problem in self._problems:
            print(f"allure results: {problem}", file=sys.stderr)

    def pytest_unconfigure(self) -> None:
        """End the plotter also where a run never began."""
        self._plotter.finish()

    # What Allure is about to write

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: TestResult) -> None:
        """Put a test's result in the field's words."""
        if not self._labels:  # not a run of a plan
            return
        name, _, setting = result.name.partition("[")
        title = name.removeprefix("test_").replace("_", " ").capitalize()
        result.name = f"{title}: {setting.removesuffix(']')}" if setting else title
        for parameter in result.parameters:
            if parameter.name == "setting":
                parameter.value = setting.removesuffix("]")
        result.labels = _relabelled(result.labels, self._labels)
        if result.status == Status.SKIPPED and result.statusDetails:
            reason = result.statusDetails.message.partition(": ")[2]
            result.statusDetails = StatusDetails(message=reason)  # without a class and a file of the rig's

    @allure_commons.hookimpl(tryfirst=True)
    def report_container(self, container: TestResultContainer) -> None:
        """Leave tracebacks to the record: they are of no use to a reader, and full of the machine's paths."""
        for step in container.befores + container.afters:
            if step.statusDetails:
                step.statusDetails.trace = None

    def _name_requirements(self, requirements: Sequence[str]) -> None:
        labels = self._reporter.get_test(None).labels
        for requirement in requirements:
            for kind in ("requirement", LabelType.TAG):
                if Label(kind, requirement) not in labels:
                    labels.append(Label(kind, requirement))

    def _attachments(
        self, trace: Trace, result: Measured, limits: Limits | None, caption: str
    ) -> list[Attachment]:
        """Return a trace's files; they are made once, however many results share them."""
        if trace not in self._attached:
            try:
                view = view_of(trace, result, limits, caption)
                plot, numbers = _attachment(trace, AttachmentType.PNG), _attachment(trace, AttachmentType.CSV)
                (self._folder / numbers.source).write_text(csv_of(trace), encoding="ascii", newline="")
                self._plotter.draw(view, self._folder / plot.source)
            except (KeyError, ValueError, OSError) as error:
                self._problems.append(f"{trace.name}: {type(error).__name__}: {error}")
                return []
            self._attached[trace] = [plot, numbers]
        return list(self._attached[trace])


def step_title(judged: Judged) -> str:
    """Return a result in a line: name, value ± U, limits, rule, verdict."""
    limits = limits_text(judged.limits.lower, judged.limits.upper)
    decision = judged.decision
    return f"{judged.name}: {value_text(judged.measured)} ({limits}, {decision.rule}): {decision.outcome}"


def _why(judged: Judged) -> str:
    limits = limits_text(judged.limits.lower, judged.limits.upper)
    return (
        f"{judged.decision.outcome}: {judged.title} is {value_text(judged.measured)}, limits {limits}, "
        f"{judged.decision.rule}, probability of conformity {judged.decision.p_conform:.3g}"
        + (f"; {judged.remark}" if judged.remark else "")
    )


def value_text(measured: Measured) -> str:
    """Return value ± U and unit."""
    unit = "" if measured.unit == "1" else f" {measured.unit}"
    return with_uncertainty(measured.value, measured.U) + unit


def _parameters(judged: Judged) -> dict[str, str]:
    measured = judged.measured
    at = {} if judged.setting is None else {"setting": str(judged.setting)}
    tur = judged.judgement.tur
    ratio = {"test uncertainty ratio": f"{tur:.3g}"} if math.isfinite(tur) else {}
    remark = {"remark": judged.remark} if judged.remark else {}
    return {
        **at,
        "result": value_text(measured),
        "k": f"{measured.k:.2f}",
        "limits": limits_text(judged.limits.lower, judged.limits.upper),
        "rule": judged.decision.rule,
        "verdict": str(judged.decision.outcome),
        "probability of conformity": f"{judged.decision.p_conform:.4g}",
        **ratio,
        **remark,
    }


def _attachment(trace: Trace, kind: AttachmentType) -> Attachment:
    return Attachment(
        trace.name, ATTACHMENT_PATTERN.format(prefix=uuid.uuid4(), ext=kind.extension), kind.mime_type
    )


def _labels_of(run: Run) -> dict[str, str]:
    settings = run.settings
    labels = {"run": run.run_id, "product": settings.product_name, "station": settings.station.name}
    # Allure sorts by host; the station is what a reader knows it by.
    return {**labels, LabelType.PARENT_SUITE: settings.plan.title, LabelType.HOST: settings.station.name}


def _relabelled(labels: list[Label], new: dict[str, str]) -> list[Label]:
    kept = [label for label in labels if label.name not in new]
    return kept + [Label(name, value) for name, value in new.items()]


def _facts_of(run: Run, pen_serial: str) -> dict[str, object]:
    settings = run.settings
    facts: dict[str, object] = {
        "run": run.run_id,
        "verdict": run.ended,
        "plan": settings.plan.title,
        "pen": pen_serial,
        "product": settings.product_name,
        "station": settings.station.name,
        **settings.software,
    }
    if settings.station.twin is not None:
        facts |= {"world": settings.world, "seed": settings.seed}
    return facts

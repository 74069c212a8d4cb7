"""Every figure of the dashboard is what pandas makes of the record itself."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from calibration.capability import capability as whole_capability
from calibration.control_chart import individuals
from calibration.control_rules import signals
from calibration.errors import EstimateError
from calibration.limits import Limits
from reports.dashboard import figures
from reports.dashboard.filters import Filter
from reports.dashboard.index import Index
from reports.dashboard.shares import Share
from tests.reports.dashboard.many import Known, filters, known, recorded, runs, same
from tests.support.made_runs import SETTING, MadeRun

batches = st.sampled_from([None, 1, 3, 7])


@settings(max_examples=20)
@given(runs, st.lists(filters, min_size=1, max_size=3), batches)
def test_every_figure_is_what_pandas_makes_of_the_record(
    made: list[MadeRun], questions: list[Filter], batch: int | None
) -> None:
    with recorded(made, batch) as (folder, index):
        record = known(folder)
        for asked in questions:
            check_list(record, index, asked)
            check_overview(record, index, asked)
            check_pareto(record, index, asked)
            check_capability(record, index, asked)
            check_takt(record, index, asked)
            check_control_charts(record, index, asked)


def as_json(answer: object) -> object:
    """Return an answer as it goes over the wire; anything JSON does not have fails here."""
    return json.loads(json.dumps(asdict(answer), allow_nan=False))  # type: ignore[call-overload]


def check_list(record: Known, index: Index, asked: Filter) -> None:
    wanted = record.runs(asked).iloc[::-1]
    found, before = [], None
    while True:
        page = figures.list_runs(index, asked, before=before, limit=3)
        as_json(page)
        assert page.total == len(wanted)
        found += page.runs
        before = page.before
        if before is None:
            break
    for column in ("run_id", "verdict", "plan", "pen_serial", "station", "product", "lot", "operator"):
        assert [getattr(run, column) for run in found] == list(wanted[column])
    assert [run.first_pass for run in found] == list(wanted["first_pass"])
    assert [bool(run.hidden) for run in found] == [bool(hidden) for hidden in wanted["hidden"]]
    assert all(same(run.takt_s, takt) for run, takt in zip(found, wanted["takt_s"], strict=True))


def check_overview(record: Known, index: Index, asked: Filter) -> None:
    wanted, found = record.runs(asked), figures.overview(index, asked)
    as_json(found)
    groups = [(found.counts, wanted)]
    by_day = list(wanted.groupby("day"))
    assert [day.day for day in found.days] == [str(day) for day, _ in by_day]
    groups += [(day.counts, frame) for day, (_, frame) in zip(found.days, by_day, strict=True)]
    for counts, frame in groups:
        assert counts.runs == len(frame)
        assert counts.verdicts == frame["verdict"].value_counts().to_dict()
        check_share(counts.passed, frame)
        check_share(counts.first_passed, frame[frame["first_pass"]])


def check_share(found: Share, frame: pd.DataFrame) -> None:
    good, bad = (int((frame["verdict"] == verdict).sum()) for verdict in ("PASS", "FAIL"))
    assert (found.good, found.of) == (good, good + bad)
    if found.of:
        exact = binomtest(good, good + bad).proportion_ci(0.95, method="exact")
        assert (found.share, found.low, found.high) == pytest.approx((good / (good + bad), *exact))
    else:
        assert found.share is found.low is found.high is None


def check_pareto(record: Known, index: Index, asked: Filter) -> None:
    chosen, results = record.runs(asked), record.results(asked)
    found = figures.pareto(index, asked)
    as_json(found)
    refused = results[~results["accepted"].astype(bool)]
    counts = refused.drop_duplicates(["run_id", "characteristic"])["characteristic"].value_counts()
    assert {bar.name: bar.runs for bar in found.failures} == counts.to_dict()
    said = [text.split(":")[0] for text in chosen[chosen["verdict"] == "ERROR"]["first_fault"]]
    causes = Counter(role if role in ("stage", "force_gauge") else "no instrument named" for role in said)
    assert {bar.name: bar.runs for bar in found.errors} == causes
    unexplained = chosen[(chosen["verdict"] == "FAIL") & ~chosen["run_id"].isin(refused["run_id"])]
    assert found.not_measured == len(unexplained)
    for bars in (found.failures, found.errors):
        assert [bar.runs for bar in bars] == sorted((bar.runs for bar in bars), reverse=True)
        assert not bars or bars[-1].cumulative == 1.0
        assert [bar.cumulative for bar in bars] == pytest.approx(list(np.cumsum([bar.share for bar in bars])))


def check_capability(record: Known, index: Index, asked: Filter) -> None:
    results, lines = record.results(asked), figures.capability(index, asked)
    for line in lines:
        as_json(line)
    what = ["characteristic", "depth_mm", "rate_per_min", "unit"]
    grouped = {
        tuple(None if pd.isna(one) else one for one in key): frame
        for key, frame in results.groupby(what, dropna=False)
    }
    assert {(line.characteristic, line.depth_mm, line.rate_per_min, line.unit) for line in lines} == set(
        grouped
    )
    for line in lines:
        frame = grouped[line.characteristic, line.depth_mm, line.rate_per_min, line.unit]
        values = frame["value"].to_numpy()
        assert (line.n, line.n_failed) == (len(values), int((~frame["accepted"].astype(bool)).sum()))
        assert same(line.mean, values.mean())
        assert same(line.s, frame["value"].std())
        limits = {
            tuple(None if pd.isna(x) else x for x in pair)
            for pair in zip(frame["lower"], frame["upper"], strict=True)
        }
        if len(limits) > 1:
            assert "limits changed" in line.why
            assert line.lower is line.upper is line.ppk is line.cpk is None
            continue
        ((lower, upper),) = limits
        assert (line.lower, line.upper) == (lower, upper)
        try:
            wanted = whole_capability(values, Limits(lower, upper))
        except EstimateError:
            assert line.why
            assert line.cp is line.cpk is None
            continue
        for index_, ours in ((wanted.pp, line.pp), (wanted.ppk, line.ppk)):
            assert (index_ is None) == (ours is None)
            if index_ is not None and ours is not None:
                assert (ours.value, ours.low, ours.high) == pytest.approx(
                    (index_.value, index_.low, index_.high)
                )
        within = frame.groupby("day")["value"].agg(["var", "count"]).dropna()
        spare = (within["count"] - 1).sum()
        sigma = np.sqrt(((within["count"] - 1) * within["var"]).sum() / spare) if spare else 0.0
        if sigma > 1e-9:
            room = min(
                x
                for x in (
                    None if lower is None else values.mean() - lower,
                    None if upper is None else upper - values.mean(),
                )
                if x is not None
            )
            assert line.cpk is not None
            assert line.cpk.value == pytest.approx(room / (3 * sigma))
        else:
            assert line.cpk is None


def check_takt(record: Known, index: Index, asked: Filter) -> None:
    wanted = record.runs(asked).dropna(subset=["takt_s"]).groupby("day")["takt_s"]
    found = figures.takt_history(index, asked)
    assert [day.day for day in found] == [str(day) for day, _ in wanted]
    for day, (_, takts) in zip(found, wanted, strict=True):
        as_json(day)
        assert day.runs == len(takts)
        numbers = (takts.median(), takts.quantile(0.95), takts.max())
        assert (day.median_s, day.p95_s, day.longest_s) == pytest.approx(numbers)


def check_control_charts(record: Known, index: Index, asked: Filter) -> None:
    for setting in (None, SETTING):
        for last in (2, 200):
            check_chart(record, index, asked, setting, last)


def check_chart(
    record: Known, index: Index, asked: Filter, setting: dict[str, float] | None, last: int
) -> None:
    name = "extension.as_found"
    results = record.results(asked)
    place = None if setting is None else (setting["depth_mm"], setting["rate_per_min"])
    found = figures.control_chart(index, asked, name, place, last=last)
    as_json(found)
    here = results["depth_mm"].isna() if setting is None else results["depth_mm"] == setting["depth_mm"]
    frame = results[(results["characteristic"] == name) & here].tail(last)
    if frame.empty:
        assert (found.points, found.why) == ((), "nothing was measured")
        return
    kept = frame[frame["unit"] == frame["unit"].iloc[-1]]
    assert found.unit == kept["unit"].iloc[-1]
    assert ("in another unit" in found.why) == (len(kept) < len(frame))
    assert [point.run_id for point in found.points] == list(kept["run_id"])
    assert [point.value for point in found.points] == list(kept["value"])
    assert [point.accepted for point in found.points] == [bool(one) for one in kept["accepted"]]
    try:
        pair = individuals(kept["value"].to_numpy())
    except EstimateError:
        assert found.location is None
        assert found.why
        return
    assert found.location is not None
    assert found.spread is not None
    assert (found.location.centre, found.location.upper) == (pair.location.centre, pair.location.upper)
    assert (found.spread.centre, found.spread.upper) == (pair.spread.centre, pair.spread.upper)
    assert [point.moving_range for point in found.points[1:]] == list(pair.spread.points)
    fired = {
        name: tuple(i for i, point in enumerate(found.points) if name in point.rules)
        for name in signals(pair.location)
    }
    assert fired == signals(pair.location)
    beyond = [i for i, point in enumerate(found.points) if "moving range: western electric 1" in point.rules]
    assert beyond == [i + 1 for i in pair.spread.outside]

"""The whole main job, from the command line to the record, judged by what was true in the world."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.fixtures.plan import PLANS, load_plan
from rig.product import At, load_product
from tests.support.command import BROKE, FAIL, PASS, REFUSED, rig, truth
from tests.support.many_runs import BY_PYTEST, ManyRuns, Ran

DECLARED = load_plan(PLANS / "eol").characteristics
TOLERATED = 1.5  # times U: of some seventy points, one or two may well lie beyond U itself
RUN_KEYS = {
    "run_id", "plan", "pen_serial", "station", "product", "verdict", "started", "ended", "takt_s", "wall_s",
    "software", "instruments", "measurements", "calibration",
}  # fmt: skip
MEASUREMENT_KEYS = {
    "name", "characteristic", "value", "unit", "u", "dof", "k", "U", "lower", "upper", "rule", "verdict",
    "requirements", "budget", "trace",
}  # fmt: skip


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyRuns]:
    runs = ManyRuns(tmp_path_factory.mktemp("many"))
    yield runs
    runs.close()


@pytest.fixture(scope="module")
def nominal(many: ManyRuns) -> Ran:
    return many["nominal"]


def check_extensions(measured: list[dict[str, Any]], told: list[dict[str, float]]) -> None:
    """Every extension lies where the world has it, within its own uncertainty."""
    true = {(row["depth_mm"], row["rate_per_min"]): row["extension_mm"] for row in told}
    assert measured
    for m in measured:
        at = m["setting"]["depth_mm"], m["setting"]["rate_per_min"]
        assert abs(m["value"] - true[at]) <= TOLERATED * m["U"], (m["name"], m["value"], true[at], m["U"])


def check_rates(measured: list[dict[str, Any]], told: dict[str, Any]) -> None:
    """Every stroke rate is the world's, within its own uncertainty."""
    true = {row["rate_per_min"]: row["true_per_min"] for row in told["stroke_rates"]}
    assert measured
    for m in measured:
        rate = true[m["setting"]["rate_per_min"]]
        assert abs(m["value"] - rate) <= TOLERATED * m["U"], (m["name"], m["value"], rate, m["U"])


# A good pen


def test_good_pen_passes(nominal: Ran) -> None:
    assert nominal.said.status == PASS, nominal.said
    assert nominal.view["verdict"] == "PASS"
    assert not nominal.view["reasons"]
    assert not nominal.view["faults"]


def test_table_shows_every_characteristic(nominal: Ran) -> None:
    table = nominal.said.out.partition("\nrun ")[2]
    for characteristic in DECLARED:
        assert characteristic in table
    for heading in ("value ± U", "limits", "rule", "verdict"):
        assert heading in table
    points = [line for line in table.splitlines() if "@" in line and "PASS" in line]
    assert len(points) == len([m for m in nominal.view["measurements"] if m["setting"]])
    assert all("±" in line and ("…" in line or "≤" in line) for line in points)


def test_end_of_the_output_says_what_came_of_it(nominal: Ran) -> None:
    calibration, text = nominal.view["calibration"], nominal.said.text
    assert f"CRC {calibration['before_crc']:08X} before, {calibration['after_crc']:08X} after" in text
    assert f"generation {calibration['generation']}" in text
    assert f"takt {nominal.view['takt_s']:.1f} s" in text
    assert f"{nominal.view['wall_s']:.1f} s on the wall" in text
    assert f"records {nominal.runs}" in text
    allure = Path(text.rpartition("allure ")[2].strip())
    assert list(allure.glob("*-result.json"))


def test_results_are_printed_as_they_come(nominal: Ran) -> None:
    lines = nominal.said.out.partition("\nrun ")[0].splitlines()
    assert len([line for line in lines if line.startswith("✔ PASS")]) == len(nominal.view["measurements"])


def test_json_has_the_promised_keys(nominal: Ran) -> None:
    view = json.loads(rig("show", "--json", "--runs", nominal.runs).out)
    assert view == nominal.view
    assert set(view) >= RUN_KEYS
    assert set(view["software"]) == {"version", "commit"}
    assert {"before_crc", "after_crc", "generation", "nodes"} <= set(view["calibration"])
    assert {i["role"] for i in view["instruments"]} == {
        "stage", "force_gauge", "counter", "supply", "leak_tester", "pen",
    }  # fmt: skip
    for instrument in view["instruments"]:
        assert instrument["identity"]["serial"]
        assert instrument["role"] == "pen" or instrument["certificate"]["number"]
    for measurement in view["measurements"]:
        assert set(measurement) >= MEASUREMENT_KEYS


def test_every_number_is_finite(nominal: Ran) -> None:
    for m in nominal.view["measurements"]:
        for key in ("value", "u", "k", "U"):
            assert math.isfinite(m[key]), (m["name"], key)
        assert m["dof"] is None or m["dof"] > 0
        assert m["U"] == pytest.approx(m["k"] * m["u"])
        assert m["lower"] is not None or m["upper"] is not None
        lines = sum(line["u"] ** 2 for line in m["budget"])
        if m["method"] == "Monte Carlo":  # each line is what an input gives alone, drawn at random
            assert lines >= 0.97 * m["u"] ** 2, m["name"]
        else:
            assert lines == pytest.approx(m["u"] ** 2, rel=1e-6), m["name"]


def test_every_declared_characteristic_is_measured_at_every_setting(nominal: Ran) -> None:
    product = load_product("office-pen")
    expected = [
        (name, None if at is None else (at.depth_mm, at.rate_per_min))
        for name in DECLARED
        for at in product.settings(product.characteristics[name].at)
    ]
    found = [
        (m["characteristic"], tuple(m["setting"].values()) if m["setting"] else None)
        for m in nominal.view["measurements"]
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len(product.settings(At.GRID)) == 15


def test_every_trace_is_kept(nominal: Ran) -> None:
    traces = [m["trace"] for m in nominal.view["measurements"] if m["trace"]]
    assert len(traces) > 40
    assert all((nominal.runs / trace["path"]).is_file() for trace in traces)


def test_results_are_the_truth(nominal: Ran) -> None:
    told = truth()
    check_extensions(nominal.by_name("extension.as_found"), told["as_found"])
    check_rates(nominal.by_name("rate.as_found") + nominal.by_name("rate.as_left"), told)
    (leak,) = nominal.by_name("seal.leak")
    assert abs(leak["value"] - told["leak_pa_m3_per_s"]) <= TOLERATED * leak["U"]
    (force,) = nominal.by_name("tip.insertion_force")
    assert abs(force["value"] - told["insertion_force_n"]) <= TOLERATED * force["U"]


def test_pen_is_left_as_the_record_says(nominal: Ran, tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    run.write_text(json.dumps(nominal.view), encoding="utf-8")
    check_extensions(nominal.by_name("extension.as_left"), truth("--table", run)["as_left"])


def test_calibration_makes_the_pen_better(nominal: Ran) -> None:
    def worst(measurements: list[dict[str, Any]]) -> float:
        return max(abs(m["value"] - m["setting"]["depth_mm"]) for m in measurements)

    found, left = nominal.by_name("extension.as_found"), nominal.by_name("extension.as_left")
    assert worst(left) < 0.2 * worst(found)


# The same run again


def fingerprint(ran: Ran) -> dict[str, Any]:
    """Return everything that a world and a seed decide: all but times of day, places and names."""
    measurements = [_placeless(m) for m in ran.view["measurements"]]
    return {key: ran.view[key] for key in ("pen_serial", "verdict", "takt_s")} | {
        "measurements": measurements,
        "nodes": ran.view["calibration"]["nodes"],
        "before_crc": ran.view["calibration"]["before_crc"],
        "after_crc": ran.view["calibration"]["after_crc"],
        "instruments": ran.view["instruments"],
    }


def _placeless(told: Any) -> Any:
    """Return an entry with each trace by its hash alone: its path has the run's id in it."""
    if isinstance(told, dict) and {"path", "sha256"} <= set(told):
        return told["sha256"]
    if isinstance(told, dict):
        return {key: _placeless(value) for key, value in told.items()}
    return [_placeless(one) for one in told] if isinstance(told, list) else told


def test_pytest_gives_the_same_run_to_the_bit(many: ManyRuns, nominal: Ran) -> None:
    by_pytest = many[BY_PYTEST]
    assert by_pytest.said.status == PASS, by_pytest.said
    assert fingerprint(by_pytest) == fingerprint(nominal)


def test_another_seed_is_another_run(many: ManyRuns, nominal: Ran) -> None:
    other = many["limiter broken, seed 7"]
    assert [m["value"] for m in other.by_name("extension.as_found")] != [
        m["value"] for m in nominal.by_name("extension.as_found")
    ]
    check_extensions(other.by_name("extension.as_found"), truth("--seed", "7")["as_found"])


# Looking at runs


def test_list_names_the_run(nominal: Ran) -> None:
    said = rig("list", "--runs", nominal.runs)
    assert said.status == PASS
    for word in (nominal.view["run_id"], "eol", "NP000001", "PASS"):
        assert word in said.text
    (listed,) = json.loads(rig("list", "--json", "--runs", nominal.runs).out)
    assert listed["run_id"] == nominal.view["run_id"]
    assert listed["pen_serial"] == "NP000001"


@pytest.mark.parametrize("name", ["last", "the id", "its beginning"])
def test_show_finds_the_run(nominal: Ran, name: str) -> None:
    run_id = nominal.view["run_id"]
    said = rig("show", {"last": "last", "the id": run_id}.get(name, run_id[:8]), "--runs", nominal.runs)
    assert said.status == PASS
    assert run_id in said.text
    assert "✔ PASS 61 measurements" in said.text


def test_show_of_an_unknown_run_names_those_there_are(nominal: Ran) -> None:
    said = rig("show", "2001", "--runs", nominal.runs)
    assert said.status == REFUSED
    assert nominal.view["run_id"] in said.text


def test_installed_command_is_the_same() -> None:
    script = Path(sys.executable).with_name("rig")
    said = rig("run", "--help", command=[str(script)])
    assert said.status == PASS
    assert "Exit status: 0 pass, 1 fail, 2 rig or run broke, 3 refused to start" in said.text


# Every world is told apart


@pytest.mark.parametrize(
    ("world", "characteristics"),
    [
        ("slow-motor", {"rate.as_left"}),
        ("dull-tip", {"tip.insertion_force"}),
        ("leaky-pouch", {"seal.leak"}),
        ("short-stroke", {"extension.as_found"}),
        ("gain 1.10", {"extension.as_found"}),
        ("limiter broken, seed 7", {"limiter.refuses"}),
        ("used-tip", {"tip.uses"}),
    ],
)
def test_bad_pen_fails_for_its_own_fault(many: ManyRuns, world: str, characteristics: set[str]) -> None:
    ran = many[world]
    assert ran.said.status == FAIL, ran.said
    assert ran.view["verdict"] == "FAIL"
    assert not ran.view["faults"]
    assert ran.failed() == characteristics
    assert all(name in " ".join(ran.view["reasons"]) for name in characteristics)


def test_slow_motor_is_named_at_its_rate(many: ManyRuns) -> None:
    (failed,) = (m for m in many["slow-motor"].view["measurements"] if m["verdict"] == "FAIL")
    assert failed["setting"]["rate_per_min"] == 9000
    check_rates([failed], truth("--world", "slow-motor"))


def test_leak_is_the_truth(many: ManyRuns) -> None:
    (leak,) = many["leaky-pouch"].by_name("seal.leak")
    true = truth("--world", "leaky-pouch")["leak_pa_m3_per_s"]
    assert abs(leak["value"] - true) <= TOLERATED * leak["U"]
    assert leak["U"] < 0.3 * true


def test_short_stroke_is_the_truth(many: ManyRuns) -> None:
    told = truth("--world", "short-stroke")
    check_extensions(many["short-stroke"].by_name("extension.as_found"), told["as_found"])


def test_nonlinear_pen_gets_no_table(many: ManyRuns) -> None:
    ran = many["nonlinear-pen"]
    assert ran.said.status == FAIL, ran.said
    assert "table.residual" in ran.failed()
    assert ran.view["calibration"] is None
    assert "stays on its old one" in ran.said.text
    assert not ran.by_name("extension.as_left")


def test_used_tip_never_runs(many: ManyRuns) -> None:
    ran = many["used-tip"]
    assert "used before" in ran.said.text
    assert not ran.by_name("extension.as_found")
    assert ran.view["calibration"] is None


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ("drifting-gauge", "force_gauge: its zero moved"),
        ("contact wire open", "Check the wire from plate and pen"),
    ],
)
def test_broken_rig_says_nothing_about_the_pen(many: ManyRuns, world: str, words: str) -> None:
    ran = many[world]
    assert ran.said.status == BROKE, ran.said
    assert ran.view["verdict"] == "ERROR"
    assert "FAIL" not in ran.said.text
    assert words in ran.said.text
    (log,) = ran.runs.glob("*/wire.log")
    assert str(log) in ran.said.text
    assert " stage " in log.read_text(encoding="utf-8")


# Another pen, another gain


def test_another_pen_is_data(many: ManyRuns) -> None:
    ran = many["compact-pen"]
    assert ran.said.status == PASS, ran.said
    assert ran.view["pen_serial"] == "CP000001"
    told = truth("--product", "compact-pen")
    check_extensions(ran.by_name("extension.as_found"), told["as_found"])
    check_rates(ran.by_name("rate.as_left"), told)


def test_gain_is_found_and_calibrated_away(many: ManyRuns, nominal: Ran) -> None:
    ran = many["gain 1.03, scanned pen"]
    assert ran.said.status == PASS, ran.said
    told = truth("--set", "pen.depth.gain=1.03")
    check_extensions(ran.by_name("extension.as_found"), told["as_found"])
    more = ran.by_name("extension.as_found")[4]["value"] - nominal.by_name("extension.as_found")[4]["value"]
    assert more == pytest.approx(0.012 * 2.5, abs=0.006)


def test_scanned_serial_number_is_recorded(many: ManyRuns) -> None:
    view = many["gain 1.03, scanned pen"].view
    assert view["pen_serial"] == "NP000042"
    assert "NP000042" in view["run_id"]

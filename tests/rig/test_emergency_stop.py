"""The emergency stop: the run ends as an error, and nothing runs until a person has reset the station."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import BROKE, PASS, REFUSED, rig, run_eol, shown


def test_an_emergency_stop_ends_the_run_and_is_latched(tmp_path: Path) -> None:
    pressed = run_eol(tmp_path, "--fault", "stage.emergency_stop@13s")
    assert pressed.status == BROKE, pressed
    assert "hardware emergency stop (FH)" in pressed.text
    view = shown(tmp_path)
    assert view["verdict"] == "ERROR"
    assert not any("could not be stopped" in str(fault) for fault in view["faults"])

    refused = run_eol(tmp_path)
    assert refused.status == REFUSED
    assert "was stopped and nobody has reset it" in refused.text

    nameless = rig("reset", "--by", " ", "--reason", "the guard was open", "--runs", tmp_path)
    assert nameless.status == REFUSED
    reset = rig("reset", "--by", "A. Operator", "--reason", "the guard was open", "--runs", tmp_path)
    assert reset.status == PASS, reset
    assert run_eol(tmp_path).status == PASS


def test_an_emergency_stop_after_the_last_measurement_is_latched_too(tmp_path: Path) -> None:
    """Nobody measures any more, and the stage is on its way out: whoever pressed had a reason."""
    ends_s = shown_takt_s(tmp_path / "whole")
    pressed = run_eol(tmp_path, "--fault", f"stage.emergency_stop@{ends_s:.3f}s")
    assert pressed.status == BROKE, pressed
    assert run_eol(tmp_path).status == REFUSED


def shown_takt_s(runs: Path) -> float:
    assert run_eol(runs).status == PASS
    return float(shown(runs)["takt_s"])


def test_limits_that_cannot_be_are_refused_before_a_record_begins(tmp_path: Path) -> None:
    source = (Path(__file__).parents[2] / "rig" / "stations" / "twin.toml").read_text(encoding="utf-8")
    station = tmp_path / "low.toml"
    station.write_text(source.replace("highest_mm = 43.2", "highest_mm = 42.5"), encoding="utf-8")
    said = run_eol(tmp_path / "runs", "--station", station)
    assert said.status == REFUSED
    assert "it takes 42.840 mm to reach the rim wherever it may be" in said.text
    assert not (tmp_path / "runs").exists()

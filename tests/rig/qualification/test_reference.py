"""Published figures through the estimators: they come out as printed, and a wrong one is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rig.qualification import reference
from rig.qualification.check import CheckVerdict
from rig.qualification.reference import COMPUTED, DATA, reference_checks


def test_every_set_comes_out_to_its_printed_digits_and_names_its_source() -> None:
    checks = list(reference_checks())
    assert len(checks) == len(COMPUTED) == len(list(DATA.glob("*.toml")))
    assert {check.verdict for check in checks} == {CheckVerdict.PASS}, checks
    assert all(check.source for check in checks)


@pytest.mark.parametrize(
    ("name", "printed", "other"),
    [
        ("gum-h1", "published = 32.0", "published = 33.0"),
        ("gum-h3", "published = -0.1712", "published = -0.1714"),
        ("jcgm106-bearing", "published = 0.8,", "published = 0.9,"),
        ("nist-sp1065", "published = 0.2922319", "published = 0.2922329"),
        ("tolerance-factors", "published = 6.34", "published = 6.37"),
    ],
)
def test_another_figure_fails_its_set_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, printed: str, other: str
) -> None:
    folder = Path(shutil.copytree(DATA, tmp_path / "data"))
    text = (folder / f"{name}.toml").read_text(encoding="utf-8")
    assert text.count(printed) == 1
    (folder / f"{name}.toml").write_text(text.replace(printed, other), encoding="utf-8")
    monkeypatch.setattr(reference, "DATA", folder)
    failed = [check for check in reference_checks() if check.verdict is CheckVerdict.FAIL]
    assert len(failed) == 1
    assert failed[0].id == f"OQ-1.{1 + sorted(COMPUTED).index(name)}"

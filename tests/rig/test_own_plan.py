"""A plan of one's own: its skips and failures count, whoever raised them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import FAIL, rig

HEAD = """
import pytest
from rig.fixtures.evaluate import count

def test_tip(pen_status, verdict):
    verdict.judge("tip.present", count(pen_status.tip_present))
"""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("def test_more():\n    pytest.fail('the label is crooked')", "the label is crooked"),
        ("@pytest.mark.skip(reason='no time')\ndef test_more(): ...", "no time"),
    ],
    ids=["fail", "skip"],
)
def test_what_a_plan_fails_or_skips_itself_never_passes(tmp_path: Path, more: str, words: str) -> None:
    plan = tmp_path / "own"
    plan.mkdir()
    (plan / "plan.toml").write_text('name = "own"\ntitle = "Own"\ncharacteristics = ["tip.present"]\n')
    (plan / "test_own.py").write_text(HEAD + more + "\n")
    said = rig("run", plan, "--runs", tmp_path / "runs")
    assert said.status == FAIL
    assert words in said.text

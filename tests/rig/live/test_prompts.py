"""What a run asks: whoever answers first has answered, and what is no answer is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from pydantic import ValidationError

from rig.errors import RefusedToStart
from rig.live.feed import Feed
from rig.live.prompts import NO, Answer, Prompt, answer_prompt, claim, given
from rig.live.reading import FOLDER, feed_path
from rig.records.locks import Held, hold_run

RUN = "20261122T103000Z-NP000001-3f9a"
LOAD = Prompt(key="load-pouch", text="Lay the pouch on the anvil", picture="load-pouch")
SCAN = Prompt(key="scan-tip", text="Scan the tip", answer="scan", pattern="T[0-9]{4}[A-Z]")


def asks(feed: Feed, number: int, prompt: Prompt) -> None:
    feed.write("prompt", number=number, **prompt.model_dump())


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    feed = Feed(tmp_path, RUN)
    feed.write("begins", run_id=RUN)
    return feed


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    held = hold_run(tmp_path, RUN)
    assert held is not None
    with held:
        yield held


def test_the_first_answer_counts(tmp_path: Path, feed: Feed, held: Held) -> None:
    asks(feed, 1, LOAD)
    assert answer_prompt(tmp_path, RUN, 1, "yes", by="ben")
    assert not answer_prompt(tmp_path, RUN, 1, "no", by="ada")
    assert given(tmp_path, RUN, 1) == Answer("yes", "ben")
    assert [path.name for path in (tmp_path / FOLDER).iterdir() if path.suffix != ".jsonl"] == [
        f"{RUN}.answer-1.json"
    ]


def test_only_one_of_many_at_once_is_first(tmp_path: Path, feed: Feed, held: Held) -> None:
    asks(feed, 1, LOAD)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: claim(tmp_path, RUN, 1, Answer("yes", f"user {n}")), range(40)))
    assert sorted(answers) == [False] * 39 + [True]
    found = given(tmp_path, RUN, 1)
    assert found is not None
    assert found.by == f"user {answers.index(True)}"


def test_what_is_not_asked_is_not_answered(tmp_path: Path, feed: Feed, held: Held) -> None:
    assert not answer_prompt(tmp_path, RUN, 1, "yes", by="ben")
    asks(feed, 1, LOAD)
    assert not answer_prompt(tmp_path, RUN, 2, "yes", by="ben")
    assert not answer_prompt(tmp_path, "another-run", 1, "yes", by="ben")
    assert not answer_prompt(tmp_path, "../../another-run", 1, "yes", by="ben")
    feed.write("answered", number=1, by="ada", answer="yes")
    assert not answer_prompt(tmp_path, RUN, 1, "yes", by="ben")


@pytest.mark.parametrize("over", ["ended", "killed"])
def test_a_run_that_is_over_asks_nothing(tmp_path: Path, feed: Feed, held: Held, over: str) -> None:
    asks(feed, 1, LOAD)
    if over == "ended":
        feed.write("ended", verdict="ABORTED")
    else:
        held.release()
    assert not answer_prompt(tmp_path, RUN, 1, "yes", by="ben")


@pytest.mark.parametrize(
    ("prompt", "answer", "words"),
    [
        (LOAD, "maybe", "'maybe' to: Lay the pouch on the anvil, expected yes or no"),
        (LOAD, "", "expected yes or no"),
        (SCAN, "NP000042", "scanned 'NP000042', expected something like T"),
        (SCAN, "T2611A\n", "none that cannot be printed"),
        (SCAN, "  ", "an empty scan"),
        (SCAN, "x" * 10_000, "an answer of 10000 characters"),
    ],
)
def test_what_is_no_answer_is_refused_and_still_asked(
    tmp_path: Path, feed: Feed, held: Held, prompt: Prompt, answer: str, words: str
) -> None:
    asks(feed, 1, prompt)
    with pytest.raises(RefusedToStart, match=words):
        answer_prompt(tmp_path, RUN, 1, answer, by="ben")
    with pytest.raises(RefusedToStart, match="nobody"):
        answer_prompt(tmp_path, RUN, 1, NO, by=" ")
    assert answer_prompt(tmp_path, RUN, 1, NO, by="ben")


def test_an_answer_that_cannot_be_written_is_refused(
    tmp_path: Path, feed: Feed, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks(feed, 1, LOAD)

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.link", full)
    with pytest.raises(RefusedToStart, match="No space left"):
        answer_prompt(tmp_path, RUN, 1, "yes", by="ben")
    assert given(tmp_path, RUN, 1) is None


@examples(st.text(max_size=300))
def test_any_text_is_an_answer_or_is_refused(text: str) -> None:
    for prompt in (LOAD, SCAN, Prompt(key="any", text="Scan", answer="scan")):
        try:
            prompt.check(text)
        except RefusedToStart:
            continue
        assert text == NO or (text == "yes" if prompt is LOAD else len(text) <= 200 and text.strip())


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "Load pouch"}, {"key": ""}, {"text": ""}, {"picture": "../secret"}, {"answer": "shout"},
        {"pattern": "x"}, {"answer": "scan", "pattern": "("}, {"number": 1},
    ],
)  # fmt: skip
def test_a_prompt_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Prompt.model_validate({"key": "load-pouch", "text": "Lay it in", **wrong})


def test_a_line_that_no_run_wrote_asks_nothing(tmp_path: Path, feed: Feed, held: Held) -> None:
    feed.write("prompt", number=1, text="Lay it in")
    assert not answer_prompt(tmp_path, RUN, 1, "yes", by="ben")
    assert json.loads(feed_path(tmp_path, RUN).read_text().splitlines()[-1])["number"] == 1

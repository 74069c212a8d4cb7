"""What a run asks of people while it waits, and how it is answered: by a file that is made once.

Whoever answers first has answered. The run says in its feed what it asks; a page, or any other program, gives
the answer by :func:`answer_prompt`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from rig.config import Section
from rig.errors import RefusedToStart
from rig.live.feed import ANSWER
from rig.live.reading import FOLDER, feed_path, read_feed
from rig.records.files import safe_name
from rig.records.locks import is_held

YES, NO = "yes", "no"
LONGEST_ANSWER = 200
SEPARATOR = "\x1d"  # between the elements of a GS1 label, as scanners send it

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class Prompt(Section):
    """Something that a person is asked to do and to confirm, or to scan."""

    key: Slug = Field(description="what is asked, for programs: small letters, digits and hyphens")
    text: Annotated[str, Field(min_length=1, max_length=300)] = Field(description="what is asked, for people")
    picture: Slug | Literal[""] = Field("", description="name of a picture that shows it")
    answer: Literal["confirm", "scan"] = "confirm"
    pattern: str = Field("", description="regular expression that what is scanned matches whole")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.pattern and self.answer != "scan":
            raise ValueError('answer = "scan" with a pattern')
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"a regular expression for pattern ({error})") from None
        return self

    def check(self, answer: str) -> None:
        """Refuse what is no answer to this; ``no`` always is one.

        Raises:
            RefusedToStart: says what was expected.
        """
        if answer == NO:
            return
        shown = repr(answer[:40])
        if len(answer) > LONGEST_ANSWER or not answer.replace(SEPARATOR, "").isprintable():
            raise RefusedToStart(
                f"an answer of {len(answer)} characters, {shown}",
                expected=f"at most {LONGEST_ANSWER}, and none that cannot be printed",
                do="Scan or type it again",
            )
        if self.answer == "confirm" and answer != YES:
            raise RefusedToStart(f"the answer {shown} to: {self.text}", expected=f"{YES} or {NO}")
        if self.answer == "scan" and not answer.strip():
            raise RefusedToStart(f"an empty scan for: {self.text}", do="Scan again")
        if self.answer == "scan" and self.pattern and not re.fullmatch(self.pattern, answer):
            raise RefusedToStart(
                f"scanned {shown}", expected=f"something like {self.pattern}", do="Scan again"
            )


@dataclass(frozen=True)
class Answer:
    """What was answered: ``yes``, ``no`` or what was scanned, and by whom."""

    text: str
    by: str


def answer_prompt(runs: Path, run_id: str, number: int, answer: str, by: str) -> bool:
    """Answer what a run asks; whether this answer is the one that counts.

    Args:
        runs: folder of the records.
        run_id: the run that asks.
        number: of the prompt, as the feed has it.
        answer: ``yes``, ``no`` (which stops the run) or, for a scan, what was scanned.
        by: who answers.

    Returns:
        False where that is not asked, or not any more, or was answered already.

    Raises:
        RefusedToStart: it is no answer to what is asked, nobody is named, or it cannot be written. The run
            waits on.
    """
    prompt = asked(runs, run_id, number)
    if prompt is None:
        return False
    prompt.check(answer)
    if not by.strip():
        raise RefusedToStart("nobody answers", expected="who does")
    try:
        return claim(runs, run_id, number, Answer(answer, by))
    except OSError as error:
        raise RefusedToStart(
            f"the answer cannot be written ({error.strerror or error})",
            do="Answer at the terminal of the run, or make the folder of the records writable",
        ) from error


def asked(runs: Path, run_id: str, number: int) -> Prompt | None:
    """Return what a living run asks under a number; None where it does not, or has its answer."""
    if _answer_path(runs, run_id, number).exists() or not is_held(runs, run_id):
        return None
    found, offset, path = None, 0, feed_path(runs, run_id)
    while True:
        lines, end = read_feed(path, offset)
        for line in lines:
            if line["kind"] == "prompt" and line.get("number") == number:
                found = line
            elif line["kind"] == "ended" or (line["kind"] == "answered" and line.get("number") == number):
                found = None
        if end == offset:
            break
        offset = end
    return None if found is None else _prompt(found)


def claim(runs: Path, run_id: str, number: int, answer: Answer) -> bool:
    """Give an answer; False where somebody was first. It is there wholly or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path = _answer_path(runs, run_id, number)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        part.write_text(json.dumps({"answer": answer.text, "by": answer.by}), encoding="utf-8")
        os.link(part, path)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return True


def given(runs: Path, run_id: str, number: int) -> Answer | None:
    """Return the answer that was given to a prompt; None as long as there is none."""
    try:
        told = json.loads(_answer_path(runs, run_id, number).read_text(encoding="utf-8"))
        return Answer(str(told["answer"]), str(told["by"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _prompt(line: dict[str, Any]) -> Prompt | None:
    try:
        return Prompt.model_validate({name: line[name] for name in Prompt.model_fields})
    except (KeyError, ValueError):  # no run wrote this line
        return None


def _answer_path(runs: Path, run_id: str, number: int) -> Path:
    return runs / FOLDER / f"{safe_name(run_id)}{ANSWER}{number:d}.json"

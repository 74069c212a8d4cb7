"""The words of the page: every language has all of them, and whatever a page shows is one of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rig.config import read_toml
from rig.fixtures.run import RunVerdict
from rig.panel import words
from rig.panel.words import DEFAULT, catalogue, languages, table
from rig.records import kinds

PANEL = Path(words.__file__).parent
ROOT = PANEL.parents[1]
USED = re.compile(
    r"""(?<![\w.])t\(\s*(?:[\w.]+ \? )?["']([a-z_]+\.[\w.-]+)["'](?: : ["']([a-z_]+\.[\w.-]+)["'])?"""
)
IN_IFS = re.compile(r"""["']((?:site|sign_in|problem|lane|notice|prompt)\.[a-z_]+)["']""")


def own(language: str) -> dict[str, str]:
    """Return the words that a language has of its own, by key."""
    return words._read(language)


def sources() -> list[Path]:
    folders = [
        (PANEL / "templates", "*.html"),
        (PANEL / "static", "*.js"),
        (PANEL / "static/operator", "*.js"),
    ]
    return [path for folder, pattern in folders for path in folder.glob(pattern)]


def used() -> set[str]:
    found: set[str] = set()
    for path in sources():
        text = path.read_text(encoding="utf-8")
        found |= {key for keys in USED.findall(text) for key in keys if key}
        found |= set(IN_IFS.findall(text))
    return found


@pytest.mark.parametrize("language", languages())
def test_each_language_has_the_same_words(language: str) -> None:
    assert own(language).keys() == own(DEFAULT).keys()
    assert all(text.strip() == text and text for text in own(language).values())


@pytest.mark.parametrize("language", languages())
def test_each_word_takes_the_same_values(language: str) -> None:
    for key, text in own(language).items():
        assert sorted(re.findall(r"\{\d\}", text)) == sorted(re.findall(r"\{\d\}", own(DEFAULT)[key])), key


def test_another_language_is_another() -> None:
    same = {key for key, text in own("de").items() if text == own(DEFAULT)[key]}
    assert {key.partition(".")[0] for key in same} <= {
        "site",
        "sign_in",
        "lane",
        "columns",
        "notice",
        "engineer",
    }


def test_what_a_page_uses_is_there() -> None:
    assert len(used()) > 40
    assert used() <= catalogue(DEFAULT).keys()


@pytest.mark.parametrize("name", ["lane", "notice", "prompt", "site", "sign_in", "problem"])
def test_no_word_is_there_for_nothing(name: str) -> None:
    by_message = {"notice.stopped_before"}  # a key that the lane itself says
    unused = {f"{name}.{key}" for key in table(DEFAULT, name)} - used() - by_message
    assert unused == set()


def test_each_verdict_has_its_word_its_mark_and_what_it_means() -> None:
    verdicts = {verdict.value for verdict in RunVerdict} | {kinds.UNFINISHED}
    assert table(DEFAULT, "verdict").keys() == table(DEFAULT, "says").keys() == verdicts
    page = (PANEL / "templates/operator.html").read_text()
    assert set(re.findall(r'id="mark-(\w+)"', page)) == verdicts


def test_each_column_that_a_procedure_shows_has_a_title() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "rig/procedures").glob("*.py"))
    shown = re.findall(r'watch\.begins\([^)]*x="(\w+)", y="(\w+)"', text)
    assert len(shown) > 5
    assert {name for pair in shown for name in pair} <= table(DEFAULT, "columns").keys()


def test_each_test_and_each_result_of_the_shipped_plan_has_a_title() -> None:
    titles = table(DEFAULT, "titles")
    for plan in ("eol", "station"):
        tree = ast.parse((ROOT / f"test_plans/{plan}/test_{plan}.py").read_text())
        tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert {name for name in tests if name.startswith("test_")} <= titles.keys()
    assert set(read_toml(ROOT / "test_plans/eol/plan.toml")["characteristics"]) <= titles.keys()


def test_what_a_shipped_station_asks_is_translated_from_its_own_words() -> None:
    asked = read_toml(ROOT / "rig/stations/twin-attended.toml")["prompts"]
    for prompt in asked:
        assert table(DEFAULT, "prompts")[prompt["key"]] == prompt["text"]


def test_each_picture_that_a_shipped_station_shows_is_there() -> None:
    pictures = {path.stem for path in (PANEL / "static/pictures").glob("*.svg")}
    assert {"clamp-pen", "load-pouch", "change-target", "confirm"} <= pictures
    for path in (ROOT / "rig/stations").glob("*.toml"):
        for prompt in read_toml(path).get("prompts", []):
            assert prompt.get("picture", "confirm") in pictures


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("", "", "en"),
        ("de", "en", "de"),
        ("xx", "de-AT,en;q=0.8", "de"),
        ("", "fr,es", "en"),
        ("../de", "*", "en"),
    ],
)
def test_a_page_is_in_the_language_that_was_chosen_or_is_understood(
    cookie: str, accepted: str, language: str
) -> None:
    assert words.chosen(cookie, accepted) == language

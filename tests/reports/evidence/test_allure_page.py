"""Allure's own page is made where Allure 3 is installed, and nothing is fetched where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reports.evidence.allure import PAGE, RESULTS, allure_command, make_page

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are written as shell scripts here")


def install(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs: the only ones there are."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_without_allure_there_is_no_command(programs: Path) -> None:
    assert allure_command() is None


@pytest.mark.parametrize("script", ["echo 2.30.0", "echo 3.0.0; exit 1", "exit 0"])
def test_another_allure_is_not_used(programs: Path, script: str) -> None:
    install(programs, "allure", script)
    assert allure_command() is None


def test_allure_is_found_where_npm_put_it_and_nothing_is_fetched(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(programs, "npx", f"touch {tmp_path}/fetched; echo 3.18.0")
    monkeypatch.chdir(programs)
    assert allure_command() is None
    installed = tmp_path / "node_modules" / ".bin"
    installed.parent.mkdir()
    install(installed, "allure", "echo 3.18.0")
    assert allure_command() == [str(installed / "allure")]
    assert not (tmp_path / "fetched").exists()


def test_a_page_is_made_of_the_results_of_each_run(programs: Path, tmp_path: Path) -> None:
    package = tmp_path / "package"
    for run in ("run-1", "run-2"):
        (package / RESULTS / run).mkdir(parents=True)
    asked = f"awesome {package}/{RESULTS}/run-1 {package}/{RESULTS}/run-2 --single-file --output"
    install(
        programs,
        "allure",
        f'[ "$1 $2 $3 $4 $5" = "{asked}" ] || exit 1\n/bin/mkdir "$6"; echo "<head>page" > "$6/index.html"',
    )
    assert make_page([str(programs / "allure")], package)
    page = (package / PAGE / "index.html").read_text()
    assert page.startswith('<head><meta http-equiv="Content-Security-Policy" content="default-src data:')
    assert page.endswith(">page\n")


def test_what_allure_could_not_make_is_left_out(programs: Path, tmp_path: Path) -> None:
    (tmp_path / RESULTS).mkdir()
    install(programs, "allure", "exit 1")
    assert not make_page([str(programs / "allure")], tmp_path)
    assert not make_page([str(programs / "nothing")], tmp_path)

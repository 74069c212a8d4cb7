"""What the documentation tells people to type works as it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.config import read_toml
from rig.people.policy import Policy
from rig.records.station_key import FOLDER_VARIABLE
from rig.station import STATIONS, Station
from rig.studies.measurands import MEASURANDS
from rig.studies.study_file import StudyFile, load_study
from tests.support.authority import Authority
from tests.support.panel import ATTENDED, Line, make_line, serving_app, settings_for, until
from tests.support.people import ADAS, with_ada, with_policy
from tests.support.tools import needs

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FIRST_RUN = "rig run eol"


def blocks(language: str, page: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield page name and text of every fenced block in a language."""
    for path in PAGES:
        if page is None or path.name == page:
            for found, text in BLOCK.findall(path.read_text(encoding="utf-8")):
                if found == language:
                    yield path.name, text


def commands() -> list[str]:
    """Return every command of the documentation, once, without its comment."""
    lines = [line.partition("#")[0].strip() for _, text in blocks("sh") for line in text.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the reader has it: the plans, a station, a plan of one's own, and one run in the record."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "test_plans", folder / "test_plans")
    shutil.copy(ROOT / "rig" / "stations" / "twin.toml", folder / "my-station.toml")
    plan = folder / "path" / "to" / "depth-only"
    plan.mkdir(parents=True)
    (plan / "plan.toml").write_text(next(blocks("toml", "howto-plan.md"))[1])
    (plan / "test_depth.py").write_text(next(blocks("python", "howto-plan.md"))[1])
    assert rig(folder, FIRST_RUN).returncode == 0
    return folder


def rig(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a ``rig`` command in a folder."""
    words = [sys.executable, "-m", "rig", *shlex.split(command)[1:]]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("make")])
def test_make_targets_exist(command: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *command.split()[1:]], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("rig run") and c != FIRST_RUN])
def test_run_commands_are_accepted(desk: Path, command: str) -> None:
    """Everything is loaded, checked and collected; the run itself is what other tests are about."""
    if "my-pen" in command:
        shutil.copy(desk / "test_plans" / "products" / "office-pen.toml", desk / "my-pen.toml")
    done = rig(desk, f"{command} --runs tried -- --collect-only")
    assert "refused" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_plan_of_one_s_own_runs(desk: Path) -> None:
    done = rig(desk, "rig run path/to/depth-only --runs own")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "extension.as_found" in done.stdout


LOOKS = re.compile(
    r"rig (show|list|truth|budget|faults|checks|suspects|verify(?! evidence)|recover|audit|matrix$)"
)


@pytest.mark.parametrize("command", [c for c in commands() if LOOKS.match(c)])
def test_other_commands_work(desk: Path, command: str) -> None:
    done = rig(desk, command)
    assert done.returncode == 0, done.stderr
    if "--json" in command:
        json.loads(done.stdout)


def test_user_commands_work_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People type the passwords; here they come as automation gives them."""
    passwords: dict[str, str] = {}
    for number, command in enumerate(c for c in commands() if c.startswith("rig users")):
        words = shlex.split(command)
        name, new = words[3] if len(words) > 3 else "", f"a sentence and number {number}"
        who = words[words.index("--by") + 1] if "--by" in words else name
        monkeypatch.setenv("RIG_PASSWORD", passwords.get(who, ""))
        monkeypatch.setenv("RIG_NEW_PASSWORD", new)
        done = rig(tmp_path, command)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        if words[2] in ("add", "password"):
            passwords[name] = new


@pytest.mark.parametrize(
    "text", [text for _, text in blocks("toml", "howto-users.md") if "[lock_out]" in text]
)
def test_the_policy_on_users_is_told_as_it_is(text: str) -> None:
    assert Policy.model_validate(tomllib.loads(text)) == Policy()
    assert set(tomllib.loads(text)) == set(Policy.model_fields) - {"certificates"}


@needs("openssl", "sha256sum")
def test_evidence_is_made_and_checked_as_told(desk: Path) -> None:
    told = [line for _, text in blocks("sh", "howto-evidence.md") for line in text.splitlines()]
    make, check, key = told
    done = rig(desk, make)
    assert done.returncode == 0, done.stderr
    (package,) = (desk / "evidence").iterdir()
    Authority().pem(desk / "authorities.pem")
    home = key.replace("~/.local/share/needle-rig/keys", os.environ[FOLDER_VARIABLE])
    said = subprocess.run(["bash", "-c", home], capture_output=True, text=True, check=True).stdout
    done = rig(desk, check.replace("RUN", package.name).replace("FINGERPRINT", said.split()[0]))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("rig twin")])
def test_the_twin_announces_itself(desk: Path, command: str) -> None:
    words = [sys.executable, "-m", "rig", *shlex.split(command)[1:]]
    with subprocess.Popen(words, cwd=desk, stdout=subprocess.PIPE, text=True) as twin:
        assert twin.stdout is not None
        addresses = json.loads(twin.stdout.readline())
        twin.terminate()
    assert {"stage", "force_gauge", "counter", "pen", "clock"} <= set(addresses)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A folder of runs that knows people and a client."""
    return make_line(tmp_path_factory.mktemp("line") / "runs")


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("rig panel")])
def test_the_panel_says_where_it_is(line: Line, command: str) -> None:
    words = [sys.executable, "-m", "rig", *shlex.split(command)[1:], "--port=0", f"--runs={line.runs}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as panel:
        assert panel.stdout is not None
        assert panel.stdout.readline().startswith("panel      http://127.0.0.1:")
        panel.terminate()


def test_client_commands_work_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_ada(with_policy(tmp_path / "runs"))
    monkeypatch.setenv("RIG_PASSWORD", ADAS)
    for command in (c for c in commands() if c.startswith("rig clients")):
        done = rig(tmp_path, command)
        assert done.returncode == 0, f"{command}: {done.stderr}"


@needs("curl")
def test_the_interface_is_used_as_told(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the attended twin, so that there is something to answer."""
    described, order, status, prompts, answer, stop, listed = (c for c in commands() if c.startswith("curl"))
    with serving_app(settings_for(line.runs, [ATTENDED])) as address:
        monkeypatch.setenv("PANEL", address)
        monkeypatch.setenv("TOKEN", line.token)
        assert "/api/runs" in curl(described)["paths"]
        monkeypatch.setenv("RUN", curl(order.replace("twin-1", ATTENDED))["run_id"])
        until(lambda: curl(prompts), "the run asks")
        assert curl(answer) == {"done": True}
        assert curl(stop) == {"done": True}
        until(lambda: curl(status)["state"] == "ended", "the run ends")
        assert curl(status)["verdict"] == "ABORTED"
        assert curl(listed)["runs"] == []


def curl(command: str) -> Any:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


LATER = (
    "rig study", "rig lot", "rig matrix --lot", "rig sign", "rig reprocess", "rig qualify",
)  # fmt: skip  # minutes, or a lot that took minutes


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith(LATER)])
def test_study_commands_are_understood(command: str) -> None:
    """Names, options and values are parsed; a study takes minutes, and tests/rig/studies runs some."""
    from typer.main import get_command

    from rig.cli import app

    found: Any = get_command(app)
    context, words = None, shlex.split(command)[1:]
    while hasattr(found, "resolve_command"):
        context = found.make_context(found.name, words, parent=context)
        _, found, words = found.resolve_command(context, words)
    asked = found.make_context(found.name, words, parent=context).params
    if "measurand" in asked:
        assert asked["measurand"] in MEASURANDS
    if "file" in asked and not asked["file"].endswith(".toml"):
        load_study(asked["file"])


@pytest.mark.parametrize(
    "text", [text for _, text in blocks("toml", "howto-station.md") if "[project" not in text]
)
def test_additions_to_a_station_file_are_complete(text: str) -> None:
    told = read_toml(STATIONS / "twin.toml") | tomllib.loads(text)
    assert Station.model_validate(told).name == told["name"]


@pytest.mark.parametrize("text", [text for _, text in blocks("toml") if "[design]" in text])
def test_studies_of_one_s_own_are_complete(text: str) -> None:
    StudyFile.model_validate(tomllib.loads(text))


def test_no_command_is_left_untried() -> None:
    known = ("make", "rig run", "rig show", "rig list", "rig truth", "rig twin", "rig budget", "rig study")
    known += ("rig faults", "rig verify", "rig recover")
    known += ("rig checks", "rig suspects", "rig audit", "rig users")
    known += ("rig lot", "rig matrix", "rig sign")
    known += ("rig report", "openssl")
    known += ("rig reprocess", "rig qualify")
    known += ("rig panel", "rig clients", "curl")
    known += ("cp ", ". .venv")
    assert [command for command in commands() if not command.startswith(known)] == []


@pytest.mark.parametrize(("page", "code"), [b for b in blocks("python") if b[0] != "howto-plan.md"])
def test_python_snippets_run(desk: Path, page: str, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=desk, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{page}: {done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text)]
    missing = [t for t in targets if t and "://" not in t and not os.path.exists(page.parent / t)]
    assert missing == []


def test_the_page_of_world_parameters_is_up_to_date() -> None:
    from docs.make_world_parameters import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run: python docs/make_world_parameters.py"

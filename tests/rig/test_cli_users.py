"""Users as people meet them at the command: adding them, signing in, and what a run says of who ran it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rig.cli import app
from rig.people.changes import retire
from rig.records.stations import StationLog
from rig.records.store import Store
from rig.records.view import headlines
from rig.station import STATIONS
from tests.support.command import ENVIRONMENT, PASS, PATIENCE_S, REFUSED, RIG, ROOT, Said, rig, shown, within
from tests.support.people import ADA, ADAS, BEN, BENS, GIVEN, entries, with_ada, with_ben, with_policy

PLAN = """
from rig.fixtures.evaluate import count

def test_tip(pen_status, verdict):
    verdict.judge("tip.present", count(pen_status.tip_present))
"""
WRONG = "a wrong one, of course"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return with_policy(tmp_path / "runs")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan that is quickly done, by engineers and quality only."""
    folder = tmp_path / "quick"
    folder.mkdir()
    head = 'name = "quick"\ntitle = "Quick"\nroles = ["engineer", "quality"]\n'
    (folder / "plan.toml").write_text(f'{head}characteristics = ["tip.present"]\n')
    (folder / "test_quick.py").write_text(PLAN)
    return folder


def users(runs: Path, *words: str, typed: tuple[str, ...] = ()) -> Said:
    """Run ``rig users`` within this process, with a line of standard input for each password."""
    more = ["--password-stdin"] if typed else []
    done = CliRunner().invoke(
        app, ["users", *words, *more, "--runs", str(runs)], input="".join(f"{line}\n" for line in typed)
    )
    return Said(done.exit_code, done.stdout, done.stderr)


def run(plan: Path | str, runs: Path, *words: str, typed: str = "") -> Said:
    more = ["--password-stdin"] if typed else []
    return rig("run", plan, "--runs", runs, *more, *words, input=f"{typed}\n")


def recorded(runs: Path) -> int:
    with Store(runs, create=False) as store:
        return len(headlines(store))


def test_users_are_added_changed_and_retired(runs: Path) -> None:
    assert "no users are known" in users(runs, "list").out
    added = users(runs, "add", ADA, "--full-name", "Ada Berg", "--role", "quality", typed=(ADAS,))
    assert (added.status, added.out) == (PASS, "added: ada, Ada Berg, quality\n")
    ben = ("add", BEN, "--full-name", "Ben Cole", "--role", "operator", "--by", ADA)
    assert "must be changed first: rig users password ben" in users(runs, *ben, typed=(ADAS, GIVEN)).out
    assert users(runs, "password", BEN, typed=(GIVEN, BENS)).out == "password of ben: changed\n"
    why = ("--by", ADA, "--reason", "moved to the laboratory")
    roles = ("--role", "operator", "--role", "engineer")
    assert users(runs, "roles", BEN, *roles, *why, typed=(ADAS,)).out == "roles of ben: operator, engineer\n"
    assert users(runs, "unlock", BEN, *why, typed=(ADAS,)).out == "unlocked: ben\n"
    assert users(runs, "password", BEN, "--by", ADA, typed=(ADAS, "the third one")).status == PASS
    assert users(runs, "retire", BEN, *why, typed=(ADAS,)).out == "retired: ben\n"

    listed = json.loads(users(runs, "list", "--json").out)
    assert [(user["name"], user["active"], user["locked"]) for user in listed] == [
        (ADA, True, False),
        (BEN, False, False),
    ]
    assert "hash" not in json.dumps(listed)
    assert [(entry["did"], entry["what"], entry["by"]) for entry in entries(runs)] == [
        ("added", ADA, ADA),
        ("added", BEN, ADA),
        ("chose another password", BEN, BEN),
        ("given other roles", BEN, ADA),
        ("unlocked", BEN, ADA),
        ("given another password", BEN, ADA),
        ("retired", BEN, ADA),
    ]
    trail = within("audit", "--of", "user ben", "--json", "--runs", runs)
    assert [row["why"] for row in json.loads(trail.out)][-1] == "moved to the laboratory"
    assert within("verify", runs).status == PASS


def test_what_is_refused_is_refused_in_a_sentence(runs: Path) -> None:
    first = ("add", ADA, "--full-name", "Ada Berg", "--role")
    refusals = {
        "the first user is operator": users(runs, *first, "operator", typed=(ADAS,)),
        "a password of 5 characters, expected 12 or more": users(runs, *first, "quality", typed=("short",)),
        "user: roles.0: got 'chief'": users(runs, *first, "chief", typed=(ADAS,)),
        "nobody to ask for the password": users(runs, *first, "quality"),
        "no password of ada": users(runs, *first, "quality", typed=("",)),
        "knows no users": users(runs, *first, "quality", "--by", BEN, typed=(BENS, ADAS)),
    }
    with_ada(runs)
    why = ("--by", ADA, "--reason", "so")
    refusals |= {
        "nobody is signed in": users(
            runs, "add", BEN, "--full-name", "B", "--role", "operator", typed=(BENS,)
        ),
        "no user 'nobody'": users(runs, "retire", "nobody", *why, typed=(ADAS,)),
        "not signed in: no such user, a wrong password": users(runs, "unlock", ADA, *why, typed=(WRONG,)),
    }
    for words, said in refusals.items():
        assert said.status == REFUSED, words
        assert words in said.text
        assert WRONG not in said.text
    assert [entry["did"] for entry in entries(runs)] == ["added", "sign-in failed"]


def test_passwords_come_from_the_environment_for_automation(runs: Path) -> None:
    with_ada(runs)
    words = ["users", "add", BEN, "--full-name", "Ben Cole", "--role", "operator", "--by", ADA]
    told = CliRunner().invoke(
        app, [*words, "--runs", str(runs)], env={"RIG_PASSWORD": ADAS, "RIG_NEW_PASSWORD": GIVEN}
    )
    assert told.exit_code == PASS, told.stderr


def test_a_run_needs_a_person_who_may_and_says_who_it_was(runs: Path, plan: Path) -> None:
    with_ben(runs, with_ada(runs))
    refusals = {
        "running plan": run(plan, runs),
        "not signed in": run(plan, runs, "--user", BEN, typed=WRONG),
        "ben is operator, expected a user who is engineer or quality": run(
            plan, runs, "--user", BEN, typed=BENS
        ),
        "ada signed in for": run(
            plan, runs, "--user", ADA, "--", f"--runs={runs.parent / 'other'}", typed=ADAS
        ),
    }
    for words, said in refusals.items():
        assert said.status == REFUSED, said.text
        assert words in said.text
    assert recorded(runs) == 0, "nothing began"
    assert not (runs.parent / "other").exists()

    said = run(plan, runs, "--user", ADA, typed=ADAS)
    assert said.status == PASS, said.text
    assert "operator Ada Berg (ada)" in said.text
    view = json.loads(within("show", "--json", "--runs", runs).out)
    assert view["operator"] == {"name": "ada", "full_name": "Ada Berg", "role": "quality"}
    found = [path for path in runs.rglob("*") if path.is_file() and path.name != "people.sqlite"]
    everything = b"".join(path.read_bytes() for path in found)
    for secret in (ADAS, BENS, GIVEN, WRONG, "$argon2"):
        assert secret.encode() not in everything
        assert secret not in said.out + said.err


def test_an_operator_runs_what_operators_may(runs: Path, plan: Path) -> None:
    ada = with_ada(runs)
    with_ben(runs, ada)
    path = plan / "plan.toml"
    path.write_text(path.read_text().replace('roles = ["engineer", "quality"]\n', ""))
    assert run(plan, runs, "--user", BEN, typed=BENS).status == PASS
    assert shown(runs)["operator"]["name"] == BEN
    retire(runs, BEN, by=ada, reason="left")
    assert "not signed in" in run(plan, runs, "--user", BEN, typed=BENS).text
    assert recorded(runs) == 1


def test_where_no_users_are_known_a_run_begins_and_nobody_is_named(runs: Path, plan: Path) -> None:
    named = run(plan, runs, "--user", BEN, typed=BENS)
    assert named.status == REFUSED
    assert "knows no users" in named.text
    assert run(plan, runs).status == PASS
    assert shown(runs)["operator"] is None


@pytest.mark.parametrize("option", [[], ["--operator=ada"], ["--user=ada"]])
def test_pytest_by_itself_runs_no_plan_where_users_are_known(
    runs: Path, plan: Path, option: list[str]
) -> None:
    with_ada(runs)
    words = [sys.executable, "-m", "pytest", str(plan), "--runs", str(runs), f"--rootdir={ROOT}", *option]
    done = subprocess.run(
        [*words, "-c", str(ROOT / "pyproject.toml"), "-prig.fixtures.plugin", "-preports.allure_listener"],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert ("unrecognized arguments" if option else "nobody is signed in") in done.stdout + done.stderr
    assert recorded(runs) == 0


def test_who_overrides_is_who_signed_in_and_may(runs: Path, plan: Path, tmp_path: Path) -> None:
    ada = with_ada(runs)
    with_ben(runs, ada)
    path = plan / "plan.toml"
    path.write_text(path.read_text().replace('roles = ["engineer", "quality"]\n', ""))
    station = tmp_path / "guarded.toml"
    station.write_text((STATIONS / "twin.toml").read_text() + "\n[interlock]\ncheck_every_h = 24\n")
    override = ("--station", str(station), "--override", "check overdue", "--reason", "a sample")
    may_not = run(plan, runs, *override, "--user", BEN, typed=BENS)
    assert "overriding 'check overdue': ben is operator" in may_not.text
    another = run(plan, runs, *override, "--user", ADA, "--by", "B. Cole", typed=ADAS)
    assert "--by B. Cole, expected ada, who signed in" in another.text
    assert recorded(runs) == 0
    assert run(plan, runs, *override, "--user", ADA, typed=ADAS).status == PASS
    assert shown(runs)["overridden"] == "overridden: check overdue, by ada: a sample"


def test_a_stop_is_reset_by_a_person_who_signs_in(runs: Path) -> None:
    with_ben(runs, with_ada(runs))
    with Store(runs) as store:
        StationLog(store, "twin-1").stopped("the guard was open")
    words = ["reset", "--reason", "closed it", "--runs", str(runs), "--password-stdin", "--by"]
    unknown = CliRunner().invoke(app, [*words, "A. Keller"], input="whatever it is\n")
    assert unknown.exit_code == REFUSED
    assert "not signed in" in unknown.stderr
    done = CliRunner().invoke(app, [*words, BEN], input=f"{BENS}\n")
    assert (done.exit_code, done.stdout) == (PASS, "station twin-1: reset by ben: closed it\n")


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal is a thing of POSIX")
def test_a_password_is_typed_twice_and_not_seen(runs: Path) -> None:
    terminal, keyboard = os.openpty()
    words = ["users", "add", ADA, "--full-name", "Ada Berg", "--role", "quality", "--runs", str(runs)]
    with subprocess.Popen(
        [*RIG, *words], cwd=ROOT, env=ENVIRONMENT, start_new_session=True,
        stdin=keyboard, stderr=keyboard, stdout=subprocess.PIPE, text=True,
    ) as asked:  # fmt: skip
        os.close(keyboard)
        seen = ""
        for question in ("Password of ada, a new one: ", "The same again: "):
            while not seen.endswith(question):
                seen += os.read(terminal, 1000).decode()
            os.write(terminal, f"{ADAS}\n".encode())
        out, _ = asked.communicate(timeout=PATIENCE_S)
    os.close(terminal)
    assert out == "added: ada, Ada Berg, quality\n"
    assert ADAS not in seen

"""Changing users: by whom, what is refused, and what the record says of it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rig.errors import ConfigError, RefusedToStart, StoreError
from rig.people import directory as directory_module
from rig.people.access import admit, knows_users
from rig.people.changes import Newcomer, add_user, change_password, give_password, retire, set_roles
from rig.people.directory import FILE_NAME, Directory
from rig.people.sign_in import SignedIn, sign_in
from rig.people.user import Role
from rig.records.store import FILE_NAME as RECORDS
from rig.records.verify import verify
from tests.support.command import ENVIRONMENT, PATIENCE_S
from tests.support.people import (
    ADA,
    ADAS,
    BEN,
    BENS,
    GIVEN,
    behind_its_back,
    entries,
    with_ada,
    with_ben,
    with_policy,
)

CLEO = Newcomer("cleo", "Cleo Dahl", ["engineer"])


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return with_policy(tmp_path / "runs")


def test_the_first_user_is_of_role_quality(runs: Path) -> None:
    assert not knows_users(runs)
    with pytest.raises(RefusedToStart, match="the first user is engineer, expected one of role quality"):
        add_user(runs, CLEO, ADAS, by=None, reason="")
    assert not knows_users(runs)
    with_ada(runs)
    assert knows_users(runs)
    told = entries(runs)
    assert [(entry["did"], entry["what"], entry["by"], entry["before"]) for entry in told] == [
        ("added", ADA, ADA, None)
    ]
    assert told[0]["after"]["full_name"] == "Ada Berg"
    assert told[0]["after"]["roles"] == ["quality"]


def test_only_quality_changes_users_even_oneself(runs: Path) -> None:
    ben = with_ben(runs, with_ada(runs), "operator", "engineer")
    nobody = None
    for by in (ben, nobody):
        with pytest.raises(RefusedToStart):
            add_user(runs, CLEO, GIVEN, by=by, reason="")
    for change in (
        lambda: set_roles(runs, BEN, ["quality"], by=ben, reason="I may"),
        lambda: retire(runs, ADA, by=ben, reason="I may"),
        lambda: give_password(runs, BEN, "another sentence", by=ben, reason="I may"),
    ):
        with pytest.raises(RefusedToStart, match="ben is operator, engineer, expected a user who is quality"):
            change()
    assert "I may" not in str(entries(runs))


def test_who_signed_in_elsewhere_changes_nothing_here(runs: Path, tmp_path: Path) -> None:
    with_ada(runs)
    other = with_ada(with_policy(tmp_path / "other"))
    with pytest.raises(RefusedToStart, match=r"ada signed in for .*other, and not for .*runs"):
        add_user(runs, CLEO, GIVEN, by=other, reason="")


def test_a_name_is_never_given_again(runs: Path) -> None:
    ada = with_ada(runs)
    with_ben(runs, ada)
    retire(runs, BEN, by=ada, reason="left")
    with pytest.raises(RefusedToStart, match="the name ben was given before"):
        add_user(runs, Newcomer(BEN, "Benjamin Dee", ["operator"]), GIVEN, by=ada, reason="")
    for change in (
        lambda: set_roles(runs, BEN, ["engineer"], by=ada, reason="back"),
        lambda: give_password(runs, BEN, "another sentence", by=ada, reason="back"),
    ):
        with pytest.raises(RefusedToStart, match="ben is retired"):
            change()
    with Directory(runs) as users:
        assert [user.name for user in users.users()] == [ADA, BEN], "nobody is deleted"
    with pytest.raises(Exception, match="never deleted"):
        behind_its_back(runs, "DELETE FROM user WHERE name = 'ben'")


def test_somebody_of_role_quality_is_always_left(runs: Path) -> None:
    ada = with_ada(runs)
    for change in (
        lambda: retire(runs, ADA, by=ada, reason="left"),
        lambda: set_roles(runs, ADA, ["operator"], by=ada, reason="less"),
    ):
        with pytest.raises(RefusedToStart, match="ada is the last of role quality"):
            change()
    assert len(entries(runs)) == 1, "what was refused is not told as done"
    with_ben(runs, ada, "quality")
    retire(runs, ADA, by=ada, reason="left")
    assert entries(runs)[-1]["after"]["active"] is False


@pytest.mark.parametrize(
    "newcomer",
    [
        Newcomer("Cleo", "Cleo Dahl", ["engineer"]),
        Newcomer("c", "Cleo Dahl", ["engineer"]),
        Newcomer("cleo dahl", "Cleo Dahl", ["engineer"]),
        Newcomer("cleo", "", ["engineer"]),
        Newcomer("cleo", "Cleo\nDahl", ["engineer"]),
        Newcomer("cleo", "Cleo Dahl", []),
        Newcomer("cleo", "Cleo Dahl", ["chief"]),
    ],
)
def test_what_is_no_user_is_refused(runs: Path, newcomer: Newcomer) -> None:
    with pytest.raises(ConfigError, match="user: "):
        add_user(runs, newcomer, GIVEN, by=with_ada(runs), reason="")


@pytest.mark.parametrize("password", ["eleven char", "", "I am Cleo and tell"])
def test_a_password_that_is_guessed_is_refused_and_never_told(runs: Path, password: str) -> None:
    ada = with_ada(runs)
    with pytest.raises(RefusedToStart, match="password") as refused:
        add_user(runs, CLEO, password, by=ada, reason="")
    assert not password or password not in str(refused.value)


def test_a_password_that_another_person_gave_must_be_changed_first(runs: Path) -> None:
    ada = with_ada(runs)
    add_user(runs, CLEO, GIVEN, by=ada, reason="")
    with pytest.raises(RefusedToStart, match="the password of cleo was chosen by another person"):
        sign_in(runs, CLEO.name, GIVEN)
    with_ben(runs, ada)
    give_password(runs, BEN, "the third one given", by=ada, reason="forgotten")
    with pytest.raises(RefusedToStart, match="chosen by another person"):
        sign_in(runs, BEN, "the third one given")
    change_password(runs, BEN, "the third one given", "the fourth one, his own", reason="")
    assert sign_in(runs, BEN, "the fourth one, his own")


def test_none_of_the_last_five_passwords_returns(runs: Path) -> None:
    with_ada(runs)
    now, later = ADAS, [f"sentence number {number}" for number in range(5)]
    for new in later:
        with pytest.raises(RefusedToStart, match="used before, expected none of the last 5"):
            change_password(runs, ADA, now, ADAS, reason="")
        change_password(runs, ADA, now, new, reason="")
        now = new
    change_password(runs, ADA, now, ADAS, reason="the sixth before")
    assert sign_in(runs, ADA, ADAS)


def test_who_was_retired_meanwhile_is_admitted_no_more(runs: Path) -> None:
    ada = with_ada(runs)
    ben = with_ben(runs, ada)
    admit(runs, ben, (Role.OPERATOR,), "running")
    set_roles(runs, BEN, ["engineer"], by=ada, reason="moved")
    with pytest.raises(RefusedToStart, match="running: ben is engineer, expected a user who is operator"):
        admit(runs, ben, (Role.OPERATOR,), "running")
    retire(runs, BEN, by=ada, reason="left")
    with pytest.raises(RefusedToStart, match="ben is no user any more"):
        admit(runs, ben, (Role.ENGINEER,), "running")


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_folder_that_lost_its_users_does_not_begin_anew(runs: Path, how: str) -> None:
    with_ada(runs)
    (runs / FILE_NAME).unlink()
    if how == "empty":
        (runs / FILE_NAME).touch()
    for trial in (
        lambda: admit(runs, None, tuple(Role), "running"),
        lambda: with_ada(runs),
    ):
        with pytest.raises(RefusedToStart, match="the record tells of users, and none are there"):
            trial()


def test_the_file_is_its_owner_s_and_no_secret_is_in_the_record(runs: Path) -> None:
    with_ben(runs, with_ada(runs))
    assert stat.S_IMODE((runs / FILE_NAME).stat().st_mode) == 0o600
    secret = (ADAS, BENS, GIVEN, "$argon2")
    for path in (path for path in runs.rglob("*") if path.is_file()):
        data = path.read_bytes()
        told = [word for word in secret if word.encode() in data]
        assert told == (["$argon2"] if path.name == FILE_NAME else []), path.name
    found = verify(runs)
    assert (found.altered, found.information) == ([], [])


class PowerCut(BaseException):
    """The machine goes off."""


@pytest.mark.parametrize("cut", ["before the entry", "after the entry"])
def test_a_change_that_was_cut_off_is_in_the_record_once(
    runs: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    ada = with_ada(runs)
    real = directory_module._enter

    def cut_off(*arguments: object) -> None:
        if cut == "after the entry":
            real(*arguments)
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(directory_module, "_enter", cut_off)
        with pytest.raises(PowerCut):
            add_user(runs, CLEO, GIVEN, by=ada, reason="")
    assert sign_in(runs, ADA, ADAS)
    assert [entry["what"] for entry in entries(runs)] == [ADA, "cleo"]
    with Directory(runs) as users:
        assert [user.name for user in users.users()] == [ADA, "cleo"]


def test_a_change_that_cannot_be_entered_is_told(runs: Path) -> None:
    ada = with_ada(runs)
    (runs / RECORDS).write_bytes(b"no database")
    with pytest.raises(StoreError, match=RECORDS):
        add_user(runs, CLEO, GIVEN, by=ada, reason="")


ADD_MANY = """
import sys
from pathlib import Path
from rig.people.changes import Newcomer, add_user
from rig.people.sign_in import sign_in
from tests.support.people import ADA, ADAS, GIVEN

runs, mine = Path(sys.argv[1]), sys.argv[2]
ada = sign_in(runs, ADA, ADAS)
for number in range(5):
    add_user(runs, Newcomer(f"{mine}-{number}", mine, ["operator"]), GIVEN, by=ada, reason="")
try:
    add_user(runs, Newcomer("the-same", mine, ["operator"]), GIVEN, by=ada, reason="")
    print("added")
except Exception as error:
    print(error)
"""


def test_two_processes_add_users_at_once(runs: Path) -> None:
    ada: SignedIn = with_ada(runs)
    command = [sys.executable, "-c", ADD_MANY, os.fspath(runs)]
    at_work = [
        subprocess.Popen([*command, mine], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        for mine in ("left", "right")
    ]
    said = sorted(process.communicate(timeout=PATIENCE_S)[0].strip() for process in at_work)
    assert said == ["added", "the name the-same was given before, expected one that nobody ever had"]
    with Directory(runs) as users:
        assert len(users.users()) == 1 + 5 + 5 + 1
    assert len({entry["what"] for entry in entries(runs)}) == len(entries(runs)) == 12
    assert verify(runs).whole
    assert ada.name == ADA

"""Signing in: who may, who may not, and what a stranger learns from it, which is nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.errors import RefusedToStart, RigError, StoreError
from rig.people import passwords
from rig.people.changes import change_password, retire, unlock
from rig.people.directory import FILE_NAME, Directory
from rig.people.sign_in import sign_in
from rig.records.store import FILE_NAME as RECORDS
from tests.support.people import (
    ADA,
    ADAS,
    BEN,
    BENS,
    CHEAP,
    Wall,
    behind_its_back,
    entries,
    with_ada,
    with_ben,
    with_policy,
)

NOT_SIGNED_IN = "not signed in: no such user, a wrong password, locked out, or retired"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return with_policy(tmp_path / "runs")


@pytest.fixture
def wall() -> Wall:
    return Wall()


def refusal(runs: Path, name: str, password: str, wall: Wall) -> str:
    with pytest.raises(RefusedToStart) as refused:
        sign_in(runs, name, password, now=wall)
    return str(refused.value)


def fail(runs: Path, wall: Wall, times: int) -> None:
    for _ in range(times):
        refusal(runs, BEN, "a wrong one, again", wall)


def test_who_signs_in_is_told_by_name_and_role(runs: Path) -> None:
    ben = with_ben(runs, with_ada(runs), "operator", "engineer")
    assert ben.told() == {"name": "ben", "full_name": "Ben Cole", "role": "operator, engineer"}
    assert "failed" not in str(entries(runs))


def test_everybody_who_is_refused_reads_the_same_words(runs: Path, wall: Wall) -> None:
    ada = with_ada(runs, wall)
    with_ben(runs, ada, now=wall)
    words = {refusal(runs, name, "a wrong one", wall) for name in (BEN, "nobody", "", "Robert'); --")}
    fail(runs, wall, 4)
    words.add(refusal(runs, BEN, BENS, wall))  # locked out
    unlock(runs, BEN, by=ada, reason="forgotten", now=wall)
    retire(runs, BEN, by=ada, reason="left", now=wall)
    words.add(refusal(runs, BEN, BENS, wall))
    assert len(words) == 1
    assert words.pop().startswith(NOT_SIGNED_IN)
    assert [entry["reason"] for entry in entries(runs)][-3:] == ["forgotten", "left", "retired"]


def test_a_name_that_nobody_has_costs_the_same_effort(
    runs: Path, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ben(runs, with_ada(runs, wall), now=wall)
    done: list[str] = []
    for name in ("hashed", "_is_hash_of"):
        real = getattr(passwords, name)
        monkeypatch.setattr(passwords, name, lambda *a, of=name, real=real: (done.append(of), real(*a))[1])
    efforts = []
    for name, password in ((BEN, "a wrong one"), ("nobody", "a wrong one"), (BEN, BENS)):
        done.clear()
        if password == BENS:
            sign_in(runs, name, password, now=wall)
        else:
            refusal(runs, name, password, wall)
        efforts.append(len(done))
    assert efforts == [1, 1, 1], "one argon2 computation each"


def test_a_name_that_nobody_has_is_not_entered_for_it_may_be_a_password(runs: Path, wall: Wall) -> None:
    with_ada(runs, wall)
    refusal(runs, "my secret password", "", wall)
    assert entries(runs)[-1]["reason"] == "a name that nobody has"
    assert b"my secret password" not in (runs / RECORDS).read_bytes()


def test_five_wrong_passwords_lock_a_name_for_a_quarter_of_an_hour(runs: Path, wall: Wall) -> None:
    with_ben(runs, with_ada(runs, wall), now=wall)
    fail(runs, wall, 4)
    sign_in(runs, BEN, BENS, now=wall)
    fail(runs, wall, 5)
    assert [entry["did"] for entry in entries(runs)][-5:] == ["sign-in failed"] * 4 + ["locked out"]
    wall.goes(minutes=14.9)
    assert NOT_SIGNED_IN in refusal(runs, BEN, BENS, wall)
    wall.goes(minutes=0.2)
    assert sign_in(runs, BEN, BENS, now=wall).name == BEN
    fail(runs, wall, 4)
    assert sign_in(runs, BEN, BENS, now=wall), "the count began anew"


def test_a_clock_that_is_put_back_unlocks_nobody(runs: Path, wall: Wall) -> None:
    with_ben(runs, with_ada(runs, wall), now=wall)
    wall.goes(hours=1)
    fail(runs, wall, 5)
    wall.goes(days=-30)
    refusal(runs, BEN, BENS, wall)
    wall.goes(minutes=14)
    refusal(runs, BEN, BENS, wall)
    wall.goes(minutes=2)
    assert sign_in(runs, BEN, BENS, now=wall), "nor does it lock anybody for 30 days"


def test_a_person_of_role_quality_unlocks(runs: Path, wall: Wall) -> None:
    ada = with_ada(runs, wall)
    with_ben(runs, ada, now=wall)
    fail(runs, wall, 5)
    unlock(runs, BEN, by=ada, reason="caps lock", now=wall)
    assert sign_in(runs, BEN, BENS, now=wall)
    told = entries(runs)[-1]
    assert (told["did"], told["what"], told["by"], told["reason"]) == ("unlocked", BEN, ADA, "caps lock")
    assert (told["before"], told["after"]) == ({"failed_attempts": 5}, {"failed_attempts": 0})


def test_a_password_expires_also_where_the_clock_is_put_back(runs: Path, wall: Wall) -> None:
    with_ada(runs, wall)
    wall.goes(days=180)
    assert sign_in(runs, ADA, ADAS, now=wall)
    wall.goes(minutes=1)
    assert "older than 180 days. Choose another: rig users password ada" in refusal(runs, ADA, ADAS, wall)
    wall.goes(days=-100)
    assert "older than 180 days" in refusal(runs, ADA, ADAS, wall)
    change_password(runs, ADA, ADAS, "a wholly new sentence", reason="it was old", now=wall)
    assert sign_in(runs, ADA, "a wholly new sentence", now=wall)


def test_the_policy_is_data(tmp_path: Path, wall: Wall) -> None:
    runs = with_policy(tmp_path / "runs", "[lock_out]\nattempts = 2\nminutes = 1\n")
    with_ben(runs, with_ada(runs, wall), now=wall)
    fail(runs, wall, 2)
    refusal(runs, BEN, BENS, wall)
    wall.goes(minutes=1.1)
    assert sign_in(runs, BEN, BENS, now=wall)


def test_a_hash_is_made_again_when_the_policy_asks_for_another_cost(runs: Path, wall: Wall) -> None:
    with_ada(runs, wall)
    (runs / "people.toml").write_text(CHEAP.replace("passes = 1", "passes = 2"))
    assert sign_in(runs, ADA, ADAS, now=wall)
    with Directory(runs) as directory:
        kept = directory.find(ADA)
    assert kept is not None
    assert "t=2" in kept.password_hash
    assert sign_in(runs, ADA, ADAS, now=wall)


def test_two_keyboards_that_write_a_letter_differently_write_one_password(runs: Path, wall: Wall) -> None:
    with_ada(runs, wall)
    change_password(runs, ADA, ADAS, "Gl\u00fchw\u00fcrmchen 77", reason="", now=wall)
    assert sign_in(runs, ADA, "Glu\u0308hwu\u0308rmchen 77", now=wall)


@pytest.mark.parametrize(
    ("edit", "by"),
    [
        ("role", ('["operator"]', '["quality"]')),
        ("name", ("Ben Cole", "Ada Berg")),
        ("active", ("true", "false")),
    ],
)
def test_a_user_who_was_edited_in_the_file_does_not_sign_in(
    runs: Path, wall: Wall, edit: str, by: tuple[str, str]
) -> None:
    with_ben(runs, with_ada(runs, wall), now=wall)
    behind_its_back(runs, "UPDATE user SET body = replace(body, ?, ?) WHERE name = 'ben'", *by)
    refused = refusal(runs, BEN, BENS, wall)
    assert refused.startswith(NOT_SIGNED_IN) if edit == "active" else "what the record does not" in refused


def test_a_file_put_back_to_an_earlier_state_is_found(runs: Path, wall: Wall) -> None:
    ada = with_ada(runs, wall)
    with_ben(runs, ada, now=wall)
    earlier = (runs / FILE_NAME).read_bytes()
    retire(runs, BEN, by=ada, reason="left", now=wall)
    (runs / FILE_NAME).write_bytes(earlier)
    assert "what the record does not" in refusal(runs, BEN, BENS, wall)


def test_nobody_signs_in_where_attempts_cannot_be_recorded(runs: Path, wall: Wall) -> None:
    with_ada(runs, wall)
    (runs / RECORDS).write_bytes(b"no database")
    for password in ("a wrong one", ADAS):
        with pytest.raises(StoreError):
            sign_in(runs, ADA, password, now=wall)


@pytest.mark.parametrize("body", ["no JSON", "{}", '{"name": "ada", "password_hash": "$argon2id$v=19$x"}'])
def test_a_damaged_user_is_told_and_no_hash_with_it(runs: Path, wall: Wall, body: str) -> None:
    with_ada(runs, wall)
    behind_its_back(runs, "UPDATE user SET body = ?", body)
    with pytest.raises(RigError, match=FILE_NAME) as told:
        sign_in(runs, ADA, ADAS, now=wall)
    assert "argon2" not in str(told.value)

"""``rig sign`` as a person uses it: who may, with what, and what a wrong word leads to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.signed_report import LOG
from reports.signing import signatures_of
from rig.people.policy import FILE_NAME as POLICY
from tests.support import people
from tests.support.authority import PASSPHRASE, Authority
from tests.support.command import FAIL, PASS, REFUSED, Said, rig, run_eol, within
from tests.support.many_runs import NO_PICTURES
from tests.support.signed_pdf import company, report_bytes, roots

FULL_NAME = "Ada Berg"  # of people.ADA


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a report, and the keys of two people of the company."""
    (tmp_path / "report.pdf").write_bytes(report_bytes())
    company().certify(FULL_NAME, email="ada@example.com").p12(tmp_path / "ada.p12")
    company().certify("Ben Cole").p12(tmp_path / "ben.p12")
    return tmp_path


@pytest.fixture
def runs(desk: Path) -> Path:
    """Runs whose users are Ada, of role quality, and Ben, an engineer."""
    runs = people.with_policy(desk / "runs")
    people.with_ben(runs, people.with_ada(runs), "engineer")
    return runs


@pytest.fixture
def sign(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Signing:
    return Signing(desk, monkeypatch)


class Signing:
    """Signs the report at a desk, with the secrets in the environment."""

    def __init__(self, desk: Path, environment: pytest.MonkeyPatch) -> None:
        self.desk, self._environment = desk, environment

    def __call__(
        self, meaning: str, *more: str, p12: str = "ada.p12", password: str = "", passphrase: str = PASSPHRASE
    ) -> Said:
        self._environment.setenv("RIG_PASSWORD", password)
        self._environment.setenv("RIG_P12_PASSPHRASE", passphrase)
        key = ("--p12", self.desk / p12)
        report = self.desk / "report.pdf"
        return within("sign", report, "--meaning", meaning, *key, "--runs", self.desk / "runs", *more)


def signers(desk: Path) -> list[tuple[str, str, bool]]:
    return [(one.name, one.meaning, one.trusted) for one in signatures_of(desk / "report.pdf", roots())]


def test_without_users_the_name_is_the_certificate_s(desk: Path, sign: Signing) -> None:
    said = sign("review")
    assert (said.status, said.err) == (PASS, "")
    assert said.out == f"{desk / 'report.pdf'}: signed by {FULL_NAME}: review\n"
    assert signers(desk) == [(FULL_NAME, "review", True)]
    assert not (desk / LOG).exists()  # that is for packages


def test_users_show_their_password_again(runs: Path, desk: Path, sign: Signing) -> None:
    nobody = sign("review")
    wrong = sign("review", "--user", people.ADA, password="wrong")
    assert (nobody.status, wrong.status) == (REFUSED, REFUSED)
    assert "nobody is signed in" in nobody.err
    assert "not signed in" in wrong.err
    assert signers(desk) == []
    assert sign("review", "--user", people.ADA, password=people.ADAS).status == PASS
    assert signers(desk) == [(FULL_NAME, "review", True)]


def test_only_quality_approves(runs: Path, desk: Path, sign: Signing) -> None:
    ben = {"p12": "ben.p12", "password": people.BENS}
    assert sign("review", "--user", people.BEN, **ben).status == PASS
    said = sign("approval", "--user", people.BEN, **ben)
    assert said.status == REFUSED
    assert "signing for approval: ben is engineer, expected a user who is quality" in said.text
    assert sign("approval", "--user", people.ADA, password=people.ADAS).status == PASS
    assert signers(desk) == [("Ben Cole", "review", True), (FULL_NAME, "approval", True)]


def test_the_key_of_another_person_does_not_sign(runs: Path, desk: Path, sign: Signing) -> None:
    said = sign("review", "--user", people.ADA, password=people.ADAS, p12="ben.p12")
    assert said.status == REFUSED
    assert f"ada is {FULL_NAME}, and the certificate is that of Ben Cole" in said.text
    assert signers(desk) == []


@pytest.mark.parametrize("known_as", ["A. M. Berg", "ada@example.com"])
def test_a_certificate_may_know_a_user_otherwise(
    runs: Path, desk: Path, sign: Signing, known_as: str
) -> None:
    company().certify("A. M. Berg", email="ada@example.com").p12(desk / "ada.p12")
    assert sign("review", "--user", people.ADA, password=people.ADAS).status == REFUSED
    policy = runs / POLICY
    policy.write_text(f'{policy.read_text()}\n[certificates]\nada = "{known_as}"\n')
    assert sign("review", "--user", people.ADA, password=people.ADAS).status == PASS
    assert signers(desk) == [(FULL_NAME, "review", True)]


def test_the_audit_trail_has_it(runs: Path, desk: Path, sign: Signing) -> None:
    sign("review", "--user", people.ADA, password=people.ADAS)
    (told,) = [
        row
        for row in json.loads(within("audit", "--json", "--runs", runs).out)
        if row["kind"] == "audit.signature"
    ]
    assert (told["by"], told["why"], told["what"]) == ("ada", "review", f"report.pdf of {desk.name}")
    assert told["old"] != told["new"]


@pytest.mark.parametrize(
    ("meaning", "more", "options", "why"),
    [
        ("acclaim", [], {}, "meaning acclaim, expected authorship, review, approval"),
        ("approval", [], {}, "approval before review"),
        ("review", [], {"passphrase": "wrong"}, "ada.p12 cannot be opened"),
        ("review", [], {"passphrase": ""}, "nobody to ask for the password of ada.p12"),
        ("review", [], {"p12": "eve.p12"}, "eve.p12 cannot be read"),
        (
            "review",
            ["--pkcs11", "token.so"],
            {},
            "no key to sign with, expected either --p12 FILE or --pkcs11",
        ),
        ("review", ["--time-stamps", "ftp://x"], {}, "ftp://x is no time-stamp server"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    desk: Path, sign: Signing, meaning: str, more: list[str], options: dict[str, str], why: str
) -> None:
    said = sign(meaning, *more, **options)
    assert said.status == REFUSED
    assert said.err.startswith("refused: ")
    assert why in said.text
    assert (desk / "report.pdf").read_bytes() == report_bytes()


def test_no_report_no_signature(desk: Path, sign: Signing) -> None:
    (desk / "report.pdf").unlink()
    assert "there is no such file" in sign("review").err


def test_secrets_come_by_the_standard_input_in_their_order(runs: Path, desk: Path) -> None:
    words = ["sign", "report.pdf", "--meaning", "review", "--user", "ada", "--p12", "ada.p12"]
    said = rig(*words, "--password-stdin", cwd=desk, input=f"{people.ADAS}\n{PASSPHRASE}\n")
    assert said.status == PASS, said
    assert signers(desk) == [(FULL_NAME, "review", True)]


def test_a_package_from_a_run_to_its_approval(desk: Path, sign: Signing) -> None:
    """And what becomes of it when a signature is taken off, or something is altered between two of them."""
    assert run_eol(desk / "runs", *NO_PICTURES).status == PASS
    assert within("report", "--runs", desk / "runs", "--out", desk / "evidence").status == PASS
    (package,) = (desk / "evidence").iterdir()
    sign.desk = package
    for name in ("ada", "ben"):
        (desk / f"{name}.p12").rename(package.parent / f"{name}.p12")
    assert sign("review", p12="../ben.p12").status == PASS
    assert sign("approval", p12="../ada.p12").status == PASS
    root, other = company().pem(desk / "ca.pem"), Authority().pem(desk / "other.pem")
    said = within("verify", package, "--trust", root)
    assert said.status == PASS, said
    for line in ("signed by Ben Cole: reviewed 2", f"signed by {FULL_NAME}: approved 2", "UTC; trusted"):
        assert line in said.text
    assert "certificate unknown" in within("verify", package).text
    assert within("verify", package, "--trust", other).status == FAIL

    pdf = package / "report.pdf"
    signed = pdf.read_bytes()
    pdf.write_bytes(signed[: signatures_of(pdf)[0].covers_to])
    said = within("verify", package, "--trust", root)
    assert said.status == FAIL
    assert f"the signature of {FULL_NAME} (approved 2" in said.text
    said = sign("approval", p12="../ada.p12")
    assert said.status == REFUSED
    assert "was altered" in said.text

    pdf.write_bytes(signed)
    results = package / "results.json"
    results.write_bytes(results.read_bytes().replace(b"PASS", b"FAIL", 1))
    said = sign("approval", p12="../ben.p12")
    assert said.status == REFUSED
    assert "results.json" in said.text

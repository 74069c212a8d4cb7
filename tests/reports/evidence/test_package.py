"""A package stands by itself: made whole or not at all, twice the same, and checked by common tools alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from reports.evidence import package as making
from reports.evidence.manifest import files_in
from reports.evidence.package import make_package
from reports.evidence.subject import run_subject
from rig.errors import RefusedToStart, StoreError
from rig.records.verify import verify
from tests.reports.evidence.conftest import MADE_AT
from tests.support.tools import needs

STAMPED = {
    "report.pdf",
    "report.html",
    "README.txt",
    "MANIFEST.json",
    "MANIFEST.sha256",
    "MANIFEST.sha256.sig",
}
# The time, and the length of the PDF, whose time is packed.
STAMPS = re.compile(r"09:00:0[01]|T09000[01]Z|-c \d+|\d+ bytes|(?<=report_bytes\": )\d+")


def test_made_twice_it_differs_in_time_stamps_and_signatures_only(
    made: Path, checked_runs: Path, tmp_path: Path
) -> None:
    subject = run_subject(checked_runs, ["last"])
    later = make_package(subject, tmp_path / "later", made_at=MADE_AT + timedelta(seconds=1))
    same = make_package(subject, tmp_path / "same", made_at=MADE_AT)
    assert files_in(made) == files_in(later) == files_in(same)
    for path in files_in(made):
        data = (made / path).read_bytes()
        assert (same / path).read_bytes() == data, path
        assert ((later / path).read_bytes() == data) == (path not in STAMPED), path
    for path in ("report.html", "README.txt", "MANIFEST.json"):
        one, other = (STAMPS.sub("", (p / path).read_text()) for p in (made, later))
        assert one == other


def test_it_holds_everything_that_the_record_names(made: Path, checked_runs: Path) -> None:
    named = verify(checked_runs)
    copied = [p for p in files_in(made) if (checked_runs / p).is_file() and p.split("/")[0] != "records"]
    assert len(copied) == named.files


def test_an_interrupted_make_leaves_nothing(
    checked_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        assert len(list((tmp_path / "out").iterdir())) == 1, "it is being built"
        raise KeyboardInterrupt

    monkeypatch.setattr(making.manifest, "write_manifest", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_package(run_subject(checked_runs, ["last"]), tmp_path / "out", made_at=MADE_AT)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_package_is_never_written_over(made: Path, checked_runs: Path) -> None:
    with pytest.raises(RefusedToStart, match="is there already"):
        make_package(run_subject(checked_runs, ["last"]), made.parent, made_at=MADE_AT)


def test_no_evidence_is_made_of_an_altered_trace(checked_runs: Path, tmp_path: Path) -> None:
    runs = Path(shutil.copytree(checked_runs, tmp_path / "runs"))
    with next(runs.glob("*/traces/*")).open("ab") as file:
        file.write(b"more")
    with pytest.raises(StoreError, match="it is not the file that was recorded"):
        make_package(run_subject(runs, ["last"]), tmp_path / "out", made_at=MADE_AT)
    assert list((tmp_path / "out").iterdir()) == []


def commands(package: Path) -> list[str]:
    """Return the commands of README.txt, in order: its lines that are indented by three."""
    text = (package / "README.txt").read_text().split("HOW TO CHECK IT")[1].split("ALLURE")[0]
    blocks = re.findall(
        r"(?:^   (?: .*|(?:sha256sum|head|openssl|pdfsig|work=|while|done).*)\n)+", text, re.MULTILINE
    )
    return [block for block in blocks if not block.startswith("    ")]


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x01
    path.write_bytes(data)


def shell(package: Path, command: str) -> str:
    done = subprocess.run(["bash", "-c", command], cwd=package, capture_output=True, text=True, check=False)
    return f"{done.stdout}{done.stderr}"


@needs("bash", "sha256sum", "openssl", "pdfsig", "base64", "sed")
def test_the_commands_of_the_readme_check_it_and_find_what_was_altered(package: Path) -> None:
    check, head, sealed, key, people, chain, signed = commands(package)
    text = (package / "README.txt").read_text()
    assert shell(package, check) == ""
    assert shell(package, head).split()[0] in (package / "MANIFEST.sha256").read_text()
    assert shell(package, sealed) == "Signature Verified Successfully\n"
    assert shell(package, key).split()[0] in text
    assert "does not contain any signatures" in shell(package, people)
    assert shell(package, chain) == ""
    good = shell(package, signed).splitlines()
    assert len(good) >= 2
    assert set(good) == {"Signature Verified Successfully"}

    entries = package / "records/entries.jsonl"
    before = entries.read_text()
    entries.write_text(before.replace('"verdict":"PASS"', '"verdict":"FAIL"', 1))
    assert shell(package, check).startswith("records/entries.jsonl: FAILED")
    assert shell(package, chain).startswith('altered: {"seq":')
    rows = before.splitlines(keepends=True)
    entries.write_text("".join([*rows[:5], *rows[6:]]))
    assert shell(package, chain).startswith("does not follow the line before")
    entries.write_text("".join(rows[:-1]))
    assert "no entry" in shell(package, signed)
    flip(package / "MANIFEST.sha256", 0)
    assert "Signature Verification Failure" in shell(package, sealed)

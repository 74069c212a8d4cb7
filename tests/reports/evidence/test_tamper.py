"""Whatever is done to a package is found, and named: every file, every place, by whoever."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.evidence import manifest
from reports.evidence.manifest import files_in, read_manifest, write_manifest
from reports.evidence.verify_package import verify_package
from reports.signed_report import log_signature
from rig.records.event import canonical_json, chain_hash
from rig.records.station_key import FOLDER_VARIABLE, station_key
from tests.support.command import FAIL, PASS, REFUSED, within
from tests.support.signed_pdf import roots, sign

ENTRIES, HEADS = "records/entries.jsonl", "records/heads.txt"


def altered(package: Path) -> list[str]:
    return [str(finding) for finding in verify_package(package).altered]


def is_named(package: Path, path: str) -> bool:
    return any(path in finding.where for finding in verify_package(package).altered)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x01
    path.write_bytes(data)


def seal(package: Path) -> None:
    """Write the manifest anew, with this machine's key: what only the station itself could do."""
    about = read_manifest(package).about
    write_manifest(package, about, station_key())


def lines(package: Path, path: str = ENTRIES) -> list[str]:
    return (package / path).read_text().splitlines()


def write_lines(package: Path, changed: list[str], path: str = ENTRIES) -> None:
    (package / path).write_text("".join(f"{line}\n" for line in changed))


def traces(package: Path) -> list[str]:
    return [path for path in files_in(package) if path.endswith(".parquet")]


def test_an_untouched_package_is_whole(made: Path) -> None:
    found = verify_package(made)
    assert (found.altered, found.information) == ([], [])
    assert found.runs == 1
    assert found.signatures >= 2
    assert found.files == len(files_in(made)) - len(manifest.NOT_LISTED)
    said = within("verify", made)
    assert said.status == PASS
    assert "WHOLE" in said.text


def test_a_flipped_byte_is_named_in_every_file(package: Path) -> None:
    files = files_in(package)
    assert {"report.pdf", "report.html", "results.json", "README.txt", ENTRIES, *traces(package)} < set(files)
    for path in files:
        file = package / path
        before = file.read_bytes()
        for place in {0, len(before) // 2, len(before) - 1} if before else ():
            flip(file, place)
            assert is_named(package, path.removesuffix(".sig")), f"{path}, byte {place}"
            file.write_bytes(before)
    assert altered(package) == []


def test_a_deleted_and_a_lengthened_file_is_named(package: Path) -> None:
    for path in files_in(package):
        file = package / path
        before = file.read_bytes()
        for content in (None, before + b"\n"):
            if content is None:
                file.unlink()
            else:
                file.write_bytes(content)
            assert is_named(package, path.removesuffix(".sig")), path
            file.write_bytes(before)


@pytest.mark.parametrize("path", ["more.txt", "records/more.txt", ".hidden", "configurations/x.toml"])
def test_an_added_file_is_named(package: Path, path: str) -> None:
    (package / path).write_text("more")
    assert altered(package) == [f"{path}: MANIFEST.sha256 does not list it: it was added"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_in_place_of_a_file_is_named(package: Path, tmp_path: Path) -> None:
    shutil.move(package / "results.json", tmp_path / "results.json")
    (package / "results.json").symlink_to(tmp_path / "results.json")
    assert is_named(package, "results.json")


def test_swapped_traces_are_named_with_what_was_made_of_them(package: Path) -> None:
    one, other = traces(package)[:2]
    data = (package / one).read_bytes()
    (package / one).write_bytes((package / other).read_bytes())
    (package / other).write_bytes(data)
    found = altered(package)
    assert f"{one}: it was swapped: this is the content of {other}" in found
    seal(package)
    found = altered(package)
    assert any(f"{one}: it was swapped: this is the content of {other} (entry" in what for what in found)
    assert any(f"{other}: it was swapped: this is the content of {one} (entry" in what for what in found)


def measurement(package: Path) -> int:
    return next(n for n, line in enumerate(lines(package)) if '"kind":"measurement"' in line)


def edit_value(package: Path) -> None:
    rows = lines(package)
    number = measurement(package)
    told = json.loads(rows[number])
    rows[number] = rows[number].replace(f'"value":{told["body"]["value"]!r}', '"value":0.5')
    assert rows[number] != lines(package)[number]
    write_lines(package, rows)


def swap_lines(package: Path) -> None:
    rows = lines(package)
    rows[5], rows[6] = rows[6], rows[5]
    write_lines(package, rows)


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (edit_value, "its text does not fit its SHA-256"),
        (swap_lines, "is missing before it"),
        (lambda package: write_lines(package, lines(package)[:-1]), "entries are missing at its end"),
        (lambda package: write_lines(package, lines(package)[:6] + lines(package)[7:]), "missing before it"),
        (lambda package: write_lines(package, lines(package)[:6] + lines(package)[5:]), "line 7: entry"),
        (lambda package: write_lines(package, ["{}", *lines(package)]), "it is no entry as they are written"),
        (
            lambda package: write_lines(package, [lines(package)[0] + " ", *lines(package)[1:]]),
            "no entry as they",
        ),
    ],
)
def test_altered_entries_are_named_even_under_a_new_manifest(
    package: Path, harm: Callable[[Path], None], what: str
) -> None:
    harm(package)
    assert is_named(package, ENTRIES)
    seal(package)
    assert any(finding.startswith(ENTRIES) and what in finding for finding in altered(package))


def forge(package: Path) -> None:
    """Change a measurement, and make chain, heads and attached results fit it."""
    edit_value(package)
    rows, forged, previous, renamed = lines(package), [], "", {}
    for line in rows:
        told = json.loads(line)
        previous, digest = previous or told["previous"], told["hash"]
        if "body" in told:
            entry = [told[key] for key in ("seq", "run_id", "kind", "at")]
            digest = chain_hash(previous, *entry, canonical_json(told["body"]))
        forged.append(line.replace(told["previous"], previous).replace(told["hash"], digest))
        renamed[told["hash"]], previous = digest, digest
    write_lines(package, forged)
    text = (package / HEADS).read_text()
    for old, new in renamed.items():
        text = text.replace(old, new)
    (package / HEADS).write_text(text)


def test_entries_forged_from_the_first_do_not_bear_the_station_s_signatures(package: Path) -> None:
    forge(package)
    seal(package)
    found = altered(package)
    assert not any(finding.startswith(ENTRIES) for finding in found), "the chain alone cannot tell"
    assert any("the record was rewritten after it was signed" in finding for finding in found)
    assert any(finding.startswith("results.json: runs[0].measurements[") for finding in found)
    assert any("attached to it as entries.jsonl is not" in finding for finding in found)


def test_another_number_in_the_results_is_named_even_under_a_new_manifest(package: Path) -> None:
    results = json.loads((package / "results.json").read_bytes())
    measured = results["runs"][0]["measurements"][0]
    was, measured["value"] = measured["value"], 0.125
    (package / "results.json").write_text(json.dumps(results))
    seal(package)
    assert altered(package) == [
        f"results.json: runs[0].measurements[0].value says 0.125, the entries say {json.dumps(was)}",
        "report.pdf: what is attached to it as results.json is not results.json",
    ]


def test_results_of_another_version_are_compared_with_what_was_recorded(package: Path) -> None:
    about = read_manifest(package).about
    results = json.loads((package / "results.json").read_bytes())
    results["told otherwise"] = True
    (package / "results.json").write_text(json.dumps(results))
    write_manifest(package, about | {"software": {"version": "0.0.1", "commit": ""}}, station_key())
    found = verify_package(package)
    assert [finding.where for finding in found.altered] == ["report.pdf"], "the attached ones are others now"
    assert "only what stands in the record word for word was compared" in str(found.information)
    results["runs"][0]["verdict"] = "FAIL"
    (package / "results.json").write_text(json.dumps(results))
    write_manifest(package, about | {"software": {"version": "0.0.1", "commit": ""}}, station_key())
    assert 'results.json: runs[0].verdict says "FAIL", the entries say "PASS"' in altered(package)


def test_a_manifest_signed_with_another_key_is_named(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = station_key().fingerprint
    with monkeypatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path / "forger"))
        (package / "README.txt").write_text("Nothing to check.\n")
        seal(package)
        assert "MANIFEST.sha256.sig" in altered(package)[0], "the station's key is still beside it"
        (package / "records/station-key.pem").write_text(station_key().public)
        seal(package)
    (found,) = altered(package)
    assert "signed with a key that neither the record names nor this machine" in found
    said = within("verify", package, "--key", genuine)
    assert said.status == FAIL
    assert "signed with another key than the one given" in said.text


def test_a_package_is_checked_on_another_machine(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine, public = station_key().fingerprint, station_key().public
    (tmp_path / "station.pem").write_text(public)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "auditor"))
    found = verify_package(package)
    assert found.whole
    assert "signed by a key this machine does not know" in str(found.information)
    for named in (genuine, str(tmp_path / "station.pem")):
        assert within("verify", package, "--key", named).status == PASS
    assert within("verify", package, "--key", "0" * 64).status == FAIL
    assert within("verify", package, "--key", "nothing").status == REFUSED
    assert not (tmp_path / "auditor").exists(), "checking makes no key"


def test_signatures_of_people_come_after_the_report_and_are_judged(package: Path, tmp_path: Path) -> None:
    pdf = package / "report.pdf"
    made = pdf.read_bytes()
    sign(pdf, "Ada Reviewer", "review")
    log_signature(pdf)
    signed = pdf.read_bytes()
    found = verify_package(package, roots=roots())
    assert found.altered == []
    assert "signed by Ada Reviewer" in str(found.information)
    for place in (
        0,
        len(made) // 2,
        len(made) + 20,
        len(made) + (len(signed) - len(made)) // 2,
        len(signed) - 1,
    ):
        flip(pdf, place)
        assert is_named(package, "report.pdf"), place
        pdf.write_bytes(signed)
    pdf.write_bytes(signed + b"\nmore")
    assert is_named(package, "report.pdf")
    pdf.write_bytes(made)
    assert is_named(package, "signatures.txt"), "the signature was taken off again"


@pytest.mark.parametrize("gone", ["MANIFEST.sha256", "MANIFEST.json", "MANIFEST.sha256.sig"])
def test_a_package_without_its_manifest_is_still_known_for_one(package: Path, gone: str) -> None:
    (package / gone).unlink()
    said = within("verify", package)
    assert said.status == FAIL
    assert f"altered: {gone}: it is missing" in said.text

"""README.txt of a package: what each file is, and how to check them all without this software."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

TEMPLATE = Path(__file__).with_name("README.txt.in")
FILE_NAME = "README.txt"

ALLURE = {
    "none": "The runs of this package kept no Allure results.",
    "results": "allure-results/ holds the runs' Allure results. Where Node and its package allure 3 are,\n"
    "a page is made of them with:   npx allure awesome allure-results/* --output allure-html",
    "page": "allure-html/index.html is the page that Allure made of allure-results/.",
}


def write_readme(folder: Path, facts: Mapping[str, str], *, runs: list[str], allure: str) -> None:
    """Write the file.

    Args:
        folder: of the package.
        facts: subject, made, version, report_bytes, fingerprint, keys: what the template asks for.
        runs: ids of the runs whose files are in the package.
        allure: a key of :data:`ALLURE`.

    Raises:
        OSError: it cannot be written.
    """
    folders = "\n".join(
        f"{run_id}/\n                      Raw traces, and the messages on the wires." for run_id in runs
    )
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    text = template.substitute(facts, folders=folders, allure=ALLURE[allure])
    (folder / FILE_NAME).write_bytes(text.encode())

"""Run as a program by :mod:`rig.reprocess.elsewhere`: evaluates runs with another ``calibration``.

What is asked comes as JSON on standard input, what came of it goes as JSON to standard output. Before
anything else is imported, the two packages are taken from the folders that are given, and nowhere else.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

PACKAGES = ("calibration", "rig")


def main() -> None:
    """Answer what is asked."""
    asked = json.load(sys.stdin)
    sys.meta_path.insert(0, _OnlyThere())
    for name in PACKAGES:
        _take(name, Path(asked[name]))

    from rig.errors import RigError
    from rig.reprocess.worker import evaluate_again

    try:
        done = evaluate_again(
            Path(asked["runs"]),
            asked["run_ids"],
            todays_configuration=asked["todays_configuration"],
            station_file=asked["station_file"],
        )
    except RigError as error:
        json.dump({"refused": str(error)}, sys.stdout)
        return
    json.dump(asdict(done), sys.stdout)


class _OnlyThere:
    """Finds modules of both packages in their folders; nothing of an installed version is mixed in."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = fullname.partition(".")
        if package not in PACKAGES or not module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return spec


def _take(name: str, folder: Path) -> None:
    """Import a package from a folder, whatever else of its name is on the path."""
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    main()

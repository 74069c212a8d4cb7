"""Runs and twins without the price of starting Python: forked from a process that has everything loaded.

What is run is the program itself, with its own standard streams; only its start is saved.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0
LOADED = (
    "allure_pytest.plugin", "pyarrow.parquet", "pymodbus.client", "pyvisa_py", "scipy.optimize",
    "rig.cli", "rig.twin.server", "rig.fixtures.ladder", "rig.fixtures.plugin", "rig.fixtures.progress",
    "rig.fixtures.validation",
)  # fmt: skip

_context: Any = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(LOADED))


def run_rig(
    arguments: Sequence[str], *, words: Path, environment: dict[str, str] | None = None
) -> int | None:
    """Run the ``rig`` command; return its exit status, or None when it had to be killed.

    Args:
        words: file that gets all it prints.
        environment: variables to set for it.
    """
    process = _context.Process(target=_rig, args=(list(arguments), words, environment))
    process.start()
    process.join(PATIENCE_S)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    status: int = process.exitcode
    return status


@contextmanager
def twin(
    product: Path, *, faults: Sequence[str] = (), world: str = "nominal", seed: int = 0
) -> Iterator[dict[str, str]]:
    """Serve a twin as long as the block lasts; yields role → address."""
    here, there = _context.Pipe()
    process = _context.Process(target=_twin, args=(there, str(product), tuple(faults), world, seed))
    process.start()
    there.close()
    try:
        yield json.loads(here.recv())
    finally:
        here.close()
        process.join(PATIENCE_S)
        process.kill()


def _rig(arguments: list[str], words: Path, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    _redirect(words)
    from rig.cli import main

    sys.argv = ["rig", *arguments]
    main()


def _twin(pipe: Connection, product: str, faults: tuple[str, ...], world: str, seed: int) -> None:
    from rig.product import load_product
    from rig.twin.server import serve
    from rig.twin.world import load_world

    async def live() -> None:
        served = await serve(load_world(world, (), faults), load_product(product), seed=seed, virtual=True)
        pipe.send(json.dumps(served.addresses))
        closed = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), closed.set)
        await closed.wait()

    asyncio.run(live())


def _redirect(words: Path) -> None:
    with words.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # the process's own, to its end
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115

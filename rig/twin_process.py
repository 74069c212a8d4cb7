"""Starting the digital twin beside a run: a process of its own that is met on the wire only."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from rig.clock import LinkedClock
from rig.errors import ConfigError, TwinError

START_TIMEOUT_S = 60.0


class TwinProcess:
    """A twin that lives as long as this object, and never longer than this process.

    Args:
        world: name or path of a world file; ``overrides`` change single values of it.
        faults: what goes wrong and when, such as ``counter.late_reply@12s``; ``rig faults`` lists them.
        product: name or path of the product whose pen is clamped in; ``product_overrides`` change values.
        seed: decides every random number.

    Raises:
        ConfigError: the world cannot be loaded.
        TwinError: the twin does not start.
    """

    def __init__(
        self,
        world: str,
        product: str,
        *,
        overrides: Sequence[str] = (),
        faults: Sequence[str] = (),
        product_overrides: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        command = [sys.executable, "-m", "rig.twin", "--until-stdin-closes"]
        command += ["--world", world, "--product", product, "--seed", str(seed)]
        for override in overrides:
            command += ["--set", override]
        for fault in faults:
            command += ["--fault", fault]
        for override in product_overrides:
            command += ["--set-product", override]
        # A file, not a pipe: a twin with much to say must not wait for somebody who reads it.
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  # closed in stop
        # A session of its own: a Ctrl-C at the terminal must reach the rig first, not its instruments.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            start_new_session=True,
        )
        self._addresses: dict[str, str] | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """Role → VISA resource or Modbus address, once the twin is up; waits for it."""
        if self._addresses is None:
            self._addresses = self._read_addresses()
        return self._addresses

    def address(self, role: str) -> str:
        """Return the address of a role.

        Raises:
            ConfigError: the twin serves no such role.
        """
        if role not in self.addresses:
            known = ", ".join(sorted(self.addresses))
            raise ConfigError(f"resource 'twin:{role}'", expected=f"one of: {known}")
        return self.addresses[role]

    def clock(self) -> LinkedClock:
        """Return a clock that shares the twin's time."""
        host, _, port = self.address("clock").rpartition(":")
        return LinkedClock(host, int(port))

    def stop(self) -> None:
        """End the twin; stopping twice is harmless."""
        # It has nothing to put in order, so nobody waits for it to do so.
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._words):
            if stream is not None:
                stream.close()

    def _read_addresses(self) -> dict[str, str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            addresses: dict[str, str] = json.loads(line)
            return addresses
        status = self._process.wait(timeout=START_TIMEOUT_S)
        self._words.seek(0)
        words = self._words.read().decode(errors="replace").strip()
        if status == 3:
            raise ConfigError(words)
        raise TwinError(f"the twin did not start: {words.splitlines()[-1] if words else 'no word from it'}")

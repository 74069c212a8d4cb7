"""Other processes, and the end of one at any moment."""

import subprocess
import sys
from pathlib import Path

from rig.records.store import Store

APPEND = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from rig.records.store import Store

runs, run_id, entries = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with Store(runs) as store:
    for number in range(entries):
        event = store.append(run_id, "note", {"number": number}, datetime.now(UTC))
        print(event.seq, event.hash, flush=True)
"""


def start_appending(runs: Path, run_id: str, entries: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPEND, str(runs), run_id, str(entries)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_append_to_one_chain(tmp_path: Path) -> None:
    runs = tmp_path / "runs"  # neither finds a store: they also race to make it
    processes = [start_appending(runs, f"run-{name}", 150) for name in "ab"]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    with Store(runs, create=False) as store:
        assert store.verify() is None
        assert store.head()[0] == 300
        for name, output in zip("ab", outputs, strict=True):
            events = store.events(f"run-{name}")
            assert [event.body["number"] for event in events] == list(range(150))
            assert "".join(f"{event.seq} {event.hash}\n" for event in events) == output


def test_what_was_said_to_be_kept_is_kept_when_the_process_is_killed(tmp_path: Path) -> None:
    process = start_appending(tmp_path, "run-1", 1_000_000)
    assert process.stdout is not None
    promised = [process.stdout.readline() for _ in range(40)]
    process.kill()
    promised += [
        line for line in process.communicate(timeout=60)[0].splitlines(keepends=True) if "\n" in line
    ]
    with Store(tmp_path) as store:
        kept = [f"{event.seq} {event.hash}\n" for event in store.events("run-1")]
        assert kept[: len(promised)] == promised
        assert len(kept) - len(promised) <= 1
        assert store.verify() is None

"""The interface against its own description: what schemathesis thinks of sending is answered as described.

No run can begin here: the panel has no lane, so every order, however sound, is for one that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.core import NOT_SET

from rig.panel.settings import PanelSettings
from rig.records.run import wall_utc
from tests.support.bulk_records import BulkRecord
from tests.support.made_runs import MadeResult, MadeRun, make
from tests.support.panel import Line, make_line, serving_app

EXAMPLES = 60
RESULTS = [MadeResult("extension.as_left", 0.251), MadeResult("rate.as_left", 5001.0, accepted=False)]

# Besides what schemathesis allows a sound request: 422, since the rig refuses the serial number of a pen that
# is not made here, however well it is written.
CONFIG: dict[str, Any] = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422", "5xx"]}
    },
}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return make_line(tmp_path_factory.mktemp("line") / "runs")


@pytest.fixture(scope="module")
def run_id(line: Line) -> str:
    with BulkRecord(line.runs) as record:
        return make(record, [MadeRun(wall_utc(), "FAIL", RESULTS, faults=["it slipped"])])[0]


@pytest.fixture(scope="module")
def described(line: Line, run_id: str) -> Iterator[BaseSchema]:
    config = schemathesis.Config.from_dict(CONFIG)
    headers = {"Authorization": f"Bearer {line.token}"}
    with serving_app(PanelSettings(line.runs, lanes=())) as address:
        place = f"{address}/api/openapi.json"
        yield schemathesis.openapi.from_url(place, config=config, headers=headers)


@pytest.fixture(autouse=True)
def _nothing_begins(line: Line) -> Iterator[None]:
    yield
    assert not (line.runs / ".live" / "starts").exists()


OPERATIONS = (
    ("POST", "/api/runs"),
    ("GET", "/api/runs"),
    ("GET", "/api/runs/{run_id}"),
    ("POST", "/api/runs/{run_id}/stop"),
    ("GET", "/api/runs/{run_id}/prompts"),
    ("POST", "/api/runs/{run_id}/prompts/{number}"),
)


def test_the_description_is_of_every_operation(described: BaseSchema) -> None:
    told = [found.ok() for found in described.get_all_operations()]
    assert sorted((one.method.upper(), one.path) for one in told) == sorted(OPERATIONS)
    assert described.raw_schema["components"]["securitySchemes"] == {
        "HTTPBearer": {"type": "http", "scheme": "bearer", "description": ANY}
    }


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_sent_is_answered_as_described(
    line: Line, described: BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    def check(case: Case) -> None:
        assume(all(_is_carried(value) for value in (case.query or {}).values()))
        case.call_and_validate(headers={"Authorization": f"Bearer {line.token}"})

    check()


def _is_carried(value: Any) -> bool:
    """Say whether a value leaves anything of itself in a URL; what is wrong with it is not sent otherwise."""
    parts = value if isinstance(value, (list, tuple, dict)) else [value]
    return any(part is not None for part in parts)


@pytest.mark.parametrize(("method", "path"), [one for one in OPERATIONS if "run_id" in one[1]])
def test_a_run_that_is_there_is_told_as_described(
    line: Line, described: BaseSchema, run_id: str, method: str, path: str
) -> None:
    case = described[path][method].Case(
        path_parameters={"run_id": run_id, "number": 1},
        body={"answer": "yes"} if "number" in path else NOT_SET,
    )
    answer = case.call_and_validate(headers={"Authorization": f"Bearer {line.token}"})
    assert answer.status_code == (404 if "number" in path else 200)

"""Configuration that is wrong is refused with file, key, value and expectation."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from rig.config import Section, apply_override, check_model, find_file, load_model, read_toml
from rig.errors import ConfigError, RefusedToStart


class Motor(Section):
    rate: Annotated[float, Field(gt=0)] = 1.0
    turns: int = 3
    name: str = "m"


class Range(Section):
    low: float = 0.0
    high: float = 1.0
    note: dict[str, str] = Field({})

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low not above high")
        return self


class Machine(Section):
    title: str
    motor: Motor = Motor()
    range: Range = Range()


def written(folder: Path, text: str) -> Path:
    path = folder / "machine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{file}: title: missing"),
        ("title='a'\nspeed=3", "{file}: speed: unknown key (value 3), expected no such key"),
        ("title='a'\nmotor.rate=-1", "{file}: motor.rate: got -1, expected greater than 0"),
        ("title='a'\nmotor.rate=nan", "{file}: motor.rate: got nan, expected a finite number"),
        ("title='a'\nmotor.rate=inf", "{file}: motor.rate: got inf, expected a finite number"),
        ("title='a'\nmotor.name=7", "{file}: motor.name: got 7, expected a valid string"),
        ("title='a'\nmotor=7", "{file}: motor: got 7, expected a valid dictionary or instance of Motor"),
        (
            "title='a'\nrange={low=3, high=2, note={a='b'}}",
            "{file}: range: got {{'high': 2, 'low': 3, 'note': {{...}}}}, expected low not above high",
        ),
    ],
)
def test_messages_name_file_key_value_and_expectation(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_model(Machine, path)
    assert str(caught.value) == message.format(file=path)


def test_every_problem_has_its_line() -> None:
    with pytest.raises(ConfigError) as caught:
        check_model(Machine, {"motor": {"rate": 0, "turns": "many"}, "x": 1}, source="here")
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["title", "motor.rate", "motor.turns", "x"]
    assert all(line.startswith("here: ") for line in lines)


def test_a_good_file_with_extra_keys_and_overrides_on_top(tmp_path: Path) -> None:
    path = written(tmp_path, "title = 'a'\n[motor]\nrate = 2\n")
    machine = load_model(Machine, path, overrides=["motor.turns=5"], title="b")
    assert machine == Machine(title="b", motor=Motor(rate=2.0, turns=5))


def test_values_do_not_change_after_loading() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(Machine(title="a"), "title", "b")  # noqa: B010 - an assignment would not pass the type check


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: no such file. Check the name"):
        read_toml(tmp_path / "missing.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_toml(tmp_path)
    path = tmp_path / "latin.toml"
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(ConfigError, match=r"latin\.toml: cannot be read"):
        read_toml(path)
    with pytest.raises(ConfigError, match=r"machine\.toml: not TOML: .*line 2"):
        read_toml(written(tmp_path, "title = 'a'\ntitle = 'b'\n"))


def test_a_wrong_file_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(RefusedToStart):
        load_model(Machine, tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("override", "data"),
    [
        ("a=1", {"a": 1}),
        ("a.b = 1.5", {"a": {"b": 1.5}}),
        (" a . b =[1, 2]", {"a": {"b": [1, 2]}}),
        ("a=true", {"a": True}),
        ("a=", {"a": ""}),
        ("a=NP000001", {"a": "NP000001"}),
        ("a='000001'", {"a": "000001"}),
        ("a=x=y", {"a": "x=y"}),
        ("a=1\nb=2", {"a": "1\nb=2"}),
    ],
)
def test_overrides(override: str, data: dict[str, Any]) -> None:
    changed: dict[str, Any] = {}
    apply_override(changed, override)
    assert changed == data


def test_an_override_keeps_its_neighbours() -> None:
    data: dict[str, Any] = {"motor": {"rate": 1, "turns": 2}}
    apply_override(data, "motor.rate=9")
    assert data == {"motor": {"rate": 9, "turns": 2}}


@pytest.mark.parametrize("override", ["", "a", "=1", ".=1", "a.=1", "a..b=1", " =1"])
def test_overrides_of_another_form_are_refused(override: str) -> None:
    with pytest.raises(ConfigError, match=r"--set .* expected key=value, such as"):
        apply_override({}, override)


def test_an_override_through_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--set 'a.b=1': a is a value, expected a table"):
        apply_override({"a": 3}, "a.b=1")


names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
values = st.one_of(
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans().map(lambda flag: str(flag).lower()),
)


@given(path=st.lists(names, min_size=1, max_size=4), value=values)
def test_what_is_set_is_what_is_found(path: list[str], value: Any) -> None:
    data: dict[str, Any] = {}
    apply_override(data, f"{'.'.join(path)}={value}")
    found: Any = data
    for name in path:
        assert list(found) == [name]
        found = found[name]
    assert found == ({"true": True, "false": False}.get(value, value) if isinstance(value, str) else value)


@given(override=st.text(max_size=40))
def test_any_text_is_taken_or_refused(override: str) -> None:
    data: dict[str, Any] = {}
    with suppress(ConfigError):
        apply_override(data, override)
        assert len(data) == 1


def test_files_are_found_by_name_or_path(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    assert find_file("machine", tmp_path, kind="machine") == path
    assert find_file("other/machine.toml", tmp_path, kind="machine") == Path("other/machine.toml")
    with pytest.raises(ConfigError, match=r"unknown machine 'mill', expected one of: machine, or the path"):
        find_file("mill", tmp_path, kind="machine")

"""Zaber's own client library takes the emulator for one of theirs, over TCP and over a serial line.

Runs on the wall clock: that client polls in real time. It is kept from looking for its device data
base, on disk and on the net; moves in native units need none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.twin.emulators.stage_zaber import ZaberEmulator
from tests.support.serving import serving_one

zaber_motion = pytest.importorskip("zaber_motion")
from zaber_motion import Library  # noqa: E402
from zaber_motion.ascii import (  # noqa: E402
    Connection,
    IoPortType,
    TriggerAction,
    TriggerCondition,
    TriggerOperation,
)

MM = 20997.375  # microsteps
POLLING_MS = 5


@pytest.fixture(scope="module", autouse=True)
def _library(tmp_path_factory: pytest.TempPathFactory) -> None:
    store: Path = tmp_path_factory.mktemp("zaber-device-db")
    Library.enable_device_db_store(str(store))
    Library.set_device_db_source(zaber_motion.DeviceDbSourceType.WEB_SERVICE, "http://127.0.0.1:9/none")
    Library.set_idle_polling_period(POLLING_MS)


@pytest.fixture(params=["tcp", "pty"])
def connection(request: pytest.FixtureRequest) -> Iterator[Any]:
    with serving_one(ZaberEmulator, request.param, virtual=False) as address:
        if request.param == "tcp":
            host, _, port = address.partition(":")
            opened = Connection.open_tcp(host, int(port))
        else:
            opened = Connection.open_serial_port(address)
        with opened:
            yield opened


def test_home_move_read_stop(connection: Any) -> None:
    axis = connection.get_device(1).get_axis(1)
    assert not axis.is_homed()
    axis.home()
    assert axis.is_homed()
    assert axis.get_position() == 0

    axis.move_absolute(5 * round(MM))
    axis.move_relative(-round(MM))
    assert axis.get_position() == 4 * round(MM)
    assert axis.warnings.get_flags() == set()

    axis.move_velocity(round(2 * MM * 1.6384))
    assert axis.is_busy()
    axis.stop()
    assert not axis.is_busy()
    assert axis.get_position() > 4 * round(MM)


def test_settings_and_refusals(connection: Any) -> None:
    device = connection.get_device(1)
    assert device.settings.get("system.serial") == 88123
    axis = device.get_axis(1)
    axis.settings.set("limit.max", 50000)
    assert axis.settings.get("limit.max") == 50000
    with pytest.raises(zaber_motion.BadDataException):
        axis.move_absolute(60000)
    with pytest.raises(zaber_motion.BadCommandException):
        device.generic_command("dance")


def test_checksums_both_ways(connection: Any) -> None:
    device = connection.get_device(1)
    device.settings.set("comm.checksum", 1)
    assert device.generic_command("tools echo hello world").data == "hello world"


def test_the_rest_of_the_device(connection: Any) -> None:
    device = connection.get_device(1)
    assert device.io.get_channels_info().number_digital_outputs == 4
    device.io.set_digital_output(2, zaber_motion.ascii.DigitalOutputAction.ON)
    assert device.io.get_all_digital_outputs() == [False, True, False, False]
    lines = device.generic_command_multi_response("help")
    assert {"home", "move"} <= {line.data for line in lines[1:]}


def test_a_trigger_on_an_input(connection: Any) -> None:
    triggers = connection.get_device(1).triggers
    assert (triggers.get_number_of_triggers(), triggers.get_number_of_actions()) == (6, 2)
    trigger = triggers.get_trigger(1)
    trigger.fire_when_io(IoPortType.DIGITAL_INPUT, 1, TriggerCondition.EQ, 0)
    trigger.on_fire(TriggerAction.A, 1, "stop")
    trigger.on_fire_set(TriggerAction.B, 1, "maxspeed", TriggerOperation.SET_TO, 1000)
    trigger.enable()
    triggers.get_trigger(2).fire_when_setting(1, "pos", TriggerCondition.GT, 5000)
    triggers.get_trigger(2).enable(3)
    assert [state.enabled for state in triggers.get_enabled_states()] == [True, True, *[False] * 4]
    state = trigger.get_state()
    assert state.condition == "when io di 1 == 0"
    assert state.actions == ["action a 1 stop", "action b 1 maxspeed = 1000"]
    trigger.clear_action()
    trigger.disable()
    assert not trigger.get_enabled_state().enabled


def test_detection_and_alerts(connection: Any) -> None:
    devices = connection.detect_devices(identify_devices=False)
    assert [device.device_address for device in devices] == [1]
    connection.enable_alerts()
    heard: list[Any] = []
    connection.alert.subscribe(heard.append)
    axis = devices[0].get_axis(2)
    axis.move_absolute(1000)
    deadline = time.monotonic() + 5.0
    while not heard and time.monotonic() < deadline:
        axis.get_position()
    assert [(alert.axis_number, alert.status) for alert in heard] == [(2, "IDLE")]

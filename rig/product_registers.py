"""The section of a product file that says how the pen's Modbus registers are laid out."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rig.config import Section

Positive = Annotated[float, Field(gt=0)]


class Register(Section):
    """One value in the pen's holding registers."""

    address: Annotated[int, Field(ge=0, le=0xFFFF)]
    type: Literal["u16", "i16", "u32", "text", "block"] = "u16"
    words: Annotated[int, Field(ge=1, le=2000)] = 1
    scale: Positive = Field(1.0, description="value = raw × scale")

    @property
    def width(self) -> int:
        """Number of 16-bit registers."""
        return 2 if self.type == "u32" else self.words


# What every pen must offer, by name. The names carry the unit of the value after scaling.
REGISTER_NAMES = (
    "map_id", "model", "serial", "firmware", "state", "error_flags", "echo",
    "set_depth_um", "set_rate_per_min", "run", "park", "motor_speed_per_min", "motor_current_ma",
    "battery_mv", "battery_percent", "temperature_centi_c", "tip_present", "tip_lot", "tip_use_count",
    "depth_limit_um", "service_unlock", "shadow_bank", "active_bank", "commit", "commit_result",
    "active_crc", "active_generation", "restart",
)  # fmt: skip


class Modbus(Section):
    """How the pen's registers are laid out."""

    device_id: Annotated[int, Field(ge=1, le=247)] = 1
    map_id: Annotated[int, Field(ge=1, le=0xFFFF)] = Field(
        description="constant the pen answers at register map_id"
    )
    word_order: Literal["big", "little"] = Field(description="order of the words of a u32")
    registers: dict[str, Register]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in REGISTER_NAMES if name not in self.registers]
        unknown = [name for name in self.registers if name not in REGISTER_NAMES]
        if missing or unknown:
            raise ValueError(f"every register once; missing: {missing}, unknown: {unknown}")
        taken: dict[int, str] = {}
        for name, register in self.registers.items():
            for address in range(register.address, register.address + register.width):
                if address in taken:
                    raise ValueError(f"registers apart; {name} and {taken[address]} share {address}")
                taken[address] = name
        return self

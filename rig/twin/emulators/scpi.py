"""A SCPI instrument from tables: commands with handlers, settings with kinds, and the common commands.

An emulator derives from :class:`ScpiDevice`, lists its settings and commands, and fills in a few hooks.
Line feeds end messages. After a grammar error the rest of a message is discarded, after an execution
error the next unit is carried out; answers given before an error are sent. A socket delivers messages
one after the other and sends every answer at once, so -410 and -420 do not arise by themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from rig.twin.emulators.scpi_command import Call, Command, Setting
from rig.twin.emulators.scpi_status import OPERATION_COMPLETE, Status
from rig.twin.emulators.scpi_syntax import Header, ScpiError, Unit, cut, is_command_error, read_unit
from rig.twin.emulators.scpi_values import Kind, Number, Value, matches_word
from rig.twin.wire import Line


class ScpiDevice:
    """Takes messages, keeps settings and status, and calls handlers.

    Args:
        identity: the answer to ``*IDN?``.
        settings: what is only remembered and told; :meth:`accept` hears of each.
        commands: what does something; a command goes before a setting of the same header.

    Attributes:
        values: present settings by short header without suffix 1, such as ``INP2:COUP``.
        status: error queue and registers.
    """

    def __init__(self, identity: str, settings: Sequence[Setting], commands: Sequence[Command]) -> None:
        self._identity = identity
        self._kinds: dict[str, Kind] = {}
        self._kept: set[str] = set()
        for setting in settings:
            self._add_setting(setting)
        self.values: dict[str, Value] = {key: kind.default for key, kind in self._kinds.items()}
        self.status = Status()
        own = [*commands, *self._common_commands(), *(self._setting_command(s) for s in settings)]
        self._commands = [(Header(command.pattern), command) for command in own]
        self._found: dict[tuple[str, bool], tuple[Command, tuple[int, ...]]] = {}
        self._completion_wanted = False
        self._answers: list[bytes] = []

    # What an instrument fills in.

    @property
    def busy(self) -> bool:
        """Whether an operation started earlier still runs."""
        return False

    async def refresh(self) -> None:
        """Bring what runs in the background up to the present moment; called before every unit."""

    async def finish(self) -> None:
        """Wait until no operation runs."""

    def accept(self, key: str, value: Value) -> None:
        """Hear of a setting about to be written; raise :class:`ScpiError` to refuse it."""

    def reset(self) -> None:
        """Do what ``*RST`` does beyond putting the settings to their defaults."""

    def trigger(self) -> None:
        """Do what ``*TRG`` does."""
        raise ScpiError(-211)

    # The wire.

    def split(self, buffer: bytearray) -> list[bytes]:
        """Cut messages at line feeds."""
        *messages, rest = bytes(buffer).split(b"\n")
        buffer[:] = rest
        return messages

    async def answer(self, message: bytes, line: Line | None = None) -> bytes | None:
        """Carry out one message; return the answers joined by ``;``, or None when there are none."""
        self._answers = []
        try:
            await self._run(message)
        except ScpiError as error:
            self.status.error(error.number)
        return b";".join(self._answers) + b"\n" if self._answers else None

    async def _run(self, message: bytes) -> None:
        if not message.isascii():
            raise ScpiError(-101)
        path = ""
        for text in filter(None, cut(message.decode("ascii"), ";")):
            unit, path = read_unit(text, path)
            await self.refresh()
            self._note_completion()
            try:
                await self._carry_out(unit)
            except ScpiError as error:
                if is_command_error(error.number):
                    raise
                self.status.error(error.number)

    async def _carry_out(self, unit: Unit) -> None:
        command, suffixes = self._find(unit)
        handler = command.ask if unit.is_query else command.act
        least, most = command.ask_parameters if unit.is_query else command.parameters
        if not least <= len(unit.arguments) <= most:
            raise ScpiError(-109 if len(unit.arguments) < least else -108)
        assert handler is not None, "promised by _find"
        self.status.message_available = bool(self._answers)
        result = handler(Call(suffixes, unit.arguments))
        answer = await result if inspect.isawaitable(result) else result
        if answer is not None:
            self._answers.append(answer.encode("ascii") if isinstance(answer, str) else answer)

    def _find(self, unit: Unit) -> tuple[Command, tuple[int, ...]]:
        sought = (unit.header, unit.is_query)
        if sought not in self._found:
            self._found[sought] = self._search(unit)
        return self._found[sought]

    def _search(self, unit: Unit) -> tuple[Command, tuple[int, ...]]:
        for header, command in self._commands:
            if (command.ask if unit.is_query else command.act) is None:
                continue
            suffixes = header.match(unit.header)
            if suffixes is not None:
                return command, suffixes
        raise ScpiError(-113)

    # Settings.

    def put_defaults(self) -> None:
        """Put every setting to its default, but for the non-volatile ones."""
        self.values |= {key: kind.default for key, kind in self._kinds.items() if key not in self._kept}

    def learn(self) -> str:
        """Return the settings as one message that would restore them."""
        volatile = ((key, kind) for key, kind in self._kinds.items() if key not in self._kept)
        return ";".join(f":{key} {kind.write(self.values[key])}" for key, kind in volatile)

    def _add_setting(self, setting: Setting) -> None:
        header = Header(setting.pattern)
        keys = [header.key(suffixes) for suffixes in header.all_suffixes()]
        self._kinds |= dict.fromkeys(keys, setting.kind)
        if setting.kept:
            self._kept.update(keys)

    def _setting_command(self, setting: Setting) -> Command:
        header, kind = Header(setting.pattern), setting.kind

        def act(call: Call) -> None:
            key = header.key(call.suffixes)
            value = kind.read(call.arguments[0])
            self.accept(key, value)
            self.values[key] = value

        def ask(call: Call) -> str:
            if not call.arguments:
                return kind.write(self.values[header.key(call.suffixes)])
            if not isinstance(kind, Number):
                raise ScpiError(-108)
            if not any(matches_word(call.arguments[0], w) for w in ("MINimum", "MAXimum", "DEFault")):
                raise ScpiError(-224)
            return kind.write(kind.read(call.arguments[0]))

        return Command(setting.pattern, act, ask, (1, 1), (0, 1))

    # What every instrument has.

    def _common_commands(self) -> list[Command]:
        return [
            *self.status.commands(),
            Command("*IDN", ask=lambda call: self._identity),
            Command("*LRN", ask=lambda call: self.learn()),
            Command("*OPC", self._want_completion, self._confirm_completion),
            Command("*RST", self._reset),
            Command("*TRG", lambda call: self.trigger()),
            Command("*TST", ask=lambda call: "+0"),
            Command("*WAI", lambda call: self.finish()),
            Command("SYSTem:PRESet", self._reset),
            Command("SYSTem:VERSion", ask=lambda call: "1999.0"),
        ]

    def _reset(self, call: Call) -> None:
        self._completion_wanted = False
        self.put_defaults()
        self.reset()

    def _want_completion(self, call: Call) -> None:
        self._completion_wanted = True
        self._note_completion()

    async def _confirm_completion(self, call: Call) -> str:
        await self.finish()
        return "1"

    def _note_completion(self) -> None:
        if self._completion_wanted and not self.busy:
            self._completion_wanted = False
            self.status.note(OPERATION_COMPLETE)

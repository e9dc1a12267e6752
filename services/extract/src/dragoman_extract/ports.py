"""The ports of extract to the outside: a reader that knows the document's format, and a place where
commands run. Those of scripts and tasks are in `task_ports`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from dragoman_contracts.commands import LeftOutFile
from dragoman_contracts.text import Unit


class UnitExtractor(Protocol):
    """Takes the units out of a document. Pure and CPU-bound:
    the handler runs it beside the event loop.
    """

    def extract(self, data: bytes, options: Mapping[str, JsonValue]) -> tuple[Unit, ...]:
        """The document's units in document order, one segment each.

        Raises:
            PermanentError: the document cannot be read; the message names the cure.
        """
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A command to be run: its argv of templates, the values of their placeholders but for those
    that only the place knows (`input`, `output_dir`), and the document with its file's suffix.
    """

    template: Sequence[str]
    values: Mapping[str, str]
    document: bytes
    suffix: str
    timeout_s: int


@dataclass(frozen=True, slots=True)
class CommandNews:
    """How far a command has come: how many of its items are done, as it says, and the end of its
    log so far.
    """

    done_count: int = 0
    item_count: int = 0
    log_tail: str = ""


class Ending(StrEnum):
    """How a command ended."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    NOT_FOUND = "not_found"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that a command left: its path in the output folder, its name as an artifact, its media
    type, and where its bytes can be read for now.
    """

    path: str
    name: str
    media_type: str
    place: Path


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """The end of a command. `signal` is the number of the signal that ended it, 0 for none;
    `reason` is why it could not be started; `log` is cut in its middle where `is_truncated`.
    """

    ending: Ending
    exit_code: int | None
    signal: int
    reason: str
    log: str
    is_truncated: bool
    find_files: Callable[[], tuple[tuple[OutputFile, ...], tuple[LeftOutFile, ...]]]

    @property
    def is_well(self) -> bool:
        """Whether the command ended by itself, with exit status 0."""
        return self.ending is Ending.EXITED and self.exit_code == 0 and not self.signal


class CommandRunner(Protocol):
    """A place where commands run, one beside another, each in a folder of its own."""

    def run(
        self, command: Command, heard: Callable[[CommandNews], None]
    ) -> AbstractAsyncContextManager[CommandEnd]:
        """The command's end; its files can be read in the block, after which they are gone.

        `heard` is called with news while the command runs. To break off is to end the command: all
        that it started is gone when the cancellation comes out.

        Raises:
            ProcessLostError: the process that ran it was killed; it may run again.
            PermanentError: `command.folder_unsafe`, commands cannot run where the settings say.
        """
        ...

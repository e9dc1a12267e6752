"""How a command ends by an error: the one place that turns whatever was raised into a line.

An error that can be foreseen is one line on stderr that names the cure, or with `--json` a problem
on stdout as well, and a status of 2. Only bugs show their stack. Errors of work that ran beside
other work come wrapped in groups: the first foreseen one inside speaks for all.
"""

from __future__ import annotations

import asyncio
import errno
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NoReturn, Protocol, cast

import typer
import typer.core
from rich.console import Console
from typing_extensions import override

from dragoman_contracts.errors import DragomanError, PermanentError
from dragoman_standalone.lock import damaged
from dragoman_standalone.outcome import ExitCode

_JSON = "dragoman.json"
_NAME = "dragoman.command"
_QUITTING = (typer.Exit, typer.Abort)
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class UsageRefusedError(PermanentError):
    """The command was used wrongly, or cannot begin; the message says what to do instead."""

    default_code = "usage.refused"


class _Told(Protocol):
    """A usage error of the parser: it knows its own text and status."""

    exit_code: int

    def format_message(self) -> str: ...


class Commands(typer.core.TyperGroup):
    """The commands of `dragoman`, none of which ends with a stack where the error is foreseen."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remember the command, and whether its answer is for a program."""
        ctx.meta[_JSON] = "--json" in args
        ctx.meta[_NAME] = next((each for each in args if not each.startswith("-")), "")
        return super().parse_args(ctx, args)

    @override
    def invoke(self, ctx: Any) -> Any:
        """Run the command. Its errors become lines here."""
        as_json = bool(ctx.meta[_JSON])
        try:
            return super().invoke(ctx)
        except _QUITTING:
            raise
        except (KeyboardInterrupt, asyncio.CancelledError):
            _interrupted(ctx.meta[_NAME])
        except BrokenPipeError:  # whoever read has enough
            with suppress(OSError):
                sys.stdout.close()
            raise typer.Exit(ExitCode.DONE) from None
        except Exception as error:
            if as_json and hasattr(error, "format_message"):
                told: _Told = error  # pyright: ignore[reportAssignmentType] - the parser's own
                print_problem("usage.refused", told.format_message(), told.exit_code)
            found = foreseen(error)
            if found is None:
                raise
            _end_with(found, as_json=as_json)


def _end_with(error: DragomanError, *, as_json: bool) -> NoReturn:
    """Say the error in a line. Nothing was begun, unless the error names another status."""
    status: ExitCode = getattr(error, "exit_status", ExitCode.USAGE)
    Console(stderr=True).print(
        error.message, style="red", highlight=False, markup=False, soft_wrap=True
    )
    if as_json:
        print_problem(error.code, error.message, status)
    raise typer.Exit(status)


def foreseen(error: BaseException) -> DragomanError | None:
    """The error as a person is told it; None where nobody foresaw it, which makes it a bug."""
    found = [_in_words(each) for each in _leaves(error)]
    if any(each is None for each in found):
        return None
    return next((each for each in found if each is not None), None)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group and the groups in it; tasks that were only ended with it left out."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        for each in group.exceptions:
            yield from _leaves(each)
    elif not isinstance(error, asyncio.CancelledError):
        yield error


def _in_words(error: BaseException) -> DragomanError | None:
    match error:
        case DragomanError():
            return error
        case sqlite3.Error():
            return unusable_database("catalog.db", error)
        case OSError():
            return _of_system(error)
        case _ if type(error).__module__.startswith("eventsourcing."):
            return unusable_database("events.db", error.__cause__ or error)
        case _:
            return _of_sqlalchemy(error)


def _of_sqlalchemy(error: BaseException) -> DragomanError | None:
    """An error of the catalogue's database; None where it is no such error."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import DBAPIError  # takes its time

    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return unusable_database("catalog.db", error.orig)
    return PermanentError(
        f"The database refused: {error.orig}. Look at DRAGOMAN_DATABASE_URL.",
        code="database.refused",
    )


def unusable_database(name: str, error: BaseException) -> DragomanError:
    """The line for a database of the state folder that cannot be used, from what SQLite says."""
    said = str(error)
    low = said.lower()
    code = "state.unwritable"
    if "locked" in low:
        code, cure = "state.locked", "Another process holds it: wait for it, or stop it"
    elif "readonly" in low or "read-only" in low or "unable to open" in low:
        cure = "Get the right to write into the state folder, or choose another with --state"
    elif "full" in low or "disk i/o" in low:
        cure = "Make room on the disk, and begin again"
    else:
        return damaged(name)
    return PermanentError(f"{name} of the state folder cannot be used: {said}. {cure}.", code=code)


def _of_system(error: OSError) -> DragomanError | None:
    if error.errno is None:
        return None
    named = f"{error.filename} cannot be used" if error.filename else "The machine refused"
    why = error.strerror or type(error).__name__
    if error.errno in _NO_RIGHT:
        cure = "Give this user the right to write there, or choose another folder"
    elif error.errno in _FULL:
        cure = "Make room on the disk, and begin again"
    else:
        cure = "Check the path, disk space and rights"
    return UsageRefusedError(f"{named}: {why}. {cure}.", code="usage.system")


def tell_interrupted(command: str = "translate") -> None:
    """Say that the command was interrupted, and what goes on with a translation."""
    more = (
        " What is done is kept; --resume goes on with the rest." if command == "translate" else ""
    )
    Console(stderr=True).print(f"Interrupted.{more}")


def _interrupted(command: str) -> NoReturn:
    tell_interrupted(command)
    raise typer.Exit(ExitCode.INTERRUPTED)


def print_problem(code: str, message: str, status: int) -> None:
    """Write a problem to stdout, as `--json` promises it: code, sentence and exit status."""
    problem = {"code": code, "detail": message, "exit_code": int(status)}
    sys.stdout.write(json.dumps(problem, ensure_ascii=False, indent=2) + "\n")

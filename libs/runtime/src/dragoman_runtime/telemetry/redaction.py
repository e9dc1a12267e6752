"""Keeps log lines to ids, codes, counts and hashes: never text, file names,
addresses or secrets.
"""

from __future__ import annotations

import re
from collections.abc import Sized
from contextlib import suppress
from datetime import datetime
from enum import Enum
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import cast
from uuid import UUID

from dragoman_contracts.errors import DragomanError

_TELLING = frozenset(
    {
        "api_key",
        "address",
        "author",
        "authorization",
        "comment",
        "content",
        "display_name",
        "email",
        "name",
        "note",
    }
    | {
        "file",
        "file_name",
        "filename",
        "path",
        "title",
        "url",
        "user_name",
        "password",
        "secret",
        "token",
        "query",
    }
    | {"prompt", "reply", "segment", "source", "target", "text"}
)
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{1,40}|[0-9a-f-]{1,128}")
_FILE = re.compile(
    r".*\.(docx?|xlsx?|pptx?|odt|pdf|txt|html?|xml|zip|zim|tmx|xliff?|csv|json)", re.IGNORECASE
)
_LONGEST_MESSAGE = 300
_FRAMES = 12


def permitted(key: str, value: object) -> object:
    """The value as it may be logged under this key: itself, its plain form, or a mark of its kind
    and length.

    Numbers, ids, hashes, dates and short words without space pass, unless the key is one of those
    that name text, files or secrets. Other strings are replaced by their length, containers by
    their size, all else by its type.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case UUID() | datetime():
            return str(value)
        case Enum():
            return permitted(key, value.value)
        case str() if key not in _TELLING and _WORD.fullmatch(value) and not _FILE.fullmatch(value):
            return value
        case str() | bytes():
            return f"[{len(value)} characters]"
        case Sized():
            return f"[{len(value)} items]"
        case _:
            return f"[{type(value).__name__}]"


def described_error(error: BaseException) -> dict[str, str]:
    """An error without its message, which may quote a document: its type, and where it came from.

    The messages of our own tree are kept: they never hold text.
    """
    described = {"error_type": type(error).__qualname__, "error_at": _frames(error.__traceback__)}
    if isinstance(error, DragomanError):
        described |= {"error_code": error.code, "error_message": error.message}
    if error.__cause__ is not None:
        described["error_cause"] = type(error.__cause__).__qualname__
    return described


def library_message(template: str, arguments: object) -> str:
    """The message of a library, with those of its arguments filled in that may be shown."""
    if isinstance(arguments, tuple) and arguments:
        shown = tuple(permitted("", argument) for argument in cast(tuple[object, ...], arguments))
        with suppress(TypeError, ValueError):  # `%d` cannot format the mark of a replaced argument
            template = template % shown
    return template[:_LONGEST_MESSAGE]


def _frames(traceback: TracebackType | None) -> str:
    """The innermost frames first: module by its last two names, line, function."""
    frames = reversed(extract_tb(traceback)[-_FRAMES:])
    return " < ".join(
        f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
        for frame in frames
    )

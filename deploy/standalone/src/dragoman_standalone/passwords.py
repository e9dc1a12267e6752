"""The password of encrypted inputs: from a file, from the environment,
or asked for; never an argument.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import typer
from pydantic import SecretStr

from dragoman_standalone.inputs import Input, InputRefusedError

_MOST_BYTES = 4096
_HEAD_BYTES = 8


def password_for(
    inputs: Iterable[Input], file: Path | None, configured: SecretStr | None
) -> SecretStr | None:
    """The password of the run; None where none was given and nobody can be asked, or nothing is
    encrypted.

    Raises:
        InputRefusedError: the file of the password cannot be read, or holds none.
    """
    if file is not None:
        return password_in(file)
    if configured is not None or not sys.stdin.isatty():
        return configured
    locked = [each.name for each in inputs if _is_locked(each.path)]
    if not locked:
        return None
    more = f" and {len(locked) - 1} more" if len(locked) > 1 else ""
    return SecretStr(
        typer.prompt(
            f"Password of {locked[0]}{more}",
            hide_input=True,
            err=True,
            default="",
            show_default=False,
        )
    )


def password_in(file: Path) -> SecretStr:
    """The password in the first line of a file.

    Raises:
        InputRefusedError: it cannot be read, or holds none.
    """
    try:
        with file.open("rb") as opened:
            lines = opened.read(_MOST_BYTES).decode("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise InputRefusedError(
            f"{file} cannot be read as a file with a password in UTF-8."
        ) from error
    if not lines or not lines[0]:
        raise InputRefusedError(f"{file} holds no password in its first line.")
    return SecretStr(lines[0])


def _is_locked(path: Path) -> bool:
    # The document library is slow to import.
    from dragoman_documents import (
        OLE_SIGNATURE,
        is_encrypted,
    )

    try:
        with path.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
        return head.startswith(OLE_SIGNATURE) and is_encrypted(path.read_bytes())
    except OSError:
        return False  # it is said of the file when it is submitted

"""`dragoman preflight`: what documents hold, and what that means for their translation,
before a job begins.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue, SecretStr, TypeAdapter
from rich.console import Console

from dragoman_contracts.model import Value
from dragoman_standalone.inputs import documents_in
from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.passwords import password_in
from dragoman_standalone.printing import counted
from dragoman_standalone.translation_options import Inputs

if TYPE_CHECKING:
    from dragoman_documents import DocumentFacts

_UNREADABLE = "input.unreadable"
_STYLES = {"warning": "yellow", "blocker": "red"}
_COUNTS = (
    "units",
    "words",
    "characters",
    "paragraphs",
    "tables",
    "sections",
    "pictures",
    "comments",
)


class Looked(Value):
    """One file: its facts and the shares of the languages its text is in,
    or the code and message of its refusal.
    """

    file: str
    facts: Mapping[str, JsonValue] | None = None
    languages: Mapping[str, float] = {}
    code: str = ""
    message: str = ""


def preflight(
    inputs: Inputs,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", help="File with the password of encrypted inputs."),
    ] = None,
) -> None:
    """Say what documents hold, what that means for their translation, and what to do. Nothing is
    translated or kept.

    Exit status: 0 each can be translated, 2 one cannot be read, 3 one is blocked.
    """
    password = None if password_file is None else password_in(password_file)
    looked = [_look(path, name, password) for path, name in _files(inputs)]
    if as_json:
        sys.stdout.write(TypeAdapter(list[Looked]).dump_json(looked, indent=2).decode() + "\n")
    else:
        for each in looked:
            _print(each)
    codes = {each.code for each in looked}
    if _UNREADABLE in codes:
        raise typer.Exit(ExitCode.USAGE)
    raise typer.Exit(ExitCode.GATE if codes - {""} else ExitCode.DONE)


def _files(inputs: list[Path]) -> list[tuple[Path, str]]:
    """The files with their names: those that were named, there or not, and those in folders."""
    found: list[tuple[Path, str]] = []
    for path in inputs:
        found += [(path, path.name)] if not path.is_dir() else documents_in(path)
    return found


def _look(path: Path, name: str, password: SecretStr | None) -> Looked:
    from dragoman_documents import DocumentError, decrypted, inspect_and_read, is_encrypted
    from dragoman_linguistics import language_shares

    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        return Looked(file=name, code=_UNREADABLE, message=message)
    try:
        if password is not None and is_encrypted(data):
            data = decrypted(data, password.get_secret_value())
        facts, texts = inspect_and_read(data)
        shares = language_shares(texts)
    except DocumentError as refusal:
        return Looked(file=name, code=refusal.code, message=refusal.message)
    languages = {str(locale): share for locale, share in shares.items()}
    return Looked(file=name, facts=facts.model_dump(mode="json"), languages=languages)


def _print(looked: Looked) -> None:
    from dragoman_documents import DocumentFacts

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(looked.file, style="bold")
    if looked.facts is None:
        word = "unread" if looked.code == _UNREADABLE else "blocked"
        console.print(f"  {word:<8} {looked.message} ({looked.code})", style="red")
        return
    facts = DocumentFacts.model_validate(looked.facts)
    for line in _lines(facts, looked.languages):
        console.print(f"  {line}")
    for finding in facts.findings:
        severity = finding.severity.value
        console.print(
            f"  {severity:<8} {finding.message} ({finding.code})", style=_STYLES.get(severity, "")
        )


def _lines(facts: DocumentFacts, languages: Mapping[str, float]) -> list[str]:
    counts = ", ".join(counted(getattr(facts, name), name.removesuffix("s")) for name in _COUNTS)
    found = ", ".join(f"{name} {share:.0%}" for name, share in languages.items() if share >= 0.01)
    return [
        f"holds    {counts}; {facts.size_bytes:,} bytes",
        f"stories  {', '.join(f'{name} {count:,}' for name, count in facts.stories.items()) or 'none'}",
        f"is in    {found or 'no language that can be told'}; marked as {', '.join(facts.languages) or 'none'}",
        f"fonts    {', '.join(facts.fonts) or 'those of its theme'}",
    ]

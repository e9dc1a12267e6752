"""The command of a pipeline: an argv of templates, filled in without a shell. Pure.

A placeholder is a name in braces; a doubled brace is a brace. An argument is one word of the
command, whatever is filled into it:

    template    dragoman-parse   --input={input}          --output   {output_dir}
    rendered    dragoman-parse   --input=/tmp/a b/in.pdf  --output   /tmp/a b/out
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from dragoman_contracts.model import Value
from dragoman_contracts.references import NamedObject, ObjectRef

TEMPLATE_VARIABLES: dict[str, str] = {
    "input": "Path of the document, a file that the command may read.",
    "input_name": "Name of the document's file as it was uploaded, without folders.",
    "output_dir": "Empty folder of the job; files that the command writes there become its artifacts.",
    "s3_prefix": "Prefix that is this document's own, for a command that stores files elsewhere itself.",
    "file_hash": "SHA-256 of the document's bytes, in hexadecimal.",
    "document_id": "Id of the document.",
    "document_version": "Number of the document's version, from 1.",
    "project_code": "Code of the project.",
    "job_id": "Id of the job.",
    "vlm_url": "Base address of the linked model's provider; empty where no model is linked.",
    "model_name": "Name of the linked model at its provider; empty where no model is linked.",
}
"""The names a command may have in braces, with what is filled in for each."""

LOG_CHARACTERS = 262_144
"""The longest log of a command that is kept; of a longer one its beginning and its end are."""

LOG_MEDIA_TYPE = "text/plain; charset=utf-8"
"""The media type of a command's log."""

TRUNCATED_LOG_MEDIA_TYPE = f"{LOG_MEDIA_TYPE}; truncated=yes"
"""The media type of a log that lacks its middle, where a line says how much."""

_PLAIN = re.compile(r"[\w@%+=:,./{}•-]+")
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def _known(argument: str) -> str:
    for token in _TOKEN.finditer(argument):
        name = token.group(1)
        if name is None and token.group() in ("{", "}"):
            raise ValueError("A brace stands alone; write {{ or }} for a brace itself.")
        if name is not None and name not in TEMPLATE_VARIABLES:
            raise ValueError(
                f"There is no template variable {{{name}}}; there are {', '.join(TEMPLATE_VARIABLES)}."
            )
    return argument


Argument = Annotated[str, Field(max_length=4_000, pattern=r"^[^\x00]*$"), AfterValidator(_known)]
"""One word of a command, with placeholders."""


class LinkedModel(Value):
    """The model that a pipeline links to, as it was when the job was submitted; never a key."""

    model_id: UUID
    provider: str
    model_name: str
    category: str
    base_url: str


class CommandConfig(Value):
    """Config of `command`.

    `timeout_s` is the longest time the command may take. `model_id` is the linked model's id in the
    registry; `model` is what it was at submission, and `nonce` tells runs apart that must not use
    each other's outcome: the gateway fills both in.
    """

    command: Annotated[tuple[Argument, ...], Field(min_length=1, max_length=200)]
    timeout_s: Annotated[int, Field(ge=1, le=86_400)] = 1_800
    model_id: UUID | None = None
    model: LinkedModel | None = None
    nonce: Annotated[str, Field(max_length=80)] = ""


def placeholders(command: Iterable[str]) -> frozenset[str]:
    """The names in braces that a command has."""
    return frozenset(
        token.group(1)
        for argument in command
        for token in _TOKEN.finditer(argument)
        if token.group(1) is not None
    )


def rendered(command: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """The command with these values filled in; a placeholder without a value stays as it is."""

    def filled(token: re.Match[str]) -> str:
        name = token.group(1)
        return token.group()[:1] if name is None else values.get(name, token.group())

    return tuple(_TOKEN.sub(filled, argument) for argument in command)


def command_line(words: Iterable[str]) -> str:
    """The command as people write it, quoted as a shell quotes, but that braces stand as they are;
    `shlex.split` gives the words back.
    """
    return " ".join(word if _PLAIN.fullmatch(word) else shlex.quote(word) for word in words)


def values_of_model(model: LinkedModel | None) -> dict[str, str]:
    """The values of the placeholders that come from the linked model."""
    return {
        "vlm_url": model.base_url if model else "",
        "model_name": model.model_name if model else "",
    }


class LeftOutFile(Value):
    """A file in the output folder that became no artifact: its path there, and why."""

    path: str
    reason: str


class CommandFile(Value):
    """A file that a command wrote: its path in the output folder, and the name it has as an
    artifact, which differs where the path holds more than ASCII letters, digits and `._/-`.
    """

    path: str
    name: str
    object: ObjectRef


class CommandManifest(Value):
    """All that a command wrote into its output folder, by path."""

    files: tuple[CommandFile, ...]
    left_out: tuple[LeftOutFile, ...] = ()

    @property
    def artifacts(self) -> tuple[NamedObject, ...]:
        """The files as artifacts."""
        return tuple(NamedObject(name=each.name, object=each.object) for each in self.files)


def is_truncated(log: ObjectRef) -> bool:
    """Whether the log lacks its middle."""
    return log.media_type == TRUNCATED_LOG_MEDIA_TYPE

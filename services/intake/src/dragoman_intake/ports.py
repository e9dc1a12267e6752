"""What intake needs from outside: somebody who knows the document's format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue

from dragoman_contracts.model import Value
from dragoman_contracts.reports import PreflightFinding


class Inspection(Value):
    """What a look into a document gave. `texts` are its paragraphs, to tell the language by; empty when unreadable."""

    findings: tuple[PreflightFinding, ...]
    facts: dict[str, JsonValue]
    texts: tuple[str, ...]


class SourceInspector(Protocol):
    """Looks into a document without changing it. Pure and CPU-bound: the handler runs it beside the event loop."""

    def inspect(self, data: bytes, options: Mapping[str, JsonValue]) -> Inspection:
        """What was found, where the policy's `options` say what is translated.

        A file that cannot be read gives a finding of severity blocker, never an error.
        """
        ...

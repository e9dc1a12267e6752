"""The port of extract to the outside: a reader that knows the document's format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue

from dragoman_contracts.text import Unit


class UnitExtractor(Protocol):
    """Takes the units out of a document. Pure and CPU-bound: the handler runs it beside the event loop."""

    def extract(self, data: bytes, options: Mapping[str, JsonValue]) -> tuple[Unit, ...]:
        """The document's units in document order, one segment each.

        Raises:
            PermanentError: the document cannot be read; the message names the cure.
        """
        ...

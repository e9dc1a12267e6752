"""The port of reassemble to the outside: a writer that knows the document's format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.text import Content, Unit


class MergedDocument(Value):
    """A document with its targets in place,
    and the names of the parts that differ from the source.
    """

    data: bytes
    changed_parts: tuple[str, ...]


class DocumentMerger(Protocol):
    """Puts targets back into a document. Pure and CPU-bound:
    the handler runs it beside the event loop.
    """

    def units(self, data: bytes, options: Mapping[str, JsonValue]) -> tuple[Unit, ...]:
        """The document's units as they are read now.

        Raises:
            PermanentError: the document cannot be read.
        """
        ...

    def merge(
        self,
        data: bytes,
        targets: Mapping[str, Content],
        options: Mapping[str, JsonValue],
        target_locale: Locale,
    ) -> MergedDocument:
        """The source with each unit's target in its place; units without a target stay as they are.

        Raises:
            PermanentError: the targets do not belong to this document, it cannot be read, or more
                than text changed.
        """
        ...

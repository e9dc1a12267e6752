"""Ports of intake: an inspector that knows the document's format,
the objects that the catalogue holds, and
where it keeps how far people are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from dragoman_contracts.coverage import CoverageSnapshot
from dragoman_contracts.model import Value
from dragoman_contracts.reports import PreflightFinding


class Inspection(Value):
    """The result of a look into a document.

    `texts` are the document's paragraphs, to tell its language by; empty when it cannot be read.
    """

    findings: tuple[PreflightFinding, ...]
    facts: dict[str, JsonValue]
    texts: tuple[str, ...]


class SourceInspector(Protocol):
    """Looks into a document without changing it. Pure and CPU-bound:
    the handler runs it beside the event loop.
    """

    def inspect(self, data: bytes, options: Mapping[str, JsonValue]) -> Inspection:
        """The findings in the document, where the policy's `options` say which parts are
        translated.

        A file that cannot be read gives a finding of severity blocker, never an error.
        """
        ...


class ObjectRoots(Protocol):
    """Tells which objects are alive although no event points to them: prompts,
    rules and files that people edit.
    """

    async def object_roots(self) -> Sequence[tuple[UUID | None, str]]:
        """The digest of each such object, with the project whose store holds it; None where any
        project's may.

        Raises:
            RetryableError: they cannot be read now, so nothing may be swept.
        """
        ...


class CoverageSnapshots(Protocol):
    """Keeps how far people were with the translations of projects, day by day."""

    async def put(self, day: str, snapshots: Sequence[CoverageSnapshot]) -> None:
        """Put these in the place of all that are there of this day.

        Raises:
            RetryableError: the catalogue cannot be reached.
        """
        ...

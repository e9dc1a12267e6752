"""A part of a document's units, chosen the same way each time: for a trial of another engine.

UnitSample(count=20)      of 300 units always the same 20, spread over the document
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from dragoman_contracts.model import Value


class UnitSample(Value):
    """So many units of a document. Another `seed` chooses others."""

    count: Annotated[int, Field(ge=1, le=100_000)]
    seed: Annotated[str, Field(max_length=80)] = ""

    def of(self, unit_ids: Iterable[str]) -> frozenset[str]:
        """The ids that are chosen; all where there are no more than `count`."""
        ranked = sorted(unit_ids, key=self._rank)
        return frozenset(ranked[: self.count])

    def _rank(self, unit_id: str) -> str:
        return hashlib.sha256(f"{self.seed}\n{unit_id}".encode()).hexdigest()

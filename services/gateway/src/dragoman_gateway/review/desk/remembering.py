"""Findings that people dismissed for a whole project."""

from __future__ import annotations

from dragoman_catalog import Catalog
from dragoman_catalog.values import DismissedFinding
from dragoman_contracts.review import Dismissal
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_gateway.review.desk.desktop import Desktop
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_linguistics import dismissal_of
from dragoman_runtime.clock import Clock


class Remembering:
    """Remembers dismissals in the catalogue; jobs that are submitted later take them along."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def remember(
        self, desktop: Desktop, unit_id: str, dismissed: Dismissal, principal: Principal
    ) -> None:
        """Remember a dismissal for the texts that the unit has now."""
        row = desktop.row(unit_id)
        target = UnitTarget(
            unit_id=unit_id, target=row.target or (), result_source=ResultSource.REVIEW
        )
        found = dismissal_of(row.unit, target, dismissed.code, dismissed.reason)
        now = self._clock.now()
        entry = DismissedFinding(
            project_id=desktop.job.project_id,
            code=found.code,
            source_digest=found.source_digest,
            target_digest=found.target_digest,
            reason=found.reason,
            dismissed_by=principal.actor,
            dismissed_at=now,
        )
        await self._catalog.dismissals.add(entry, editor_of(principal), now)

"""Who has which unit open now: for people to see each other. It locks nothing; what keeps an edit
from being lost is the version that it names.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from dragoman_catalog import Catalog
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.review.schemas import Presence, Present
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock

_LIFE = timedelta(seconds=30)


class PresenceDesk:
    """Remembers for half a minute who is where."""

    def __init__(self, control: JobControl, catalog: Catalog, clock: Clock) -> None:
        self._control = control
        self._catalog = catalog
        self._clock = clock

    async def enter(self, job_id: UUID, principal: Principal, unit_id: str | None) -> Presence:
        """Say which unit the principal has open, None where none, and hear of the others.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
        """
        await self._control.find(job_id, principal)
        now = self._clock.now()
        others = await self._catalog.presence.enter(
            job_id, principal.actor, principal.display_name, unit_id, now, now - _LIFE
        )
        return Presence(others=[Present(unit_id=unit, name=name) for unit, name in others])

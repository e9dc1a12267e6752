"""How far people are with the translations of a project: now, and day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dragoman_catalog import Catalog, EntryMissingError, Project
from dragoman_contracts.coverage import Coverage, CoverageSnapshot
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class ProjectCoverage:
    """A project's coverage: of its newest jobs as the view has them, by target locale, and the
    snapshots of the last days.
    """

    project: Project
    at: datetime
    by_locale: dict[str, Coverage]
    history: list[CoverageSnapshot]

    @property
    def total(self) -> Coverage:
        """Of all target locales."""
        return sum(self.by_locale.values(), Coverage())


class CoverageDesk:
    """Says how far people are."""

    def __init__(self, queries: JobQueries, catalog: Catalog, clock: Clock) -> None:
        self._queries = queries
        self._catalog = catalog
        self._clock = clock

    async def of_project(self, principal: Principal, code: str, days: int) -> ProjectCoverage:
        """The coverage of a project, with the snapshots of so many days.

        Raises:
            ForbiddenError: the principal does not see the project.
            EntryMissingError: none has this code.
        """
        principal.require_project(code)
        project = await self._catalog.projects.find(code)
        if project is None:
            raise EntryMissingError(f"There is no project {code!r}.")
        return ProjectCoverage(
            project,
            self._clock.now(),
            await self._queries.coverage(project.project_id),
            await self._catalog.coverage.of_project(project.project_id, days),
        )

"""The bodies of budgets, as they go over the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from dragoman_catalog.model_values import Money


class ProjectCaps(BaseModel):
    """An admin's entry of a project's caps, in US dollars; null is no cap."""

    model_config = ConfigDict(extra="forbid")

    job_cap: Money | None = Field(None, description="For each job that names no cap of its own.")
    month_cap: Money | None = Field(None, description="For a calendar month, in UTC.")
    project_cap: Money | None = Field(None, description="For all that the project ever spends.")


class ProjectBudget(ProjectCaps):
    """The caps of a project, and what was spent."""

    currency: str = "USD"
    spent_this_month: str
    spent: str
    version: int
    redriven: int = Field(0, description="Pieces of work that had stopped at a cap and go on.")


class JobCap(BaseModel):
    """The cap of a job, in US dollars."""

    model_config = ConfigDict(extra="forbid")

    cap: Money


class JobBudget(BaseModel):
    """The cap of a job, and what its calls cost so far."""

    currency: str = "USD"
    cap: str | None = Field(
        description="The job's own, or else the project's for each job; null is no cap."
    )
    spent: str
    redriven: int = 0

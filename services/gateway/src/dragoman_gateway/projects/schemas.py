"""The bodies of projects, language pairs and domain packs, as they go over the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, StrictBool

from dragoman_catalog import (
    DomainPack,
    LanguagePair,
    PackEntry,
    PackVersion,
    PolicyOverrides,
    Project,
    ProjectSettings,
)
from dragoman_catalog.values import Code, DisplayName
from dragoman_contracts.locale import Locale


class ProjectEntry(BaseModel):
    """An admin's entry of a project."""

    model_config = ConfigDict(extra="forbid")

    name: DisplayName
    settings: ProjectSettings = ProjectSettings()


class NewProject(ProjectEntry):
    """A project to enter. Its code never changes."""

    code: Code


class PairEntry(BaseModel):
    """An admin's entry of a language pair."""

    model_config = ConfigDict(extra="forbid")

    is_active: StrictBool = True
    overrides: PolicyOverrides = PolicyOverrides()


class NewPair(PairEntry):
    """A language pair to enter."""

    source_language: Locale
    target_language: Locale


class ProjectList(BaseModel):
    """Projects by code."""

    items: list[Project]


class PairList(BaseModel):
    """Language pairs by source and target."""

    items: list[LanguagePair]


class DomainPackList(BaseModel):
    """Domain packs by code."""

    items: list[DomainPack]


class NewPack(PackEntry):
    """A domain pack to enter. Its code never changes."""

    code: Code


class PackVersionList(BaseModel):
    """The versions of a domain pack, the newest first."""

    items: list[PackVersion]

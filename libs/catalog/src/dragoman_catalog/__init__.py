"""The catalogue: projects, language pairs, domain packs, pipelines, users and tokens, which people edit."""

from dragoman_catalog.access import NewToken, TokenUse
from dragoman_catalog.catalog import Catalog, migrate_catalog
from dragoman_catalog.errors import (
    CatalogUnavailableError,
    EntryExistsError,
    EntryMissingError,
    LastAdminError,
    PipelineRefusedError,
    StaleEditError,
)
from dragoman_catalog.policies import policy_for
from dragoman_catalog.values import (
    ApiToken,
    CatalogAuditRow,
    DomainPack,
    Editor,
    LanguagePair,
    PolicyOverrides,
    Project,
    ProjectSettings,
    Role,
    SavedPipeline,
    SubmissionTerms,
    User,
)

__all__ = [
    "ApiToken",
    "Catalog",
    "CatalogAuditRow",
    "CatalogUnavailableError",
    "DomainPack",
    "Editor",
    "EntryExistsError",
    "EntryMissingError",
    "LanguagePair",
    "LastAdminError",
    "NewToken",
    "PipelineRefusedError",
    "PolicyOverrides",
    "Project",
    "ProjectSettings",
    "Role",
    "SavedPipeline",
    "StaleEditError",
    "SubmissionTerms",
    "TokenUse",
    "User",
    "migrate_catalog",
    "policy_for",
]

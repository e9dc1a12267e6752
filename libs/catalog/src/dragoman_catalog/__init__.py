"""The entries that people edit: projects, users, tokens, language pairs, domain packs."""

from dragoman_catalog.access import NewToken, TokenUse
from dragoman_catalog.catalog import Catalog, migrate_catalog
from dragoman_catalog.errors import (
    CatalogUnavailableError,
    EntryExistsError,
    EntryMissingError,
    LastAdminError,
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
    "PolicyOverrides",
    "Project",
    "ProjectSettings",
    "Role",
    "StaleEditError",
    "SubmissionTerms",
    "TokenUse",
    "User",
    "migrate_catalog",
    "policy_for",
]

"""The catalogue as one thing: its repositories over one database, and its migrations."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import JSON, null, select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.access import Sessions, SignInLinks, Tokens
from dragoman_catalog.budgets import Budgets
from dragoman_catalog.classes import Classes
from dragoman_catalog.database import one, reading, values
from dragoman_catalog.errors import CatalogUnavailableError, EntryMissingError
from dragoman_catalog.glossaries import Glossaries
from dragoman_catalog.memories import Memories
from dragoman_catalog.memory_batches import MemoryBatches
from dragoman_catalog.memory_segments import MemorySegments
from dragoman_catalog.memory_units import MemoryUnits
from dragoman_catalog.model_use import ModelUses
from dragoman_catalog.model_values import CallableModel
from dragoman_catalog.models import Models
from dragoman_catalog.packs import DomainPacks, select_domain_pack
from dragoman_catalog.people import Users
from dragoman_catalog.pipelines import Pipelines
from dragoman_catalog.projects import (
    LanguagePairs,
    Projects,
    select_pair,
    select_project,
)
from dragoman_catalog.providers import Providers
from dragoman_catalog.reviews import CoverageSnapshots, Dismissals, ReviewPresence
from dragoman_catalog.sealing import KeySeal
from dragoman_catalog.seeding import Seeds
from dragoman_catalog.spending import Spending
from dragoman_catalog.values import (
    CatalogAuditRow,
    DomainPack,
    LanguagePair,
    Project,
    SubmissionTerms,
)
from dragoman_catalog.webhooks import Webhooks
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import references_in
from dragoman_runtime.migrations.run import migrate, sqlalchemy_url

_AUDIT = tables.audit


async def migrate_catalog(url: str) -> None:
    """Bring the catalogue at `url` (`postgresql://…` or `sqlite:///…`) to the newest revision."""
    scripts = Path(__file__).parent / "migrations"
    await migrate(sqlalchemy_url(url), scripts, "alembic_version_catalog")


class Catalog:
    """The entries that people edit.

    The engine is the caller's, made by `create_views_engine`: the database may be shared. Without a
    seal no key of a provider and no secret of a webhook can be stored or read.
    """

    def __init__(self, engine: AsyncEngine, seal: KeySeal | None = None) -> None:
        self._engine = engine
        self.projects = Projects(engine)
        self.language_pairs = LanguagePairs(engine)
        self.domain_packs = DomainPacks(engine)
        self.glossaries = Glossaries(engine)
        self.pipelines = Pipelines(engine)
        self.classes = Classes(engine)
        self.users = Users(engine)
        self.tokens = Tokens(engine)
        self.sessions = Sessions(engine)
        self.sign_in_links = SignInLinks(engine)
        self.presence = ReviewPresence(engine)
        self.dismissals = Dismissals(engine)
        self.coverage = CoverageSnapshots(engine)
        self.providers = Providers(engine, seal)
        self.models = Models(engine)
        self.model_uses = ModelUses(engine)
        self.memories = Memories(engine)
        self.memory_units = MemoryUnits(engine)
        self.memory_batches = MemoryBatches(engine)
        self.memory_segments = MemorySegments(engine)
        self.budgets = Budgets(engine)
        self.spending = Spending(engine)
        self.webhooks = Webhooks(engine, seal)
        self.seeds = Seeds(engine, self.providers)

    async def callable_model(self, model_id: UUID) -> CallableModel:
        """The model with its provider and key: all that a call needs.

        Raises:
            EntryMissingError: there is no such model.
            EncryptionKeyMissingError, KeyUnreadableError: the key cannot be read; as they say.
        """
        model = await self.models.find(model_id)
        provider = await self.providers.find(model.provider_id) if model else None
        if model is None or provider is None:
            raise EntryMissingError(f"There is no model {model_id}.")
        return CallableModel(
            model=model, provider=provider, api_key=await self.providers.key(provider)
        )

    async def submission_terms(
        self, project_code: str, domain_pack_code: str, source: Locale, target: Locale
    ) -> SubmissionTerms:
        """The entries that a submission depends on, read at one moment."""
        async with reading(self._engine) as connection:
            project = await one(connection, select_project(project_code), Project)
            pack = await one(connection, select_domain_pack(domain_pack_code), DomainPack)
            pair = None
            if project is not None:
                pair = await one(
                    connection, select_pair(project.project_id, source, target), LanguagePair
                )
        return SubmissionTerms(project=project, pair=pair, pack=pack)

    async def object_roots(self) -> list[tuple[UUID | None, str]]:
        """The digest of every object that an entry names, with the entry's project; None where it
        belongs to none.

        Raises:
            CatalogUnavailableError: the database cannot be reached, or is not at this version's
                schema.
        """
        found: list[tuple[UUID | None, str]] = []
        async with reading(self._engine) as connection:
            for table in tables.metadata.sorted_tables:
                held = [column for column in table.columns if isinstance(column.type, JSON)]
                if not held:
                    continue
                project = table.columns.get("project_id", null())
                try:
                    rows = (await connection.execute(select(project, *held))).all()
                except DBAPIError as error:
                    raise CatalogUnavailableError(
                        f"Table {table.name} cannot be read; start the gateway, which brings the catalogue up to date."
                    ) from error
                found += (
                    (row[0], ref.digest) for row in rows for ref in references_in(list(row[1:]))
                )
        return found

    async def audit(
        self,
        *,
        project_ids: frozenset[UUID] | None = None,
        actor: str | None = None,
        action: str | None = None,
        entity_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: tuple[datetime, UUID] | None = None,
        limit: int = 100,
    ) -> list[CatalogAuditRow]:
        """The edits, the newest first, behind `before` (time, entry id) where it is given;
        `since` ≤ time < `until`.
        """
        statement = (
            select(_AUDIT)
            .order_by(_AUDIT.c.occurred_at.desc(), _AUDIT.c.entry_id.desc())
            .limit(limit)
        )
        if project_ids is not None:
            statement = statement.where(_AUDIT.c.project_id.in_(project_ids))
        for column, wanted in (
            (_AUDIT.c.actor, actor),
            (_AUDIT.c.action, action),
            (_AUDIT.c.entity_id, entity_id),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if since is not None:
            statement = statement.where(_AUDIT.c.occurred_at >= since)
        if until is not None:
            statement = statement.where(_AUDIT.c.occurred_at < until)
        if before is not None:
            key = tuple_(_AUDIT.c.occurred_at, _AUDIT.c.entry_id)
            statement = statement.where(key < before)
        async with reading(self._engine) as connection:
            return await values(connection, statement, CatalogAuditRow)

"""Use cases of projects, their language pairs, and the domain packs: what a submission can name."""

from __future__ import annotations

import asyncio
from uuid import UUID

from dragoman_catalog import (
    Catalog,
    DomainPack,
    EntryMissingError,
    Glossary,
    LanguagePair,
    PackEntry,
    PackVersion,
    Project,
    RegisteredModel,
)
from dragoman_contracts.errors import ObjectMissingError, PermanentError
from dragoman_contracts.identity import project_id
from dragoman_contracts.models import Category
from dragoman_contracts.references import SRX_MEDIA_TYPE
from dragoman_gateway.jobs.rules import require_fit, require_no_languages
from dragoman_gateway.projects.schemas import NewPair, NewProject, PairEntry, ProjectEntry
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_gateway.web.uploads import Upload, require_content
from dragoman_linguistics import builtin_srx, rules_in
from dragoman_runtime.clock import Clock
from dragoman_runtime.objects import ObjectStore

_MOST_SRX_BYTES = 2_000_000  # as many as linguistics reads


class ProjectDesk:
    """Enters and edits projects and language pairs. A project outside the principal's scope raises
    ForbiddenError.

    Edits raise ConflictError where somebody edited the entry since the version that is named.
    """

    def __init__(self, catalog: Catalog, objects: ObjectStore, clock: Clock) -> None:
        self._catalog = catalog
        self._objects = objects
        self._clock = clock

    async def domain_packs(self) -> list[DomainPack]:
        """The domain packs by code."""
        return await self._catalog.domain_packs.all()

    async def domain_pack(self, code: str) -> DomainPack:
        """The domain pack at its newest version.

        Raises:
            EntryMissingError: none has this code.
        """
        found = await self._catalog.domain_packs.find(code)
        if found is None:
            raise EntryMissingError(f"There is no domain pack {code!r}.")
        return found

    async def judges(self) -> list[RegisteredModel]:
        """The models that may give advice in QA: those that answer messages and are enabled."""
        return [
            each
            for each in await self._catalog.models.all()
            if each.is_enabled and each.category is Category.LLM
        ]

    async def pack_versions(self, code: str) -> list[PackVersion]:
        """The versions of a domain pack, the newest first.

        Raises:
            EntryMissingError: none has this code.
        """
        await self.domain_pack(code)
        return await self._catalog.domain_packs.versions(code)

    async def enter_pack(self, principal: Principal, code: str, entry: PackEntry) -> DomainPack:
        """Enter a domain pack.

        Raises:
            ConflictError: the code is taken.
            FieldRefusedError: it names a glossary that is not there, or is one project's.
        """
        await self._require_glossaries(entry)
        return await self._catalog.domain_packs.create(
            editor_of(principal), self._clock.now(), code, entry
        )

    async def edit_pack(
        self, principal: Principal, code: str, version: int, entry: PackEntry
    ) -> DomainPack:
        """Save the next version of a domain pack.

        Raises:
            EntryMissingError: none has this code.
            FieldRefusedError: as `enter_pack`.
        """
        await self._require_glossaries(entry)
        return await self._catalog.domain_packs.edit(
            editor_of(principal), self._clock.now(), code, version=version, entry=entry
        )

    async def glossaries(self) -> list[Glossary]:
        """The glossaries that a domain pack can name: those of no project, by name."""
        found = await self._catalog.glossaries.all()
        return [each for each in found if each.project_id is None]

    async def _require_glossaries(self, entry: PackEntry) -> None:
        known = {each.glossary_id for each in await self.glossaries()}
        for glossary_id in entry.glossaries:
            if glossary_id not in known:
                raise FieldRefusedError(
                    "glossaries",
                    f"There is no glossary {glossary_id} that every project may use.",
                    code="glossary.unknown",
                )

    async def visible(self, principal: Principal) -> list[Project]:
        """The projects that the principal sees, by code."""
        return principal.visible(await self._catalog.projects.all())

    async def find(self, principal: Principal, code: str) -> Project:
        """The project.

        Raises:
            EntryMissingError: none has this code.
        """
        principal.require_project(code)
        project = await self._catalog.projects.find(code)
        if project is None:
            raise EntryMissingError(f"There is no project {code!r}.")
        return project

    async def enter(self, principal: Principal, entry: NewProject) -> Project:
        """Enter a project.

        Raises:
            ConflictError: the code is taken.
            FieldRefusedError: the pipeline of its documents cannot take them.
        """
        await self._require_rule(entry)
        await self._require_memories(project_id(entry.code), entry)
        await self._require_segmentation(project_id(entry.code), entry)
        return await self._catalog.projects.create(
            editor_of(principal),
            self._clock.now(),
            code=entry.code,
            name=entry.name,
            settings=entry.settings,
        )

    async def edit(
        self, principal: Principal, code: str, version: int, entry: ProjectEntry
    ) -> Project:
        """Replace name and settings.

        Raises:
            EntryMissingError: none has this code.
            FieldRefusedError: the pipeline of its documents cannot take them.
        """
        principal.require_project(code)
        await self._require_rule(entry)
        await self._require_memories(project_id(code), entry)
        await self._require_segmentation(project_id(code), entry)
        return await self._catalog.projects.edit(
            editor_of(principal),
            self._clock.now(),
            code,
            version=version,
            name=entry.name,
            settings=entry.settings,
        )

    async def segmentation_rules(self, principal: Principal, code: str) -> bytes:
        """The SRX file by which the project's documents are cut into segments: its own, or the
        built-in one.

        Raises:
            EntryMissingError: no project has this code.
        """
        project = await self.find(principal, code)
        chosen = project.settings.segmentation
        if chosen is None:
            return builtin_srx()
        return await self._objects.get(project.project_id, chosen)

    async def set_segmentation(
        self, principal: Principal, code: str, version: int, upload: Upload | None
    ) -> Project:
        """Cut documents that are submitted from now on by the rules of an SRX file; None: by the
        built-in ones.

        Raises:
            EntryMissingError: no project has this code.
            FieldRefusedError: the file is empty, no SRX 2.0, or a rule cannot be used.
            UploadTooLargeError: the file has more bytes than rules may have.
        """
        project = await self.find(principal, code)
        chosen = None
        if upload is not None:
            require_content(upload, _MOST_SRX_BYTES)
            srx = upload.content
            await _checked_rules(srx, "file")
            chosen = await self._objects.put(project.project_id, srx, SRX_MEDIA_TYPE)
        settings = project.settings.model_copy(update={"segmentation": chosen})
        return await self._catalog.projects.edit(
            editor_of(principal),
            self._clock.now(),
            code,
            version=version,
            name=project.name,
            settings=settings,
        )

    async def _require_segmentation(self, home: UUID, entry: ProjectEntry) -> None:
        """Refuse segmentation rules that the project does not have, or that cannot be used.

        Raises:
            FieldRefusedError: there is no such object, or it is no SRX 2.0.
        """
        chosen, field = entry.settings.segmentation, ".".join(("settings", "segmentation"))
        if chosen is None:
            return
        try:
            srx = await self._objects.get(home, chosen)
        except ObjectMissingError as error:
            raise FieldRefusedError(
                field,
                "The project has no such file; send the SRX to …/segmentation-rules.",
                code="segmentation.rules",
            ) from error
        await _checked_rules(srx, field)

    async def _require_memories(self, home: UUID, entry: NewProject | ProjectEntry) -> None:
        """Refuse a memory that jobs of the project cannot read, or not write to.

        Raises:
            FieldRefusedError: there is none, or it is another project's.
        """
        for each in entry.settings.memories:
            found = await self._catalog.memories.find(each.memory_id)
            if found is None or not (found.is_shared or found.project_id == home):
                raise FieldRefusedError(
                    "settings",
                    f"The project can read no memory {each.memory_id}.",
                    code="memory.unknown",
                )

    async def pairs(self, principal: Principal, code: str) -> list[LanguagePair]:
        """The language pairs of a project, by source and target.

        Raises:
            EntryMissingError: no project has this code.
        """
        project = await self.find(principal, code)
        return await self._catalog.language_pairs.all(project.project_id)

    async def pair(self, principal: Principal, code: str, pair_id: UUID) -> LanguagePair:
        """A language pair of a project.

        Raises:
            EntryMissingError: no project has this code, or it has no such pair.
        """
        project = await self.find(principal, code)
        pair = await self._catalog.language_pairs.find(pair_id)
        if pair is None or pair.project_id != project.project_id:
            raise EntryMissingError(f"Project {code!r} has no language pair {pair_id}.")
        return pair

    async def enter_pair(self, principal: Principal, code: str, entry: NewPair) -> LanguagePair:
        """Enter a pair, with what its jobs do otherwise than the project's.

        Raises:
            EntryMissingError: no project has this code.
            FieldRefusedError: source and target are the same.
            ConflictError: the project has this pair.
        """
        project = await self.find(principal, code)
        if entry.source_language == entry.target_language:
            raise FieldRefusedError("target_language", "Source and target are the same.")
        return await self._catalog.language_pairs.create(
            editor_of(principal),
            self._clock.now(),
            project,
            source=entry.source_language,
            target=entry.target_language,
            is_active=entry.is_active,
            overrides=entry.overrides,
        )

    async def edit_pair(
        self, principal: Principal, code: str, pair_id: UUID, version: int, entry: PairEntry
    ) -> LanguagePair:
        """Open or close the pair and replace its overrides.

        Raises:
            EntryMissingError: as `pair`.
        """
        await self.pair(principal, code, pair_id)
        return await self._catalog.language_pairs.edit(
            editor_of(principal),
            self._clock.now(),
            pair_id,
            version=version,
            is_active=entry.is_active,
            overrides=entry.overrides,
        )

    async def remove_pair(
        self, principal: Principal, code: str, pair_id: UUID, version: int
    ) -> None:
        """Remove the pair.

        Raises:
            EntryMissingError: as `pair`.
        """
        await self.pair(principal, code, pair_id)
        await self._catalog.language_pairs.remove(
            editor_of(principal), self._clock.now(), pair_id, version=version
        )

    async def document_pipelines(self) -> list[str]:
        """The names of the pipelines that documents without languages can get."""
        found: list[str] = []
        for saved in await self._catalog.pipelines.all():
            try:
                require_no_languages(require_fit(saved))
            except FieldRefusedError:
                continue
            found.append(saved.name)
        return found

    async def _require_rule(self, entry: ProjectEntry) -> None:
        """Refuse a rule for documents that come in which names no pipeline that could take them.

        Raises:
            FieldRefusedError: there is none of this name, it is retired, or it needs languages.
        """
        name = entry.settings.pipeline_id
        if not name:
            return
        saved = await self._catalog.pipelines.find(name)
        field = ".".join(("settings", "pipeline_id"))
        if saved is None:
            raise FieldRefusedError(
                field, f"There is no pipeline {name!r}.", code="pipeline.unknown"
            )
        try:
            require_no_languages(require_fit(saved))
        except FieldRefusedError as error:
            raise FieldRefusedError(field, error.message, code=error.code) from error


async def _checked_rules(srx: bytes, field: str) -> None:
    try:
        await asyncio.to_thread(rules_in, srx)
    except PermanentError as error:
        raise FieldRefusedError(field, error.message, code=error.code) from error

"""The terms, the domain pack and the memories of a job, as they are when it is submitted: later edits
leave the job as it is.
"""

from __future__ import annotations

from uuid import UUID

from dragoman_catalog import (
    Catalog,
    DomainPack,
    Glossary,
    LanguagePair,
    PolicyOverrides,
    Project,
    terms_for,
)
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.resources import PackSnapshot
from dragoman_contracts.subject import LocalePair
from dragoman_gateway.submissions.memory_pins import with_memories
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_runtime.objects import ObjectStore, put_value


class Pins:
    """Pins terms, domain packs and memories into policies."""

    def __init__(self, catalog: Catalog, objects: ObjectStore) -> None:
        self._catalog = catalog
        self._objects = objects

    async def pinned(
        self,
        policy: Policy,
        project: Project,
        pair: LanguagePair | None,
        pack: DomainPack,
        overrides: PolicyOverrides,
        locales: LocalePair,
    ) -> Policy:
        """The policy with the terms, the domain pack and the memories of the job.

        The glossaries that the request names come first, or else those of the language pair; then
        those of the project's settings and of the pack, then the automatic ones: of the project, of
        the pack, of the installation.

        Raises:
            FieldRefusedError: a glossary that is named there is gone, or another project's; or there
                is no memory of a name.
            RetryableError: a store cannot be reached; submit again.
        """
        asked = overrides.glossaries
        if asked is None and pair is not None:
            asked = pair.overrides.glossaries
        glossaries = await self._glossaries(project, pack, asked or ())
        stored = self._catalog.glossaries
        filled = [(each, await stored.terms(each.glossary_id)) for each in glossaries]
        terms = terms_for(filled, locales.source, locales.target)
        found: dict[str, ObjectRef | None] = {
            "pack": await _snapshot(self._objects, project.project_id, pack)
        }
        if terms.terms:
            found["terms"] = await put_value(self._objects, project.project_id, terms)
        pinned = policy.model_copy(update=found)
        return await with_memories(
            self._catalog, self._objects, pinned, project, pair, overrides, locales
        )

    async def _glossaries(
        self, project: Project, pack: DomainPack, asked: tuple[UUID, ...]
    ) -> list[Glossary]:
        found: dict[UUID, Glossary] = {}
        for glossary_id in dict.fromkeys((*asked, *project.settings.glossaries, *pack.glossaries)):
            glossary = await self._catalog.glossaries.find(glossary_id)
            if glossary is not None and glossary.project_id in {None, project.project_id}:
                found[glossary_id] = glossary
            elif glossary_id in asked:
                raise FieldRefusedError(
                    "glossaries",
                    f"Project {project.code} has no glossary {glossary_id}.",
                    code="glossary.unknown",
                )
        for glossary in await self._catalog.glossaries.automatic(project.project_id, pack.code):
            found.setdefault(glossary.glossary_id, glossary)
        return list(found.values())


async def _snapshot(objects: ObjectStore, project_id: UUID, pack: DomainPack) -> ObjectRef | None:
    """The pack's instructions as an object; None where it has none."""
    if not pack.prompt.strip() and not pack.style_guide.strip():
        return None
    snapshot = PackSnapshot(
        code=pack.code,
        version=pack.version,
        name=pack.name,
        prompt=pack.prompt,
        style_guide=pack.style_guide,
    )
    return await put_value(objects, project_id, snapshot)

"""The terms and the domain pack of a job, stored when it is submitted, so that later edits of
glossaries and packs leave the job as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from dragoman_catalog import Catalog, DomainPack, Glossary, Project, terms_for
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.resources import PackSnapshot
from dragoman_contracts.subject import LocalePair
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_runtime.objects import ObjectStore, put_value


async def with_terms_and_pack(
    policy: Policy,
    catalog: Catalog,
    objects: ObjectStore,
    project: Project,
    pack: DomainPack,
    locales: LocalePair,
    asked: Iterable[UUID],
) -> Policy:
    """The policy with the terms and the domain pack of the job pinned.

    The glossaries that the request or the language pair names (`asked`) come first, then those of
    the project's settings and of the pack, then the automatic ones: of the project, of the pack, of
    the installation.

    Raises:
        FieldRefusedError: a glossary that the request names is not there, or is another project's.
    """
    glossaries = await _glossaries(catalog, project, pack, tuple(asked))
    filled = [(each, await catalog.glossaries.terms(each.glossary_id)) for each in glossaries]
    terms = terms_for(filled, locales.source, locales.target)
    snapshot = await _snapshot(objects, project.project_id, pack)
    if not terms.terms:
        return policy.model_copy(update={"pack": snapshot})
    stored = await put_value(objects, project.project_id, terms)
    return policy.model_copy(update={"terms": stored, "pack": snapshot})


async def _glossaries(
    catalog: Catalog, project: Project, pack: DomainPack, asked: tuple[UUID, ...]
) -> list[Glossary]:
    found: dict[UUID, Glossary] = {}
    for glossary_id in dict.fromkeys((*asked, *project.settings.glossaries, *pack.glossaries)):
        glossary = await catalog.glossaries.find(glossary_id)
        if glossary is not None and glossary.project_id in {None, project.project_id}:
            found[glossary_id] = glossary
        elif glossary_id in asked:
            raise FieldRefusedError(
                "overrides.glossaries",
                f"Project {project.code} has no glossary {glossary_id}.",
                code="glossary.unknown",
            )
    for glossary in await catalog.glossaries.automatic(project.project_id, pack.code):
        found.setdefault(glossary.glossary_id, glossary)
    return list(found.values())


async def _snapshot(
    objects: ObjectStore, project_id: UUID, pack: DomainPack
) -> ObjectRef | None:
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



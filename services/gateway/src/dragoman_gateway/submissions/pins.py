"""The terms, the domain pack and the memories of a job, as they are when it is submitted: later edits
leave the job as it is.

A job's policy names objects of its own project. Segments of the installation's memories are copied
there, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from dragoman_catalog import (
    INSTALLATION_PROJECT_ID,
    Catalog,
    DomainPack,
    Glossary,
    LanguagePair,
    Memory,
    PolicyOverrides,
    Project,
    terms_for,
)
from dragoman_contracts.model import Value, canonical_json
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import JSON_MEDIA_TYPE, NamedObject, ObjectRef, references_in
from dragoman_contracts.resources import MemoryPin, PackSnapshot, SegmentPin
from dragoman_contracts.subject import LocalePair
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_memory import ids_file
from dragoman_runtime.objects import ObjectStore, put_value, spooled

_OCTETS = "application/octet-stream"


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
        *,
        is_kept: bool = True,
    ) -> Policy:
        """The policy with the terms, the domain pack and the memories of the job. Where it is not
        kept, terms and pack are only named: no job can be opened on it.

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
        snapshot = _snapshot(pack)
        values: dict[str, Value] = {"terms": terms} if terms.terms else {}
        values |= {} if snapshot is None else {"pack": snapshot}
        found = {
            name: await put_value(self._objects, project.project_id, value)
            if is_kept
            else _reference(value)
            for name, value in values.items()
        }
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


async def with_memories(
    catalog: Catalog,
    objects: ObjectStore,
    policy: Policy,
    project: Project,
    pair: LanguagePair | None,
    overrides: PolicyOverrides,
    locales: LocalePair,
) -> Policy:
    """The policy with the memories that the request, the language pair or the project names, as
    they are now.

    Raises:
        FieldRefusedError: there is no memory of a name.
        RetryableError: a store cannot be reached; submit again.
    """
    of_pair = pair.overrides.memories if pair else None
    names = overrides.memories if overrides.memories is not None else of_pair
    found = await memories_of(catalog, project, names)
    pins = await pinned_memories(catalog, objects, project.project_id, found, locales)
    return policy.model_copy(update={"memories": pins}) if pins else policy


async def memories_of(
    catalog: Catalog, project: Project, names: Sequence[str] | None
) -> list[Memory]:
    """The memories that a request names, by name or id, in its order; else those of the project's
    settings. A name is looked for in the project first, then among the installation's.

    Raises:
        FieldRefusedError: the project can read no memory of a name.
    """
    if names is None:
        names = [str(each.memory_id) for each in project.settings.memories]
    if not names:
        return []
    readable = await catalog.memories.all({project.project_id, INSTALLATION_PROJECT_ID})
    readable.sort(key=lambda memory: memory.is_shared)
    found = [_named(readable, name, project.code) for name in names]
    return list({each.memory_id: each for each in found}.values())


async def pinned_memories(
    catalog: Catalog,
    objects: ObjectStore,
    project_id: UUID,
    memories: Iterable[Memory],
    locales: LocalePair,
) -> tuple[MemoryPin, ...]:
    """The memories as they are now, for a pair of locales; those without a unit of the pair are
    left out.

    Raises:
        RetryableError: a store cannot be reached; submit again.
    """
    pins: list[MemoryPin] = []
    for memory in memories:
        found = await catalog.memories.pinned(memory.memory_id, locales.source, locales.target)
        if not found.segments:
            continue
        for each in found.segments:
            for ref in (each.index_object, each.units_object):
                await _brought(objects, memory.project_id, project_id, ref)
        deleted = (
            await objects.put(project_id, ids_file(found.deleted), _OCTETS)
            if found.deleted
            else None
        )
        pins.append(
            MemoryPin(
                memory_id=memory.memory_id,
                name=memory.name,
                segments=tuple(
                    SegmentPin(
                        index=each.index_object, units=each.units_object, unit_count=each.unit_count
                    )
                    for each in found.segments
                ),
                deleted=deleted,
            )
        )
    return tuple(pins)


def pinned_objects(policy: Policy) -> tuple[NamedObject, ...]:
    """The objects that a policy pins, as a job's inputs: an object is kept while an event points to
    it.
    """
    earlier = policy.previous_version
    found: dict[str, ObjectRef | None] = {
        "terms": policy.terms,
        "pack": policy.pack,
        "previous_version": earlier.units if earlier else None,
    }
    found |= {f"memory/{ref.digest}": ref for ref in references_in(policy.memories)}
    return tuple(NamedObject(name=name, object=ref) for name, ref in found.items() if ref)


async def _brought(objects: ObjectStore, home: UUID, project_id: UUID, ref: ObjectRef) -> None:
    if home != project_id and not await objects.exists(project_id, ref):
        with await spooled(objects.open_stream(home, ref)) as file:
            await objects.put_file(project_id, file, ref.media_type)


def _named(readable: Sequence[Memory], name: str, project_code: str) -> Memory:
    wanted = name.strip()
    for memory in readable:
        if wanted in {str(memory.memory_id), memory.name}:
            return memory
    known = ", ".join(sorted({each.name for each in readable})) or "none"
    raise FieldRefusedError(
        "memories",
        f"Project {project_code} can read no memory {wanted!r}; there are: {known}.",
        code="memory.unknown",
    )


def _reference(value: Value) -> ObjectRef:
    """The reference that the value would have as an object."""
    data = canonical_json(value)
    digest = hashlib.sha256(data).hexdigest()
    return ObjectRef(digest=digest, size_bytes=len(data), media_type=JSON_MEDIA_TYPE)


def _snapshot(pack: DomainPack) -> PackSnapshot | None:
    """The pack's instructions; None where it has none."""
    if not pack.prompt.strip() and not pack.style_guide.strip():
        return None
    return PackSnapshot(
        code=pack.code,
        version=pack.version,
        name=pack.name,
        prompt=pack.prompt,
        style_guide=pack.style_guide,
    )

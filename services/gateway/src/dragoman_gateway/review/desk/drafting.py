"""The document with its translations as they are now, whatever stands in them: to look at, not to
be delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from uuid import UUID

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_contracts.policy import UNIT_RULES, Policy
from dragoman_contracts.references import DOCX_MEDIA_TYPE, WORD_MEDIA_TYPES
from dragoman_contracts.text import Content, Unit
from dragoman_documents import ExtractOptions, extract, merge
from dragoman_gateway.jobs.detail.facts import record_of
from dragoman_gateway.review.desk.desktop import Desktops
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.rules.sheet import UnitFilter
from dragoman_gateway.web.errors import JobStateError
from dragoman_gateway.web.principals import Principal
from dragoman_linguistics import adopted
from dragoman_runtime.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Draft:
    """A document under the name that it is saved by."""

    file_name: str
    media_type: str
    data: bytes


class Drafting:
    """Makes drafts, one at a time: a long document takes seconds of a processor."""

    def __init__(self, *, desktops: Desktops, material: Material, objects: ObjectStore) -> None:
        self._desktops = desktops
        self._material = material
        self._objects = objects
        self._turn = asyncio.Semaphore(1)

    async def draft(self, job_id: UUID, principal: Principal) -> Draft:
        """The job's document with every target that is there; the others read as the source.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            JobStateError: its text is not extracted yet, or the targets cannot be put into the
                source.
            ObjectMissingError: the source was erased.
        """
        desktop = await self._desktops.find(job_id, principal)
        job = desktop.job
        if job.extraction is None:
            raise JobStateError(
                f"The text of job {job_id} is not extracted yet; ask again in a moment.",
                code="draft.too_early",
            )
        policy = await self._material.policy(job)
        targets = {row.unit.unit_id: row.target for row in desktop.rows(UnitFilter()) if row.target}
        source = await self._objects.get(job.project_id, job.source)
        async with self._turn:
            try:
                data = await asyncio.to_thread(
                    _merged, source, desktop.sheet.units, targets, policy, job.locales.target
                )
            except PermanentError as error:
                raise JobStateError(
                    f"No draft can be made of job {job_id}: {error.message}",
                    code="draft.impossible",
                ) from error
        intake = await record_of(self._objects, job)
        name = PurePath(intake.file_name if intake else f"{job_id}.docx")
        suffix = name.suffix if name.suffix.lower() in WORD_MEDIA_TYPES else ".docx"
        return Draft(
            f"{name.stem}.{job.locales.target}.draft{suffix}",
            WORD_MEDIA_TYPES.get(suffix.lower(), DOCX_MEDIA_TYPE),
            data,
        )


def _merged(
    source: bytes,
    units: Sequence[Unit],
    targets: Mapping[str, Content],
    policy: Policy,
    locale: Locale,
) -> bytes:
    options = ExtractOptions.model_validate(policy.extraction)
    if policy.unit_rules != UNIT_RULES:
        targets = adopted(units, extract(source, options).units, targets)
    return merge(source, targets, options, target_locale=locale)

"""The making of an object's parts: its documents stored, its pipeline with models filled in, the
first event of its job.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from uuid import UUID

from pydantic import JsonValue

from dragoman_catalog import Catalog, Project, RegisteredModel, SavedClass
from dragoman_contracts.ai import FIELDS_INPUT, TASKS_INPUT, AiTask, AiTasksConfig
from dragoman_contracts.classes import FieldType
from dragoman_contracts.commands import LinkedModel
from dragoman_contracts.events import INTAKE_INPUT, JobRules, JobSubmitted
from dragoman_contracts.models import Category
from dragoman_contracts.objects import document_of, document_value
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.references import (
    JSON_MEDIA_TYPE,
    WORD_MEDIA_TYPES,
    NamedObject,
    ObjectRef,
)
from dragoman_contracts.subject import SubjectKind, SubjectRef
from dragoman_gateway.jobs.running import PipelineRuns
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.receiving import stored
from dragoman_gateway.web.uploads import Upload, require_content
from dragoman_runtime.objects import ObjectStore, put_value


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """Values of fields as a person sends them, and files by field.

    `project_code` says where an object of a class of the installation lies.
    """

    values: Mapping[str, JsonValue]
    uploads: Mapping[str, Upload] = field(default_factory=dict[str, Upload])
    project_code: str = ""
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class JobInputs:
    """All that a job on an object begins with, besides the object's events. With a nonce no answer
    of an earlier run is used.
    """

    object_id: UUID
    project: Project
    saved: SavedClass
    phase: str
    values: Mapping[str, JsonValue]
    tasks: ObjectRef | None = None
    nonce: str = ""


class JobMaker:
    """Stores what the jobs of objects begin with."""

    def __init__(
        self, objects: ObjectStore, catalog: Catalog, runs: PipelineRuns, max_upload_bytes: int
    ) -> None:
        self._objects = objects
        self._catalog = catalog
        self._runs = runs
        self._max_upload_bytes = max_upload_bytes

    async def documents(
        self,
        project_id: UUID,
        uploads: Mapping[str, Upload],
        known: Mapping[str, UUID],
        principal: Principal,
    ) -> dict[str, JsonValue]:
        """The files that came, and the documents that were named, stored; as values by field.

        Raises:
            FieldRefusedError: a file is empty.
            UploadTooLargeError: one is larger than this installation takes.
            DocumentMissingError, SourceErasedError: there is no such document, or not any more.
        """
        values: dict[str, JsonValue] = {}
        for name, upload in uploads.items():
            require_content(upload, self._max_upload_bytes, name)
            values[name] = await self._stored(project_id, upload.base_name, upload)
        for name, document in known.items():
            record, upload = await self._runs.upload_of(document, principal)
            values[name] = await self._stored(project_id, record.file_name, upload)
        return values

    async def submitted(self, given: JobInputs, digest: str) -> JobSubmitted:
        """The first event of a job that begins with the phase.

        Raises:
            FieldRefusedError: a model that a task asks is gone or disabled.
        """
        saved, project = given.saved, given.project
        for file in saved.files:
            content = await self._objects.get(saved.project_id, file.object)
            await self._objects.put(project.project_id, content, file.object.media_type)
        pipeline = saved.declaration.pipeline_from(given.phase, saved.version, saved.files)
        pipeline = await self._linked(pipeline, given.nonce)
        settings = project.settings
        return JobSubmitted(
            subject=SubjectRef(kind=SubjectKind.OBJECT, id=given.object_id),
            inputs=await self._inputs(given),
            pipeline=pipeline,
            rules=JobRules(
                max_attempts=settings.max_attempts, retention_days=settings.retention_days
            ),
            request_digest=digest,
            first_kind=first_kind(pipeline),
            first_phase=pipeline.phases[0].key,
        )

    async def _stored(self, project_id: UUID, name: str, upload: Upload) -> dict[str, JsonValue]:
        suffix = PurePath(name).suffix.lower()
        media_type = WORD_MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0]
        media_type = media_type or "application/octet-stream"
        ref = await stored(upload, self._objects, project_id, media_type)
        return document_value(name, ref)

    async def _inputs(self, given: JobInputs) -> tuple[NamedObject, ...]:
        declaration, project_id = given.saved.declaration, given.project.project_id
        flat = {name: given.values.get(name) for name in declaration.fields}
        flat[declaration.phase_field] = given.phase
        content = json.dumps(flat, ensure_ascii=False, sort_keys=True).encode()
        documents = documents_in(given.saved, given.values)
        names = [
            str(each["file_name"])
            for name in documents
            if isinstance(each := given.values.get(name), dict)
        ]
        record = IntakeRecord(
            project_code=given.project.code,
            domain_pack_code="",
            file_name=names[0] if names else f"{declaration.name} {given.object_id}",
            external_reference=str(given.object_id),
            version_label=f"{declaration.name} {given.saved.version}",
        )
        fields = await self._objects.put(project_id, content, JSON_MEDIA_TYPE)
        intake = await put_value(self._objects, project_id, record)
        inputs = [
            NamedObject(name=FIELDS_INPUT, object=fields),
            NamedObject(name=INTAKE_INPUT, object=intake),
            *(NamedObject(name=name, object=ref) for name, ref in documents.items()),
        ]
        if given.tasks is not None:
            inputs.append(NamedObject(name=TASKS_INPUT, object=given.tasks))
        return tuple(inputs)

    async def _linked(self, pipeline: Pipeline, nonce: str) -> Pipeline:
        """The pipeline with the model of each task filled in as it is now."""
        models = await self._catalog.models.all()
        phases: list[Phase] = []
        for phase in pipeline.phases:
            if phase.kind == "ai_tasks":
                config = AiTasksConfig.model_validate(phase.config)
                tasks = [
                    each.model_copy(update={"linked": await self._model(each, models)})
                    for each in config.tasks
                ]
                filled = config.model_copy(update={"tasks": tuple(tasks), "nonce": nonce})
                stored = filled.model_dump(mode="json", exclude_defaults=True)
                phase = phase.model_copy(update={"config": stored})
            phases.append(phase)
        return pipeline.model_copy(update={"phases": tuple(phases)})

    async def _model(self, task: AiTask, models: list[RegisteredModel]) -> LinkedModel:
        chosen = (
            [each for each in models if task.model in _names(each)]
            if task.model
            else [
                each
                for each in models
                if each.category is Category.LLM and each.is_default_in_category
            ]
        )
        linked = await self._catalog.models.linked(chosen[0].model_id) if chosen else None
        if linked is None:
            what = f"model {task.model!r}" if task.model else "the default model of category LLM"
            raise FieldRefusedError(
                "class",
                f"Task {task.name!r} asks {what}, which is not there or disabled; register or enable "
                "it under Models, or name another in the class.",
                code="pipeline.model_missing",
            )
        return linked


def documents_in(saved: SavedClass, values: Mapping[str, JsonValue]) -> dict[str, ObjectRef]:
    """The files that the DOCUMENT fields hold, by field."""
    return {
        name: ref
        for name, each in saved.declaration.fields.items()
        if each.type is FieldType.DOCUMENT and (ref := document_of(values.get(name))) is not None
    }


def digest_of(*parts: object) -> str:
    """The sha256 of a wish; equal wishes, equal digests."""
    return hashlib.sha256(
        json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str).encode()
    ).hexdigest()


def _names(model: RegisteredModel) -> tuple[str, ...]:
    return (str(model.model_id), model.model_name, model.title)

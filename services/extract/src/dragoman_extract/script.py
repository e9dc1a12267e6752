"""A script of a pipeline: the object's fields in, the fields that it changed out."""

from __future__ import annotations

import asyncio
import mimetypes
import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dragoman_contracts.ai import (
    BUILT_IN_SCRIPTS,
    CONVERT_TO_MARKDOWN,
    MARKDOWN_FIELD,
    SCRIPTS,
    ScriptConfig,
    script_names,
)
from dragoman_contracts.ai_jobs import SCRIPT, documents_of, file_of
from dragoman_contracts.ai_results import ScriptResult
from dragoman_contracts.commands import LOG_MEDIA_TYPE, TRUNCATED_LOG_MEDIA_TYPE
from dragoman_contracts.deciding import finish
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import Event
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.references import WORD_MEDIA_TYPES, NamedObject, ObjectRef
from dragoman_contracts.release import release
from dragoman_contracts.under_way import WorkNote
from dragoman_extract.command import unless_cancelled
from dragoman_extract.command_rules import failure_of
from dragoman_extract.errors import ScriptDocumentError, ScriptMissingError
from dragoman_extract.gathering import gathered, inputs_before
from dragoman_extract.ports import Command, CommandEnd, CommandNews, CommandRunner
from dragoman_extract.task_ports import ScriptHost
from dragoman_runtime.worker import ProgramError, Task, WorkContext
from dragoman_scripting.scripts import ScriptEnd, ScriptRun

RULES_VERSION = 1
"""Raised when the same script would be given or read in another way."""

_PARSER = "dragoman-parse"
_PARSE = (_PARSER, "--input={input}", "--output={output_dir}")
_PARSED = "document.md"  # as dragoman-parse names its Markdown
_PARSE_TIMEOUT_S = 1_800
_GRACE_S = 600


class ScriptOutcome(Value):
    """The result of a script as stored, with what it logged."""

    result: ScriptResult
    output: ObjectRef
    log: ObjectRef | None = None
    artifacts: tuple[NamedObject, ...] = ()


def script_task(host: ScriptHost, runner: CommandRunner) -> Task[ScriptOutcome]:
    """The step `script`: JavaScript in `host`, built-in scripts as commands of `runner`."""

    async def perform(context: WorkContext) -> ScriptOutcome:
        config = context.config(ScriptConfig)
        file = file_of(context.phase, script_names(config.script))
        if file is not None:
            run = await _script_run(context, config, file)
            return await unless_cancelled(context, _scripted(context, host, run))
        if config.script.removeprefix(SCRIPTS) == CONVERT_TO_MARKDOWN:
            document = _document(context.job, config)
            return await unless_cancelled(context, _converted(context, runner, document))
        raise ScriptMissingError(
            f"There is no script {config.script!r}; add the file {script_names(config.script)[0]}, or use "
            f"{', '.join(BUILT_IN_SCRIPTS)}."
        )

    return Task(
        SCRIPT, ScriptOutcome, _inputs, perform, _decide, deadline=_deadline, from_outside=True
    )


async def _scripted(context: WorkContext, host: ScriptHost, run: ScriptRun) -> ScriptOutcome:
    end = await host.run_script(run)
    log = await _stored_log(context, end)
    if end.code:
        raise ProgramError(end.message, code=end.code, log=log)
    result = ScriptResult(script=run.name, changed=end.changed)
    output = await context.persist(lambda: context.objects.put_value(result))
    return ScriptOutcome(result=result, output=output, log=log)


async def _script_run(context: WorkContext, config: ScriptConfig, file: NamedObject) -> ScriptRun:
    job, found = context.job, await gathered(context)
    subject = job.submitted.subject
    source = await context.objects.get(file.object)
    return ScriptRun(
        name=file.name,
        source=source.decode("utf-8", "replace"),
        fields=found.fields,
        params=found.params,
        now=job.submitted_at.isoformat(),
        seed=zlib.crc32(f"{job.job_id}/{context.phase.name}".encode()),
        object_id=str(subject.id) if subject else "",
        phase=context.phase.name,
        timeout_s=config.timeout_s,
        memory_mb=config.memory_mb,
    )


async def _stored_log(context: WorkContext, end: ScriptEnd) -> ObjectRef | None:
    if not end.log and not end.dropped_lines:
        return None
    text, media_type = end.log, LOG_MEDIA_TYPE
    if end.dropped_lines:
        text += f"… {end.dropped_lines:,} more lines\n"
        media_type = TRUNCATED_LOG_MEDIA_TYPE
    return await context.persist(lambda: context.objects.put(text.encode(), media_type))


async def _converted(
    context: WorkContext, runner: CommandRunner, document: NamedObject
) -> ScriptOutcome:
    """The Markdown of a document, by our own parser."""
    objects = context.objects
    command = Command(
        template=_PARSE,
        values={},
        document=await objects.get(document.object),
        suffix=_suffix_of(document.object),
        timeout_s=_PARSE_TIMEOUT_S,
    )
    async with runner.run(command, lambda news: context.report(_note(news))) as end:
        log = await context.persist(lambda: objects.put(end.log.encode(), LOG_MEDIA_TYPE))
        if not end.is_well:
            code, message = failure_of(end, _PARSER, _PARSE_TIMEOUT_S)
            raise ProgramError(message, code=code, log=log)
        markdown = await asyncio.to_thread(_markdown_of, end)
    changed = {MARKDOWN_FIELD: markdown.decode("utf-8", "replace")}
    result = ScriptResult(script=CONVERT_TO_MARKDOWN, is_built_in=True, changed=dict(changed))
    file = await context.persist(lambda: objects.put(markdown, "text/markdown; charset=utf-8"))
    output = await context.persist(lambda: objects.put_value(result))
    artifacts = (NamedObject(name=f"{document.name}.md", object=file),)
    return ScriptOutcome(result=result, output=output, log=log, artifacts=artifacts)


def _markdown_of(end: CommandEnd) -> bytes:
    found, _ = end.find_files()
    file = next((each for each in found if each.path == _PARSED), None)
    if file is None:
        raise PermanentError(
            "dragoman-parse wrote no document.md; look at its log.", code="command.failed"
        )
    return file.place.read_bytes()


def _document(job: Job, config: ScriptConfig) -> NamedObject:
    documents = documents_of(job)
    names = ", ".join(each.name for each in documents)
    if config.document:
        found = next((each for each in documents if each.name == config.document), None)
        if found is None:
            raise ScriptDocumentError(
                f"The object has no document in field {config.document!r}; it has {names or 'none'}."
            )
        return found
    if len(documents) != 1:
        why = (
            f"has several ({names}): name one as `document` of the phase"
            if documents
            else "has none: add one"
        )
        raise ScriptDocumentError(f"convertToMarkdown reads one document, and the object {why}.")
    return documents[0]


def _suffix_of(source: ObjectRef) -> str:
    plain = source.media_type.partition(";")[0]
    word = next((suffix for suffix, kind in WORD_MEDIA_TYPES.items() if kind == plain), None)
    return word or mimetypes.guess_extension(plain) or ""


def _note(news: CommandNews) -> WorkNote:
    return WorkNote(done_count=news.done_count, item_count=news.item_count, log_tail=news.log_tail)


def _inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    """A script depends on its text, the object and the job, whose time and id it may see; a
    conversion on the document and our parser alone.
    """
    phase = job.needed(job.phase_of(item.key), f"phase {item.phase!r}")
    config = ScriptConfig.model_validate(phase.config)
    if file_of(phase, script_names(config.script)) is None:
        documents = [[each.name, each.object.digest] for each in documents_of(job)]
        return {
            "rules": RULES_VERSION,
            "script": config.script,
            "document": config.document,
            "documents": documents,
            "program": release(),
        }
    return {
        "rules": RULES_VERSION,
        "config": phase.config,
        "job": str(job.job_id),
        "phase": phase.name,
        **inputs_before(job, item),
    }


def _deadline(job: Job, item: WorkItem) -> timedelta:
    phase = job.needed(job.phase_of(item.key), f"phase {item.phase!r}")
    config = ScriptConfig.model_validate(phase.config)
    own = file_of(phase, script_names(config.script)) is not None
    return timedelta(seconds=(config.timeout_s if own else _PARSE_TIMEOUT_S) + _GRACE_S)


def _decide(job: Job, item: WorkItem, outcome: ScriptOutcome) -> tuple[Event, ...]:
    """PhaseFinished with the fields that the script changed."""
    phase = job.needed(job.phase_of(item.key), f"phase {item.phase!r}")
    return finish(job, phase, outcome.output, outcome.artifacts, log=outcome.log)

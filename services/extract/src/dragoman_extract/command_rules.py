"""The rules of commands: what is filled into their templates, what their outcome depends on, how
they fail, and which event follows. Pure.
"""

from __future__ import annotations

import mimetypes
import re
import signal
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from dragoman_contracts.commands import (
    CommandConfig,
    CommandManifest,
    placeholders,
    values_of_model,
)
from dragoman_contracts.deciding import finish
from dragoman_contracts.events import INTAKE_INPUT, Event
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.references import NamedObject, ObjectRef
from dragoman_contracts.release import release
from dragoman_contracts.subject import SubjectKind
from dragoman_extract.ports import CommandEnd, Ending

RULES_VERSION = 1
"""Raised when the same command would be run or read in another way,
so that kept outcomes are not taken for new ones.
"""

KIND = "command"
MANIFEST_NAME = "files.json"

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}")
_ANY_TYPE = "application/octet-stream"
_OF_THE_JOB = frozenset({"job_id"})
_OF_THE_DOCUMENT = frozenset({"document_id", "document_version", "s3_prefix"})
_OF_THE_RECORD = frozenset({"input_name", "project_code"})
_LAST_LINES, _LAST_CHARACTERS = 3, 500


class CommandOutcome(Value):
    """The result of a command: all it wrote, with the manifest as an object, and its log."""

    written: CommandManifest
    manifest: ObjectRef
    log: ObjectRef


def inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    """The outcome of a command depends on its template, the source, the linked model and the values
    that the template uses; on the job only where it uses the job's id.

    A program of ours is another one with each version of it. Of others nobody knows: a person asks
    for a new run.
    """
    config = _config(job, item)
    used = placeholders(config.command)
    found: dict[str, Any] = {
        "rules": RULES_VERSION,
        "command": config.command,
        "source": job.source.digest,
        "media_type": job.source.media_type,
        "model": config.model.model_dump(mode="json") if config.model else None,
        "nonce": config.nonce,
        "program": _own_version(config.command[0]),
    }
    if used & _OF_THE_JOB:
        found["job"] = str(job.job_id)
    if used & _OF_THE_DOCUMENT:
        found["document"] = [str(job.project_id), *_document(job)]
    if used & _OF_THE_RECORD or job.source.media_type == _ANY_TYPE:
        record = job.input(INTAKE_INPUT)
        found["record"] = record.digest if record else ""
    return found


def values_of(job: Job, config: CommandConfig, record: IntakeRecord | None) -> dict[str, str]:
    """The values of the placeholders, but for those that only the place knows where the command
    runs. Those of a document are empty where the job is about none.
    """
    document_id, document_version = _document(job)
    return {
        "input_name": PurePath(record.file_name).name if record else "",
        "s3_prefix": (
            f"{job.project_id}/documents/{document_id}/{document_version}" if document_id else ""
        ),
        "file_hash": job.source.digest,
        "document_id": document_id,
        "document_version": document_version,
        "project_code": record.project_code if record else "",
        "job_id": str(job.job_id),
        **values_of_model(config.model),
    }


def suffix_of(source: ObjectRef, record: IntakeRecord | None) -> str:
    """The suffix that the command's file has: that of the uploaded one, where programs know such."""
    suffix = PurePath(record.file_name).suffix if record else ""
    if _SUFFIX.fullmatch(suffix):
        return suffix.lower()
    return mimetypes.guess_extension(source.media_type.partition(";")[0]) or ""


def failure_of(end: CommandEnd, program: str, timeout_s: int) -> tuple[str, str]:
    """The code and the sentence for a command that did not end well.

    The sentence has the last lines of the log: they are the program's own word about its failure.
    """
    match end.ending:
        case Ending.NOT_FOUND:
            return "command.not_found", (
                f"There is no program {program!r} where the worker runs; install it there, put its folder into "
                "DRAGOMAN_COMMAND_PATH, or write its path in the pipeline."
            )
        case Ending.NOT_STARTED:
            return "command.not_started", (
                f"The program {program!r} could not be started ({end.reason}); look at its file and its first line."
            )
        case Ending.TIMED_OUT:
            text = f"The command did not end within {timeout_s:,} s and was ended; raise timeout_s of the pipeline."
            return "command.timed_out", text + _last_lines(end.log)
        case _ if end.signal:
            text = f"The command was ended by {_signal_name(end.signal)}."
            return "command.failed", text + _last_lines(end.log)
        case _:
            text = f"The command ended with exit status {end.exit_code}; its log says more."
            return "command.failed", text + _last_lines(end.log)


def decide(job: Job, item: WorkItem, outcome: CommandOutcome) -> tuple[Event, ...]:
    """PhaseFinished with the files that the command wrote; with their manifest too, where it says
    what the files themselves do not.
    """
    written, artifacts = outcome.written, outcome.written.artifacts
    if written.left_out or any(each.name != each.path for each in written.files):
        names = {each.name for each in artifacts}
        name = MANIFEST_NAME if MANIFEST_NAME not in names else f"dragoman-{MANIFEST_NAME}"
        artifacts = (*artifacts, NamedObject(name=name, object=outcome.manifest))
    return finish(
        job,
        _phase(job, item),
        outcome.manifest,
        artifacts,
        item_count=len(outcome.written.files),
        log=outcome.log,
    )


def _phase(job: Job, item: WorkItem) -> Phase:
    return job.needed(job.phase_of(item.key), f"phase {item.phase!r}")


def _config(job: Job, item: WorkItem) -> CommandConfig:
    return CommandConfig.model_validate(_phase(job, item).config)


def _document(job: Job) -> tuple[str, str]:
    subject = job.submitted.subject
    if subject is None or subject.kind is not SubjectKind.DOCUMENT:
        return "", ""
    return str(subject.id), str(subject.version)


def _own_version(program: str) -> str:
    return release() if program == "dragoman-parse" else ""


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"{name} (a file grew beyond DRAGOMAN_COMMAND_OUTPUT_MIB)" if name == "SIGXFSZ" else name


def _last_lines(log: str) -> str:
    lines = [line.strip() for line in log[-10_000:].splitlines() if line.strip()]
    if not lines:
        return " It said nothing."
    return " It said last: " + " / ".join(lines[-_LAST_LINES:])[-_LAST_CHARACTERS:]

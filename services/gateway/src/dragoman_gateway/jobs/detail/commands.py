"""The commands of a job as people see them: what was run, with which model, and what it said. Pure.

Secrets that somebody wrote into a command are not shown:

    parser --api-key=abc --token def {input}   →   parser --api-key=•••• --token •••• {input}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dragoman_contracts.commands import (
    CommandConfig,
    LinkedModel,
    command_line,
    is_truncated,
    rendered,
    values_of_model,
)
from dragoman_contracts.job import Job
from dragoman_contracts.references import Artifact, ArtifactKind
from dragoman_contracts.under_way import WorkUnderWay

_SECRET = re.compile(r"(^|[-_.])(api[-_]?key|key|token|secret|password|passwd|credential)s?$", re.I)
_IN_A_URL = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)")
_MASK = "••••"
_MARKDOWN = "text/markdown"
_KIND = "command"


@dataclass(frozen=True, slots=True)
class CommandView:
    """One command of a job. `line` is as a shell would take it, with what is known before it runs
    filled in and without secrets.
    """

    phase: str
    line: str
    timeout_s: int
    model: LinkedModel | None


@dataclass(frozen=True, slots=True)
class CommandLog:
    """The log of a command: the artifact that holds it, or the end of it while the command runs."""

    phase: str
    artifact: Artifact | None = None
    tail: str = ""

    @property
    def is_truncated(self) -> bool:
        """Whether more was said than is here."""
        return self.artifact is None or is_truncated(self.artifact.object)


def commands_of(job: Job) -> list[CommandView]:
    """The commands of the job's pipeline, in order."""
    views: list[CommandView] = []
    for phase in job.pipeline.phases:
        if phase.kind == _KIND:
            config = CommandConfig.model_validate(phase.config)
            words = rendered(config.command, _known(job, config))
            views.append(
                CommandView(phase.name, command_line(masked(words)), config.timeout_s, config.model)
            )
    return views


def masked(words: Iterable[str]) -> list[str]:
    """The words of a command without the values of options that are called like secrets, and
    without passwords in addresses.
    """
    shown: list[str] = []
    is_value = False
    for word in words:
        option, sign, _ = word.partition("=")
        names_secret = word.startswith("-") and bool(_SECRET.search(option))
        if is_value and not word.startswith("-"):
            shown.append(_MASK)
        elif names_secret and sign:
            shown.append(f"{option}={_MASK}")
        else:
            shown.append(_IN_A_URL.sub(_MASK, word))
        is_value = names_secret and not sign
    return shown


def logs_of(job: Job, under_way: Sequence[WorkUnderWay] = ()) -> list[CommandLog]:
    """The newest log of each command, in the order of the phases; of one that runs, its end."""
    tails = {each.phase: each.note.log_tail for each in under_way if each.note.log_tail}
    logs: list[CommandLog] = []
    for phase in job.pipeline.phases:
        if phase.kind != _KIND:
            continue
        if phase.name in tails:
            logs.append(CommandLog(phase.name, tail=tails[phase.name]))
            continue
        stored = next(
            (
                each
                for each in reversed(job.artifacts)
                if each.kind is ArtifactKind.COMMAND_LOG and each.name == f"{phase.name}.log"
            ),
            None,
        )
        if stored is not None:
            logs.append(CommandLog(phase.name, stored))
    return logs


def markdown_of(job: Job) -> Artifact | None:
    """The Markdown file that is worth a look: `document.md`, or else the first that was made."""
    made = [
        each
        for each in job.artifacts
        if each.kind is ArtifactKind.FILE and each.object.media_type.startswith(_MARKDOWN)
    ]
    main = (each for each in made if f"/{each.name}".endswith("/document.md"))
    return next(main, made[0] if made else None)


def _known(job: Job, config: CommandConfig) -> dict[str, str]:
    subject = job.submitted.subject
    values = {"job_id": str(job.job_id)}
    if config.model is not None or config.model_id is None:
        values |= values_of_model(config.model)
    if subject is not None:
        values |= {"document_id": str(subject.id), "document_version": str(subject.version or 1)}
    return values

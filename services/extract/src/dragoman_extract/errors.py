"""Errors of extract. Refusals by the formats come from `dragoman_documents`,
codes `document.…`, unchanged; those of scripts and templates from `dragoman_scripting`.
"""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class ScriptMissingError(PermanentError):
    """A phase names a script that its class lacks and that is not built in."""

    default_code = "script.not_found"


class ScriptDocumentError(PermanentError):
    """A built-in script has no document to read, or several and none is named."""

    default_code = "script.no_document"


class TaskFileMissingError(PermanentError):
    """A task names a prompt or schema that its class lacks."""

    default_code = "task.file_missing"


class TaskModelMissingError(PermanentError):
    """There is no such model for a task, or it may not be used."""

    default_code = "task.model_missing"


class AnswerRefusedError(PermanentError):
    """A model declined to answer a task."""

    default_code = "answer.refused"


class AnswerTruncatedError(PermanentError):
    """A model's answer was longer than it may be."""

    default_code = "answer.truncated"


class AnswerBreaksSchemaError(PermanentError):
    """A model's answer broke the task's schema, also when it was asked again."""

    default_code = "answer.breaks_schema"

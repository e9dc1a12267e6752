"""Errors of scripts, templates and answers. Each says its cure; who wrote the file can apply it."""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError, RetryableError


class ScriptFailedError(PermanentError):
    """A script threw an error, which names its line; correct the script."""

    default_code = "script.failed"


class ScriptInvalidError(PermanentError):
    """A script is no JavaScript, or has no function `execute`."""

    default_code = "script.invalid"


class ScriptTimedOutError(PermanentError):
    """A script did not end in its time."""

    default_code = "script.timed_out"


class ScriptOutOfMemoryError(PermanentError):
    """A script took more memory than it may."""

    default_code = "script.out_of_memory"


class ScriptResultRefusedError(PermanentError):
    """A script wrote values that are no JSON, or too much of them."""

    default_code = "script.result_refused"


class TemplateInvalidError(PermanentError):
    """A template is no Handlebars, or uses a helper or a partial that there is not."""

    default_code = "template.invalid"


class TemplateTimedOutError(PermanentError):
    """A template did not end in its time."""

    default_code = "template.timed_out"


class TemplateTooLargeError(PermanentError):
    """A template gave more text than a prompt may have, or took too much memory for it."""

    default_code = "template.too_large"


class SchemaInvalidError(PermanentError):
    """A file of an answer's schema is no JSON Schema."""

    default_code = "schema.invalid"


class SandboxLostError(RetryableError):
    """The process that ran a script or template was killed from outside; it may run again."""

    default_code = "sandbox.lost"

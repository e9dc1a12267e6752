"""The error tree: what went wrong, and what the caller should do about it.

Three branches decide what the worker does; the `code` is stable, has a line in
`docs/operate/runbook.md`, and is what events, problem details and logs carry. Messages name the
job, the stage and the cure, never document text.

    DragomanError
    ├── RetryableError    try later, with backoff (WorkFailed)
    ├── PermanentError    park it and tell a person (WorkParked)
    └── ConflictError     somebody was first: read again and decide again
"""

from __future__ import annotations


class DragomanError(Exception):
    """Any failure that Dragoman foresees.

    Attributes:
        code: stable, lower-case, dotted: `engine.unauthorised`. Subclasses give a default.
        message: one sentence for a person, naming the cure.
    """

    default_code = "internal"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message


class RetryableError(DragomanError):
    """The same work may succeed later: a time-out, a 429, a server that is restarting.

    Attributes:
        retry_after_s: seconds the other side asked to wait; None when it said nothing.
    """

    default_code = "unavailable"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class PermanentError(DragomanError):
    """The same work will fail again until a person changes something: park it."""

    default_code = "refused"


class ConflictError(DragomanError):
    """Another writer was first; the state must be read again before deciding."""

    default_code = "conflict"


class ObjectMissingError(PermanentError):
    """An event points to an object that the store does not hold.

    Attributes:
        digest: the sha256 it is addressed by.
    """

    default_code = "object.missing"

    def __init__(self, message: str, *, digest: str = "") -> None:
        super().__init__(message)
        self.digest = digest


class ObjectCorruptError(PermanentError):
    """An object's bytes do not have the sha256 they are addressed by."""

    default_code = "object.corrupt"


class UnknownEventTypeError(PermanentError):
    """A stored event has a type that the closed registry does not know;
    it is never imported by name.
    """

    default_code = "event.unknown_type"


class InvalidLocaleError(PermanentError, ValueError):
    """A text is not a BCP-47 language tag."""

    default_code = "locale.invalid"

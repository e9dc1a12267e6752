"""Refusals of providers: their error objects, read into our errors.

    429 {"error": {"type": "insufficient_quota", "code": "credit_balance_exhausted"}}    engine.quota_exhausted
    429 {"error": {"code": "rate_limit_exceeded"}}, retry-after-ms: 1500                 engine.rate_limited, 1.5 s
    429 {"error": {"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "34s"}]}}  engine.rate_limited, 34 s

The server's words stay out of our messages: they may quote the document or the key.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from pydantic import JsonValue

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_models.endpoint import ApiKind
from dragoman_models.errors import (
    DECLINED,
    NO_CREDIT,
    NO_QUOTA_AT_ALL,
    QUOTA_OF_A_DAY,
    ContextExceededError,
    Meaning,
    Refused,
    meaning_of,
)

_OUTPUT_LIMIT_WORDS = re.compile(
    r"max_(?:completion_|new_)?tokens|in the completion|(?:completion|output) tokens", re.IGNORECASE
)
_TYPE_STATUS = {
    "authentication_error": HTTPStatus.UNAUTHORIZED,
    "permission_error": HTTPStatus.FORBIDDEN,
    "rate_limit_error": HTTPStatus.TOO_MANY_REQUESTS,
    "invalid_request_error": HTTPStatus.BAD_REQUEST,
    "exceed_context_size_error": HTTPStatus.BAD_REQUEST,
}
# Anthropic's: `max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens`.
_LESS_ALLOWED = re.compile(r"max_tokens: \d+ > \d+", re.IGNORECASE)
_LEAST_WAIT_OF_A_DAY_S = 3_600.0
_SAYING = (
    "message",
    "msg",
    "detail",
    "loc",
    "error",
    "errors",
    "metadata",
    "raw",
    "reason",
    "param",
)
_MOST_WORDS = 2_000
_DEEPEST = 6


@dataclass(frozen=True)
class Cures:
    """The words of our messages for what a person may have to change."""

    key: str = "the provider's API key"
    address: str = "the provider's base URL"
    silence: str = "the provider's time limit"


@dataclass(frozen=True)
class ServerError:
    """A refusal: its HTTP status, code, type and words.

    An error inside a 200 has the status that it means.

    `words` are the server's own, without its quotations of the request. `marks` are its other
    machine-readable words. `may_retry` is None where it does not say.
    """

    status: int
    code: str = ""
    kind: str = ""
    param: str = ""
    words: str = ""
    marks: tuple[str, ...] = ()
    retry_after_s: float | None = None
    may_retry: bool | None = None
    is_flagged: bool = False
    body: JsonValue = None
    api: ApiKind = ApiKind.OPENAI

    @classmethod
    def of(
        cls,
        status: int,
        headers: Mapping[str, str],
        body: bytes | JsonValue,
        api: ApiKind = ApiKind.OPENAI,
    ) -> ServerError:
        """Read an answer with an error in it."""
        value = _parsed(body) if isinstance(body, bytes) else body
        outer = value[0] if isinstance(value, list) and value else value
        document = outer if isinstance(outer, dict) else {}
        inner = document.get("error")
        error = inner if isinstance(inner, dict) else document
        # Google's code is the status once more, and its status is the code.
        code, kind = _word(error.get("code")), _word(error.get("type") or error.get("status"))
        metadata = error.get("metadata")
        words = " ".join(_said_in(outer))[:_MOST_WORDS]
        marks = tuple(_marks(error.get("details"), words))
        return cls(
            status=status if status >= HTTPStatus.BAD_REQUEST else _meant_status(code, kind),
            code=code,
            kind=kind,
            param=_word(error.get("param")),
            words=words,
            marks=marks,
            retry_after_s=_wait_s(headers, error.get("details"), marks),
            may_retry={"true": True, "false": False}.get(
                headers.get("x-should-retry", "").strip().lower()
            ),
            is_flagged=isinstance(metadata, dict) and "flagged_input" in metadata,
            body=value,
            api=api,
        )

    @property
    def reason(self) -> str:
        """The machine-readable word for it.

        The code says more than the type, of which one covers many.
        """
        return next(
            (
                each
                for each in (self.code, *self.marks, self.kind)
                if re.fullmatch(r"[a-z][a-z0-9_.-]{0,63}", each)
            ),
            "",
        )

    @property
    def meaning(self) -> Meaning:
        """The code of our error for it."""
        return meaning_of(
            Refused(
                self.api,
                self.status,
                tuple(each for each in (self.code, *self.marks, self.kind) if each),
                self.words,
                self.may_retry,
            )
        )

    @property
    def is_context(self) -> bool:
        """Whether prompt and answer were too long together: to be asked for less, never asked the
        same again.
        """
        return self.meaning is Meaning.CONTEXT_EXCEEDED

    @property
    def is_output_limit(self) -> bool:
        """Whether a smaller limit of the answer may help: it counts towards the context, or is more
        than allowed.
        """
        if _LESS_ALLOWED.search(self.words):
            return True
        is_named = "max_tokens" in self.param or "max_completion_tokens" in self.param
        is_unknown = re.search(
            r"unsupported|not supported|instead|unrecognized|extra", self.words, re.IGNORECASE
        )
        if is_named and not is_unknown:
            return True
        return self.is_context and _OUTPUT_LIMIT_WORDS.search(self.words) is not None

    @property
    def is_declined(self) -> bool:
        """Whether a filter stopped the text: an answer of its kind, which asking for less text may
        get round.
        """
        return self.code in DECLINED or self.is_flagged

    @property
    def is_settled(self) -> bool:
        """Whether no other way of asking can help."""
        return (
            self.is_context
            or not NO_CREDIT.isdisjoint({self.code, self.kind})
            or self.meaning in (Meaning.UNAUTHORISED, Meaning.QUOTA_EXHAUSTED)
            or self.code.startswith("model_")
        )

    def as_error(self, cures: Cures = Cures()) -> DragomanError:
        """Our error for it, with the cure in words."""
        said = f"HTTP {self.status}{f' {self.reason}' if self.reason else ''}"
        match self.meaning:
            case Meaning.CONTEXT_EXCEEDED:
                return ContextExceededError(
                    f"Prompt and answer do not fit the model's context ({said}); "
                    "use a larger one or smaller batches."
                )
            case Meaning.QUOTA_EXHAUSTED:
                return PermanentError(
                    f"The account has no credit left ({said}); top it up.",
                    code="engine.quota_exhausted",
                )
            case Meaning.UNAUTHORISED:
                message = f"The server refused the credential ({said}); set {cures.key}."
                return PermanentError(message, code="engine.unauthorised")
            case Meaning.PAIR_UNSUPPORTED:
                message = f"The service does not translate this pair of languages ({said}); choose another service."
                return PermanentError(message, code="engine.pair_unsupported")
            case Meaning.RATE_LIMITED:
                message = f"The server asks to slow down ({said})."
                return RetryableError(
                    message, code="engine.rate_limited", retry_after_s=self.retry_after_s
                )
            case Meaning.UNAVAILABLE:
                message = f"The server is in trouble ({said})."
                return RetryableError(
                    message, code="engine.unavailable", retry_after_s=self.retry_after_s
                )
            case Meaning.BAD_REQUEST:
                return PermanentError(self._bad_request(said, cures), code="engine.bad_request")

    def _bad_request(self, said: str, cures: Cures) -> str:
        if self.may_retry is False:
            return f"The server says that asking again is of no use ({said}); ask its operator, then resume."
        return f"The server refused the request ({said}); check the model, its limits and {cures.address}."


def _parsed(body: bytes) -> JsonValue:
    text = body.decode("utf-8", "replace")
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text[:_MOST_WORDS]
    return value


def _meant_status(code: str, kind: str) -> int:
    if re.fullmatch(r"[45]\d\d", code):
        return int(code)
    return _TYPE_STATUS.get(kind, HTTPStatus.INTERNAL_SERVER_ERROR)


def _word(value: JsonValue) -> str:
    return (
        str(value).strip().lower()[:80]
        if isinstance(value, (str, int)) and not isinstance(value, bool)
        else ""
    )


def _said_in(value: JsonValue, depth: int = 0) -> Iterator[str]:
    """The texts of an error object, without what it repeats of the request (`input`, `ctx`)."""
    if isinstance(value, str):
        yield value[:_MOST_WORDS]
    elif isinstance(value, list) and depth < _DEEPEST:
        for each in value[:20]:
            yield from _said_in(each, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for key in _SAYING:
            yield from _said_in(value.get(key), depth + 1)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The wait that retry-after-ms states, or else Retry-After (RFC 9110 §10.2.3), in seconds or as
    a date.
    """
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "").strip()
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _wait_s(headers: Mapping[str, str], details: JsonValue, marks: tuple[str, ...]) -> float | None:
    wait_s = _retry_after_s(headers)
    wait_s = _retry_delay_s(details) if wait_s is None else wait_s
    # Google names seconds there, too, after which the same is said again.
    return max(wait_s or 0.0, _LEAST_WAIT_OF_A_DAY_S) if QUOTA_OF_A_DAY in marks else wait_s


def _retry_delay_s(details: JsonValue) -> float | None:
    """The wait that Google's RetryInfo states: `{"retryDelay": "34s"}` among the details."""
    for detail in details if isinstance(details, list) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str):
            return _seconds(delay.removesuffix("s"))
    return None


def _marks(details: JsonValue, words: str) -> Iterator[str]:
    """The machine-readable words among the details.

    Anthropic's have an `error_code`, Google's a `reason` and the quotas that were passed.
    """
    if re.search(r"\blimit: 0(?![\d.])", words):
        yield NO_QUOTA_AT_ALL
    for detail in details if isinstance(details, list) else [details]:
        if not isinstance(detail, dict):
            continue
        for key in ("error_code", "reason"):
            if word := _word(detail.get(key)):
                yield word
        violations = detail.get("violations")
        for each in violations if isinstance(violations, list) else []:
            quota = _word(each.get("quotaId")) if isinstance(each, dict) else ""
            if "perday" in quota:
                yield QUOTA_OF_A_DAY


def _seconds(value: str) -> float | None:
    """A number that can be waited for; -1 and the like say nothing."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None

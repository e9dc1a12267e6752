"""Refusals of OpenAI-compatible servers: their error objects, read into our errors.

    429 {"error": {"type": "insufficient_quota", "code": "credit_balance_exhausted"}}    engine.quota_exhausted
    429 {"error": {"code": "rate_limit_exceeded"}}, retry-after-ms: 1500                 engine.rate_limited, 1.5 s

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
from dragoman_translate.errors import ContextExceededError

_NO_CREDIT = {
    "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "billing_hard_limit_reached",
    "billing_not_active", "billing_error", "enforced_spend_limit_reached", "exceeded_current_quota_error",
    "insufficient_balance", "insufficient_credits",
}  # fmt: skip
_SLOW_DOWN = {"rate_limit_exceeded", "slow_down", "rate_limit_error"}
_DECLINED = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation"}
_CONTEXT_CODES = {
    "context_length_exceeded", "exceed_context_size_error", "context_window_exceeded", "model_context_window_exceeded",
}  # fmt: skip
_CONTEXT_WORDS = re.compile(
    r"maximum (?:context|model|prompt|input) length|max context length"
    r"|context (?:size|length|window|limit)[^.]{0,80}(?:exceed|overflow|too small|not enough|smaller)"
    r"|exceed[^.]{0,80}(?:context|maximum (?:number of )?(?:input )?tokens)"
    r"|larger than the context|context the overflows"
    r"|(?:prompt|input|request|messages?)[^.]{0,40} too (?:long|large)\b"
    r"|reduce the length of the|tokens must be reduced"
    r"|max_tokens must be at least 1, got -|max_(?:completion_)?tokens\W[^.]{0,40}too large",
    re.IGNORECASE,
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
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY)
_SAYING = ("message", "msg", "detail", "loc", "error", "errors", "metadata", "raw", "reason", "param")
_MOST_WORDS = 2_000
_DEEPEST = 6


@dataclass(frozen=True)
class ServerError:
    """A refusal: its HTTP status, code, type and words.

    An error inside a 200 has the status that it means.

    `words` are the server's own, without its quotations of the request. `may_retry` is None where
    it does not say.
    """

    status: int
    code: str = ""
    kind: str = ""
    param: str = ""
    words: str = ""
    retry_after_s: float | None = None
    may_retry: bool | None = None
    is_flagged: bool = False
    body: JsonValue = None

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes | JsonValue) -> ServerError:
        """Read an answer with an error in it."""
        value = _parsed(body) if isinstance(body, bytes) else body
        outer = value[0] if isinstance(value, list) and value else value
        document = outer if isinstance(outer, dict) else {}
        inner = document.get("error")
        error = inner if isinstance(inner, dict) else document
        code, kind = _word(error.get("code")), _word(error.get("type"))
        metadata = error.get("metadata")
        retry_after_s = _retry_after_s(headers)
        return cls(
            status=status if status >= HTTPStatus.BAD_REQUEST else _meant_status(code, kind),
            code=code,
            kind=kind,
            param=_word(error.get("param")),
            words=" ".join(_said_in(outer))[:_MOST_WORDS],
            retry_after_s=_retry_delay_s(error.get("details")) if retry_after_s is None else retry_after_s,
            may_retry={"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower()),
            is_flagged=isinstance(metadata, dict) and "flagged_input" in metadata,
            body=value,
        )

    @property
    def reason(self) -> str:
        """The machine-readable word for it.

        The code says more than the type, of which one covers many.
        """
        return next((each for each in (self.code, self.kind) if re.fullmatch(r"[a-z][a-z0-9_.-]{0,63}", each)), "")

    @property
    def is_context(self) -> bool:
        """Whether prompt and answer were too long together: to be asked for less, never asked the
        same again.
        """
        if {self.code, self.kind} & _CONTEXT_CODES or self.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return True
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:  # more tokens than a whole minute's allowance
            return re.search(r"request too large|tokens must be reduced", self.words, re.IGNORECASE) is not None
        return self.status not in _CREDENTIAL and _CONTEXT_WORDS.search(self.words) is not None

    @property
    def is_output_limit(self) -> bool:
        """Whether a smaller limit of the answer may help: it counts towards the context, or is more
        than allowed.
        """
        is_named = "max_tokens" in self.param or "max_completion_tokens" in self.param
        is_unknown = re.search(r"unsupported|not supported|instead|unrecognized|extra", self.words, re.IGNORECASE)
        if is_named and not is_unknown:
            return True
        return self.is_context and _OUTPUT_LIMIT_WORDS.search(self.words) is not None

    @property
    def is_declined(self) -> bool:
        """Whether a filter stopped the text: an answer of its kind, which asking for single units
        may get round.
        """
        return self.code in _DECLINED or self.is_flagged

    @property
    def is_settled(self) -> bool:
        """Whether no other way of asking can help."""
        return self.is_context or bool({self.code, self.kind} & _NO_CREDIT) or self.code.startswith("model_")

    def as_error(self) -> DragomanError:
        """Our error for it."""
        said = f"HTTP {self.status}{f' {self.reason}' if self.reason else ''}"
        if self.is_context:
            message = f"Prompt and answer do not fit the model's context ({said}); use a larger one or smaller batches."
            return ContextExceededError(message)
        if self._has_no_credit:
            return PermanentError(f"The account has no credit left ({said}); top it up.", code="engine.quota_exhausted")
        if self.status in _CREDENTIAL:
            message = f"The server refused the credential ({said}); set DRAGOMAN_OPENAI_API_KEY."
            return PermanentError(message, code="engine.unauthorised")
        if self.may_retry is False:
            message = f"The server says that asking again is of no use ({said}); ask its operator, then resume."
            return PermanentError(message, code="engine.bad_request")
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            message = f"The server asks to slow down ({said})."
            return RetryableError(message, code="engine.rate_limited", retry_after_s=self.retry_after_s)
        if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status in _PASSING or self.may_retry:
            message = f"The server is in trouble ({said})."
            return RetryableError(message, code="engine.unavailable", retry_after_s=self.retry_after_s)
        message = f"The server refused the request ({said}); check the model, its limits and DRAGOMAN_OPENAI_BASE_URL."
        return PermanentError(message, code="engine.bad_request")

    @property
    def _has_no_credit(self) -> bool:
        known = self.code if self.code in _NO_CREDIT | _SLOW_DOWN else self.kind
        return self.status == HTTPStatus.PAYMENT_REQUIRED or known in _NO_CREDIT


_CREDENTIAL = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


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
    return str(value).strip().lower()[:80] if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


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


def _retry_delay_s(details: JsonValue) -> float | None:
    """The wait that Google's RetryInfo states: `{"retryDelay": "34s"}` among the details."""
    for detail in details if isinstance(details, list) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str):
            return _seconds(delay.removesuffix("s"))
    return None


def _seconds(value: str) -> float | None:
    """A number that can be waited for; -1 and the like say nothing."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None

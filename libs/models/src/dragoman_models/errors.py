"""The meaning of a provider's refusal: one table of provider, status and code, read from above.

openai     429  credit_balance_exhausted        engine.quota_exhausted     never asked again
openai     429  rate_limit_exceeded             engine.rate_limited        after the wait it names
anthropic  429  enforced_spend_limit_reached    engine.quota_exhausted
gemini     400  api_key_invalid                 engine.unauthorised
deepl      456                                  engine.quota_exhausted
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from dragoman_contracts.errors import PermanentError
from dragoman_models.endpoint import ApiKind


class ContextExceededError(PermanentError):
    """Prompt and answer do not fit the model's context, or the request is too large.

    Asking for less may do.
    """

    default_code = "engine.context_exceeded"


class Meaning(StrEnum):
    """The codes that a refusal may have."""

    UNAUTHORISED = "engine.unauthorised"
    PAIR_UNSUPPORTED = "engine.pair_unsupported"
    BAD_REQUEST = "engine.bad_request"
    QUOTA_EXHAUSTED = "engine.quota_exhausted"
    CONTEXT_EXCEEDED = "engine.context_exceeded"
    RATE_LIMITED = "engine.rate_limited"
    UNAVAILABLE = "engine.unavailable"


NO_CREDIT = frozenset(
    {
        "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "billing_hard_limit_reached",
        "billing_not_active", "billing_error", "enforced_spend_limit_reached", "exceeded_current_quota_error",
        "insufficient_balance", "insufficient_credits",
    }
)  # fmt: skip
"""Codes and types that tell of money. Their status is often that of a rate limit."""

DECLINED = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"})
"""Codes of filters that stopped the text."""

NO_QUOTA_AT_ALL = "quota_of_none"
"""The mark of a quota of which Google says `limit: 0`: the account has no right to this model."""

QUOTA_OF_A_DAY = "quota_per_day"
"""The mark of a quota that Google counts by the day."""

_SLOW_DOWN = frozenset({"rate_limit_exceeded", "slow_down", "rate_limit_error", QUOTA_OF_A_DAY})
_CONTEXT = frozenset(
    {
        "context_length_exceeded", "exceed_context_size_error", "context_window_exceeded",
        "model_context_window_exceeded",
    }
)  # fmt: skip
_CONTEXT_WORDS = (
    r"maximum (?:context|model|prompt|input) length|max context length"
    r"|context (?:size|length|window|limit)[^.]{0,80}(?:exceed|overflow|too small|not enough|smaller)"
    r"|exceed[^.]{0,80}(?:context|maximum (?:number of )?(?:input )?tokens)"
    r"|larger than the context|context the overflows"
    r"|(?:prompt|input|request|messages?)[^.]{0,40} too (?:long|large)\b"
    r"|reduce the length of the|tokens must be reduced"
    r"|max_tokens must be at least 1, got -|max_(?:completion_)?tokens\W[^.]{0,40}too large"
)
_PAIR_WORDS = (
    r"target_lang\W[^.]{0,20}not supported|source_lang\W[^.]{0,20}not supported"
    r"|^\W{0,2}[a-z]{2,3}(?:-[a-z]+)?\W{0,2} is not (?:supported|available as a target)"
)

_CREDENTIAL = (401, 403)
_PASSING = (408, 409, 425)
_TROUBLE = range(500, 1000)
_MODELS = (ApiKind.OPENAI, ApiKind.ANTHROPIC, ApiKind.GEMINI, ApiKind.OLLAMA)
_TRANSLATORS = (ApiKind.DEEPL, ApiKind.LIBRETRANSLATE)


@dataclass(frozen=True)
class Rule:
    """One line of the table: whatever is given must fit.

    `apis`, `statuses` and `but_statuses` are compared with the refusal's own. `codes` fit by the
    first of the refusal's marks that any line knows, or by any mark where `any_mark`. `words` are
    searched for in the server's own words, and `should_retry` is the header x-should-retry.
    """

    meaning: Meaning
    apis: Collection[ApiKind] = ()
    statuses: Collection[int] = ()
    but_statuses: Collection[int] = ()
    codes: Collection[str] = ()
    any_mark: bool = False
    words: str = ""
    should_retry: bool | None = None

    def fits(self, refusal: Refused) -> bool:
        """Whether the refusal is of this line."""
        return (
            (not self.apis or refusal.api in self.apis)
            and (not self.statuses or refusal.status in self.statuses)
            and refusal.status not in self.but_statuses
            and (not self.codes or self._has_code(refusal.marks))
            and (not self.words or re.search(self.words, refusal.words, re.IGNORECASE) is not None)
            and (self.should_retry is None or refusal.may_retry is self.should_retry)
        )

    def _has_code(self, marks: Collection[str]) -> bool:
        if self.any_mark:
            return not set(marks).isdisjoint(self.codes)
        telling = next((each for each in marks if each in NO_CREDIT or each in _SLOW_DOWN), None)
        return telling in self.codes


@dataclass(frozen=True)
class Refused:
    """The facts of a refusal that the table compares.

    `marks` are its machine-readable words in lower case, the one that says most first.
    """

    api: ApiKind
    status: int
    marks: tuple[str, ...] = ()
    words: str = ""
    may_retry: bool | None = None


_M = Meaning
RULES: tuple[Rule, ...] = (
    Rule(_M.CONTEXT_EXCEEDED, codes=_CONTEXT, any_mark=True),
    Rule(_M.CONTEXT_EXCEEDED, statuses=(413,)),
    # More tokens than a whole minute's allowance.
    Rule(_M.CONTEXT_EXCEEDED, statuses=(429,), words=r"request too large|tokens must be reduced"),
    Rule(_M.CONTEXT_EXCEEDED, apis=_MODELS, but_statuses=(*_CREDENTIAL, 429), words=_CONTEXT_WORDS),
    Rule(
        _M.CONTEXT_EXCEEDED,
        apis=(ApiKind.LIBRETRANSLATE,),
        statuses=(400,),
        words=r"exceeds (?:text|batch|char\w*) limit",
    ),
    Rule(_M.QUOTA_EXHAUSTED, statuses=(402,)),
    Rule(_M.QUOTA_EXHAUSTED, apis=(ApiKind.DEEPL,), statuses=(456,)),
    Rule(_M.QUOTA_EXHAUSTED, codes=NO_CREDIT),
    Rule(
        _M.QUOTA_EXHAUSTED,
        apis=(ApiKind.GEMINI, ApiKind.OPENAI),
        statuses=(429,),
        codes=(NO_QUOTA_AT_ALL,),
        any_mark=True,
    ),
    Rule(
        _M.QUOTA_EXHAUSTED,
        apis=(ApiKind.ANTHROPIC,),
        statuses=(400,),
        words=r"credit balance is too low",
    ),
    Rule(
        _M.RATE_LIMITED,
        apis=(ApiKind.LIBRETRANSLATE,),
        statuses=(403,),
        words=r"too many request",
    ),
    Rule(_M.UNAUTHORISED, statuses=_CREDENTIAL),
    Rule(
        _M.UNAUTHORISED,
        apis=(ApiKind.GEMINI, ApiKind.OPENAI),
        statuses=(400,),
        codes=("api_key_invalid",),
        any_mark=True,
    ),
    Rule(_M.BAD_REQUEST, should_retry=False),
    Rule(_M.RATE_LIMITED, statuses=(429,)),
    Rule(_M.PAIR_UNSUPPORTED, apis=_TRANSLATORS, statuses=(400,), words=_PAIR_WORDS),
    Rule(
        _M.BAD_REQUEST,
        apis=(ApiKind.OLLAMA,),
        statuses=(500,),
        words=r"requires more system memory",
    ),
    Rule(_M.UNAVAILABLE, statuses=_TROUBLE),
    Rule(_M.UNAVAILABLE, statuses=_PASSING),
    Rule(_M.UNAVAILABLE, should_retry=True),
    Rule(_M.BAD_REQUEST),
)


def meaning_of(refusal: Refused) -> Meaning:
    """The meaning of the first line that fits; the last line fits all."""
    return next(rule.meaning for rule in RULES if rule.fits(refusal))

"""The table of provider, status and code: what each refusal that is known means."""

import json

import pytest
from pydantic import JsonValue

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_models.endpoint import ApiKind
from dragoman_models.errors import RULES, Meaning, Refused, meaning_of
from dragoman_models.refusals import Cures, ServerError

OPENAI, ANTHROPIC, GEMINI = ApiKind.OPENAI, ApiKind.ANTHROPIC, ApiKind.GEMINI
OLLAMA, DEEPL, LIBRE = ApiKind.OLLAMA, ApiKind.DEEPL, ApiKind.LIBRETRANSLATE


def _google(status: str, message: str = "", **detail: JsonValue) -> JsonValue:
    return {"error": {"code": 1, "status": status, "message": message, "details": [detail]}}


def _openai(code: str | None, kind: str | None = None, message: str = "") -> JsonValue:
    return {"error": {"message": message, "type": kind, "code": code}}


def _anthropic(kind: str, message: str = "", **more: JsonValue) -> JsonValue:
    return {"type": "error", "error": {"type": kind, "message": message, **more}}


_PER_DAY: JsonValue = [{"quotaId": "GenerateRequestsPerDayPerProject"}]
TABLE: list[tuple[ApiKind, int, JsonValue, str]] = [
    (OPENAI, 400, _openai("invalid_value"), "engine.bad_request"),
    (OPENAI, 401, _openai("invalid_api_key"), "engine.unauthorised"),
    (OPENAI, 402, _openai(None), "engine.quota_exhausted"),
    (OPENAI, 403, _openai("unsupported_country_region_territory"), "engine.unauthorised"),
    (OPENAI, 404, _openai("model_not_found"), "engine.bad_request"),
    (OPENAI, 408, _openai(None), "engine.unavailable"),
    (OPENAI, 409, _openai(None), "engine.unavailable"),
    (OPENAI, 413, _openai(None), "engine.context_exceeded"),
    (OPENAI, 422, _openai(None), "engine.bad_request"),
    (OPENAI, 429, _openai("rate_limit_exceeded", "requests"), "engine.rate_limited"),
    (OPENAI, 429, _openai("slow_down", "insufficient_quota"), "engine.rate_limited"),
    (OPENAI, 429, _openai("credit_balance_exhausted"), "engine.quota_exhausted"),
    (OPENAI, 429, _openai("organization_spend_limit_exceeded"), "engine.quota_exhausted"),
    (OPENAI, 429, _openai("project_spend_limit_exceeded"), "engine.quota_exhausted"),
    (OPENAI, 429, _openai("organization_usage_limit_exceeded"), "engine.quota_exhausted"),
    (OPENAI, 429, _openai(None, "insufficient_quota"), "engine.quota_exhausted"),
    (OPENAI, 500, _openai(None, "server_error"), "engine.unavailable"),
    (OPENAI, 503, _openai(None), "engine.unavailable"),
    (ANTHROPIC, 400, _anthropic("invalid_request_error"), "engine.bad_request"),
    (
        ANTHROPIC,
        400,
        _anthropic("invalid_request_error", "Your credit balance is too low"),
        "engine.quota_exhausted",
    ),
    (
        ANTHROPIC,
        400,
        _anthropic("invalid_request_error", "input length and `max_tokens` exceed context limit"),
        "engine.context_exceeded",
    ),
    (ANTHROPIC, 401, _anthropic("authentication_error"), "engine.unauthorised"),
    (ANTHROPIC, 402, _anthropic("billing_error"), "engine.quota_exhausted"),
    (ANTHROPIC, 403, _anthropic("permission_error"), "engine.unauthorised"),
    (ANTHROPIC, 404, _anthropic("not_found_error"), "engine.bad_request"),
    (ANTHROPIC, 413, _anthropic("request_too_large"), "engine.context_exceeded"),
    (ANTHROPIC, 429, _anthropic("rate_limit_error"), "engine.rate_limited"),
    (
        ANTHROPIC,
        429,
        _anthropic("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}),
        "engine.quota_exhausted",
    ),
    (ANTHROPIC, 500, _anthropic("api_error"), "engine.unavailable"),
    (ANTHROPIC, 529, _anthropic("overloaded_error"), "engine.unavailable"),
    (GEMINI, 400, _google("INVALID_ARGUMENT"), "engine.bad_request"),
    (GEMINI, 400, _google("INVALID_ARGUMENT", reason="API_KEY_INVALID"), "engine.unauthorised"),
    (GEMINI, 400, _google("FAILED_PRECONDITION"), "engine.bad_request"),
    (GEMINI, 402, _google("RESOURCE_EXHAUSTED"), "engine.quota_exhausted"),
    (GEMINI, 403, _google("PERMISSION_DENIED"), "engine.unauthorised"),
    (GEMINI, 404, _google("NOT_FOUND"), "engine.bad_request"),
    (GEMINI, 429, _google("RESOURCE_EXHAUSTED"), "engine.rate_limited"),
    (GEMINI, 429, _google("RESOURCE_EXHAUSTED", violations=_PER_DAY), "engine.rate_limited"),
    (GEMINI, 429, _google("RESOURCE_EXHAUSTED", "…, limit: 0"), "engine.quota_exhausted"),
    (GEMINI, 429, _google("RESOURCE_EXHAUSTED", "…, limit: 0.5"), "engine.rate_limited"),
    (GEMINI, 500, _google("INTERNAL"), "engine.unavailable"),
    (GEMINI, 503, _google("UNAVAILABLE"), "engine.unavailable"),
    (GEMINI, 504, _google("DEADLINE_EXCEEDED"), "engine.unavailable"),
    (
        OLLAMA,
        400,
        {"error": "the input length exceeds the context length"},
        "engine.context_exceeded",
    ),
    (OLLAMA, 400, {"error": '"x" does not support chat'}, "engine.bad_request"),
    (OLLAMA, 401, {"error": "unauthorized"}, "engine.unauthorised"),
    (OLLAMA, 404, {"error": "model 'x' not found"}, "engine.bad_request"),
    (OLLAMA, 500, {"error": "model requires more system memory (9 GiB)"}, "engine.bad_request"),
    (OLLAMA, 500, {"error": "llama runner terminated"}, "engine.unavailable"),
    (OLLAMA, 503, {"error": "server busy"}, "engine.unavailable"),
    (DEEPL, 400, {"message": "Bad request"}, "engine.bad_request"),
    (DEEPL, 400, {"message": "Value for 'target_lang' not supported."}, "engine.pair_unsupported"),
    (DEEPL, 403, {"message": "Authorization failure"}, "engine.unauthorised"),
    (DEEPL, 404, {"message": "Not found"}, "engine.bad_request"),
    (DEEPL, 413, {"message": "Request Entity Too Large"}, "engine.context_exceeded"),
    (DEEPL, 429, {"message": "Too many requests"}, "engine.rate_limited"),
    (DEEPL, 456, {"message": "Quota Exceeded"}, "engine.quota_exhausted"),
    (DEEPL, 500, None, "engine.unavailable"),
    (DEEPL, 503, None, "engine.unavailable"),
    (DEEPL, 529, {"message": "Too many requests"}, "engine.unavailable"),
    (LIBRE, 400, {"error": "Invalid request: missing q parameter"}, "engine.bad_request"),
    (LIBRE, 400, {"error": "xx is not supported"}, "engine.pair_unsupported"),
    (
        LIBRE,
        400,
        {"error": "Invalid request: request (9) exceeds text limit (5)"},
        "engine.context_exceeded",
    ),
    (LIBRE, 403, {"error": "Invalid API key"}, "engine.unauthorised"),
    (LIBRE, 403, {"error": "Too many request limits violations"}, "engine.rate_limited"),
    (LIBRE, 429, {"error": "Slowdown"}, "engine.rate_limited"),
    (LIBRE, 500, {"error": "Cannot translate text"}, "engine.unavailable"),
]
_RETRIED = {Meaning.RATE_LIMITED, Meaning.UNAVAILABLE}


@pytest.mark.parametrize(
    ("api", "status", "body", "code"),
    [pytest.param(*row, id=f"{row[0]}-{row[1]}-{number}") for number, row in enumerate(TABLE)],
)
def test_each_refusal_means_one_thing(
    api: ApiKind, status: int, body: JsonValue, code: str
) -> None:
    error = ServerError.of(status, {}, json.dumps(body).encode(), api).as_error()
    assert error.code == code
    assert type(error) is RetryableError if code in _RETRIED else isinstance(error, PermanentError)


def test_every_line_of_the_table_is_the_first_to_fit_some_refusal() -> None:
    used = {next(rule for rule in RULES if rule.fits(each)) for each in _refusals()}
    assert set(RULES) - used == set()


def _refusals() -> list[Refused]:
    found: list[Refused] = []
    for api, status, body, _ in TABLE:
        error = ServerError.of(status, {}, json.dumps(body).encode(), api)
        marks = tuple(each for each in (error.code, *error.marks, error.kind) if each)
        found.append(Refused(api, status, marks, error.words))
    long = "maximum context length is 4096 tokens"
    found += [
        Refused(OPENAI, 400, ("context_length_exceeded",)),
        Refused(OPENAI, 400, words=long),
        Refused(OPENAI, 429, words="Request too large"),
        Refused(OPENAI, 429, may_retry=False),
        Refused(OPENAI, 400, may_retry=True),
    ]
    return found


def test_a_refusal_that_no_line_knows_is_a_bad_request() -> None:
    assert meaning_of(Refused(DEEPL, 418)) is Meaning.BAD_REQUEST


def test_messages_name_the_settings_of_who_asked() -> None:
    cures = Cures(key="THE_KEY", address="THE_ADDRESS")
    assert "THE_KEY" in ServerError.of(401, {}, {}).as_error(cures).message
    assert "THE_ADDRESS" in ServerError.of(404, {}, {}).as_error(cures).message

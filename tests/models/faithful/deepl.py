"""DeepL's API, version 2, as api.deepl.com answers it."""

from __future__ import annotations

from xml.etree import ElementTree

from models.faithful.base import KEY, Answered, Asked, Json, Provider, check

_FIELDS = {
    "text", "source_lang", "target_lang", "context", "formality", "glossary_id", "tag_handling",
    "tag_handling_version", "show_billed_characters", "custom_instructions", "model_type",
}  # fmt: skip
_SOURCES = {"EN", "DE", "ES", "FR", "PT", "ZH", "NB"}
_TARGETS = {
    "EN-GB",
    "EN-US",
    "DE",
    "ES",
    "ES-419",
    "FR",
    "PT-BR",
    "PT-PT",
    "ZH-HANS",
    "ZH-HANT",
    "NB",
}


def _refusal(status: int, message: str, detail: str = "", **headers: str) -> Answered:
    body = {"message": message} | ({"detail": detail} if detail else {})
    return Answered(status, body, headers={"x-trace-id": "trace-refused", **headers})


_MODES: dict[str, Answered] = {
    "rate_limited": _refusal(429, "Too many requests", **{"retry-after": "7"}),
    "no_credit": _refusal(456, "Quota Exceeded"),
    "overloaded": _refusal(529, "Too many requests"),
    "broken": _refusal(500, "Internal server error"),
    "too_large": _refusal(413, "Request Entity Too Large"),
    "web_page": Answered(200, "<html>Welcome</html>"),
}


class DeepLServer(Provider):
    """Translates into capitals; bills each character of the source."""

    def answer(self, asked: Asked) -> Answered:
        known = asked.headers.get("authorization") == f"DeepL-Auth-Key {KEY}"
        check(known, lambda: _refusal(403, "Authorization failure"))
        if asked.path == "/v2/languages":
            codes = _TARGETS if asked.query == "type=target" else _SOURCES
            return Answered(200, [{"language": each, "name": each} for each in sorted(codes)])
        check(asked.path == "/v2/translate", lambda: _refusal(404, "Not found"))
        body = asked.body
        unknown = sorted(set(body) - _FIELDS)
        check(not unknown, lambda: _refusal(400, f"Unknown parameter {unknown}"))
        said = "Value for 'target_lang' not supported."
        check(body.get("target_lang") in _TARGETS, lambda: _refusal(400, said))
        said = "Value for 'source_lang' not supported."
        check(body.get("source_lang") in _SOURCES, lambda: _refusal(400, said))
        check(len(body["text"]) <= 50, lambda: _refusal(413, "Request Entity Too Large"))
        for text in body["text"] if body.get("tag_handling") == "xml" else ():
            _check_markup(body, text)
        mode = self.mode()
        if mode in ("held", "hang"):
            self.released.wait(30)
        if mode in _MODES:
            return _MODES[mode]
        found: list[Json] = [
            {
                "detected_source_language": body["source_lang"],
                "text": text.upper() if "<" not in text else text,
                "billed_characters": len(text),
                "model_type_used": "quality_optimized",
            }
            for text in body["text"]
        ]
        if mode == "too_few":
            found.pop()
        return Answered(200, {"translations": found}, headers={"x-trace-id": "trace-1"})


def _check_markup(body: Json, text: str) -> None:
    check(body.get("tag_handling_version") == "v2", lambda: _refusal(400, "v1 is not tested here"))
    try:
        ElementTree.fromstring(f"<root>{text}</root>")  # noqa: S314 - our own requests
    except ElementTree.ParseError as error:
        detail = f"Tag handling parsing failed, please check input: {error}"
        check(False, lambda: _refusal(400, "Bad request", detail))

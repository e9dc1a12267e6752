"""LibreTranslate 1.9, as its app.py answers."""

from __future__ import annotations

from models.faithful.base import KEY, Answered, Asked, Provider, check

_TARGETS = ["en", "es", "de", "zh-Hans", "zh-Hant", "pt-BR"]
_MOST_CHARACTERS = 2_000
_MOST_TEXTS = 100


def _refusal(status: int, message: str) -> Answered:
    return Answered(status, {"error": message})


_MODES: dict[str, Answered] = {
    "rate_limited": _refusal(429, "Slowdown: 30 per 1 minute"),
    "banned": _refusal(403, "Too many request limits violations"),
    "broken": _refusal(500, "Cannot translate text: out of memory"),
    "overloaded": Answered(502, "<html>Bad gateway</html>"),
    "web_page": Answered(200, "<html>Welcome</html>"),
}


class LibreServer(Provider):
    """Translates into capitals. `lists` whether it says which languages it has."""

    lists = True

    def answer(self, asked: Asked) -> Answered:
        if asked.path == "/languages":
            known = [{"code": code, "name": code, "targets": _TARGETS} for code in _TARGETS]
            return Answered(200, known) if self.lists else _refusal(404, "Not found")
        check(asked.path == "/translate", lambda: _refusal(404, "Not found"))
        body = asked.body
        check(body.get("api_key") == KEY, lambda: _refusal(403, "Invalid API key"))
        for name in ("q", "source", "target"):
            said = f"Invalid request: missing {name} parameter"
            check(name in body, lambda said=said: _refusal(400, said))
        size = sum(len(each) for each in body["q"])
        said = f"Invalid request: request ({size}) exceeds text limit ({_MOST_CHARACTERS})"
        check(size <= _MOST_CHARACTERS, lambda: _refusal(400, said))
        said = f"Invalid request: request ({len(body['q'])}) exceeds batch limit ({_MOST_TEXTS})"
        check(len(body["q"]) <= _MOST_TEXTS, lambda: _refusal(400, said))
        for name in ("source", "target"):
            said = f"{body[name]} is not supported"
            check(body[name] in _TARGETS, lambda said=said: _refusal(400, said))
        check(body.get("format", "text") in ("text", "html"), lambda: _refusal(400, "format"))
        mode = self.mode()
        if mode in ("held", "hang"):
            self.released.wait(30)
        if mode in _MODES:
            return _MODES[mode]
        texts = [text.upper() if "<" not in text else text for text in body["q"]]
        return Answered(200, {"translatedText": texts[1:] if mode == "too_few" else texts})

"""A LanguageTool server of the tests' own: `/v2/languages` and `/v2/check` as the real one answers
and refuses them. It knows one fault: the word `fehhler`.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs

_CODES = ("en", "en-US", "en-GB", "de", "de-DE", "de-AT", "de-CH", "fr", "es", "pt-PT", "zh-CN")
_FAULT = "fehhler"
Fields = dict[str, list[str]]


class LanguageToolServer:
    """Refuses a text longer than `max_text_length` with 413, an unknown language and missing
    parameters with 400. `statuses` are answered first, one a check; `wait_s` is how long a check
    takes. `requests` are the forms it was sent.
    """

    def __init__(
        self, *statuses: int, max_text_length: int = 10**9, wait_s: float = 0, talks: bool = True
    ) -> None:
        self.statuses = list(statuses)
        self.max_text_length = max_text_length
        self.wait_s = wait_s
        self.talks = talks
        self.requests: list[Fields] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        """The address up to `/v2`."""
        return f"http://127.0.0.1:{self._server.server_port}/v2"

    def close(self) -> None:
        """Stop to serve."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def checked(self, form: Fields) -> tuple[int, str]:
        """Status and body of a check."""
        self.requests.append(form)
        time.sleep(self.wait_s)
        if self.statuses:
            return self.statuses.pop(0), "Error: not now"
        if ("text" in form) == ("data" in form):
            return 400, "Error: Missing 'text' or 'data' parameter"
        if "language" not in form:
            return 400, "Error: Missing 'language' parameter"
        code = form["language"][0]
        if code not in _CODES:
            return 400, f"Error: '{code}' is not a language code known to LanguageTool."
        whole, read = _texts(form)
        length = len(read.encode("utf-16-le")) // 2
        if length > self.max_text_length:
            return 413, (
                f"Error: Your text exceeds the limit of {self.max_text_length} characters (it's {length} characters)."
                " Please submit a shorter text."
            )
        return 200, json.dumps({"language": {"code": code}, "matches": list(_matches(whole))})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listed = [{"name": code, "code": code[:2], "longCode": code} for code in _CODES]
                self._answer(200, json.dumps(listed) if server.talks else "<html>hello</html>")

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                form = parse_qs(self.rfile.read(size).decode(), keep_blank_values=True)
                self._answer(*server.checked(form))

            def _answer(self, status: int, body: str) -> None:
                data = body.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler


def _texts(form: Fields) -> tuple[str, str]:
    """The text with its markup, in which offsets count, and the text that is read."""
    if "text" in form:
        return form["text"][0], form["text"][0]
    data = cast("dict[str, list[dict[str, str]]]", json.loads(form["data"][0]))
    whole = "".join(each.get("text", each.get("markup", "")) for each in data["annotation"])
    read = "".join(each.get("text", each.get("interpretAs", "")) for each in data["annotation"])
    return whole, read


def _matches(text: str) -> Iterator[dict[str, object]]:
    for match in re.finditer(_FAULT, text, re.IGNORECASE):
        # Java counts in UTF-16.
        before = len(text[: match.start()].encode("utf-16-le")) // 2
        yield {
            "message": f"Meinten Sie statt {match.group()} etwa Fehler?",
            "offset": before,
            "length": len(_FAULT),
            "replacements": [{"value": "Fehler"}],
            "rule": {
                "id": "GERMAN_SPELLER_RULE",
                "description": "Möglicher Rechtschreibfehler",
                "issueType": "misspelling",
                "category": {"id": "TYPOS", "name": "Mögliche Tippfehler"},
            },
        }


@contextmanager
def languagetool(
    *statuses: int, max_text_length: int = 10**9, wait_s: float = 0, talks: bool = True
) -> Generator[LanguageToolServer]:
    """A server that stops with the block."""
    server = LanguageToolServer(
        *statuses, max_text_length=max_text_length, wait_s=wait_s, talks=talks
    )
    try:
        yield server
    finally:
        server.close()

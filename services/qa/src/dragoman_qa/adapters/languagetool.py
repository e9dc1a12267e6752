"""A LanguageTool server: grammar and spelling of many languages, by its HTTP API version 2.

The units of a request are one annotated text, with a break of paragraphs between two:

    POST /v2/check  language=de-DE
    data={"annotation": [{"text": "Das Haus"}, {"markup": "|", "interpretAs": " "}, {"text": "Der Hund"}]}
    {"matches": [{"offset": 4, "length": 4, "rule": {"id": "GERMAN_SPELLER_RULE", …}}]}

Its messages may quote the text, so findings say the rule's own description.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from http import HTTPStatus

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding, Severity
from dragoman_qa.ports import GrammarChecker, GrammarFindings, GrammarText

_PLACE = "\ufffc"
_BREAK = "\n"
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)
_LONGEST_WORDS = 120
# The variety that a language without a region most often means; LanguageTool spells by varieties.
_VARIETIES = {"en": "en-US", "de": "de-DE", "pt": "pt-PT", "ca": "ca-ES"}


class _Language(BaseModel):
    """One language of `GET /v2/languages`."""

    code: str
    long_code: str

    model_config = ConfigDict(
        alias_generator=lambda name: {"long_code": "longCode"}.get(name, name)
    )


class _Rule(BaseModel):
    id: str
    description: str = ""


class _Match(BaseModel):
    """One match. Offset and length count UTF-16 code units, as Java does."""

    offset: int
    length: int
    rule: _Rule


class _Reply(BaseModel):
    matches: tuple[_Match, ...]


_languages = TypeAdapter(tuple[_Language, ...])


class TextTooLongError(PermanentError):
    """The text of one unit is longer than the server takes."""

    default_code = "languagetool.too_long"


class LanguageToolChecker(GrammarChecker):
    """Checks grammar and spelling on a LanguageTool server."""

    def __init__(self, url: str, *, timeout_s: float = 60, max_characters: int = 20_000) -> None:
        self._url = url.rstrip("/") + "/"
        self._timeout_s = timeout_s
        self._max_characters = max_characters
        self._client: httpx.AsyncClient | None = None
        self._codes: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """`languagetool`."""
        return "languagetool"

    async def check(self, texts: Sequence[GrammarText], locale: Locale) -> GrammarFindings:
        """The findings of all texts; none, and said so, for a language that the server lacks."""
        code = self._code(locale, await self._known_codes())
        if code is None:
            return GrammarFindings(checker=self.name, locale=locale, is_supported=False)
        findings: dict[str, tuple[QaFinding, ...]] = {}
        for batch in self._batches(texts):
            for unit_id, found in (await self._checked(batch, code)).items():
                findings[unit_id] = found
        return GrammarFindings(checker=self.name, locale=locale, findings=findings)

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _known_codes(self) -> frozenset[str]:
        if self._codes is None:
            response = await self._asked("GET", "languages")
            try:
                known = _languages.validate_json(response.content)
            except ValidationError as error:
                raise _no_languagetool() from error
            self._codes = frozenset(code for each in known for code in (each.code, each.long_code))
        return self._codes

    @staticmethod
    def _code(locale: Locale, known: frozenset[str]) -> str | None:
        """The server's code for a locale: the same variety, or else the language."""
        region = next((part for part in locale.split("-")[1:] if len(part) == 2), "")
        variety = f"{locale.language}-{region}" if region else ""
        wanted = (variety, _VARIETIES.get(locale.language, ""), str(locale), locale.language)
        return next((code for code in wanted if code in known), None)

    def _batches(self, texts: Sequence[GrammarText]) -> Iterator[Sequence[GrammarText]]:
        batch: list[GrammarText] = []
        size = 0
        for each in texts:
            # In code units, as the server counts; a break between two units has two.
            length = _utf16(each.text) + 2
            if batch and size + length > self._max_characters:
                yield batch
                batch, size = [], 0
            batch.append(each)
            size += length
        if batch:
            yield batch

    async def _checked(
        self, batch: Sequence[GrammarText], code: str
    ) -> dict[str, tuple[QaFinding, ...]]:
        """The findings of a batch, in halves where the server takes no text of its length."""
        try:
            reply = await self._matches(batch, code)
        except TextTooLongError:
            if len(batch) == 1:
                raise
            middle = len(batch) // 2
            first = await self._checked(batch[:middle], code)
            return first | await self._checked(batch[middle:], code)
        starts: list[int] = []
        end = 0
        for each in batch:
            starts.append(end)
            end += _utf16(each.text) + len(_BREAK)
        found: dict[str, list[QaFinding]] = {}
        for match in reply.matches:
            place = bisect_right(starts, match.offset) - 1
            text = batch[place]
            found.setdefault(text.unit_id, []).append(_finding(text.text, match, starts[place]))
        return {unit_id: tuple(each) for unit_id, each in found.items()}

    async def _matches(self, batch: Sequence[GrammarText], code: str) -> _Reply:
        data = json.dumps({"annotation": list(_annotation(batch))}, ensure_ascii=False)
        response = await self._asked("POST", "check", {"language": code, "data": data})
        try:
            return _Reply.model_validate_json(response.content)
        except ValidationError as error:
            raise _no_languagetool() from error

    async def _asked(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> httpx.Response:
        if self._client is None:
            self._client = httpx.AsyncClient(base_url=self._url, timeout=self._timeout_s)
        try:
            response = await self._client.request(method, path, data=form)
        except httpx.InvalidURL as error:
            raise _no_languagetool() from error
        except httpx.UnsupportedProtocol as error:
            raise _no_languagetool() from error
        except httpx.TransportError as error:
            raise RetryableError(
                "The LanguageTool server does not answer; look at it and at DRAGOMAN_LANGUAGETOOL_URL.",
                code="languagetool.unavailable",
            ) from error
        if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise TextTooLongError(
                "One unit is longer than the LanguageTool server takes; raise its maxTextLength."
            )
        if response.status_code in _BUSY or response.is_server_error:
            raise RetryableError(
                f"The LanguageTool server is busy or in trouble (HTTP {response.status_code}).",
                code="languagetool.unavailable",
            )
        if not response.is_success:
            raise PermanentError(
                f"The LanguageTool server refuses the request (HTTP {response.status_code}); look at "
                "DRAGOMAN_LANGUAGETOOL_URL, or switch grammar.languagetool off.",
                code="languagetool.refused",
            )
        return response


def _no_languagetool() -> PermanentError:
    return PermanentError(
        "What answers at DRAGOMAN_LANGUAGETOOL_URL is no LanguageTool; set its address up to /v2.",
        code="languagetool.refused",
    )


def _annotation(batch: Sequence[GrammarText]) -> Iterator[dict[str, str]]:
    for number, each in enumerate(batch):
        if number:
            yield {"markup": _BREAK, "interpretAs": "\n\n"}
        for part_number, part in enumerate(each.text.split(_PLACE)):
            if part_number:
                yield {"markup": _PLACE, "interpretAs": " "}
            if part:
                yield {"text": part}


def _finding(text: str, match: _Match, start: int) -> QaFinding:
    """The finding of a match, with offsets in the unit's text without its placeholders."""
    begins = _offset(text, match.offset - start)
    ends = _offset(text, match.offset - start + match.length)
    description = match.rule.description[:_LONGEST_WORDS].strip() or "see the rule"
    return finding(
        "grammar.languagetool",
        f"{match.rule.id}: {description}; look at the words.",
        begins - text.count(_PLACE, 0, begins),
        ends - text.count(_PLACE, 0, ends),
    )


def finding(code: str, message: str, start: int, end: int) -> QaFinding:
    """A finding, whose severity the profile sets."""
    return QaFinding(code=code, severity=Severity.INFO, message=message, start=start, end=end)


def _offset(text: str, code_units: int) -> int:
    """The offset in characters for one in UTF-16 code units; at most the text's length."""
    units = text.encode("utf-16-le")[: 2 * max(code_units, 0)]
    return len(units.decode("utf-16-le", "ignore"))


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2

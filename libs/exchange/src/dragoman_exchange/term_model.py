"""Terms of a file: those that were read, and the rows that were not, each with its reason.

TermRejection("row 7", "glossary.no_target", "It has no target; write one, or mark it as not to be translated.")
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from pydantic import ValidationError

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.resources import MOST_TERM_CHARS, TermEntry, TermStatus
from dragoman_exchange.errors import ExchangeRefusedError
from dragoman_exchange.found import Repairs
from dragoman_exchange.model import Repair

MOST_TERMS_IN_FILE = 200_000
_MOST_REJECTIONS = 1_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSTORABLE = re.compile("[\ud800-\udfff\ufffe\uffff\ufffd]")
_STATUSES: Mapping[str, TermStatus] = {
    **dict.fromkeys(("", "preferred", "approved", "recommended", "standard"), TermStatus.PREFERRED),
    **dict.fromkeys(
        ("admitted", "allowed", "acceptable", "permitted", "legal", "regulated", "standardized"),
        TermStatus.ADMITTED,
    ),
    **dict.fromkeys(
        ("forbidden", "deprecated", "superseded", "prohibited", "obsolete", "not recommended"),
        TermStatus.FORBIDDEN,
    ),
}
_TRUE = frozenset({"1", "yes", "y", "true", "x", "on"})
_FALSE = frozenset({"", "0", "no", "n", "false", "off", "-"})


class TermFormat(StrEnum):
    """The kinds of files that glossaries travel in."""

    TBX = "tbx"
    CSV = "csv"
    XLSX = "xlsx"


class TermRejection(Value):
    """A row or a concept of a file of which nothing, or not all, was taken."""

    place: str
    code: str
    reason: str


class TermReading(Value):
    """The answer of a file: its terms in order, and what was wrong.

    `rejections` are the first thousand; `rejected_count` counts them all.
    """

    format: TermFormat
    terms: tuple[TermEntry, ...]
    rejections: tuple[TermRejection, ...] = ()
    rejected_count: int = 0
    repairs: tuple[Repair, ...] = ()


class TermLocales(Value):
    """The locales that a reader takes terms of; None where the file is to say it.

    Without a target every language of the file but the source's is one.
    """

    source: Locale | None = None
    target: Locale | None = None


class TermCollector:
    """Takes the fields of terms as a reader finds them."""

    def __init__(self) -> None:
        self._terms: list[TermEntry] = []
        self._rejections: list[TermRejection] = []
        self._rejected_count = 0
        self.repairs = Repairs()

    def take(self, place: str, fields: Mapping[str, object]) -> None:
        """Take a term, or say why it cannot be taken.

        Raises:
            ExchangeRefusedError: the file has more terms than a glossary can have.
        """
        if len(self._terms) >= MOST_TERMS_IN_FILE:
            raise ExchangeRefusedError(
                f"The file has more than {MOST_TERMS_IN_FILE} terms; split it.",
                code="exchange.too_large",
            )
        said = dict(fields)
        for name in ("source", "target", "part_of_speech", "note"):
            text = str(said.get(name) or "")
            said[name] = _line(text) if name != "note" else _lines(text)
            if _UNSTORABLE.search(text):
                self.reject(
                    place,
                    "glossary.characters",
                    "It has characters that the file could not hold; save it as UTF-8.",
                )
                return
        if said.get("is_do_not_translate") and not said["target"]:
            said["target"] = said["source"]
        refusal = _refusal(said)
        if refusal is not None:
            self.reject(place, *refusal)
            return
        try:
            self._terms.append(TermEntry.model_validate(said))
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).replace("_", " ") if first["loc"] else "term"
            message = first["msg"].removeprefix("Value error, ")
            self.reject(place, "glossary.invalid", f"Its {name} cannot be taken: {message}.")

    def reject(self, place: str, code: str, reason: str) -> None:
        """Put on record that something was not taken."""
        self._rejected_count += 1
        if len(self._rejections) < _MOST_REJECTIONS:
            self._rejections.append(TermRejection(place=place, code=code, reason=reason))

    def reading(self, format_: TermFormat) -> TermReading:
        """All that was read.

        Raises:
            ExchangeRefusedError: there was nothing to read at all.
        """
        if not self._terms and not self._rejected_count:
            raise ExchangeRefusedError(
                "The file has no terms: a table needs rows with a source and a target, TBX needs "
                "concepts in both languages.",
                code="exchange.no_terms",
            )
        return TermReading(
            format=format_,
            terms=tuple(self._terms),
            rejections=tuple(self._rejections),
            rejected_count=self._rejected_count,
            repairs=self.repairs.all(),
        )


def status_of(word: str) -> TermStatus:
    """The status that a word of a file names; a TBX value such as `preferredTerm-admn-sts`, too.

    Raises:
        ValueError: it names none.
    """
    plain = re.sub(r"term(-admn-sts)?$", "", word.strip(), flags=re.IGNORECASE).strip().lower()
    if plain not in _STATUSES:
        raise ValueError(
            f"{word.strip()[:40]!r} is no status; write preferred, admitted or forbidden"
        )
    return _STATUSES[plain]


def is_yes(word: str) -> bool:
    """Whether a word of a table says yes.

    Raises:
        ValueError: it says neither yes nor no.
    """
    plain = word.strip().lower()
    if plain in _TRUE or plain in _FALSE:
        return plain in _TRUE
    raise ValueError(f"{word.strip()[:40]!r} is neither yes nor no")


def _refusal(said: Mapping[str, object]) -> tuple[str, str] | None:
    if not said["source"]:
        return "glossary.no_source", "It has no source; write one."
    if not said["target"]:
        return (
            "glossary.no_target",
            "It has no target; write one, or mark it as not to be translated.",
        )
    if any(len(str(said[name])) > MOST_TERM_CHARS for name in ("source", "target")):
        return "glossary.too_long", f"It has more than {MOST_TERM_CHARS} characters; shorten it."
    if said["source_locale"] == said["target_locale"]:
        return "glossary.one_locale", "Its source and its target are in the same language."
    return None


def _line(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(_CONTROL.sub(" ", text).split()))


def _lines(text: str) -> str:
    return "\n".join(line for line in map(_line, text.splitlines()) if line)[:2000]

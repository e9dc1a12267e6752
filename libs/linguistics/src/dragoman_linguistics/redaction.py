"""Texts that no provider may see, replaced by placeholders before and put back afterwards.

    unit        Write to ann@example.org today.
    redacted    Write to <1/> today.              the vault says that tag 1 is ann@example.org
    answer      Schreiben Sie heute an <1/>.
    restored    Schreiben Sie heute an ann@example.org.

A placeholder is a tag like those of the document: one that is lost or doubled is found, asked for
again and repaired as every tag is. Nothing is stored: the same unit under the same rules always
has the same placeholders. In texts that are only shown, a mark such as `[mail]` stands instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import regex

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.redaction import Redaction, RedactionKind, RedactionPattern
from dragoman_contracts.text import (
    Content,
    Segment,
    Tag,
    TagRole,
    TagSpec,
    Unit,
    normalised,
    placeholder,
)

TIME_LIMIT_S = 0.25
_TERM = "term"
# No quantifier without a limit: a long text must not take long.
_MAIL = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w@])", re.UNICODE
)
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}[0-9]{2}(?:[ \u00a0\u202f-]?[A-Za-z0-9]){11,30}")
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FO FI GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ DZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""Characters of an account number by country (ISO 13616 registry)."""
_DIGIT_GROUPS = re.compile(r"(?<!\w)\d{1,19}(?:[ \u00a0\u202f.-]\d{1,19}){0,7}(?!\w)")
_CARD_LENGTHS = range(13, 20)
_GAP = r"[ \u00a0\u202f./\u2010-\u2013-]{0,3}"
_PHONE = re.compile(
    rf"(?<![\w+.,])(?:\+\d{{1,3}}|00\d{{1,3}}|\(0\d{{1,5}}\)|0\d{{1,5}}|\(\d{{2,4}}\)|\d{{3}}(?=[-.]\d{{3}}[-.]\d{{4}}(?!\d)))"
    rf"(?:{_GAP}\(?\d{{1,12}}\)?){{1,7}}(?![\w,]\d|\d)"
)
_PHONE_DIGITS = range(7, 16)
_DATE = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{4}([./-])\d{1,2}\2\d{1,2}")
_DECIMAL = re.compile(r"0[.,]\d+")
_PROBES = tuple(
    piece * (size // len(piece)) + "!"
    for size in (30, 5_000)
    for piece in ("a", "b", "x", "A", "1", " ", "-", "a@", "a b ", "ab1-", "1 ")
)


class RedactionTimeoutError(PermanentError):
    """A pattern of the project takes too long on a text of the document; nothing was sent.

    Make the pattern simpler, and run the job again.
    """

    default_code = "redaction.pattern_slow"


class Span(NamedTuple):
    """A text to be replaced: its offsets, and the kind or the name it was found by."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Vault:
    """The texts of one unit behind their placeholders, by tag id; `kinds` says how each was found."""

    texts: Mapping[int, str]
    kinds: Mapping[int, str]

    def restored(self, content: Content) -> Content:
        """The content with the texts in place of their placeholders."""
        if not self.texts:
            return content
        return normalised(
            self.texts.get(part.id, part) if isinstance(part, Tag) else part for part in content
        )


class Redactor:
    """Replaces what some rules name. Immutable; threads may share one."""

    def __init__(self, rules: Redaction) -> None:
        self._finders: list[Callable[[str], Iterable[Span]]] = [
            _FINDERS[kind] for kind in dict.fromkeys(rules.kinds)
        ]
        self._finders += [_of_pattern(each) for each in rules.patterns]
        if rules.terms:
            self._finders.append(_of_terms(rules.terms))

    def spans(self, text: str) -> tuple[Span, ...]:
        """The texts to be replaced, in order; those that overlap are one.

        Raises:
            RedactionTimeoutError: a pattern took too long.
        """
        found = sorted({span for finder in self._finders for span in finder(text)})
        joined: list[Span] = []
        for span in found:
            if joined and span.start < joined[-1].end:
                last = joined[-1]
                joined[-1] = Span(last.start, max(last.end, span.end), last.kind)
            else:
                joined.append(span)
        return tuple(joined)

    def marked(self, text: str) -> str:
        """A text that is only shown, with marks such as `[mail]` in place of what is replaced."""
        parts: list[str] = []
        end = 0
        for span in self.spans(text):
            parts += [text[end : span.start], f"[{span.kind}]"]
            end = span.end
        return "".join([*parts, text[end:]])

    def unit(self, unit: Unit) -> tuple[Unit, Vault]:
        """The unit with placeholders, and the vault that puts its texts back.

        A find that tags of the document part has one placeholder between each two of them.
        """
        contents = [segment.source for segment in unit.segments]
        text, places = _flattened(contents, unit.tags)
        spans = self.spans(text)
        if not spans:
            return unit, Vault({}, {})
        used = [spec.id for spec in unit.tags]
        used += [part.id for each in contents for part in each if isinstance(part, Tag)]
        maker = _Placeholders(spans, places, max(used, default=0) + 1)
        segments = tuple(
            Segment(
                segment_id=each.segment_id,
                source=maker.content(number, each.source),
                is_ignorable=each.is_ignorable,
            )
            for number, each in enumerate(unit.segments)
        )
        specs = tuple(TagSpec(id=tag_id, role=TagRole.OTHER) for tag_id in maker.texts)
        redacted = unit.model_copy(update={"segments": segments, "tags": (*unit.tags, *specs)})
        return redacted, Vault(maker.texts, maker.kinds)


def require_usable_pattern(pattern: str) -> None:
    """Return where a pattern can be used: it compiles, finds no empty text, and is quick on texts
    that make a pattern slow.

    Raises:
        ValueError: it cannot; the message says why.
    """
    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"it does not compile: {error}") from error
    try:
        for probe in ("", *_PROBES):
            for found in compiled.finditer(probe, timeout=TIME_LIMIT_S):
                if not found.group():
                    raise ValueError("it also finds empty text; let it demand a character")
    except TimeoutError as error:
        raise ValueError(
            "it takes too long on a text of 5,000 characters; avoid repetitions inside repetitions"
        ) from error


class _Placeholders:
    """Writes contents with placeholders, numbered in reading order from `first_id`."""

    def __init__(
        self, spans: Sequence[Span], places: Mapping[tuple[int, int], int], first_id: int
    ) -> None:
        self._spans = spans
        self._places = places
        self._next_id = first_id
        self.texts: dict[int, str] = {}
        self.kinds: dict[int, str] = {}

    def content(self, number: int, content: Content) -> Content:
        parts: list[str | Tag] = []
        for index, part in enumerate(content):
            if isinstance(part, Tag):
                parts.append(part)
            else:
                parts += self._text(part, self._places[number, index])
        return normalised(parts)

    def _text(self, text: str, offset: int) -> Iterator[str | Tag]:
        end = 0
        for span in self._spans:
            first, last = max(span.start - offset, 0), min(span.end - offset, len(text))
            if first >= last:
                continue
            yield text[end:first]
            yield self._placeholder(text[first:last], span.kind)
            end = last
        yield text[end:]

    def _placeholder(self, text: str, kind: str) -> Tag:
        tag_id = self._next_id
        self._next_id += 1
        self.texts[tag_id], self.kinds[tag_id] = text, kind
        return placeholder(tag_id)


def _flattened(
    contents: Sequence[Content], specs: Iterable[TagSpec]
) -> tuple[str, dict[tuple[int, int], int]]:
    """The text of contents one after the other, and the offset of each of their strings.

    A placeholder stands for its equivalent: a hyphen inside a number must not hide the number.
    """
    equivalents = {spec.id: spec.equivalent for spec in specs}
    places: dict[tuple[int, int], int] = {}
    texts: list[str] = []
    length = 0
    for number, content in enumerate(contents):
        for index, part in enumerate(content):
            if isinstance(part, str):
                places[number, index] = length
                texts.append(part)
            else:
                texts.append(equivalents.get(part.id, ""))
            length += len(texts[-1])
    return "".join(texts), places


def _of_pattern(rule: RedactionPattern) -> Callable[[str], list[Span]]:
    compiled = regex.compile(rule.pattern)

    def find(text: str) -> list[Span]:
        return _found(compiled, text, rule.name)

    return find


def _of_terms(terms: Iterable[str]) -> Callable[[str], list[Span]]:
    """Finds terms as whole words; of two at one place, the longer. White space counts as one space."""
    longest_first = sorted(dict.fromkeys(terms), key=len, reverse=True)
    compiled = regex.compile(
        "|".join(map(_whole, longest_first)), regex.IGNORECASE | regex.FULLCASE | regex.VERSION1
    )

    def find(text: str) -> list[Span]:
        return _found(compiled, text, _TERM)

    return find


def _whole(term: str) -> str:
    r"""The pattern of a term. Scripts that part no words have no border to wait for."""
    body = r"\s{1,9}".join(regex.escape(word) for word in term.split())
    first, last = term.strip()[:1], term.strip()[-1:]
    return (
        (r"(?<!\w)" if _is_bordered(first) else "")
        + body
        + (r"(?!\w)" if _is_bordered(last) else "")
    )


def _is_bordered(character: str) -> bool:
    return bool(
        regex.match(r"[\w--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]]", character,
                    regex.VERSION1)
    )  # fmt: skip


def _found(compiled: regex.Pattern[str], text: str, kind: str) -> list[Span]:
    matches: Iterator[Any] = compiled.finditer(text, timeout=TIME_LIMIT_S)
    try:
        return [Span(*each.span(), kind) for each in matches if each.group()]
    except TimeoutError as error:
        raise RedactionTimeoutError(
            f"The redaction pattern {kind!r} takes longer than {TIME_LIMIT_S:g} s on a text of "
            f"{len(text):,} characters; make it simpler in the project's settings."
        ) from error


def _mails(text: str) -> Iterator[Span]:
    if "@" in text:
        for match in _MAIL.finditer(text):
            yield Span(*match.span(), RedactionKind.MAIL.value)


def _ibans(text: str) -> Iterator[Span]:
    """Account numbers of a known country with a right checksum; what stands behind one is looked
    at on its own.
    """
    at = 0
    while match := _IBAN.search(text, at):
        start, at = match.start(), match.start() + 1
        places = [place for place, each in enumerate(match.group()) if each.isalnum()]
        length = _IBAN_LENGTHS.get(match.group()[:2].upper(), 0)
        if not 0 < length <= len(places):
            continue
        number = [match.group()[place] for place in places[:length]]
        turned = "".join(str(int(each, 36)) for each in (*number[4:], *number[:4]))
        if int(turned) % 97 == 1:
            at = start + places[length - 1] + 1
            yield Span(start, at, RedactionKind.IBAN.value)


def _cards(text: str) -> Iterator[Span]:
    """Card numbers with a right check digit (ISO/IEC 7812), also beside other numbers."""
    for match in _DIGIT_GROUPS.finditer(text):
        groups = list(re.finditer(r"\d+", match.group()))
        first = 0
        while first < len(groups):
            for last in range(len(groups) - 1, first - 1, -1):
                digits = "".join(each.group() for each in groups[first : last + 1])
                if len(digits) in _CARD_LENGTHS and _is_checked(digits):
                    start = match.start()
                    yield Span(
                        start + groups[first].start(),
                        start + groups[last].end(),
                        RedactionKind.CARD.value,
                    )
                    first = last
                    break
            first += 1


def _is_checked(digits: str) -> bool:
    """Whether the last digit is right by Luhn's rule."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and bool(digits.strip("0"))


def _phones(text: str) -> Iterator[Span]:
    """Telephone numbers in international or national form; dates and decimals are none."""
    for match in _PHONE.finditer(text):
        written = match.group()
        digits = sum(each.isdigit() for each in written)
        if (
            digits in _PHONE_DIGITS
            and not _DATE.fullmatch(written.strip())
            and not _DECIMAL.fullmatch(written)
        ):
            yield Span(*match.span(), RedactionKind.PHONE.value)


_FINDERS: dict[RedactionKind, Callable[[str], Iterable[Span]]] = {
    RedactionKind.MAIL: _mails,
    RedactionKind.PHONE: _phones,
    RedactionKind.IBAN: _ibans,
    RedactionKind.CARD: _cards,
}

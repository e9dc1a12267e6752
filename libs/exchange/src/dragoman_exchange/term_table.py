"""A glossary as a table: which column holds what, and rows as terms.

source;target;status        the columns by their names
en;de                       the columns by their languages
pump;Pumpe                  no heading at all: source and target, in this order
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dragoman_contracts.errors import InvalidLocaleError
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import TermEntry
from dragoman_exchange.errors import ExchangeRefusedError
from dragoman_exchange.term_model import TermCollector, TermLocales, is_yes, status_of
from dragoman_linguistics.registry import require_registered

COLUMNS = (
    "source",
    "target",
    "status",
    "do_not_translate",
    "case_sensitive",
    "inflected",
    "part_of_speech",
    "note",
    "source_locale",
    "target_locale",
)
"""The columns that are written, in their order."""

_ALIASES: Mapping[str, str] = {
    **{name: name for name in COLUMNS},
    **dict.fromkeys(("source_term", "term", "source_text", "src"), "source"),
    **dict.fromkeys(("target_term", "translation", "target_text", "trg", "tgt"), "target"),
    **dict.fromkeys(("usage", "usage_status", "administrative_status"), "status"),
    **dict.fromkeys(("dnt", "non_translatable", "untranslatable"), "do_not_translate"),
    **dict.fromkeys(("case", "match_case", "casesensitive"), "case_sensitive"),
    **dict.fromkeys(("inflection", "fuzzy", "inflect"), "inflected"),
    **dict.fromkeys(("pos", "partofspeech", "word_class"), "part_of_speech"),
    **dict.fromkeys(
        ("notes", "comment", "comments", "definition", "context", "explanation"), "note"
    ),
    **dict.fromkeys(("source_language", "source_lang", "from"), "source_locale"),
    **dict.fromkeys(("target_language", "target_lang", "to"), "target_locale"),
}


@dataclass(frozen=True)
class _Heading:
    """Which column holds what: by field, and by language where each language has a column."""

    fields: Mapping[str, int]
    languages: tuple[tuple[Locale, int], ...] = ()


def row_of(entry: TermEntry) -> tuple[str, ...]:
    """A term as a row under `COLUMNS`."""
    return (
        entry.source,
        entry.target,
        entry.status.value,
        _word(entry.is_do_not_translate),
        _word(entry.is_case_sensitive),
        _word(entry.is_inflected),
        entry.part_of_speech,
        entry.note,
        str(entry.source_locale),
        str(entry.target_locale),
    )


def is_heading(cells: Sequence[str]) -> bool:
    """Whether a row names columns."""
    return _heading(cells) is not None


def read_table(rows: Iterable[Sequence[str]], locales: TermLocales, into: TermCollector) -> None:
    """Take the terms of a table's rows, the first of which may name the columns.

    Raises:
        ExchangeRefusedError: nothing says the languages, or there are too many terms.
    """
    numbered = enumerate(rows, start=1)
    heading: _Heading | None = None
    for number, cells in numbered:
        if not any(cell.strip() for cell in cells):
            continue
        place = f"row {number}"
        if heading is None:
            heading = _heading(cells)
            if heading is not None:
                _require_locales(heading, locales)
                continue
            heading = _Heading({"source": 0, "target": 1, "note": 2})
            _require_locales(heading, locales)
        for fields in _terms_of(cells, heading, locales, place, into):
            into.take(place, fields)


def _heading(cells: Sequence[str]) -> _Heading | None:
    fields: dict[str, int] = {}
    languages: list[tuple[Locale, int]] = []
    for at, cell in enumerate(cells):
        name = cell.strip().lstrip("\ufeff").lower().replace(" ", "_").replace("-", "_")
        if name in _ALIASES:
            fields.setdefault(_ALIASES[name], at)
        elif (locale := _locale(cell)) is not None:
            languages.append((locale, at))
    if {"source", "target"} <= fields.keys():
        return _Heading(fields)
    # One language and one name would be `term;de`: the name is the source's.
    if len({locale for locale, _ in languages}) >= 2 and "source" not in fields:
        return _Heading(fields, tuple(languages))
    return None


def _locale(cell: str) -> Locale | None:
    """The language that a heading names: two letters, or three small ones, before the first hyphen.

    Longer words, such as `pump`, have the form of a tag, too, and so have `API` and `USB`.
    """
    text = cell.strip()
    language = text.replace("_", "-").split("-")[0]
    if len(language) != 2 and not (len(language) == 3 and language.islower()):
        return None
    try:
        locale = Locale(text)
        require_registered(locale)
    except InvalidLocaleError:
        return None
    return locale


def _require_locales(heading: _Heading, locales: TermLocales) -> None:
    if heading.languages:
        return
    for name, said in (("source", locales.source), ("target", locales.target)):
        if said is None and f"{name}_locale" not in heading.fields:
            raise ExchangeRefusedError(
                f"Nothing says the {name} language: choose it, or add a column {name}_locale.",
                code="exchange.no_language",
            )


def _terms_of(
    cells: Sequence[str],
    heading: _Heading,
    locales: TermLocales,
    place: str,
    into: TermCollector,
) -> Iterator[dict[str, object]]:
    def cell(name: str) -> str:
        at = heading.fields.get(name, len(cells))
        return cells[at].strip() if at < len(cells) else ""

    try:
        fields: dict[str, object] = {
            "status": status_of(cell("status")),
            "is_do_not_translate": is_yes(cell("do_not_translate")),
            "is_case_sensitive": is_yes(cell("case_sensitive")),
            "is_inflected": is_yes(cell("inflected") or "yes"),
            "part_of_speech": cell("part_of_speech")[:60],
            "note": cell("note"),
        }
        if not heading.languages:
            source = Locale(cell("source_locale") or locales.source or "")
            target = Locale(cell("target_locale") or locales.target or "")
            pair = {"source_locale": source, "target_locale": target}
            yield {**fields, **pair, "source": cell("source"), "target": cell("target")}
            return
    except (ValueError, InvalidLocaleError) as error:
        into.reject(place, "glossary.invalid", f"{error}.".replace("..", "."))
        return
    yield from _by_language(cells, heading.languages, locales, fields)


def _by_language(
    cells: Sequence[str],
    languages: Sequence[tuple[Locale, int]],
    locales: TermLocales,
    fields: Mapping[str, object],
) -> Iterator[dict[str, object]]:
    texts = [(locale, cells[at].strip() if at < len(cells) else "") for locale, at in languages]
    first = next(
        (each for each in texts if locales.source and _is_near(each[0], locales.source)), texts[0]
    )
    for locale, text in texts:
        is_wanted = locales.target is None or _is_near(locale, locales.target)
        if locale == first[0] or not is_wanted:
            continue
        # Languages of a concept that has no word in them are nothing to complain of.
        if text or locales.target is not None or fields["is_do_not_translate"]:
            yield {
                **fields,
                "source_locale": locales.source or first[0],
                "target_locale": locales.target or locale,
                "source": first[1],
                "target": text,
            }


def _is_near(said: Locale, wanted: Locale) -> bool:
    return said == wanted or said.startswith(f"{wanted}-") or wanted.startswith(f"{said}-")


def _word(said: bool) -> str:
    return "yes" if said else "no"

"""Certain changes: for some findings there is one text that is right, and tags stay as they are.

space.doubled        "one  two"            "one two"
words.doubled        "the the pump"        "the pump"
space.punctuation    "Nicht , so"          "Nicht, so"
punctuation.end      "Fertig" for "Done."  "Fertig."
characters.encoding  "Ã¤ndern"             "ändern"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_contracts.text import Content, Tag, normalised, plain_text
from dragoman_linguistics.checks import DOUBLED_WORD
from dragoman_linguistics.quality.cleaning import cleaned
from dragoman_linguistics.quality.endings import DOUBLED_MARK, UNENDED, end_mark, list_mark
from dragoman_linguistics.quality.marks import loose_marks, spaced_marks
from dragoman_linguistics.quality.pairs import shown
from dragoman_linguistics.quality.sizes import PLACE
from dragoman_linguistics.spacing import restore_margins

_Fix = Callable[[Content, Content, QaFinding, Locale], "Content | None"]
_FULL_WIDTH = str.maketrans({".": "。", "?": "？", "!": "！", ":": "：", ";": "；"})
_MARKS_OF: Mapping[str, dict[int, str]] = {
    **dict.fromkeys(("zh", "ja", "yue"), _FULL_WIDTH),
    **dict.fromkeys(("ar", "fa", "ur", "ckb", "ug", "ps", "sd"), str.maketrans({"?": "؟", ";": "؛"})),
    **dict.fromkeys(("hi", "ne", "bn", "pa", "as", "or"), str.maketrans({".": "।"})),
    "ur": str.maketrans({".": "۔", "?": "؟", ";": "؛"}),
    "el": str.maketrans({"?": ";", ";": "·"}),
    "hy": str.maketrans({".": "։", "?": "", "!": ""}),  # both stand inside the word
    "my": str.maketrans({".": "။"}),
}  # fmt: skip
# Words that stand twice only by a slip; and languages that double words for a plural or for stress.
_NEVER_TWICE: Mapping[str, frozenset[str]] = {
    "en": frozenset({"the", "a", "an", "of", "to", "and", "or", "for", "with", "by", "from", "at"}),
    "de": frozenset({"und", "oder", "von", "mit", "für", "dem", "den", "ein", "eine", "einen", "einer"}),
    "fr": frozenset({"le", "les", "de", "des", "du", "et", "ou", "un", "une", "pour", "avec", "par"}),
    "es": frozenset({"el", "los", "las", "de", "del", "y", "o", "un", "una", "con", "por", "para"}),
    "it": frozenset({"il", "lo", "gli", "di", "del", "della", "e", "o", "un", "una", "con", "per"}),
    "pt": frozenset({"o", "os", "as", "de", "do", "da", "e", "ou", "um", "uma", "com", "por", "para"}),
    "nl": frozenset({"de", "het", "een", "en", "of", "van", "voor", "met", "door"}),
}  # fmt: skip
_DOUBLING_LANGUAGES = "id ms jv su tl fil ceb haw mi to sm tet hsb dsb ht th lo km my vi zh ja"
_DOUBLING = frozenset(_DOUBLING_LANGUAGES.split())
_LONG_CHARS = 5
_NARROW_SPACE = "\u202f"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LATIN_RUN = re.compile("[^\x00-\x7f]{2,}")


def fixed(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content | None:
    """The target with the one change that a finding asks for; None where there is no certain one.

    Tags stay as they are and where they are among the words.
    """
    fix = _FIXES.get(found.code)
    made = fix(source, target, found, locale) if fix else None
    return made if made is not None and made != target and _tags(made) == _tags(target) else None


def _tags(content: Content) -> list[Tag]:
    return [part for part in content if isinstance(part, Tag)]


def edited(content: Content, start: int, end: int, text: str) -> Content:
    """Content with the characters from `start` to `end` of its plain text replaced by `text`."""
    parts: list[str | Tag] = []
    offset, is_put = 0, False
    for part in content:
        if not isinstance(part, str):
            parts.append(part)
            continue
        begins, ends = max(start - offset, 0), min(end - offset, len(part))
        if begins <= len(part) and ends >= 0 and not (is_put and begins >= ends):
            parts.append(part[:begins] + ("" if is_put else text) + part[max(ends, begins) :])
            is_put = True
        else:
            parts.append(part)
        offset += len(part)
    return normalised(parts)


def _margins(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content:
    return restore_margins(source, target)


def _one_space(
    source: Content, target: Content, found: QaFinding, locale: Locale
) -> Content | None:
    if found.start is None or found.end is None:
        return None
    return edited(target, found.start, found.end, " ")


def _one_word(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content | None:
    text = shown(target)
    matches = list(DOUBLED_WORD.finditer(text))
    if locale.language in _DOUBLING or not all(_is_slip(match, locale) for match in matches):
        return None
    return _replaced(target, text, [(match.end(1), match.end(), "") for match in matches])


def _is_slip(match: re.Match[str], locale: Locale) -> bool:
    """Whether nobody writes this word twice: many short ones are right, as in "dat je je meldt"."""
    word = match[1]
    is_same = match.group() == f"{word} {word}"
    is_long = len(word) >= _LONG_CHARS
    return is_same and (is_long or word in _NEVER_TWICE.get(locale.language, frozenset()))


def _no_loose_space(
    source: Content, target: Content, found: QaFinding, locale: Locale
) -> Content | None:
    text = shown(target)
    matches = loose_marks(text, locale)
    return _replaced(target, text, [(match.start(), match.start(1), "") for match in matches])


def _one_mark(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content | None:
    text = shown(target)
    matches = list(DOUBLED_MARK.finditer(text))
    if any(len(set(match.group())) != 1 for match in matches):
        return None
    # Two dots may be the rest of three: they are one where the source ends with one.
    if ".." in text and end_mark(plain_text(source)) != ".":
        return None
    return _replaced(
        target, text, [(match.start(), match.end(), match.group()[0]) for match in matches]
    )


def _replaced(target: Content, text: str, changes: Sequence[tuple[int, int, str]]) -> Content:
    """Content with stretches of its text as it is shown replaced, from the last to the first."""
    made = target
    for start, end, new in reversed(changes):
        made = edited(
            made,
            start - text.count(PLACE, 0, start),
            end - text.count(PLACE, 0, end),
            new,
        )
    return made


def _end(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content | None:
    text, wanted = plain_text(target), end_mark(plain_text(source))
    place = len(text.rstrip())
    if locale.language in UNENDED or end_mark(text) or not text[:place][-1:].isalnum():
        return None
    mark = wanted.translate(_MARKS_OF.get(locale.language, {}))
    space = _NARROW_SPACE if mark in spaced_marks(locale) and locale.language == "fr" else ""
    return edited(target, place, place, space + mark) if mark else None


def _list_mark(
    source: Content, target: Content, found: QaFinding, locale: Locale
) -> Content | None:
    first, other = (source[0], target[0]) if source and target else (None, None)
    if not isinstance(first, str) or not isinstance(other, str):
        return None
    mark = list_mark(first)
    if not mark:
        return None
    place = len(other) - len(other.lstrip())
    return normalised((other[:place] + mark + other[place:], *target[1:]))


def _clean(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content:
    return cleaned(target, source, locale)[0]


def _no_controls(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content:
    return normalised(_CONTROL.sub("", part) if isinstance(part, str) else part for part in target)


def _decoded(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content:
    return normalised(
        _LATIN_RUN.sub(_read_again, part) if isinstance(part, str) else part for part in target
    )


def _read_again(match: re.Match[str]) -> str:
    for encoding in ("cp1252", "latin-1"):
        try:
            return match.group().encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return match.group()


_FIXES: Mapping[str, _Fix] = {
    "space.leading": _margins,
    "space.trailing": _margins,
    "space.doubled": _one_space,
    "space.punctuation": _no_loose_space,
    "words.doubled": _one_word,
    "punctuation.doubled": _one_mark,
    "punctuation.end": _end,
    "list.mark": _list_mark,
    "text.entities": _clean,
    "chat.label": _clean,
    "chat.mark": _clean,
    "chat.note": _clean,
    "addresses.missing": _clean,
    "characters.invalid": _no_controls,
    "characters.encoding": _decoded,
}

FIXABLE = frozenset(_FIXES)
"""The codes of findings that may have a certain change."""

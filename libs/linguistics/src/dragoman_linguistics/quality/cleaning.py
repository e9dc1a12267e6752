"""Cleaning: the certain additions of an engine are taken off a translation before it is checked.

    "Translation: Der Kunde zahlt.<|im_end|>"     "Der Kunde zahlt."
    "Smith &amp; Sons"                            "Smith & Sons"
    "Nicht <1> öffnen </1> ."                     "Nicht <1>öffnen</1>."
    "**hasta** la luz"                            "<1>hasta</1> la luz"
    "www.example.com/mediación"                   "www.example.com/mediation", as in the source

Only additions are taken off: where the source has the same, as a source with `&amp;`, it stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import (
    Content,
    Tag,
    TagRole,
    TagSide,
    TagSpec,
    closing,
    normalised,
    opening,
    plain_text,
)
from dragoman_linguistics.quality.addresses import translated_addresses
from dragoman_linguistics.quality.chat import LABELS, decoded, has_label
from dragoman_linguistics.quality.marks import BEFORE, SPACES, UNSPACED, spaced_marks
from dragoman_linguistics.quality.pairs import shown

_END_MARK = re.compile(
    r"\s*(?:<\|[a-z_]{2,24}\|>|<｜[^｜<>\n]{1,40}｜>|\[/INST\]|<(?:end_of_turn|eos)>)\s*",
    re.IGNORECASE,
)
_TRAILING_NOTE = re.compile(
    r"\s*(?:[(\[（【]|\n\s*)(?:translator['’]?s?\s+note|note|anmerkung|hinweis|nota|remarque|примечание|注|备注|備考)\s*[:：][^()\[\]（）【】\n]*[)\]）】]?\s*$",
    re.IGNORECASE,
)
_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_\n]+?)(?<=\S)\1")
_ITALIC = re.compile(r"(?<![\w*])(\*)(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])")
_DOUBLED = re.compile(r"(?<=\S)[ ]{2,}(?=\S)")
_TIGHT_SPACE = re.compile(rf"[{SPACES}]+$")
_HEAD_SPACE = re.compile(rf"^[{SPACES}]+")
_QUOTES = ('""', "''", "“”", "„“", "«»", "「」", "‘’")
_LONGEST_LABEL = 100


def cleaned(
    target: Content, source: Content, target_locale: Locale, specs: Sequence[TagSpec] = ()
) -> tuple[Content, tuple[str, ...]]:
    """The target without the certain additions of an engine, and the codes of the steps that
    changed it.

    Bold and italic written as markdown become the tags of the source that the target lacks, where
    there are as many. Doubtful additions stay, for the checks to report.
    """
    parts = normalised(target)
    before = plain_text(source)
    removed: list[str] = []
    # In this order: a label may stand behind a mark, and entities inside either.
    for code, clean in _STEPS:
        result = clean(parts, before, target_locale)
        if result != parts:
            parts = result
            removed.append(code)
    formatted = _with_tags_for_marks(parts, source, specs)
    if formatted is not None:
        parts = formatted
        removed.append("text.markdown")
    spaced = _without_loose_spaces(parts, source, target_locale)
    if spaced != parts:
        parts = spaced
        removed.append("space.punctuation")
    return parts, tuple(removed)


def _without_marks(parts: Content, source: str, locale: Locale) -> Content:
    """The target without marks of chat formats."""
    if _END_MARK.search(source):
        return parts
    return _mapped(
        parts, lambda text: _END_MARK.sub("", text) if "<" in text or "[" in text else text
    )


def _without_label(parts: Content, source: str, locale: Locale) -> Content:
    """The target without a label before the text, where the source begins with none."""
    first = parts[0] if parts else ""
    match = LABELS.match(first) if isinstance(first, str) else None
    if not isinstance(first, str) or match is None or has_label(source, plain_text(parts)):
        return parts
    rest = first[match.end() :].lstrip()
    if match.end() > _LONGEST_LABEL or not plain_text((rest, *parts[1:])).strip():
        return parts
    return _without_quotes(normalised((rest, *parts[1:])), source, locale)


def _without_note(parts: Content, source: str, locale: Locale) -> Content:
    """The target without a note at the end, in brackets or on a line of its own."""
    last = parts[-1] if parts else ""
    match = _TRAILING_NOTE.search(last) if isinstance(last, str) else None
    if not isinstance(last, str) or match is None or _TRAILING_NOTE.search(source):
        return parts
    has_more_brackets = _brackets(plain_text(parts)) > _brackets(source)
    has_new_line = "\n" in match.group() and "\n" not in source
    rest = normalised((*parts[:-1], last[: match.start()]))
    is_added = has_more_brackets or has_new_line
    return rest if is_added and plain_text(rest).strip() else parts


def _brackets(text: str) -> int:
    return sum(map(text.count, "([（【"))


def _without_quotes(parts: Content, source: str, locale: Locale) -> Content:
    """The target without quotation marks around the whole text, where neither the source nor the
    inside has any.
    """
    first, last = (parts[0], parts[-1]) if parts else ("", "")
    if (
        not isinstance(first, str)
        or not isinstance(last, str)
        or len(plain_text(parts).strip()) < 3
    ):
        return parts
    is_quoted = source.strip().startswith(tuple("\"'“„«「‘"))
    for opened, closed in _QUOTES:
        text = plain_text(parts).strip()
        if text[0] == opened and text[-1] == closed and not is_quoted:
            inner = text[1:-1]
            if opened in inner or closed in inner:
                return parts
            head = (first.lstrip()[1:], *parts[1:])
            tail = str(head[-1]).rstrip()[:-1]
            return normalised((*head[:-1], tail))
    return parts


def _without_entities(parts: Content, source: str, locale: Locale) -> Content:
    """The target with HTML entities decoded, where the source has none."""
    return _mapped(parts, lambda text: decoded(text, source))


def _without_doubled_spaces(parts: Content, source: str, locale: Locale) -> Content:
    """The target with one space for several, where the source has no doubled spaces."""
    if _DOUBLED.search(source):
        return parts
    return _mapped(parts, lambda text: _DOUBLED.sub(" ", text) if "  " in text else text)


def _with_addresses_of_source(parts: Content, source: str, locale: Locale) -> Content:
    """The target, in which addresses with translated words are as the source writes them."""
    for written, right in translated_addresses(source, plain_text(parts)).items():
        parts = _mapped(parts, lambda text, old=written, new=right: text.replace(old, new))
    return parts


_STEPS: tuple[tuple[str, Callable[[Content, str, Locale], Content]], ...] = (
    ("chat.mark", _without_marks),
    ("chat.label", _without_label),
    ("chat.note", _without_note),
    ("text.entities", _without_entities),
    ("space.doubled", _without_doubled_spaces),
    ("addresses.missing", _with_addresses_of_source),
)


def _mapped(parts: Content, change: Callable[[str], str]) -> Content:
    return normalised(change(part) if isinstance(part, str) else part for part in parts)


def _with_tags_for_marks(
    parts: Content,
    source: Content,
    specs: Sequence[TagSpec],
) -> Content | None:
    """The target, in which bold or italic of markdown became the missing tags of the source.

    None where the numbers of marked stretches and missing pairs differ: an engine that writes marks
    in place of tags does so for each tag.
    """
    text = plain_text(parts)
    if "*" not in text and "__" not in text:
        return None
    before = plain_text(source)
    pattern = _BOLD if _BOLD.search(text) else _ITALIC
    if not pattern.search(text) or pattern.search(before) or before.count("*") > 1:
        return None
    formats = {spec.id for spec in specs if spec.role is TagRole.FORMAT}
    present = {part.id for part in parts if isinstance(part, Tag)}
    openings = (part.id for part in source if isinstance(part, Tag) and part.side is TagSide.OPEN)
    wanted = [tag_id for tag_id in openings if tag_id in formats and tag_id not in present]
    found = sum(len(pattern.findall(part)) for part in parts if isinstance(part, str))
    if not wanted or found != len(wanted):
        return None
    ids = iter(wanted)
    return normalised(
        piece for part in parts for piece in _marked(part, pattern, lambda: next(ids))
    )


def _marked(
    part: str | Tag,
    pattern: re.Pattern[str],
    next_id: Callable[[], int],
) -> list[str | Tag]:
    if not isinstance(part, str):
        return [part]
    pieces: list[str | Tag] = []
    end = 0
    for match in pattern.finditer(part):
        tag_id = next_id()
        pieces += [part[end : match.start()], opening(tag_id), match[2], closing(tag_id)]
        end = match.end()
    return [*pieces, part[end:]]


def _without_loose_spaces(parts: Content, source: Content, locale: Locale) -> Content:
    """The target without white space inside tags and before punctuation, where the source has none.

    A space directly inside a pair is moved out of the pair, unless the source's pair has a space
    there. Then two spaces become one, and a space before a punctuation mark is taken out, unless
    the language has spaces there.
    """
    if not any(isinstance(part, str) and any(space in part for space in SPACES) for part in parts):
        return parts
    moved = _with_spaces_outside(parts, _tight_pairs(source))
    return _without_spaces_at_marks(moved, source, locale)


def _tight_pairs(source: Content) -> set[tuple[int, TagSide]]:
    """The opening and closing tags with text, and no space, directly inside."""
    tight: set[tuple[int, TagSide]] = set()
    for place, part in enumerate(source):
        if isinstance(part, Tag) and part.side is not TagSide.PLACEHOLDER:
            inner = place + 1 if part.side is TagSide.OPEN else place - 1
            text = source[inner] if 0 <= inner < len(source) else ""
            edge = slice(1) if part.side is TagSide.OPEN else slice(-1, None)
            if isinstance(text, str) and text[edge].strip():
                tight.add((part.id, part.side))
    return tight


def _with_spaces_outside(parts: Content, tight: set[tuple[int, TagSide]]) -> Content:
    result: list[str | Tag] = list(parts)
    between: dict[int, str] = {}  # spaces for places where a tag follows another
    for place, part in enumerate(parts):
        if not isinstance(part, Tag) or (part.id, part.side) not in tight:
            continue
        if (
            part.side is TagSide.OPEN
            and place + 1 < len(result)
            and isinstance(after := result[place + 1], str)
        ):
            space = _HEAD_SPACE.match(after)
            if space and after.strip():
                result[place + 1] = after[space.end() :]
                before = result[place - 1] if place else ""
                if isinstance(before, Tag) and plain_text(parts[:place]).strip():
                    between[place] = space.group()
                elif isinstance(before, str) and before and not before[-1:].isspace():
                    result[place - 1] = before + space.group()
        elif part.side is TagSide.CLOSE and place and isinstance(before := result[place - 1], str):
            space = _TIGHT_SPACE.search(before)
            if space and before.strip():
                result[place - 1] = before[: space.start()]
                after = result[place + 1] if place + 1 < len(result) else ""
                if isinstance(after, Tag) and plain_text(parts[place + 1 :]).strip():
                    between[place + 1] = space.group()
                elif isinstance(after, str) and after and not after[:1].isspace():
                    result[place + 1] = space.group() + after
    return normalised(
        each for place, part in enumerate(result) for each in (between.get(place, ""), part)
    )


def _without_spaces_at_marks(parts: Content, source: Content, locale: Locale) -> Content:
    """The target without spaces before marks, and with one space for two at tags, as it is seen."""
    text, before = shown(parts), shown(source)
    drop: set[int] = set()
    if not BEFORE.search(before):
        allowed = spaced_marks(locale)
        for match in BEFORE.finditer(text):
            if match[1] not in allowed:
                drop.update(range(match.start(), match.start(1)))
    if locale.language not in UNSPACED and not _DOUBLED.search(before):
        for match in _DOUBLED.finditer(text):
            drop.update(range(match.start() + 1, match.end()))
    if not drop:
        return parts
    result: list[str | Tag] = []
    offset = 0
    for part in parts:
        if isinstance(part, str):
            result.append("".join(c for place, c in enumerate(part, offset) if place not in drop))
            offset += len(part)
        else:
            result.append(part)
            offset += part.side is TagSide.PLACEHOLDER
    return normalised(result)

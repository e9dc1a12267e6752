"""Inline elements of TMX and XLIFF 1.2 read as content.

Pay <bpt i="1" x="7">&lt;7&gt;</bpt>now<ept i="1"/>      Pay <7>now</7>
Pay <g id="7">now</g><x id="2"/>                         Pay <7>now</7><2/>
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from dragoman_contracts.text import (
    Content,
    Tag,
    TagSide,
    closing,
    normalised,
    opening,
    placeholder,
)
from dragoman_exchange.xml import Element, local_name, text_in

_NATIVE = re.compile(r"\s{0,3}<\s{0,3}/?\s{0,3}([1-9][0-9]{0,17})\s{0,3}/?\s{0,3}>\s{0,3}")
_NUMBER = re.compile(r"[^0-9]*([0-9]{1,18})")
# OmegaT counts from nought; our tags do not.
_NOUGHT = 10**18
# Text stands in these as if they were not there: highlighted text, marked text, segments.
_TRANSPARENT = frozenset({"hi", "mrk", "seg", "source", "target", "seg-source"})


class UnknownInlineError(Exception):
    """An inline element that stands for no tag; its name is the message."""


class ForeignTags:
    """The tags of one translation unit that another program wrote: numbers for those that have
    none, the same in each language where the native code is, and the native codes by tag.
    """

    def __init__(self) -> None:
        self.codes: dict[tuple[int, TagSide], str] = {}
        self._numbers: dict[tuple[str, str, int], int] = {}
        self._seen: Counter[tuple[str, str]] = Counter()

    def begin_variant(self) -> None:
        """Count anew: what follows is another language's."""
        self._seen.clear()

    def number(self, name: str, code: str) -> int:
        """The number of a tag that has none of its own."""
        self._seen[name, code] += 1
        key = (name, code, self._seen[name, code])
        return self._numbers.setdefault(key, _NOUGHT + 1 + len(self._numbers))

    def keep(self, tag: Tag, code: str) -> None:
        """Remember the native code of a tag, unless it is our own."""
        if code and not _NATIVE.fullmatch(code):
            self.codes.setdefault((tag.id, tag.side), code)


def content_in(element: Element, foreign: ForeignTags | None = None) -> Content:
    """The content of a segment, source or target.

    Raises:
        UnknownInlineError: it has an element that stands for no tag of ours; with `foreign`, only
            one that its format does not know.
    """
    return normalised(_parts(element, {}, foreign))


def _parts(
    element: Element, pairs: dict[str, int], foreign: ForeignTags | None
) -> Iterator[str | Tag]:
    if element.text:
        yield element.text
    for child in element:
        for part in _read(child, pairs, foreign):
            if foreign and isinstance(part, Tag) and local_name(child) not in _TRANSPARENT:
                foreign.keep(part, "" if local_name(child) == "g" else text_in(child))
            yield part
        if child.tail:
            yield child.tail


def _read(
    child: Element, pairs: dict[str, int], foreign: ForeignTags | None
) -> Iterator[str | Tag]:
    name = local_name(child)
    match name:
        case "bpt" | "bx":
            number = _number(child, name, foreign)
            pairs[child.get("i") or child.get("rid") or child.get("id") or ""] = number
            yield opening(number)
        case "ept" | "ex":
            begin = pairs.get(child.get("i") or child.get("rid") or child.get("id") or "")
            yield closing(begin if begin is not None else _number(child, name, foreign))
        case "ph" | "x":
            yield placeholder(_number(child, name, foreign))
        case "it":
            number = _number(child, name, foreign)
            is_begin = (child.get("pos") or "") in ("begin", "open")
            yield opening(number) if is_begin else closing(number)
        case "g":
            number = _number(child, name, foreign)
            yield opening(number)
            yield from _parts(child, pairs, foreign)
            yield closing(number)
        case "ut":
            yield _native_tag(child, foreign)
        case _ if name in _TRANSPARENT:
            yield from _parts(child, pairs, foreign)
        case _:
            raise UnknownInlineError(name or "an entity")


def _number(element: Element, name: str, foreign: ForeignTags | None) -> int:
    """The tag's number: of `x`, of XLIFF's `id`, of the native code, or of TMX's `i`."""
    native = _NATIVE.fullmatch(text_in(element)) if name not in ("g", "x", "bx", "ex") else None
    for attribute in ("x", "id"):
        match = _NUMBER.match(element.get(attribute) or "")
        if match:
            return int(match[1]) or _NOUGHT
    if native:
        return int(native[1])
    match = _NUMBER.match(element.get("i") or "")
    if match is not None:
        return int(match[1]) or _NOUGHT
    if foreign is None:
        raise UnknownInlineError(name)
    return foreign.number(name, text_in(element))


def _native_tag(element: Element, foreign: ForeignTags | None) -> Tag:
    text = text_in(element)
    match = _NATIVE.fullmatch(text)
    if match is None and foreign is not None:
        return placeholder(foreign.number("ut", text))
    if match is None:
        raise UnknownInlineError("ut")
    number = int(match[1])
    if "/" not in text:
        return opening(number)
    return closing(number) if text.strip().startswith("</") else placeholder(number)

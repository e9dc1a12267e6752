"""The quick half of the gate: the markup of two parts compared tag by tag, paragraph by paragraph.

A paragraph passes only where every tag is explained. The tree comparison names the differences of
the others:

    <w:r><w:t>Pay</w:t></w:r>
    <w:r><w:rPr><w:lang w:val="de"/></w:rPr><w:t>Zahlen</w:t></w:r>     passes
    <w:r><w:rPr><w:b/></w:rPr><w:t>Zahlen</w:t></w:r>                   in doubt
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from dragoman_documents.docx.diff.tolerance import (
    ADDITIONS,
    LANGUAGE,
    TEXT_NODES,
    is_direction,
    is_text_attribute,
    may_differ,
)
from dragoman_documents.docx.xml import SHORT_NAMES

_PARAGRAPH_END = "</w:p>"
# XML allows a bare `>` in the value of an attribute (XML 1.0 §2.3). It cuts the tag in two here,
# and the halves agree with nothing: the stretch is in doubt and is compared as a tree.
_TAG = re.compile(r"(<[^>]*>)")
_PREFIX = re.compile(r'\sxmlns(?::([\w.-]+))?="([^"]*)"')
_NAME = re.compile(r"</?([^\s/>]+)")
_ATTRIBUTE = re.compile(r'\s([^\s=]+)="([^"]*)"')
_BROKEN = re.compile(
    "&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)|[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
)
"""Characters and ampersands that well-formed XML cannot hold in text (XML 1.0 §2.2, §2.4)."""
_SPACE = ("xml:space", "preserve")


def doubtful_paragraphs(before: str, after: str, any_leaf: bool = False) -> frozenset[int] | None:
    """The numbers of the stretches of two parts' markup that may differ beyond a merge.

    A stretch ends with a paragraph. The set is empty where only text and statements of the merge
    differ; then `after` is as well-formed as `before`. None where the parts cannot be laid side by
    side. `any_leaf` is for data of the user's own making, where every element may hold text.
    """
    prefixes = _prefixes(before)
    left, right = before.split(_PARAGRAPH_END), after.split(_PARAGRAPH_END)
    if prefixes is None or len(left) != len(right):
        return None
    reader = _Reader(prefixes, any_leaf)
    return frozenset(
        index
        for index, (old, new) in enumerate(zip(left, right, strict=True))
        if old != new
        and (_BROKEN.search(new) or not reader.agree(_TAG.split(old), _TAG.split(new)))
    )


def _prefixes(text: str) -> dict[str, str] | None:
    """The namespace of each prefix; None where a prefix has two."""
    found: dict[str, str] = {}
    for prefix, uri in set(_PREFIX.findall(text)):
        if found.setdefault(prefix, uri) != uri:
            return None
    return found


class _Reader:
    """Walks two stretches of markup in step.

    Odd places of a stretch are tags, even places the text between.
    """

    def __init__(self, prefixes: dict[str, str], any_leaf: bool) -> None:
        self._prefixes = prefixes
        self._any_leaf = any_leaf
        self._names: dict[str, str] = {}

    def agree(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Whether `new` is `old` with other text and additions of a merge, and nothing else."""
        if old[1::2] == new[1::2]:
            texts = zip(old[::2], new[::2], strict=True)
            return all(
                a == b or self._may(old, 2 * index, a, b) for index, (a, b) in enumerate(texts)
            )
        if old[0] != new[0] and not _blank(old[0], new[0]):
            return False
        i, j, ends = 1, 1, (len(old), len(new))
        while (i, j) != ends:
            # By far the most, so without a call.
            if i < ends[0] and j < ends[1] and old[i] == new[j]:
                a, b = old[i + 1], new[j + 1]
                if a != b and not _blank(a, b) and not self._may(old, i + 1, a, b):
                    return False
                i, j = i + 2, j + 2
                continue
            step = self._step(old, i, new, j)
            if step is None:
                return False
            i, j = step
        return True

    def _step(
        self,
        old: Sequence[str],
        i: int,
        new: Sequence[str],
        j: int,
    ) -> tuple[int, int] | None:
        """The places behind the tags at `i` and `j`; None where the tags do not agree."""
        if j >= len(new):
            return None
        if i < len(old) and self._same_tag(old[i], new[j]):
            a, b = old[i + 1], new[j + 1]
            return (i + 2, j + 2) if a == b or _blank(a, b) or self._may(old, i + 1, a, b) else None
        if i < len(old) and (step := self._emptied_or_filled(old, i, new, j)):
            return step
        # Empty properties of the source may have got additions.
        own = old[i] if i < len(old) else ""
        if own in {"<w:rPr/>", "<w:pPr/>"} and new[j] == own.replace("/", ""):
            end = self._block_end(new, j)
            return (i + 2, end) if end else None
        if new[j].endswith("/>") and self._states_direction(new[j]):
            return (i, j + 2) if not new[j + 1].strip() else None
        if new[j] in {"<w:rPr>", "<w:pPr>"} and (end := self._block_end(new, j)):
            return (i, end)
        owner = _owner(new, j)
        if new[j].endswith("/>") and self._name(new[j]) in ADDITIONS.get(self._name(owner), ()):
            return (i, j + 2) if not new[j + 1].strip() or new[j + 1] == old[i - 1] else None
        return None

    def _block_end(self, new: Sequence[str], j: int) -> int | None:
        """The place behind properties that hold only additions; None where they hold more."""
        allowed = ADDITIONS.get(self._name(new[j]), frozenset())
        end = "</" + new[j][1:]
        for place in range(j + 2, len(new), 2):
            if new[place] == end:
                return place + 2
            if not new[place].endswith("/>") or self._name(new[place]) not in allowed:
                return None
        return None

    def _states_direction(self, tag: str) -> bool:
        """Whether a tag is of drawn paragraph properties that state nothing but a direction."""
        name = self._name(tag)
        return name == "a:pPr" and all(
            is_direction(name, key) for key, _ in _ATTRIBUTE.findall(tag)
        )

    def _emptied_or_filled(
        self,
        old: Sequence[str],
        i: int,
        new: Sequence[str],
        j: int,
    ) -> tuple[int, int] | None:
        """The places behind a text node that lost its last letter or got its first.

        An empty text node is written as a single tag, so the sides differ in their numbers of tags.
        """
        name = self._name(old[i])
        was_empty, is_empty = old[i].endswith("/>"), new[j].endswith("/>")
        if name != self._name(new[j]) or not may_differ(name, "" if was_empty else old[i + 1]):
            return None
        closing = [f"</{_raw(old[i])}>"]
        if was_empty and new[j + 2 : j + 3] == closing:
            return (i + 2, j + 4) if self._same_tag(old[i], new[j][:-1] + "/>") else None
        if is_empty and old[i + 2 : i + 3] == closing:
            return (i + 4, j + 2) if self._same_tag(old[i], new[j][:-2] + ">") else None
        return None

    def _same_tag(self, old: str, new: str) -> bool:
        if old == new:
            return True
        name = self._name(old)
        if (
            name != self._name(new)
            or old.startswith("</")
            or old.endswith("/>") != new.endswith("/>")
        ):
            return False
        before, after = dict(_ATTRIBUTE.findall(old)), dict(_ATTRIBUTE.findall(new))
        # The language of a run follows the target, whatever it was.
        if name == LANGUAGE:
            return True
        if name in TEXT_NODES and _SPACE in after.items():
            before.setdefault(*_SPACE)
        if name == "a:pPr":
            before, after = _without_direction(name, before), _without_direction(name, after)
        return before.keys() == after.keys() and all(
            value == after[key]
            or (self._any_leaf and not key.startswith("xmlns"))
            or is_text_attribute(name, self._short(key, ""), value)
            or _means(value, after[key])
            for key, value in before.items()
        )

    def _may(self, old: Sequence[str], place: int, before: str, after: str) -> bool:
        """Whether the text at `place` may differ: it is in a text node, or is white space that
        nobody reads.
        """
        if _blank(before, after) and not place:
            return True
        tag = old[place - 1] if place else ""
        if not tag or tag.startswith(("<!--", "<?", "</")):
            return False
        if self._any_leaf:
            return old[place + 1 : place + 2] == [f"</{_raw(tag)}>"]
        return may_differ(self._name(tag), before)

    def _name(self, tag: str) -> str:
        raw = _raw(tag)
        known = self._names.get(raw)
        if known is None:
            known = self._names[raw] = self._short(raw, self._prefixes.get("", ""))
        return known

    def _short(self, raw: str, default: str) -> str:
        prefix, colon, local = raw.rpartition(":")
        uri = self._prefixes.get(prefix, "") if colon else default
        return SHORT_NAMES[f"{{{uri}}}{local}"] if uri else raw


def _without_direction(name: str, attributes: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in attributes.items() if not is_direction(name, key)}


def _raw(tag: str) -> str:
    match = _NAME.match(tag)
    return match.group(1) if match else ""


def _blank(before: str, after: str) -> bool:
    # Python strips the no-break space too, which a reader sees as text.
    return not before.strip() and not after.strip() and "\xa0" not in before + after


def _owner(tags: Sequence[str], place: int) -> str:
    """The tag of the element around the tag at `place`.

    Empty where the element began before the stretch.
    """
    depth = 0
    for index in range(place - 2, 0, -2):
        tag = tags[index]
        if tag.startswith("</"):
            depth += 1
        elif not tag.endswith(("/>", "?>", "-->")):
            if not depth:
                return tag
            depth -= 1
    return ""


def _means(before: str, after: str) -> bool:
    """Whether two attribute values are the same in another spelling."""
    return "&" in before and unescape(before) == unescape(after)

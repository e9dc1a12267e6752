r"""Fields that repeat text from elsewhere, kept in step with it: references, titles, running heads
(§17.16.5).

`{REF _Ref1 \h | Scope of supply}` shows the text of the bookmark `_Ref1`. Where both were equal
word for word before the translation, the result becomes the bookmark's new text, as Word would
compute it:

    Scope of supply … see {REF _Ref1 \h | Scope of supply}
    Lieferumfang … siehe {REF _Ref1 \h | Lieferumfang}

A result that was out of step, or that is more than words, is left for Word to compute (F9).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dragoman_contracts.locale import Locale
from dragoman_documents.docx.content import strip_left, strip_right
from dragoman_documents.docx.direction import mark_language
from dragoman_documents.docx.distribute import distribute
from dragoman_documents.docx.fieldresults import (
    Case,
    Key,
    Shown,
    in_bookmark,
    joined,
    repeated_by,
    repeating_fields,
)
from dragoman_documents.docx.fields import FieldMap
from dragoman_documents.docx.formats import RunFormat, look_of
from dragoman_documents.docx.inline import Slot
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element, attribute, short_name

# Most codes are links and page numbers, which repeat no text: their paragraphs may stay stubs.
_UNUSUAL_CODE = re.compile(
    rb"<w:instrText(?: [^<>]*)?>(?!\s*(?:PAGEREF|HYPERLINK|FORMTEXT|PAGE|TOC)\b)[^<]*[^<\s]"
)
_WORD_PARTS = frozenset(
    {
        PartRole.MAIN,
        PartRole.HEADER,
        PartRole.FOOTER,
        PartRole.FOOTNOTES,
        PartRole.ENDNOTES,
        PartRole.COMMENTS,
        PartRole.GLOSSARY,
    }
)
_ANY_LOOK = RunFormat(0, 0)
_LONGEST_CHAIN = 4  # of references to references


@dataclass(eq=False, slots=True)
class _Repeat:
    """A field that repeats text.

    `before` is the text of its result before the translation, `key` names the text that it repeats,
    and `case` is the change of case that its code asks for.
    """

    part: str
    result: Shown
    before: str
    key: Key
    case: Case


class Repeats:
    """The fields of a document whose words Word computes, as they are before the document is
    translated.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        self._marks: list[tuple[Key, Element, FieldMap]] = []
        parts = [name for name in package.stories() if package.role(name) in _WORD_PARTS]
        self._repeats = [repeat for name in parts for repeat in self._in_part(name)]
        wanted = frozenset(repeat.key[1] for repeat in self._repeats if repeat.key[0] == "bookmark")
        for name in parts if wanted else ():
            self._find_marks(name, wanted)
        self._sources = self._told() if self._repeats else {}

    @property
    def count(self) -> int:
        """The number of fields with words that Word computes."""
        return len(self._repeats)

    def in_step_count(self, texts: Mapping[str, str]) -> int:
        """The number of fields that show the text they repeat, and so stay in step.

        `texts` is as in `follow`.
        """
        return sum(self._is_in_step(repeat, texts) for repeat in self._repeats)

    def follow(self, texts: Mapping[str, str], locale: Locale | None, styles: Styles) -> None:
        """Give the fields that were in step the text that they now repeat.

        `texts` maps the texts of paragraphs to their translations, without texts that have several
        translations: which of these paragraphs STYLEREF repeats depends on where pages break
        (§17.16.5.59).
        """
        fitting = [repeat for repeat in self._repeats if self._is_in_step(repeat, texts)]
        # A field may repeat a bookmark around another field: each round follows one step further.
        for _ in range(_LONGEST_CHAIN if fitting else 0):
            now = self._told()
            if not sum([self._write(repeat, now, texts, locale, styles) for repeat in fitting]):
                break

    def _is_in_step(self, repeat: _Repeat, texts: Mapping[str, str]) -> bool:
        if not repeat.result.is_one_text:
            return False
        if repeat.key[0] == "paragraph":
            return repeat.key[1] in texts
        source = self._sources.get(repeat.key, "")
        return bool(source) and joined(repeat.case(source)) == joined(repeat.before)

    def _write(
        self,
        repeat: _Repeat,
        now: Mapping[Key, str],
        texts: Mapping[str, str],
        locale: Locale | None,
        styles: Styles,
    ) -> bool:
        text = texts[repeat.key[1]] if repeat.key[0] == "paragraph" else now.get(repeat.key, "")
        text = repeat.case(text).strip()
        if not text or joined(text) == joined(repeat.result.text):
            return False
        changed = distribute(_slots(repeat.result.nodes), text)
        self._package.mark_changed(repeat.part)
        if locale is not None and repeat.result.paragraph is not None:
            mark_language(repeat.result.paragraph, [slot.run for slot in changed], locale, styles)
        return True

    def _in_part(self, name: str) -> Iterator[_Repeat]:
        """The fields of a part that repeat text.

        Stubs that may hold some are parsed into the tree first.
        """
        root = self._package.root(name)
        if root is None:
            return
        self._package.reader(name).bring_into_tree(_UNUSUAL_CODE)
        for code, shown in repeating_fields(self._package.fields(name, root)):
            if any(map(str.isalpha, shown.text)):
                key, case = repeated_by(code, shown.text) or (("", ""), str)
                yield _Repeat(name, shown, shown.text, key, case)

    def _find_marks(self, name: str, wanted: frozenset[str]) -> None:
        root = self._package.root(name)
        if root is None:
            return
        fields = self._package.fields(name, root)
        names = b"|".join(re.escape(each.encode()) for each in sorted(wanted))
        # Word does not tell names of bookmarks apart by case, nor do its references.
        pattern = re.compile(rb'w:name="(?:%s)"' % names, re.IGNORECASE)
        for paragraph in self._package.reader(name).bring_into_tree(pattern):
            fields.learn(paragraph)
        for start in root.iter("{*}bookmarkStart"):
            if (key := (attribute(start, "w:name") or "").lower()) in wanted:
                self._marks.append((("bookmark", key), start, fields))

    def _told(self) -> dict[Key, str]:
        """The texts that fields can repeat, by key, as they are now."""
        told: dict[Key, str] = {}
        for name in self._package.with_role(PartRole.CORE_PROPERTIES):
            root = self._package.root(name)
            for element in root if root is not None else ():
                told["property", short_name(element)] = element.text or ""
        for key, start, fields in self._marks:
            shown = in_bookmark(start, fields)
            # Of two bookmarks of one name the first counts.
            told.setdefault(key, shown.text if shown.is_one_text else "")
        return told


def _slots(nodes: Sequence[Element]) -> list[Slot]:
    """The text nodes of a result as slots, to be written over.

    White space at the edges of the result stays.
    """
    slots: list[Slot] = []
    before: object = None
    for node in nodes:
        run = node.getparent()
        if run is not None:
            look = look_of(run)
            slots.append(Slot(node, run, _ANY_LOOK, node.text or "", has_seam=look != before))
            before = look
    if not slots[0].text.isspace():
        strip_left(slots[0])
    if not slots[-1].text.isspace():
        strip_right(slots[-1])
    return slots


def paragraph_texts(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The texts of paragraphs with their targets, white space joined; without texts that have
    several targets.
    """
    found: dict[str, str] = {}
    for source, target in pairs:
        key = joined(source)
        if found.setdefault(key, target) != target:
            found[key] = ""
    return {key: target for key, target in found.items() if key and target}

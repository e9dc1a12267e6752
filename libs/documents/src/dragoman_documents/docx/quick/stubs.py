"""Paragraphs left in the bytes of their part, with a numbered stub of each in the tree.

Most paragraphs of a long document differ in nothing but their words. The first of each shape stays
in the tree and is read by the plain floor. The others become stubs, at the same place and with the
same path:

    <w:p><w:r><w:t>One.</w:t></w:r></w:p>     stays, and is marked:  <w:p dragoman-shape="0"><w:r>…
    <w:p><w:r><w:t>Two.</w:t></w:r></w:p>     becomes                <w:p dragoman-stub="0"/>

Where more is wanted of a stub than its words (tags in another order, a bookmark in it), the parsed
paragraph takes its place. A part with anything that bytes alone do not tell (a document type,
comments, another encoding) has no stubs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Tag
from dragoman_documents.budget import Budget
from dragoman_documents.docx.direction import mark_language
from dragoman_documents.docx.formats import is_wide_text
from dragoman_documents.docx.quick.shape import Reading, Shape
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element, is_utf8, parse_xml, serialise, transitional

_STUB, _MODEL = "dragoman-stub", "dragoman-shape"
_MARKED = re.compile(rb'<w:p dragoman-(?:stub="(\d+)"/>|shape="\d+")')
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*\?>)?\s*"
    rb"(<w:(?:document|hdr|ftr|footnotes|endnotes|comments|glossaryDocument)(?:\s[^<>]*)?>)"
)
_WORD = re.compile(rb"""\sxmlns:w\s*=\s*["']([^"']*)["']""")
_WORD_URI = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
# XML 1.0 §2.2 has no control character but these three, and neither U+FFFE nor U+FFFF. A parser
# would refuse them; it is not given the texts of stubs to read, so they are looked for here.
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_NO_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")
_BOUND, _OURS = b"dataBinding", b"dragoman-"
_DECLARING = re.compile(rb"xmlns:(?:w|w14|r)\s*=")
_SPACE_OWNERS = (
    b"<w:t xml:space=",
    b"<w:instrText xml:space=",
    b"<w:delText xml:space=",
    b"<w:delInstrText xml:space=",
)
_TEXTS = re.compile(">([^<]*)</w:t>")
# Attributes whose values differ between paragraphs that read alike: revision ids, marks, links.
_VARYING = re.compile(
    '( (?:w:rsid\\w+|w14:paraId|w14:textId|r:id|w:id|w:name|w:anchor)=")[^"<>&\x80-\U0010ffff]*(?=")',
    re.ASCII,
)
# Markup that says too little by itself, other prefixes, and a paragraph that ends at once.
_NOT_ALIKE = re.compile(
    r"PrChange|xmlns| w:dropCap=|<w:(?:drawing|pict|object|ruby)\b|<w:(?:t|rPr)(?: [^>]*)?/>"
    r"|<(?!/?(?:w|w14):)|[\s](?!(?:w|w14|r|xml):)[\w.-]+:|^[^>]*/>",
    re.ASCII,
)
_STARTS = re.compile(r"<w:p[\s/>]", re.ASCII)
_FIELD = re.compile(
    r'<w:(?:fldChar(?= )[^<>]* w:fldCharType="(begin|separate|end)"|(fldChar|instrText)\b)'
)
# `&amp;` comes last: `&amp;lt;` is the text `&lt;`, and would be read as `<` if the ampersand were
# made first.
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_OTHER_ENTITY = re.compile("&(?!(?:lt|gt|quot|apos|amp);)")
_SPACED = '<w:t xml:space="preserve"'
_LONGEST = 16_000  # characters of markup of a shape

_RUN_OPENING = re.compile(r"(<w:r(?: [^<>]*)?>\s*)(<w:rPr>.*?</w:rPr>)?", re.ASCII | re.DOTALL)


@dataclass(eq=False, slots=True)
class _Stubbed:
    """A paragraph that has a stub: the offsets of its bytes, its shape, and its new bytes once a
    target was written.

    `words` are its texts until somebody takes them.
    """

    start: int
    end: int
    shape: Shape
    words: tuple[str, ...] = ()
    written: bytes | None = None


@dataclass(eq=False, slots=True)
class _Model:
    """The first paragraph of a shape.

    `mark` is the place among the kept pieces for the attribute that marks the paragraph. It is
    written when a second paragraph of the shape is met.
    """

    mark: int
    shape: Shape | None = None


class _Constant(dict[str, str]):
    """Cache: markup → markup without the values of attributes that vary between paragraphs that
    read alike.
    """

    def __missing__(self, markup: str) -> str:
        constant = self[markup] = "".join(_VARYING.split(markup))
        return constant


@dataclass(eq=False)
class Stubs:
    """The stubbed paragraphs of one part, by number. `head` is the start tag of the part's root."""

    data: bytes
    head: bytes
    budget: Budget
    _stubbed: list[_Stubbed] = field(default_factory=list[_Stubbed])
    _shapes: list[Shape] = field(default_factory=list[Shape])
    _marked: dict[tuple[str, Locale], str] = field(default_factory=dict[tuple[str, Locale], str])

    def reduced(self) -> bytes | None:
        """The part with a stub in place of every paragraph that repeats an earlier shape.

        None where the part has markup that stubs do not bear.
        """
        data, kept, copied = self.data, list[bytes](), 0
        models = dict[tuple[str | int, ...], _Model]()
        for start, end, markup, words in _paragraphs(data):
            # Texts of another kind may be read otherwise: white space alone, for one, makes no
            # unit.
            key = (*markup, *map(_kind, words))
            model = models.get(key)
            if model is None:
                models[key] = _Model(len(kept) + 1)
                kept += (data[copied : start + len(b"<w:p")], b"")
                copied = start + len(b"<w:p")
                continue
            if model.shape is None:
                # Decided at the second paragraph: most shapes of a document occur once.
                model.shape = Shape(markup, _may_be_alike(markup))
                if model.shape.is_fit:
                    kept[model.mark] = b' %s="%d"' % (_MODEL.encode(), len(self._shapes))
                    self._shapes.append(model.shape)
            if model.shape.is_fit:
                stub = b'<w:p %s="%d"/>' % (_STUB.encode(), len(self._stubbed))
                kept += (data[copied:start], stub)
                copied = end
                self._stubbed.append(_Stubbed(start, end, model.shape, words))
        kept.append(data[copied:])
        reduced = b"".join(kept)
        return None if self._is_unusual(reduced) else reduced

    def _is_unusual(self, reduced: bytes) -> bool:
        """Whether the part has markup that stubs do not bear.

        Every kind of markup it has is in the reduced part.
        """
        body = reduced.find(self.head) + len(self.head)
        return (
            reduced.count(_OURS) != len(self._stubbed) + len(self._shapes)
            or reduced.find(b"<!", body) >= 0
            or reduced.find(b"<?", body) >= 0
            or _DECLARING.search(reduced, body) is not None
            or reduced.count(b"xml:space=") != sum(map(reduced.count, _SPACE_OWNERS))
        )

    def taken(self, number: int) -> tuple[Shape, tuple[str, ...]]:
        """The shape and the texts of a stubbed paragraph.

        The texts are given once: the caller keeps or drops them.
        """
        stubbed = self._stubbed[number]
        words, stubbed.words = stubbed.words, ()
        return stubbed.shape, words

    def shape_of(self, element: Element) -> Shape | None:
        """The shape whose first paragraph an element is; None where no other is like it."""
        number = element.get(_MODEL)
        return self._shapes[int(number)] if number is not None else None

    def parsed(self, number: int) -> Element:
        """A stubbed paragraph as an element that is not in the tree of the part."""
        stubbed = self._stubbed[number]
        return next(iter(self._parsed(self.data[stubbed.start : stubbed.end])))

    def parsed_in_place(self, stub: Element) -> Element:
        """The parsed paragraph, in the tree in its stub's place."""
        element = self.parsed(stub_number(stub) or 0)
        element.tail, stub.tail = stub.tail, None
        parent = stub.getparent()
        stub.addnext(element)
        if parent is not None:
            parent.remove(stub)
        return element

    def parse_matching(self, root: Element, pattern: re.Pattern[bytes]) -> list[Element]:
        """Parse the stubbed paragraphs whose bytes match into the tree, and give their elements."""
        if pattern.search(self.data) is None:
            return []
        stubs = [element for element in root.iter("{*}p") if stub_number(element) is not None]
        spans = [(stub, self._stubbed[stub_number(stub) or 0]) for stub in stubs]
        return [
            self.parsed_in_place(stub)
            for stub, stubbed in spans
            if pattern.search(self.data, stubbed.start, stubbed.end)
        ]

    def write(
        self,
        number: int,
        reading: Reading,
        source: Sequence[str | Tag],
        target: Sequence[str | Tag],
        locale: Locale | None,
    ) -> None:
        """Write a target that has the source's tags in their places; runs with new text are marked
        with the locale.

        Not for right-to-left locales: these change paragraphs, tables and the looks that styles
        give as well.
        """
        stubbed = self._stubbed[number]
        pieces = _TEXTS.split(self.data[stubbed.start : stubbed.end].decode())
        words = _plain(pieces[1::2]) or ()
        runs = set[int]()
        for part, (old, new) in enumerate(zip(source, target, strict=True)):
            if not isinstance(new, str) or old == new:
                continue
            for place, text, keeps_space in reading.fill(part, words, new):
                head = 2 * place.text
                if keeps_space and not pieces[head].endswith(_SPACED):
                    pieces[head] += ' xml:space="preserve"'
                pieces[head + 1] = _escaped(text)
                runs.add(2 * place.run)
        if locale is not None:
            for place in runs:
                pieces[place] = self._run_marked(pieces[place], locale)
        pieces[1::2] = [f">{text}</w:t>" for text in pieces[1::2]]
        stubbed.written = "".join(pieces).encode()

    def restored(self, written: bytes) -> bytes:
        """The serialised tree with the paragraphs in the places of their stubs."""
        return _MARKED.sub(self._unmarked, written)

    def _unmarked(self, found: re.Match[bytes]) -> bytes:
        """The bytes of a stubbed paragraph, or the start of a first paragraph without its mark."""
        if not found[1]:
            return b"<w:p"
        stubbed = self._stubbed[int(found[1])]
        return (
            stubbed.written
            if stubbed.written is not None
            else self.data[stubbed.start : stubbed.end]
        )

    def _parsed(self, paragraph: bytes) -> Element:
        # Under a root with the part's own start tag, so that every prefix means the same.
        name = self.head[1:].split(None, 1)[0].rstrip(b">")
        return parse_xml(self.head + paragraph + b"</" + name + b">", self.budget)

    def _run_marked(self, markup: str, locale: Locale) -> str:
        """The markup before a text, with the locale stated on the last run that begins in it."""
        found = _RUN_OPENING.match(markup, max(markup.rfind("<w:r>"), markup.rfind("<w:r ")))
        if found is None:
            raise ValueError("the run begins in another piece")
        looks = found.group(2) or ""
        if (looks, locale) not in self._marked:
            self._marked[looks, locale] = self._with_language(looks, locale)
        return markup[: found.end(1)] + self._marked[looks, locale] + markup[found.end() :]

    def _with_language(self, looks: str, locale: Locale) -> str:
        """Run properties, or none, with the locale stated."""
        root = self._parsed(f"<w:p><w:r>{looks}</w:r></w:p>".encode())
        paragraph = next(iter(root))
        mark_language(paragraph, list(paragraph), locale, Styles(None))
        found = _RUN_OPENING.search(serialise(root, b"").decode())
        return found.group(2) if found is not None else looks


def stub_repeats(data: bytes, budget: Budget) -> tuple[Stubs, bytes] | None:
    """The stubs of a part, and the part reduced by them.

    None where the part is too unusual to have stubs.

    Raises:
        TooLargeError: the part has more elements than the budget allows.
    """
    root = _ROOT.match(data)
    if root is None or not _is_word(root.group(1)) or _BOUND in data or not _has_plain_text(data):
        return None
    budget.hold("elements", data.count(b"<"))
    stubs = Stubs(data, root.group(1), budget)
    reduced = stubs.reduced()
    return (stubs, reduced) if reduced is not None else None


def stub_number(element: Element) -> int | None:
    """The number of the stubbed paragraph that an element is the stub of; None for any other
    paragraph.
    """
    number = element.get(_STUB)
    return int(number) if number is not None else None


def _is_word(head: bytes) -> bool:
    word = _WORD.search(head)
    return word is not None and transitional(word.group(1).decode("latin-1")) == _WORD_URI


def _has_plain_text(data: bytes) -> bool:
    """Whether the part is UTF-8 and has no character that a parser would refuse."""
    return (
        is_utf8(data)
        and len(data.translate(None, _CONTROLS)) == len(data)
        and (data.isascii() or _NO_CHARACTERS.search(data) is None)
    )


def _paragraphs(data: bytes) -> Iterator[tuple[int, int, list[str], tuple[str, ...]]]:
    """The edges of innermost paragraphs, their constant markup between texts, and their texts."""
    constant, position = _Constant(), 0
    while (end := data.find(b"</w:p>", position)) >= 0:
        start = max(data.rfind(b"<w:p>", position, end), data.rfind(b"<w:p ", position, end))
        position = end + len(b"</w:p>")
        if start >= 0:
            try:
                # Decoded one by one: a wrong byte makes only its own paragraph unfit for a stub.
                paragraph = data[start:end].decode()
            except UnicodeDecodeError:
                continue
            pieces = _TEXTS.split(paragraph)
            words = tuple(pieces[1::2])
            if "&" in paragraph or "\r" in paragraph or "]]>" in paragraph:
                words = _plain(words)
            if words is not None:
                yield start, position, list(map(constant.__getitem__, pieces[::2])), words


def _may_be_alike(markup: Sequence[str]) -> bool:
    """Whether paragraphs of this markup (without end tag) may read alike, whatever their words."""
    whole = ">".join(markup)
    return (
        len(whole) <= _LONGEST
        and len(_STARTS.findall(whole)) == 1
        and _NOT_ALIKE.search(whole) is None
        and _has_whole_fields(whole)
        and all(piece.endswith(("<w:t", _SPACED)) for piece in markup[:-1])
    )


def _has_whole_fields(markup: str) -> bool:
    """Whether every field with a part in the markup begins and ends there (ECMA-376 §17.16.18)."""
    depth = 0
    for edge, other in _FIELD.findall(markup):
        depth += {"begin": 1, "end": -1}.get(edge, 0)
        if depth < (edge != "end") or other == "fldChar":
            return False
    return depth == 0


def _kind(text: str) -> int:
    """The kind of a text: empty, white space or words, in narrow or wide letters.

    Texts of one kind read alike.
    """
    kind = 0 if not text else 1 if text.isspace() else 2
    return kind if text.isascii() or not is_wide_text(text) else kind + 3


def _plain(raws: Sequence[str]) -> tuple[str, ...] | None:
    """Texts as a parser would give them.

    None where one holds more than text and the five entities of XML.
    """
    whole = " ".join(raws)
    if "\r" in whole or "]]>" in whole or _OTHER_ENTITY.search(whole):
        return None
    return tuple(map(_unescaped, raws)) if "&" in whole else tuple(raws)


def _unescaped(raw: str) -> str:
    for entity, char in _ENTITIES:
        raw = raw.replace(entity, char)
    return raw


def _escaped(text: str) -> str:
    """Text as lxml writes it.

    A bare carriage return would be read as a line feed (XML 1.0 §2.11).
    """
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;").replace("\r", "&#13;")

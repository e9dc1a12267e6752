"""Paragraphs that are read from the bytes of their part, so that the tree of a long document stays small and quick.

Paragraphs repeat each other but for their words. One of each shape stays in the tree and is read as any other; the
others are stubs there, at the place and with the path of the paragraph, and have its tags. Whatever else is wanted of
one (other tags, another order) unfolds it: the stub gives way to the parsed paragraph. Parts with anything unusual
(a DTD, comments, other encodings) are not folded.
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
from dragoman_documents.docx.shape import Reading, Shape
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element, is_utf8, parse_xml, serialise, transitional

_STUB, _MODEL = "dragoman-fold", "dragoman-shape"
_MARKED = re.compile(rb'<w:p dragoman-(?:fold="(\d+)"/>|shape="\d+")')
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*\?>)?\s*"
    rb"(<w:(?:document|hdr|ftr|footnotes|endnotes|comments|glossaryDocument)(?:\s[^<>]*)?>)"
)
_WORD = re.compile(rb"""\sxmlns:w\s*=\s*["']([^"']*)["']""")
_WORD_URI = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
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
_VARYING = re.compile(
    '( (?:w:rsid\\w+|w14:paraId|w14:textId|r:id|w:id|w:name|w:anchor)=")[^"<>&\x80-\U0010ffff]*(?=")', re.ASCII
)
_NOT_ALIKE = re.compile(  # markup that says too little by itself, other prefixes, and a paragraph that ends at once
    r"PrChange|xmlns|<w:(?:drawing|pict|object|ruby)\b|<w:(?:t|rPr)(?: [^>]*)?/>"
    r"|<(?!/?(?:w|w14):)|[\s](?!(?:w|w14|r|xml):)[\w.-]+:|^[^>]*/>",
    re.ASCII,
)
_STARTS = re.compile(r"<w:p[\s/>]", re.ASCII)
_FIELD = re.compile(r'<w:(?:fldChar(?= )[^<>]* w:fldCharType="(begin|separate|end)"|(fldChar|instrText)\b)')
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_OTHER_ENTITY = re.compile("&(?!(?:lt|gt|quot|apos|amp);)")
_SPACED = '<w:t xml:space="preserve"'
_LONGEST = 16_000  # characters of markup of a shape

_RUN_OPENING = re.compile(r"(<w:r(?: [^<>]*)?>\s*)(<w:rPr>.*?</w:rPr>)?", re.ASCII | re.DOTALL)


@dataclass(eq=False, slots=True)
class _Fold:
    start: int
    end: int
    shape: Shape
    words: tuple[str, ...] = ()
    written: bytes | None = None


@dataclass(eq=False, slots=True)
class _Model:
    """The first paragraph of its shape: the place for its mark, which it gets when there is a second."""

    mark: int
    shape: Shape | None = None


class _Constant(dict[str, str]):
    """Markup to what of it is the same in paragraphs that read alike, filled as it is met."""

    def __missing__(self, markup: str) -> str:
        constant = self[markup] = "".join(_VARYING.split(markup))
        return constant


@dataclass(eq=False)
class Folds:
    """The folded paragraphs of one part, by number; `head` is the start tag of its root."""

    data: bytes
    head: bytes
    budget: Budget
    _folds: list[_Fold] = field(default_factory=list[_Fold])
    _shapes: list[Shape] = field(default_factory=list[Shape])
    _marked: dict[tuple[str, Locale], str] = field(default_factory=dict[tuple[str, Locale], str])

    def reduced(self) -> bytes | None:
        """The part with a stub in the place of each paragraph that one before it is like; None where it is unusual."""
        data, kept, copied = self.data, list[bytes](), 0
        models = dict[tuple[str | int, ...], _Model]()
        for start, end, markup, words in _paragraphs(data):
            key = (*markup, *map(_kind, words))
            model = models.get(key)
            if model is None:
                models[key] = _Model(len(kept) + 1)
                kept += (data[copied : start + len(b"<w:p")], b"")
                copied = start + len(b"<w:p")
                continue
            if model.shape is None:
                model.shape = Shape(markup, _may_be_alike(markup))
                if model.shape.is_fit:
                    kept[model.mark] = b' %s="%d"' % (_MODEL.encode(), len(self._shapes))
                    self._shapes.append(model.shape)
            if model.shape.is_fit:
                kept += (data[copied:start], b'<w:p %s="%d"/>' % (_STUB.encode(), len(self._folds)))
                copied = end
                self._folds.append(_Fold(start, end, model.shape, words))
        kept.append(data[copied:])
        reduced = b"".join(kept)
        return None if self._is_unusual(reduced) else reduced

    def _is_unusual(self, reduced: bytes) -> bool:
        """Whether the reduced part, which has all markup that there is, has some that folding does not bear."""
        body = reduced.find(self.head) + len(self.head)
        return (
            reduced.count(_OURS) != len(self._folds) + len(self._shapes)
            or reduced.find(b"<!", body) >= 0
            or reduced.find(b"<?", body) >= 0
            or _DECLARING.search(reduced, body) is not None
            or reduced.count(b"xml:space=") != sum(map(reduced.count, _SPACE_OWNERS))
        )

    def taken(self, number: int) -> tuple[Shape, tuple[str, ...]]:
        """The shape and the texts of a folded paragraph, for the one who reads it to keep or to drop."""
        fold = self._folds[number]
        words, fold.words = fold.words, ()
        return fold.shape, words

    def shape_of(self, element: Element) -> Shape | None:
        """The shape of which a paragraph is the one in the tree; None where no other is like it."""
        number = element.get(_MODEL)
        return self._shapes[int(number)] if number is not None else None

    def parsed(self, number: int) -> Element:
        """A folded paragraph as an element that is not in the tree of the part."""
        fold = self._folds[number]
        return next(iter(self._parsed(self.data[fold.start : fold.end])))

    def unfolded(self, stub: Element) -> Element:
        """The parsed paragraph, in the tree in its stub's place."""
        element = self.parsed(fold_number(stub) or 0)
        element.tail, stub.tail = stub.tail, None
        parent = stub.getparent()
        stub.addnext(element)
        if parent is not None:
            parent.remove(stub)
        return element

    def unfold(self, root: Element, pattern: re.Pattern[bytes]) -> list[Element]:
        """Put the paragraphs whose bytes match into the tree of the part, for what must be found there."""
        if pattern.search(self.data) is None:
            return []
        stubs = [element for element in root.iter("{*}p") if fold_number(element) is not None]
        spans = [(stub, self._folds[fold_number(stub) or 0]) for stub in stubs]
        return [self.unfolded(stub) for stub, fold in spans if pattern.search(self.data, fold.start, fold.end)]

    def write(
        self,
        number: int,
        reading: Reading,
        source: Sequence[str | Tag],
        target: Sequence[str | Tag],
        locale: Locale | None,
    ) -> None:
        """Write a target that has the source's tags in their places; runs with new text are marked with the locale.

        Not for right-to-left locales, which change paragraphs, tables and what styles say as well.
        """
        fold = self._folds[number]
        pieces = _TEXTS.split(self.data[fold.start : fold.end].decode())
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
        fold.written = "".join(pieces).encode()

    def restored(self, written: bytes) -> bytes:
        """The serialised tree with the paragraphs in the places of their stubs."""
        return _MARKED.sub(lambda found: self._bytes_of(int(found[1])) if found[1] else b"<w:p", written)

    def _bytes_of(self, number: int) -> bytes:
        fold = self._folds[number]
        return fold.written if fold.written is not None else self.data[fold.start : fold.end]

    def _parsed(self, paragraph: bytes) -> Element:
        name = self.head[1:].split(None, 1)[0].rstrip(b">")
        return parse_xml(self.head + paragraph + b"</" + name + b">", self.budget)

    def _run_marked(self, markup: str, locale: Locale) -> str:
        """A piece with the locale stated on the last run that begins in it."""
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


def fold(data: bytes, budget: Budget) -> tuple[Folds, bytes] | None:
    """The folds of a part, and the part reduced by them; None where it is too unusual to fold.

    Raises:
        TooLargeError: the part has more elements than the budget allows.
    """
    root = _ROOT.match(data)
    if root is None or not _is_word(root.group(1)) or _BOUND in data or not _has_plain_text(data):
        return None
    budget.hold("elements", data.count(b"<"))
    folds = Folds(data, root.group(1), budget)
    reduced = folds.reduced()
    return (folds, reduced) if reduced is not None else None


def fold_number(element: Element) -> int | None:
    """The number of the fold a paragraph is the stub of; None for any other paragraph."""
    number = element.get(_STUB)
    return int(number) if number is not None else None


def _is_word(head: bytes) -> bool:
    word = _WORD.search(head)
    return word is not None and transitional(word.group(1).decode("latin-1")) == _WORD_URI


def _has_plain_text(data: bytes) -> bool:
    """Whether the part is UTF-8 without what a parser would refuse in texts that it is not given to read."""
    return (
        is_utf8(data)
        and len(data.translate(None, _CONTROLS)) == len(data)
        and (data.isascii() or _NO_CHARACTERS.search(data) is None)
    )


def _paragraphs(data: bytes) -> Iterator[tuple[int, int, list[str], tuple[str, ...]]]:
    """Where innermost paragraphs begin and end, their constant markup between texts, and their texts."""
    constant, position = _Constant(), 0
    while (end := data.find(b"</w:p>", position)) >= 0:
        start = max(data.rfind(b"<w:p>", position, end), data.rfind(b"<w:p ", position, end))
        position = end + len(b"</w:p>")
        if start >= 0:
            try:
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
    """Whether paragraphs of this markup, which lacks its end tag, may read alike whatever their words."""
    whole = ">".join(markup)
    return (
        len(whole) <= _LONGEST
        and len(_STARTS.findall(whole)) == 1
        and _NOT_ALIKE.search(whole) is None
        and _has_whole_fields(whole)
        and all(piece.endswith(("<w:t", _SPACED)) for piece in markup[:-1])
    )


def _has_whole_fields(markup: str) -> bool:
    """Whether every field that has a part in the markup begins and ends there."""
    depth = 0
    for edge, other in _FIELD.findall(markup):
        depth += {"begin": 1, "end": -1}.get(edge, 0)
        if depth < (edge != "end") or other == "fldChar":
            return False
    return depth == 0


def _kind(text: str) -> int:
    """What of a text decides how its paragraph is read; two of one kind read alike in one markup."""
    kind = 0 if not text else 1 if text.isspace() else 2
    return kind if text.isascii() or not is_wide_text(text) else kind + 3


def _plain(raws: Sequence[str]) -> tuple[str, ...] | None:
    """Texts as they are read; None where one is more than text and plain entities."""
    whole = " ".join(raws)
    if "\r" in whole or "]]>" in whole or _OTHER_ENTITY.search(whole):
        return None
    return tuple(map(_unescaped, raws)) if "&" in whole else tuple(raws)


def _unescaped(raw: str) -> str:
    for entity, char in _ENTITIES:
        raw = raw.replace(entity, char)
    return raw


def _escaped(text: str) -> str:
    """Text as lxml writes it."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;").replace("\r", "&#13;")

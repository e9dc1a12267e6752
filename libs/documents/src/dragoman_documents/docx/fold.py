"""Paragraphs that are read from the bytes of their part, so that the tree of a long document stays small and quick.

Most paragraphs are runs of text, tabs and links. Their markup repeats: it is cut at the text nodes, and each piece is
parsed once, by lxml, for all its occurrences. In the tree such a paragraph is a stub, at the place and with the path of
the paragraph. Whatever else is wanted of it (other tags, another order, what only the tree can tell) unfolds it: the
stub gives way to the parsed paragraph. Parts with anything unusual (a DTD, CDATA, other encodings) are not folded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dragoman_contracts.locale import Locale
from dragoman_documents.budget import Budget
from dragoman_documents.docx.collect import style_of
from dragoman_documents.docx.direction import mark_language
from dragoman_documents.docx.pieces import END, LINKED_RUN, RUN, START, Piece, TextNode, steps_of
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element, parse_xml, serialise, short_name, transitional
from dragoman_documents.errors import DocumentError

_STUB = "dragoman-fold"
_STUBS = re.compile(rb'<w:p dragoman-fold="(\d+)"/>')
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*\?>)?\s*"
    rb"(<w:(?:document|hdr|ftr|footnotes|endnotes|comments|glossaryDocument)(?:\s[^<>]*)?>)"
)
_ENCODING = re.compile(rb"""<\?xml\s[^>]*encoding\s*=\s*["'](?!utf-8["'])""", re.IGNORECASE)
_WORD = re.compile(rb"""\sxmlns:w\s*=\s*["']([^"']*)["']""")
_WORD_URI = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_UNUSUAL = (b"<![CDATA[", b"w:dataBinding", b"dragoman-fold", b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_PREFIXES = (b"xmlns:w", b"xmlns:w14", b"xmlns:r")
_SPACE_OWNERS = (
    b"<w:t xml:space=",
    b"<w:instrText xml:space=",
    b"<w:delText xml:space=",
    b"<w:delInstrText xml:space=",
)
_VARYING = re.compile(rb' (w:rsid\w+|w14:paraId|w14:textId|r:id|w:id|w:name|w:anchor)="[^"<>&]*"')
_ENTITIES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))
_OTHER_ENTITY = re.compile(rb"&(?!(?:lt|gt|quot|apos|amp);)")
_SPACED = b'<w:t xml:space="preserve"'
_LONGEST_PIECE = 8_000
_SMALLEST_PART = 16_384

_RUN_OPENING = re.compile(rb"<w:r(?: [^<>]*)?>\s*(?:<w:rPr>.*?</w:rPr>)?", re.DOTALL)
_BEFORE = {START: b"", RUN: b"<w:p><w:r>", LINKED_RUN: b"<w:p><w:hyperlink><w:r>"}
_AFTER = {RUN: b"/></w:r></w:p>", LINKED_RUN: b"/></w:r></w:hyperlink></w:p>", END: b"</w:p>"}

Cut = tuple[tuple[Piece, str], ...]


@dataclass(eq=False, slots=True)
class _Fold:
    start: int
    end: int
    cut: Cut = ()
    written: bytes | None = None


_UNSEEN = Piece((), END, keeps_space=False)


@dataclass(eq=False)
class Folds:
    """The folded paragraphs of one part, by number; `head` is the start tag of its root."""

    data: bytes
    head: bytes
    budget: Budget
    _folds: list[_Fold] = field(default_factory=list[_Fold])
    _pieces: dict[tuple[int, bytes], Piece | None] = field(default_factory=dict[tuple[int, bytes], Piece | None])
    _marked: dict[tuple[bytes, Locale], bytes] = field(default_factory=dict[tuple[bytes, Locale], bytes])

    def reduced(self) -> bytes:
        """The part with a stub in the place of each paragraph that could be folded."""
        data, kept, position, copied = self.data, list[bytes](), 0, 0
        while (end := data.find(b"</w:p>", position)) >= 0:
            start = max(data.rfind(b"<w:p>", position, end), data.rfind(b"<w:p ", position, end))
            position = end + len(b"</w:p>")
            cut = self._cut(data[start:end]) if start >= 0 else None
            if cut is not None:
                kept += (data[copied:start], b'<w:p %s="%d"/>' % (_STUB.encode(), len(self._folds)))
                copied = position
                self._folds.append(_Fold(start, position, cut))
        self._pieces.clear()
        return b"".join((*kept, data[copied:]))

    def taken(self, number: int) -> Cut:
        """The pieces and texts of a paragraph, for the one who reads it to keep or to drop."""
        fold = self._folds[number]
        cut, fold.cut = fold.cut, ()
        return cut

    def unfolded(self, stub: Element) -> Element:
        """The parsed paragraph, in the tree in its stub's place."""
        fold = self._folds[fold_number(stub) or 0]
        element = next(iter(self._parsed(self.data[fold.start : fold.end])))
        element.tail, stub.tail = stub.tail, None
        parent = stub.getparent()
        stub.addnext(element)
        if parent is not None:
            parent.remove(stub)
        return element

    def write(self, number: int, texts: Sequence[TextNode], locale: Locale | None) -> None:
        """Write a paragraph with the new text of some of its text nodes, and their runs marked with the locale.

        Not for right-to-left locales, which change paragraphs, tables and what styles say as well.
        """
        fold = self._folds[number]
        chunks = self.data[fold.start : fold.end].split(b"</w:t>")
        for node in texts:
            head = chunks[node.place].rpartition(b">")[0]
            if node.keeps_space and not head.endswith(_SPACED):
                head += b' xml:space="preserve"'
            chunks[node.place] = head + b">" + _escaped(node.text or "")
        if locale is not None:
            for place in {node.run_place for node in texts}:
                chunks[place] = self._run_marked(chunks[place], locale)
        fold.written = b"</w:t>".join(chunks)

    def restored(self, written: bytes) -> bytes:
        """The serialised tree with the paragraphs in the places of their stubs."""
        return _STUBS.sub(lambda match: self._bytes_of(self._folds[int(match.group(1))]), written)

    def _bytes_of(self, fold: _Fold) -> bytes:
        return fold.written if fold.written is not None else self.data[fold.start : fold.end]

    def _cut(self, paragraph: bytes) -> Cut | None:
        """The pieces and texts of a paragraph that lacks its end tag; None where it is not one to fold."""
        *chunks, tail = paragraph.split(b"</w:t>")
        state, cut = START, list[tuple[Piece, str]]()
        for chunk in chunks:
            head, _, raw = chunk.rpartition(b">")
            piece = self._piece(state, head, ends_in_text=True)
            text = _decoded(raw)
            if piece is None or text is None:
                return None
            cut.append((piece, text))
            state = piece.state
        last = self._piece(state, tail, ends_in_text=False)
        return (*cut, (last, "")) if last is not None else None

    def _piece(self, state: int, markup: bytes, ends_in_text: bool) -> Piece | None:
        known = self._pieces.get((state, markup), _UNSEEN)
        if known is _UNSEEN:
            alike = _VARYING.sub(rb' \1=""', markup)
            known = self._pieces.get((state, alike), _UNSEEN)
            if known is _UNSEEN:
                known = self._pieces[state, alike] = self._learnt(state, alike, ends_in_text)
            self._pieces[state, markup] = known
        return known

    def _learnt(self, state: int, markup: bytes, ends_in_text: bool) -> Piece | None:
        """What a piece does, by its tree; None where it is too much for one."""
        if len(markup) > _LONGEST_PIECE or (ends_in_text and not markup.endswith((b"<w:t", _SPACED))):
            return None
        after = END
        if ends_in_text:
            opened, closed = markup.rfind(b"<w:hyperlink"), markup.rfind(b"</w:hyperlink>")
            after = LINKED_RUN if opened > closed or (opened == closed and state == LINKED_RUN) else RUN
        try:
            root = self._parsed(_BEFORE[state] + markup + _AFTER[after])
        except DocumentError:
            return None
        steps = steps_of(root, markup, begins_in=state, ends_in=after)
        if steps is None:
            return None
        return Piece(steps, after, markup.endswith(_SPACED), style_of(next(iter(root))))

    def _parsed(self, paragraph: bytes) -> Element:
        name = self.head[1:].split(None, 1)[0].rstrip(b">")
        return parse_xml(self.head + paragraph + b"</" + name + b">", self.budget)

    def _run_marked(self, markup: bytes, locale: Locale) -> bytes:
        """A piece with the locale stated on the last run that begins in it."""
        found = _RUN_OPENING.match(markup, max(markup.rfind(b"<w:r>"), markup.rfind(b"<w:r ")))
        if found is None:
            raise ValueError("the run begins in another piece")
        opening = found.group()
        if (opening, locale) not in self._marked:
            paragraph = self._with_language(b"<w:p>" + opening + b"</w:r></w:p>", locale)
            self._marked[opening, locale] = _opening(_RUN_OPENING.search(paragraph))
        return markup[: found.start()] + self._marked[opening, locale] + markup[found.end() :]

    def _with_language(self, markup: bytes, locale: Locale) -> bytes:
        root = self._parsed(markup)
        paragraph = next(iter(root))
        mark_language(paragraph, [child for child in paragraph if short_name(child) == "w:r"], locale, Styles(None))
        written = serialise(root, b"")
        return written[written.index(b">") + 1 : written.rindex(b"</")]


def fold(data: bytes, budget: Budget) -> Folds | None:
    """The folds of a part, None where it is too small or too unusual to fold.

    Raises:
        TooLargeError: the part has more elements than the budget allows.
    """
    root = _ROOT.match(data) if len(data) >= _SMALLEST_PART else None
    if root is None or _is_unusual(data, root.group(1), root.end()):
        return None
    budget.hold("elements", data.count(b"<"))
    return Folds(data, root.group(1), budget)


def fold_number(element: Element) -> int | None:
    """The number of the fold a paragraph is the stub of; None for any other paragraph."""
    number = element.get(_STUB)
    return int(number) if number is not None else None


def _is_unusual(data: bytes, head: bytes, body: int) -> bool:
    word = _WORD.search(head)
    return (
        word is None
        or transitional(word.group(1).decode("latin-1")) != _WORD_URI
        or any(mark in data for mark in _UNUSUAL)
        or any(data.find(b" " + mark + b"=", body) >= 0 for mark in _PREFIXES)
        or data.count(b"xml:space=") != sum(map(data.count, _SPACE_OWNERS))
        or _ENCODING.match(data) is not None
        or len(data.translate(None, _CONTROLS)) != len(data)
    )


def _opening(found: re.Match[bytes] | None) -> bytes:
    return found.group() if found is not None else b""


def _decoded(raw: bytes) -> str | None:
    """The text of a text node; None where it is more than text and plain entities, or no UTF-8."""
    if b"<" in raw or b"\r" in raw:
        return None
    if b"&" in raw:
        if _OTHER_ENTITY.search(raw):
            return None
        for entity, char in _ENTITIES:
            raw = raw.replace(entity, char)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _escaped(text: str) -> bytes:
    """Text as lxml writes it."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;").replace("\r", "&#13;").encode()

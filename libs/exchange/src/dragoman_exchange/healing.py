r"""Healing: the bytes of an XML file as it should have been saved, and what was wrong with them.

    <?xml version="1.0" encoding="UTF-16"?>… in UTF-8     exchange.encoding, read as utf-8
    a&#x1F;b                                              exchange.control, a\ufffdb

The result is UTF-8 without a declaration. Text is never dropped, except for NULs at the end.
A file of any size is healed in pieces: `heal_stream` holds one piece at a time.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from dragoman_exchange.errors import ExchangeRefusedError
from dragoman_exchange.found import Repairs, too_large, unreadable
from dragoman_exchange.model import Repair
from dragoman_exchange.xml import FORBIDDEN, REPLACEMENT

# Elements take a hundred bytes and more of memory, whatever the file says of them.
MOST_MARKUP = 6_000_000
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]{0,200}\?>")
_ENCODING = re.compile(rb"""<\?xml\s[^>]{0,150}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_REFERENCE = re.compile(r"&#(?:x0*([0-9A-Fa-f]{1,8})|0*([0-9]{1,10}));")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Python knows encodings that are no text, or take quadratic time.
_TRUSTED = re.compile(
    r"utf-?8|utf-?16(le|be)?|utf-?32(le|be)?|us-?ascii|ascii|iso-?8859-?\d{1,2}|latin-?1"
    r"|(windows-?|cp-?)(125\d|874|932|936|949|950)|koi8-?[ru]|shift-?jis|euc-?(jp|kr)"
    r"|gb(k|2312|18030)|big5"
)
_ENTITY = re.compile(r"<!ENTITY\b")
_ROOT = re.compile(r"<[A-Za-z_]")
_ASIDES = {"<!--": "-->", "<?": "?>"}
_ASIDE = re.compile(r"<!--|<\?")
_PIECE = 1 << 18
# The longest a file may be before its root: declarations, comments and a DTD.
_MOST_HEAD = 1 << 20
_LATIN = ("iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "ascii")


def heal(data: bytes) -> tuple[bytes, tuple[Repair, ...]]:
    """The file in UTF-8 that a parser can read, and what had to be put right.

    Raises:
        ExchangeRefusedError: it declares entities, its encoding cannot be told, or it has too much
            markup.
    """
    repairs = Repairs()
    healed = b"".join(heal_stream(io.BytesIO(data), repairs))
    if healed.count(b"<") > MOST_MARKUP:
        raise too_large(f"has more than {MOST_MARKUP} pieces of markup")
    return healed, repairs.all()


def heal_stream(file: BinaryIO, repairs: Repairs) -> Iterator[bytes]:
    """The file in UTF-8, in pieces; what had to be put right is added to `repairs` as it is met.

    The file must be seekable: it is read once to tell its encoding, and once more to be healed.

    Raises:
        ExchangeRefusedError: it declares entities, or its encoding cannot be told.
    """
    start, encoding, errors = _encoding_of(file, repairs)
    texts = _without_nulls(_decoded(file, start, encoding, errors), repairs)
    message = "Characters that XML cannot hold were replaced by U+FFFD."
    for text in _whole_references(_checked(texts)):
        mended, raw = FORBIDDEN.subn(REPLACEMENT, text)
        mended, referred = _without_references(mended) if "&#" in mended else (mended, 0)
        repairs.add("exchange.control", message, raw + referred)
        yield mended.encode()


def _checked(texts: Iterable[str]) -> Iterator[str]:
    """The text without its declaration. All before the root is read before anything is given."""
    head, has_root = "", False
    for text in texts:
        if has_root:
            yield text
            continue
        head += text
        bare = _without_asides(head)
        root = _ROOT.search(bare)
        if _ENTITY.search(bare, 0, root.start() if root else len(bare)):
            raise ExchangeRefusedError(
                "The file declares entities, which are not read; save it without a DTD of its own.",
                code="exchange.entities",
            )
        if root:
            has_root = True
            yield _undeclared(head)
        elif len(head) > _MOST_HEAD:
            raise unreadable(f"has no element in its first {_MOST_HEAD} characters")
    if not has_root and head:
        yield _undeclared(head)


def _without_asides(head: str) -> str:
    """The text without comments and instructions, in which a root only seems to begin; up to the
    first that has no end yet.
    """
    kept: list[str] = []
    at = 0
    while begin := _ASIDE.search(head, at):
        kept.append(head[at : begin.start()])
        end = head.find(_ASIDES[begin[0]], begin.end())
        if end < 0:
            return "".join(kept)
        at = end + len(_ASIDES[begin[0]])
    return "".join(kept) + head[at:]


def _undeclared(text: str) -> str:
    declaration = _DECLARATION.match(text)
    return text[declaration.end() :] if declaration else text


def _without_nulls(texts: Iterable[str], repairs: Repairs) -> Iterator[str]:
    waiting = 0
    for text in texts:
        stripped = text.rstrip("\0")
        if stripped:
            while waiting:
                count = min(waiting, _PIECE)
                yield "\0" * count
                waiting -= count
            yield stripped
        waiting += len(text) - len(stripped)
    repairs.add("exchange.nulls", "The file ended in NULs.", waiting)


def _whole_references(texts: Iterable[str]) -> Iterator[str]:
    """The same text, with no reference to a character in two pieces."""
    kept = ""
    for text in texts:
        joined = kept + text
        at = joined.rfind("&", max(len(joined) - 64, 0))
        at = len(joined) if at < 0 or ";" in joined[at:] else at
        kept = joined[at:]
        yield joined[:at]
    yield kept


def _without_references(text: str) -> tuple[str, int]:
    count = 0

    def mended(match: re.Match[str]) -> str:
        nonlocal count
        code = int(match[1], 16) if match[1] else int(match[2])
        if 0 < code <= 0x10FFFF and not FORBIDDEN.match(chr(code)):
            return match[0]
        count += 1
        return REPLACEMENT

    return _REFERENCE.sub(mended, text), count


def _encoding_of(file: BinaryIO, repairs: Repairs) -> tuple[int, str, str]:
    """Where the text begins, the encoding that reads it, and how errors are met."""
    file.seek(0)
    head = file.read(400)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return len(bom), *_fitting(file, len(bom), encoding, repairs)
    # Without a mark, the place of the NULs beside the first "<" tells (XML 1.0, appendix F).
    if head.startswith(b"<\0"):
        return 0, *_fitting(file, 0, "utf-16-le", repairs)
    if head.startswith(b"\0<"):
        return 0, *_fitting(file, 0, "utf-16-be", repairs)
    match = _ENCODING.search(head)
    declared = match[1].decode().lower().replace("_", "-") if match else "utf-8"
    if not _TRUSTED.fullmatch(declared) or declared.startswith(
        # The declaration itself was readable, so these are bytes of one each.
        ("utf-16", "utf16", "utf-32", "utf32")
    ):
        _say_encoding(repairs, declared, "utf-8")
        declared = "utf-8"
    return 0, *_fitting(file, 0, declared, repairs)


def _fitting(file: BinaryIO, start: int, encoding: str, repairs: Repairs) -> tuple[str, str]:
    """The encoding, or the one that its bytes are really in, and how errors are met."""
    # Programs that say Latin-1 write Windows-1252, as browsers know.
    encoding = "cp1252" if encoding in _LATIN else encoding
    if _decodes(file, start, encoding):
        return encoding, "strict"
    if encoding == "cp1252":
        return "latin-1", "strict"
    if encoding.startswith("utf-8"):
        _say_encoding(repairs, "utf-8", "windows-1252")
        if _decodes(file, start, "cp1252"):
            return "cp1252", "strict"
    # Characters that cannot be told are rejected with their units.
    repairs.add("exchange.encoding", f"Some bytes are no {encoding}; U+FFFD stands for them.")
    return encoding, "replace"


def _decodes(file: BinaryIO, start: int, encoding: str) -> bool:
    try:
        for _ in _decoded(file, start, encoding, "strict"):
            pass
    except UnicodeDecodeError:
        return False
    except LookupError as error:
        raise unreadable("has an encoding that is not known") from error
    return True


def _decoded(file: BinaryIO, start: int, encoding: str, errors: str) -> Iterator[str]:
    """The text in pieces. A character that the end cuts off is left out."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    file.seek(start)
    while piece := file.read(_PIECE):
        yield decoder.decode(piece)
    pending = decoder.getstate()[0]
    if encoding.startswith("utf-16") and len(pending) % 2 and not pending.endswith(b"\0"):
        yield decoder.decode(b"\0")  # a file cut off in the middle of its last character


def _say_encoding(repairs: Repairs, declared: str, read: str) -> None:
    repairs.add("exchange.encoding", f"The file says {declared} and was read as {read}.")

"""The tokens by which a memory is searched: words, and in short texts groups of three characters.

"Pay the invoice."    crc32 of: pay the invoice, and of " pa", "pay", "ay ", …
"""

from __future__ import annotations

import re
from zlib import crc32

_WORD = re.compile(r"[^\W_]+")
_SPACES = re.compile(r"\s+")
# Texts of few words, and those of scripts without spaces, have too few tokens of their own.
_FEW = 4


def tokens_of(text: str) -> list[int]:
    """The distinct tokens of a text as 32-bit numbers, ascending; the same on every machine."""
    lowered = text.lower()
    tokens = set(_WORD.findall(lowered))
    if len(tokens) <= _FEW:
        padded = f" {_SPACES.sub(' ', lowered)} "
        tokens.update([padded[at : at + 3] for at in range(len(padded) - 2)])
    return sorted({crc32(token.encode("utf-8", "surrogatepass")) for token in tokens})

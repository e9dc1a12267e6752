"""Words and characters, as offices count them: the one definition, of preflight as of extraction
and of every answer.

A word is a run of letters and digits, with apostrophes and hyphens inside it; in scripts without
spaces (Chinese, Japanese) each character is one. Marks are no words, and tags are not counted:

    "Pay 20 euros."   3 words, 13 characters, 11 without spaces
    "東京へ"           3 words, 3 characters

The words of a document are those of the units that have something to translate. Its units are all,
also those that are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dragoman_contracts.model import Value
from dragoman_contracts.text import Content, Tag, TagSpec

# Scripts written without spaces count each character as a word of its own.
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD_OR_MARK = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:['’\-][^\W{_UNSPACED}]+)*|[^\w\s]")
"""A word, or a mark between words: a match without a letter or digit is a mark."""


class TextCount(Value):
    """Numbers of words and characters. `characters` includes white space; tags are not counted."""

    words: int = 0
    characters: int = 0
    characters_without_spaces: int = 0

    def __add__(self, other: TextCount) -> TextCount:
        return TextCount(
            words=self.words + other.words,
            characters=self.characters + other.characters,
            characters_without_spaces=self.characters_without_spaces
            + other.characters_without_spaces,
        )


def count_text(content: Content, specs: Iterable[TagSpec] = ()) -> TextCount:
    """Count content. A placeholder that stands for a tab or a break parts words, as on paper."""
    equivalents = {spec.id: spec.equivalent for spec in specs}
    text = "".join(
        equivalents.get(part.id, "") if isinstance(part, Tag) else part for part in content
    )
    plain = "".join(part for part in content if isinstance(part, str))
    return TextCount(
        words=sum(any(map(str.isalnum, found)) for found in WORD_OR_MARK.findall(text)),
        characters=len(plain),
        characters_without_spaces=sum(not character.isspace() for character in plain),
    )

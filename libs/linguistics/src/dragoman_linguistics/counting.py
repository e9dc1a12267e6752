"""Words and characters of content, as translation offices count them: in scripts without spaces
each character is a word.

Punctuation marks are no words, and tags are not counted:

    "Pay 20 euros."   3 words, 13 characters, 11 without spaces
    "東京へ"           3 words, 3 characters
"""

from __future__ import annotations

from collections.abc import Iterable

from dragoman_contracts.model import Value
from dragoman_contracts.text import Content, Tag, TagSpec
from dragoman_linguistics.tags import specs_by_id
from dragoman_linguistics.words import words_of


class TextCount(Value):
    """Numbers of words and characters. `characters` includes white space; tags are not counted."""

    words: int = 0
    characters: int = 0
    characters_without_spaces: int = 0

    def __add__(self, other: TextCount) -> TextCount:
        return TextCount(
            words=self.words + other.words,
            characters=self.characters + other.characters,
            characters_without_spaces=self.characters_without_spaces + other.characters_without_spaces,
        )


def count_text(content: Content, specs: Iterable[TagSpec] = ()) -> TextCount:
    """Count content. A placeholder that stands for a tab or a break parts words, as on paper."""
    by_id = specs_by_id(specs)

    def shown(part: str | Tag) -> str:
        if isinstance(part, str):
            return part
        return by_id[part.id].equivalent if part.id in by_id else ""

    text = "".join(map(shown, content))
    plain = "".join(part for part in content if isinstance(part, str))
    return TextCount(
        words=sum(not word.is_punctuation for word in words_of(text)),
        characters=len(plain),
        characters_without_spaces=sum(not character.isspace() for character in plain),
    )

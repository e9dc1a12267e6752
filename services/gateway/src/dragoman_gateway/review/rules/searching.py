"""Find and replace in targets. Tags stay where they are: a text is found between two of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dragoman_contracts.text import Content, normalised


@dataclass(frozen=True, slots=True)
class Search:
    """A text to find in targets and what takes its place."""

    find: str
    replace: str
    match_case: bool = False
    whole_words: bool = False

    def pattern(self) -> re.Pattern[str]:
        """The search as a regular expression."""
        text = re.escape(self.find)
        if self.whole_words:
            text = rf"\b{text}\b"
        return re.compile(text, 0 if self.match_case else re.IGNORECASE)


def replaced(content: Content, search: Search, pattern: re.Pattern[str]) -> Content:
    """Content with what was found replaced."""
    return normalised(
        pattern.sub(lambda _: search.replace, part) if isinstance(part, str) else part
        for part in content
    )

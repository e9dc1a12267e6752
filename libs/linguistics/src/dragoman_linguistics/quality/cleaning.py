"""What an engine certainly added to a translation, taken off before it is checked."""

from __future__ import annotations

import html
import re

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, TagSpec, normalised, plain_text

_CHAT_MARK = re.compile(r"<\|[a-z_]{2,30}\|>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,6}|#x[0-9a-f]{2,6});", re.IGNORECASE)


def cleaned(
    target: Content, source: Content, target_locale: Locale, specs: tuple[TagSpec, ...] = ()
) -> tuple[Content, tuple[str, ...]]:
    """The target without what the engine certainly added, and the codes of what was taken off (empty: unchanged).

    Nothing is taken off that the source has as well.
    """
    text = plain_text(source)
    removed: list[str] = []
    parts = list(target)
    for code, pattern in (("chat.mark", _CHAT_MARK), ("text.entities", _ENTITY)):
        if pattern.search(text):
            continue
        for index, part in enumerate(parts):
            if isinstance(part, str) and pattern.search(part):
                parts[index] = pattern.sub("" if code == "chat.mark" else lambda m: html.unescape(m.group()), part)
                removed.append(code)
    return normalised(parts), tuple(dict.fromkeys(removed))

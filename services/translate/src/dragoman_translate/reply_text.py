r"""The text of a JSON string as a model writes it: `caf\u00e9 \ud83d\ude00` is "café 😀". Pure."""

from __future__ import annotations

import json
import re

UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 §2.2


def unescaped(text: str) -> str | None:
    r"""The text of a JSON string; None where it has an invalid escape (RFC 8259 §7).

    Line breaks need no escape here, since models write them as they are.
    """
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return None


def joined(text: str) -> str:
    """The text with each surrogate pair as the one character that it stands for (RFC 8259 §7)."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def readable(text: str) -> str:
    """The text without lone surrogates and characters that XML 1.0 forbids (§2.2): no document can
    hold them.
    """
    return UNREADABLE.sub("", joined(text)) if UNREADABLE.search(text) else text

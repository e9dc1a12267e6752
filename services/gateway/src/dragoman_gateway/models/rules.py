"""The rules of models: how a model is tried out, how near two vectors are, how money is written. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from dragoman_contracts.models import ApiKind, Category

_NO_CHAT = frozenset({ApiKind.DEEPL, ApiKind.LIBRETRANSLATE})


class Trial(StrEnum):
    """The way to try a model: a picture with a prompt, texts to embed, or a conversation."""

    IMAGE = "image"
    EMBEDDING = "embedding"
    CHAT = "chat"
    NONE = "none"


def trial_of(category: Category, api_kind: ApiKind) -> Trial:
    """How a model of this category is tried; a translation service answers no prompt."""
    if api_kind in _NO_CHAT:
        return Trial.NONE
    match category:
        case Category.VISION | Category.OCR:
            return Trial.IMAGE
        case Category.EMBEDDING:
            return Trial.EMBEDDING
        case _:
            return Trial.CHAT


def norm(vector: Sequence[float]) -> float:
    """The length of the vector."""
    return math.hypot(*vector)


def cosine(first: Sequence[float], second: Sequence[float]) -> float | None:
    """How near two vectors of one length are, from -1 to 1; None where one is zero."""
    lengths = norm(first) * norm(second)
    if not lengths or not math.isfinite(lengths):
        return None
    return sum(a * b for a, b in zip(first, second, strict=True)) / lengths


def money_text(cost: Decimal, currency: str) -> str:
    """The cost as people read it: at least two decimals, and as many as there are."""
    plain = format(cost.normalize(), "f")
    whole, _, rest = plain.partition(".")
    return f"{whole}.{rest.ljust(2, '0')} {currency}"


_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def image_type(data: bytes) -> str | None:
    """The media type of a picture by its first bytes, whatever it is called; None for any other
    file.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for head, kind in _SIGNATURES.items() if data.startswith(head)), None)

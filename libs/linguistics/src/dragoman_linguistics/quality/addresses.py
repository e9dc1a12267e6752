"""Addresses of pages and mail, which must come through a translation letter by letter.

Two sources, each with its answer:

    "See www.example.com/mediation."    "Véase www.example.com/mediación."
    a word of the address was translated: the address is put back

    "See www.example.org."              "Véase www.ejemplo.org."
    this is another address, which only a person can judge: a finding
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

URL = re.compile(
    r"\b(?:https?|ftp|sftp|file)://[^\s<>\"'«»“”„‘’（）、。，；：]+|\bwww\.[\w-]+\.[^\s<>\"'«»“”、。，]+",
    re.IGNORECASE,
)
MAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
# A sign at the end belongs to the sentence, although RFC 3986 allows it in an address.
_TRAILING = ".,;:!?)]}'\"*_>…"
_SHORTEST_WORD = 4
_LEAST_ALIKE = 0.6


def check_addresses(pair: Pair) -> Iterator[QaFinding]:
    """A finding where addresses of pages or mail are lost or changed.

    The part of an address that names a language may change, as from `/en/` to `/es/`.
    """
    if not _may_have_address(pair.source):
        return
    target = pair.target.casefold()
    lost = sum(mail.casefold() not in target for mail in MAIL.findall(pair.source))
    lost += len(_without_match(pair.source, pair.target))
    if lost:
        yield finding(
            "addresses.missing", f"Lacks {lost} address(es) of pages or mail, or has them changed."
        )


def translated_addresses(source: str, target: str) -> dict[str, str]:
    """The addresses of pages in the target in which only words were translated, each with the
    source's address.

    Host, number of parts and digits are the same. An address that differs in more may belong to
    another unit: then the whole text is wrong, and not the address.
    """
    if not _may_have_address(source):
        return {}
    lost, strange = _without_match(source, target), _without_match(target, source)
    if len(lost) != len(strange) or not all(map(_is_translated, lost, strange)):
        return {}
    return dict(zip(strange, lost, strict=True))


def _may_have_address(text: str) -> bool:
    return "@" in text or "://" in text or "www." in text.casefold()


def _without_match(text: str, other: str) -> list[str]:
    """The addresses of pages in one text that the other lacks."""
    found = {_without_language(url) for url in addresses_in(other)}
    return [
        url
        for url in addresses_in(text)
        if url not in other and _without_language(url) not in found
    ]


def addresses_in(text: str) -> list[str]:
    """The addresses of pages in a text, those without a scheme only where they begin with `www.`."""
    return [url.rstrip(_TRAILING) for url in URL.findall(text)]


def _is_translated(url: str, other: str) -> bool:
    parts, others = url.split("/"), other.split("/")
    if len(parts) != len(others):
        return False
    host = 2 if "://" in url else 0
    has_path = len(parts) > host + 1
    has_same_host = parts[: host + 1] == others[: host + 1]
    return has_path and has_same_host and all(map(_is_one_word, parts, others))


def _is_one_word(part: str, other: str) -> bool:
    """Whether both are the same, or forms of one word in two languages:
    `mediation`, `mediación`.
    """
    if part == other:
        return True
    is_long = min(len(part), len(other)) >= _SHORTEST_WORD
    is_word = is_long and not any(map(str.isdigit, part + other))
    return is_word and SequenceMatcher(None, part, other, autojunk=False).ratio() >= _LEAST_ALIKE


def _without_language(url: str) -> str:
    """An address without the parts that differ by a site's language: `/en/`, `en.`, `?hl=en`."""
    url = re.sub(r"^[a-z]+://(?:www\.)?", "", url.casefold()).rstrip("/")
    url = re.sub(r"(?<=[/.=_-])[a-z]{2}(?:[-_][a-z]{2,4})?(?=[/.&?#]|$)", "", url)
    return re.sub(r"^[a-z]{2}\.", "", url)

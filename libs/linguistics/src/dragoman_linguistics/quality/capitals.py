"""Letters that a translation keeps as they are: the capitals of addresses, and words all in capitals.

source "See www.FloodSmart.gov."    target "Véase www.Floodsmart.gov."
the same address with other capitals: an info, since hosts do not tell capitals apart

source "See example.org/Abc."       target "Véase example.org/abc."
another path: a warning, since the address may lead elsewhere

source "The code (IF) applies."     target "Se aplica el código (SI)."
a code that was perhaps translated: an info, since many abbreviations are, as EU to UE
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.addresses import MAIL, URL, addresses_in
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.scripts import letters_by_script

# Endings that no sentence and no file name has: "end.It", "README.md" and "a.py" are no domains.
_DOMAIN = re.compile(
    r"(?<![\w@./\\-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    r"(?:com|org|net|gov|edu|mil|info|biz|eu|(?:co|ac|gov|org)\.uk|(?:com|gov)\.au)"
    r"(?:/[^\s<>\"'«»“”„‘’]*)?(?![\w-])",
    re.IGNORECASE,
)
_LETTER = re.compile("[A-Za-z]")
_CAPITALS = re.compile(r"(?<![\w@./\\&%$#_-])[A-Z]{2,6}(?![\w@/\\_-]|\.\w)")
_ROMAN = re.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
# Words that writers put in capitals to be heard, unless they stand in brackets as a code does.
_LOUD_WORDS = (
    "ALL ALSO AND ANY ARE BE BOTH BUT CAN DO DOES EACH FOR FROM HAS HAVE IF IN IS IT MAY MUST NEVER NO NONE NOT"
    " NOTE OF OFF OK ON ONE ONLY OR PLEASE SHALL SHOULD SO THAT THE THEN THIS TO TWO UNTIL USE WAS WHEN WILL WITH"
    " YES YOU YOUR"
)
_LOUD = frozenset(_LOUD_WORDS.split())
_LOUD_SHARE = 0.5


def check_address_letters(pair: Pair) -> Iterator[QaFinding]:
    """Findings where the capitals of an address differ, or a bare domain is lost."""
    if "." not in pair.source:
        return
    paths, capitals, lost = 0, 0, 0
    target, folded = pair.target, pair.target.casefold()
    for address in _addresses(pair.source):
        if address in target:
            continue
        if address.casefold() in folded:
            is_path = _path(address) not in target
            paths, capitals = paths + is_path, capitals + (not is_path)
        elif _DOMAIN.fullmatch(address):
            lost += 1
    if paths:
        yield finding(
            "addresses.path",
            f"Writes {paths} address(es) with other capitals after the host, which may lead elsewhere.",
        )
    if capitals:
        yield finding("addresses.capitals", f"Writes {capitals} address(es) with other capitals.")
    if lost:
        yield finding(
            "addresses.domain", f"Lacks {lost} domain name(s) of the source, or has them changed."
        )


def check_capitals(pair: Pair) -> Iterator[QaFinding]:
    """A finding where a word of two to six capitals is lost or changed.

    Words in capitals among others in capitals are a heading's, which is translated. Targets in
    other scripts write abbreviations in their own letters.
    """
    source = pair.source
    words = set(_CAPITALS.findall(source))
    if not words or _is_loud(source) or not _is_latin(pair.target):
        return
    lost = sum(
        not _stands(word, pair.target)
        for word in words
        if not _ROMAN.fullmatch(word) and (word not in _LOUD or f"({word})" in source)
    )
    if lost:
        yield finding(
            "codes.capitals",
            f"Lacks {lost} word(s) all in capitals of the source, or has them changed; see if they are codes.",
        )


def _addresses(text: str) -> Iterator[str]:
    yield from addresses_in(text)
    yield from MAIL.findall(text)
    for address in _DOMAIN.findall(MAIL.sub(" ", URL.sub(" ", text))):
        yield address.rstrip(".,;:!?)]}")


def _path(address: str) -> str:
    """The part behind the host: with letters that tell addresses apart."""
    return (address.partition("://")[2] or address).partition("/")[2]


def _is_loud(text: str) -> bool:
    letters = _LETTER.findall(text)
    return sum(map(str.isupper, letters)) >= _LOUD_SHARE * len(letters)


def _is_latin(text: str) -> bool:
    counts = letters_by_script(text)
    return counts["Latn"] * 2 >= counts.total() > 0


def _stands(word: str, target: str) -> bool:
    return re.search(rf"(?<![A-Z]){word}(?![A-Z])", target) is not None

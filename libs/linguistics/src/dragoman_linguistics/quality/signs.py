"""Signs that a translation keeps, counted by their meaning: `&`, `@`, `#`, `*`, `=` and the signs of
money and per cent without a number.

A sign may be written as a word, never be lost:

    "Smith & Sons"   "Smith und Söhne"   right: German writes the sign as a word
    "Item #"         "Posten Nr."        right
    "* required"     "erforderlich"      symbols.missing
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import at, finding
from dragoman_linguistics.quality.pairs import Pair

# The words for a sign. A sign that is not here has none.
_WORDS: dict[str, re.Pattern[str]] = {
    "#": re.compile(
        r"№|(?<![^\W_])(?:n[°ºr.]|nr\.?|no\.?|núm|num|nbr|numm?er\w*|número|numéro|numero|nummer|number|číslo|č\.|сл\.|бр\.?|sz\.|nro"
        r"|номер\w*|аριθ|αρ\.)|编号|編號|号|號|番|번호|ลำดับ|رقم|مספר|شماره|क्रम|số|hash|diese|raute|almohadilla|хеш",
        re.IGNORECASE,
    ),
    "@": re.compile(r"(?<!\w)(?:at|à|bei|bij|bei|en|em|chez)(?!\w)", re.IGNORECASE),
    "=": re.compile(r"＝|≡|(?<!\w)(?:equals?|gleich|égale?|igual|uguale|равн\w*)(?!\w)", re.IGNORECASE),
    "*": re.compile(r"[＊※×•∗]"),
    "£": re.compile(r"\bGBP\b|pound|pfund|livre|libra|sterlin|фунт|ポンド|英镑|英鎊|파운드", re.IGNORECASE),
    "€": re.compile(r"\bEUR\b|eur|евро|євро|ευρώ|ユーロ|欧元|歐元|유로|يورو|אירו", re.IGNORECASE),
    "$": re.compile(r"\b(?:USD|CAD|AUD)\b|dol|дол|δολ|ドル|美元|美金|달러|دولار|דולר|डॉलर|đô la", re.IGNORECASE),
}  # fmt: skip
_SIGN = re.compile(r"[&@#*=£€$＆＠＃＄]")
_ASCII = str.maketrans("＆＠＃＄", "&@#$")
# Signs inside placeholders, addresses, entities, tags written as text and emphasis belong to these.
_INSIDE = re.compile(
    r"\S*://\S*|\S*@\S*\.\S*|&#?\w+;|<[^<>]*>|\$?\{[^{}]*\}|%\([^()]*\)\w|[$#@]\w+|\*{1,2}\S[^*\n]*\S\*{1,2}|``?[^`]*``?"
    r"|[$%@]\([^()]*\)|\w+\s?=\s?\S*|&\w+|([=*#])\1{2,}|\w[*]\w?|\[\[?[^\]]*\]"
)
_AND = "&"


def check_symbols(pair: Pair) -> Iterator[QaFinding]:
    """A finding where the target has fewer or more of a sign, and no word for it."""
    if not (_SIGN.search(pair.source) or _SIGN.search(pair.target)) or not pair.has_both:
        return
    source, target = _without_code(pair.source), _without_code(pair.target)
    for sign in sorted(set(_SIGN.findall(source)) | set(_SIGN.findall(target))):
        wanted, found = source.count(sign), target.count(sign)
        words = _WORDS.get(sign)
        if wanted > found:
            # Every language may write "and" instead of the sign.
            if sign == _AND or (words and words.search(target)):
                continue
            yield finding(
                "symbols.missing",
                f"Lacks {wanted - found} of the source's sign {sign}; write it, or the word for it.",
            )
        elif found > wanted and not (words and words.search(source)):
            yield _added(pair, sign, found - wanted)


def _added(pair: Pair, sign: str, count: int) -> QaFinding:
    place = max(pair.target.find(sign), 0)
    return at(
        pair,
        "symbols.added",
        f"{count} of the sign {sign} that the source lacks; take out what is too much.",
        place,
        place + 1,
    )


def _without_code(text: str) -> str:
    return _INSIDE.sub(" ", text.replace("&amp;", "&").translate(_ASCII))

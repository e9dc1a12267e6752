"""Texts that must come through a translation letter by letter: placeholders and codes.

A text may hold both:

    "Dear {{name}}, order AB-1234 has %s pages"
    placeholders {{name}} and %s, the code AB-1234
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.scripts import letters_by_script

_NAME = r"[A-Za-z_][\w.\-]*"
_PLACEHOLDERS = re.compile(
    "|".join(
        (
            r"\{\{\{?[^{}\"\n][^{}\n]{0,80}\}?\}\}",  # Handlebars, Jinja, Mustache
            r"\{%[^%\n]{1,80}%\}",
            r"[$#@]\{[^{}\n]{1,80}\}",  # templates of shells and of JavaScript
            r"\$\([A-Za-z_]\w*\)",
            rf"%\({_NAME}\)[-#0 +]*\d*(?:\.\d+)?[diouxXeEfFgGcrsa]",  # Python
            rf"%\{{{_NAME}\}}",  # Ruby
            rf"%<{_NAME}>\w?",
            r"(?<![\w%])%(?:\d+\$)?[-#0+]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|q|j|z|t"
            r"|L)?[diouxXeEfFgGcsSpn@](?![A-Za-z])",  # C
            r"(?<![\w%])%[1-9]\d?(?![\w%$.,])",  # Qt
            r"(?<![\w%])%[A-Z_][A-Z0-9_]+%",
            r"\[\[[^\[\]\n]{1,80}\]\]",
            # Python, .NET, ICU without a type.
            r"\{(?:\d{1,3}|" + _NAME + r")?(?:![rsa])?(?::[^{}\s]{1,20})?\}",
            rf"(?<![\w$\\])\${_NAME}\$",
            r"(?<![\w$\\])\$[A-Za-z_]\w+(?!\$)",
            r"(?<![\w@])@[A-Z_]{2,}@",
        )
    )
)
_KINDS = "plural|select|selectordinal|number|date|time|choice|spellout"
_BLANKS_IN_BRACES = re.compile(
    rf"(?<=\{{)\s+|\s+(?=\}})|\s+(?=,\s*(?:{_KINDS}))|(?<=,)\s+(?={_KINDS})"
)
_MAY_HAVE_PLACEHOLDER = re.compile(r"[%{$@\[]")
# The first two members of an ICU argument; the messages inside it are translated (ICU
# MessageFormat).
_ICU = re.compile(rf"\{{\s*(\w+)\s*,\s*({_KINDS})\b")
_COLON_NAME = re.compile(
    r"(?<=[\s(\"'])(?::[a-z]+(?:_[a-z]+)+\b|:[a-z]{3,}\b(?=[\s.,;!?)]|$))(?!:)"
)
_TAG_LIKE = re.compile(
    r"</?[A-Za-z][\w:.-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))*\s*/?>"
)
_IN_SIGNS = re.compile(r"<[^<>]+>|[«‹＜〈《][^<>]+[»›＞〉》]")
# Codes in capitals with digits that have a hyphen, a slash or at least two letters and two digits:
# AB-1234, ISO9001.
_CODE = re.compile(
    r"(?<![\w/.-])(?=[A-Z0-9/‐‑–-]*\d)[A-Z]{1,6}(?:[-‐‑–/][A-Z0-9]{1,12})+(?![\w-])|(?<![\w/.-])[A-Z]{2,6}\d{2,10}[A-Z]?(?![\w-])"
)
_HYPHENS = str.maketrans("", "", "-‐‑–—/ \u00a0")


def check_placeholders(pair: Pair) -> Iterator[QaFinding]:
    """Findings about lost, added or changed placeholders, and tags written as text.

    Placeholders and tags may stand in any order.
    """
    source, target = pair.source, pair.target
    if _MAY_HAVE_PLACEHOLDER.search(source) or _MAY_HAVE_PLACEHOLDER.search(target):
        missing, added = _lost(source, target), _lost(target, source)
        if missing:
            yield finding(
                "placeholders.missing",
                f"Lacks {missing} placeholder(s) of the source, or has them changed.",
            )
        elif added:
            yield finding(
                "placeholders.added", f"Has {added} placeholder(s) that the source lacks."
            )
    if " :" in source and (names := _COLON_NAME.findall(source)):
        lost = [name for name in names if name not in target]
        if lost:
            yield finding(
                "placeholders.missing",
                f"Lacks {len(lost)} placeholder(s) of the source, or has them changed.",
            )
    if "<" in source and (missing := _lost_tags(source, target)):
        yield finding("placeholders.tags", f"Lacks {missing} tag(s) that the source has as text.")


def _placeholders(text: str) -> Counter[str]:
    arguments = _ICU.findall(text) if "," in text and "{" in text else []
    if arguments:
        return Counter(f"{{{name},{kind}" for name, kind in arguments)
    return Counter(_PLACEHOLDERS.findall(_without_blanks(text)))


def _without_blanks(text: str) -> str:
    """The text without white space directly inside braces: `{{ name }}` becomes `{{name}}`."""
    return _BLANKS_IN_BRACES.sub("", text) if "{" in text else text


def _lost(source: str, target: str) -> int:
    """The number of placeholders of one text that the other lacks.

    The other text may have letters directly beside a placeholder, as an ending: `{name}s`.
    """
    packed = _without_blanks(target)
    wanted = _placeholders(source)
    return sum(each.lstrip("#%@" if each.endswith("}") else "") not in packed for each in wanted)


def _lost_tags(source: str, target: str) -> int:
    """The number of tags written as text that the other text lacks.

    `<name>` need not be a tag: words in angle brackets may be translated in brackets.
    """
    wanted = Counter(_tag_name(each) for each in _TAG_LIKE.findall(source))
    found = Counter(_tag_name(each) for each in _TAG_LIKE.findall(target))
    missing = wanted - found
    if not missing:
        return 0
    is_markup = any(mark in source for mark in ("</", "/>", "="))
    has_as_many = len(_IN_SIGNS.findall(target)) >= len(_IN_SIGNS.findall(source))
    return 0 if not is_markup and has_as_many else missing.total()


def _tag_name(tag: str) -> str:
    return re.sub(r"\s.*", "", tag.strip("<>").rstrip("/").casefold(), flags=re.DOTALL)


def check_codes(pair: Pair) -> Iterator[QaFinding]:
    """A finding where a code in capitals with digits is lost or changed.

    Hyphens may differ, and so may the letters of a code in a target of another script.
    """
    codes = _CODE.findall(pair.source) if pair.has_digits else []
    if not codes:
        return
    target = pair.target.translate(_HYPHENS).upper()
    lost = 0
    for code in codes:
        plain = code.translate(_HYPHENS)
        digits = "".join(filter(str.isdigit, plain))
        if plain not in target and not (_is_other_script(pair) and digits in target):
            lost += 1
    if lost:
        yield finding(
            "codes.missing", f"Lacks {lost} code(s) of capitals and digits, or has them changed."
        )


def _is_other_script(pair: Pair) -> bool:
    counts = letters_by_script(pair.target)
    return counts["Latn"] * 2 < counts.total()

r"""Segmentation rules in SRX 2.0: read from a file, and where they end a sentence.

A rule is two patterns, for the text before a place and after it. The first rule that fits decides:

    <rule break="no"><beforebreak>Dr\.</beforebreak><afterbreak>\s</afterbreak></rule>
    <rule break="yes"><beforebreak>[.?!]+</beforebreak><afterbreak>\s</afterbreak></rule>

    Ask Dr. Who. He knows.      ends after "Who."

https://www.gala-global.org/srx-20-april-7-2008
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import regex

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_linguistics.srx_regex import UnfitPatternError, python_pattern

_etree: Any = import_module("lxml.etree")

MOST_BYTES = 2_000_000
MOST_RULES = 5_000
# A rule of others gets this long at one go; all of them take a few milliseconds for a paragraph.
LONGEST_S = 1.0
_PROBE_S = 0.5
_PROBE_CHARS = 400
_PROBES = tuple(
    unit * (_PROBE_CHARS // len(unit)) for unit in ("a", "A.", ". ", " ", "1.", "a b", "。", '"')
)


class SegmentationRulesError(PermanentError):
    """A file of rules cannot be used. The message names the rule, the reason and the cure."""

    default_code = "segmentation.rules"


class SegmentationTimeError(PermanentError):
    """A rule took too long over a text; the message names the rule."""

    default_code = "segmentation.time"


@dataclass(frozen=True, slots=True)
class _Rule:
    number: int
    is_break: bool
    pattern: Any

    def fits(self, text: str, place: int, longest_s: float | None) -> bool:
        return self.pattern.match(text, place, timeout=longest_s) is not None

    def places(self, text: str, longest_s: float | None) -> Iterator[int]:
        for match in self.pattern.finditer(text, timeout=longest_s):
            yield match.start()


@dataclass(frozen=True, slots=True)
class SegmentationRules:
    """Rules by language, as `read_rules` gives them. Equal files have equal digests (sha256).

    `is_trusted` rules are our own, and are not watched for the time that they take.
    """

    digest: str
    is_cascading: bool
    is_trusted: bool
    _rules: dict[str, tuple[_Rule, ...]] = field(repr=False)
    _maps: tuple[tuple[Any, str], ...] = field(repr=False)
    _chosen: dict[str, tuple[_Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def rule_count(self) -> int:
        """The number of rules in the file."""
        return sum(map(len, self._rules.values()))

    def breaks(self, text: str, locale: Locale) -> list[int]:
        """The offsets inside the text at which a sentence ends, ascending; may be empty.

        Raises:
            SegmentationTimeError: a rule that is not our own took more than `LONGEST_S`.
        """
        rules = self._for(locale)
        longest_s = None if self.is_trusted else LONGEST_S
        current = 0
        try:
            candidates: set[int] = set()
            for rule in rules:
                if rule.is_break:
                    current = rule.number
                    candidates.update(rule.places(text, longest_s))
            found: list[int] = []
            for place in sorted(candidates - {0, len(text)}):
                for rule in rules:
                    current = rule.number
                    if rule.fits(text, place, longest_s):
                        if rule.is_break:
                            found.append(place)
                        break
        except TimeoutError as error:
            raise SegmentationTimeError(
                f"Segmentation rule {current} took longer than {LONGEST_S:g} s over one paragraph;"
                " simplify it, or go back to the built-in rules."
            ) from error
        return found

    def _for(self, locale: Locale) -> tuple[_Rule, ...]:
        known = self._chosen.get(locale)
        if known is None:
            names = [name for pattern, name in self._maps if pattern.fullmatch(locale)]
            # Without cascading, the first map that fits is the only one (SRX 2.0 §3.3).
            names = names if self.is_cascading else names[:1]
            known = tuple(rule for name in names for rule in self._rules[name])
            self._chosen[locale] = known
        return known


def read_rules(data: bytes, *, is_trusted: bool = False) -> SegmentationRules:
    """The rules of an SRX 2.0 file. Rules that are not trusted are tried on hostile texts first.

    Raises:
        SegmentationRulesError: the file is no SRX 2.0, too large, or a rule cannot be used.
    """
    root = _root(data)
    header = _child(root, "header")
    body = _child(root, "body")
    rules: dict[str, tuple[_Rule, ...]] = {}
    count = 0
    for language in _children(_child(body, "languagerules"), "languagerule"):
        made = [
            _rule(element, number, is_trusted)
            for number, element in enumerate(_children(language, "rule"), start=count + 1)
        ]
        count += len(made)
        rules[_attribute(language, "languagerulename")] = tuple(made)
    maps = tuple(_map(each, rules) for each in _children(_child(body, "maprules"), "languagemap"))
    if not maps:
        raise SegmentationRulesError(
            "The SRX file maps no language to its rules; add a languagemap, such as .* for all."
        )
    return SegmentationRules(
        hashlib.sha256(data).hexdigest(), header.get("cascade") == "yes", is_trusted, rules, maps
    )


def _root(data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise SegmentationRulesError(
            f"The SRX file has more than {MOST_BYTES:,} bytes; leave out languages that you do not need."
        )
    parser = _etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root: Any = _etree.fromstring(data, parser)
    except _etree.XMLSyntaxError as error:
        raise SegmentationRulesError(
            f"The SRX file is not well-formed XML at line {error.lineno}; export it anew."
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise SegmentationRulesError("The SRX file has a DTD, which is not read; save it without.")
    if _etree.QName(root).localname != "srx" or root.get("version") != "2.0":
        raise SegmentationRulesError(
            'The file is no SRX 2.0: its root must be <srx version="2.0">; convert it, for example'
            " with Okapi Ratel."
        )
    rules = sum(1 for _ in root.iter("{*}rule"))
    if rules > MOST_RULES:
        raise SegmentationRulesError(
            f"The SRX file has {rules} rules, and at most {MOST_RULES} are read;"
            " leave out languages that you do not need."
        )
    return root


def _children(element: Any, name: str) -> Iterable[Any]:
    return element.findall(f"{{*}}{name}")


def _child(element: Any, name: str) -> Any:
    found = element.find(f"{{*}}{name}")
    if found is None:
        raise SegmentationRulesError(f"The SRX file lacks <{name}>, which SRX 2.0 asks for.")
    return found


def _attribute(element: Any, name: str) -> str:
    value = element.get(name)
    if not value:
        tag = _etree.QName(element).localname
        raise SegmentationRulesError(f"<{tag}> at line {element.sourceline} lacks {name}.")
    return str(value)


def _rule(element: Any, number: int, is_trusted: bool) -> _Rule:
    sides: list[str] = []
    for name in ("beforebreak", "afterbreak"):
        side = element.find(f"{{*}}{name}")
        written = "" if side is None else str(side.text or "")
        try:
            sides.append(python_pattern(written))
        except UnfitPatternError as error:
            raise SegmentationRulesError(
                f"Rule {number}, line {element.sourceline}: <{name}> {written[:80]!r} cannot be"
                f" used: {error}."
            ) from error
    before, after = sides
    # The side behind the place first: white space is rarer than what may stand before it.
    whole = (f"(?={after})" if after else "") + (f"(?<={before})" if before else "")
    try:
        rule = _Rule(number, element.get("break") != "no", regex.compile(whole, regex.VERSION1))
    except regex.error as error:
        raise SegmentationRulesError(
            f"Rule {number}, line {element.sourceline}, cannot be used: {error}."
        ) from error
    if not is_trusted:
        _probe(rule, element.sourceline)
    return rule


def _probe(rule: _Rule, line: int) -> None:
    try:
        for text in _PROBES:
            for _ in rule.places(text, _PROBE_S):
                pass
    except TimeoutError as error:
        raise SegmentationRulesError(
            f"Rule {rule.number}, line {line}, takes longer than {_PROBE_S:g} s over {_PROBE_CHARS}"
            " characters; bound what it repeats, as in {0,20}."
        ) from error


def _map(element: Any, rules: dict[str, tuple[_Rule, ...]]) -> tuple[Any, str]:
    written = _attribute(element, "languagepattern")
    name = _attribute(element, "languagerulename")
    if name not in rules:
        raise SegmentationRulesError(
            f"The languagemap at line {element.sourceline} names the rules {name!r}, which the file"
            " does not have."
        )
    try:
        return regex.compile(python_pattern(written), regex.VERSION1 | regex.IGNORECASE), name
    except UnfitPatternError as error:
        raise SegmentationRulesError(
            f"The languagemap at line {element.sourceline} cannot be used: {error}."
        ) from error

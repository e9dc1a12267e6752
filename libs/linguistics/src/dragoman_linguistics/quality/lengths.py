"""Targets that are far too short or too long for their sources, by the two languages and by the
other units of the document.

A German text is about a fifth longer than its English source, and a Chinese character counts as two
to three letters:

    "The supplier delivers the goods within thirty days."   "Der Lieferant."   length.short
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.sizes import PLACE, size

# The size of a text relative to English, in the letters of `sizes` and from the same translated
# units. A language that is not listed has the usual size.
_SIZES = {
    "en": 1.0, "de": 1.2, "fr": 1.16, "es": 1.14, "it": 1.14, "nl": 1.15, "pt": 1.09, "ro": 1.14, "el": 1.24,
    "ca": 1.12,
    "gl": 1.09, "eu": 1.13, "hu": 1.12, "pl": 1.1, "cs": 1.0, "sk": 1.03, "sl": 1.0, "hr": 1.04, "sr": 1.01, "et": 1.01,
    "ru": 1.06, "uk": 1.08, "ja": 0.91, "zh": 0.88, "ko": 0.96, "vi": 0.92, "he": 0.97, "ar": 0.99, "ga": 1.14,
}  # fmt: skip
_USUAL_SIZE = 1.07
_NO_FULL_STOPS = frozenset({"th", "lo", "km", "my", "bo", "dz"})
_ENDS = ".!?…。！？．؟۔।॥։;:：；"
_CLOSERS = "\"'»”’“‘)]）】」』›*_ \t\n\u00a0" + PLACE
# From how many letters of the source on, and the smallest and largest part of the expected length
# that is still usual. The shorter a text, the more its length varies.
_BOUNDS = ((80.0, 0.50, 1.9), (40.0, 0.47, 2.1), (20.0, 0.40, 2.5), (12.0, 0.26, 3.4))
_SLACK = 30.0
_LEAST_FOR_MEDIAN = 10
_CENTRE_BOUNDS = (math.log(0.75), math.log(1.4))
_UNEVEN = 0.25
"""The spread of a document's ratios (median deviation of logarithms) that widens its bounds."""


class Lengths:
    """The expected lengths of a document's targets, learnt from its pairs."""

    def __init__(self, pairs: Sequence[Pair], source_locale: Locale, target_locale: Locale) -> None:
        self._target = target_locale
        self._usual = _size_of(target_locale) / _size_of(source_locale)
        # Logarithms, so that half as long and twice as long are equally far from the middle.
        ratios = [self._ratio(pair) for pair in pairs if pair.source_size >= 20]
        logs = [math.log(ratio) for ratio in ratios if ratio > 0]
        self._centre, self._spread = 0.0, 0.0
        if len(logs) >= _LEAST_FOR_MEDIAN:
            middle = median(logs)
            self._centre = min(max(middle, _CENTRE_BOUNDS[0]), _CENTRE_BOUNDS[1])
            self._spread = median(abs(each - middle) for each in logs)

    def check(self, pair: Pair) -> Iterator[QaFinding]:
        """A finding where the target is far too short or too long, measured by this document."""
        if not pair.has_both:
            return
        length = pair.source_size
        ratio = self.relative(pair)
        bounds = next(((low, high) for least, low, high in _BOUNDS if length >= least), None)
        widened = math.exp(max(0.0, self._spread - _UNEVEN) * 2)
        if bounds is None:
            if pair.target_size > 3 * length * self._usual + _SLACK:
                yield _long()
            return
        low = bounds[0] * (1.3 if self._lost_its_end(pair) else 1.0)
        if ratio < low / widened and not _is_abbreviation(pair.target):
            yield _short()
        elif ratio > bounds[1] * widened and pair.target_size > length * self._usual + _SLACK / 2:
            yield _long()

    def relative(self, pair: Pair) -> float:
        """The target's length as a part of its expected length."""
        return self._ratio(pair) / math.exp(self._centre)

    def ratio(self, source_size: float, target_size: float) -> float:
        """The target's size as a part of the size that is expected for the source's size."""
        return target_size / max(source_size * self._usual * math.exp(self._centre), 1.0)

    def distance(self, source_size: float, target_size: float) -> float:
        """How unlikely a target's size is for a source's size: 0 as expected, 4 at most."""
        expected = source_size * self._usual * math.exp(self._centre)
        return min(abs(target_size - expected) / math.sqrt(4.0 * expected + 20.0), 4.0)

    def _ratio(self, pair: Pair) -> float:
        return pair.target_size / max(pair.source_size * self._usual, 1.0)

    def _lost_its_end(self, pair: Pair) -> bool:
        """Whether the source ends like a sentence and the target does not: it may be cut off."""
        if self._target.language in _NO_FULL_STOPS:
            return False
        return _ends(pair.source) and not _ends(pair.target)


def _size_of(locale: Locale) -> float:
    return _SIZES.get(locale.language, _USUAL_SIZE)


def _ends(text: str) -> bool:
    stripped = text.rstrip(_CLOSERS)
    return bool(stripped) and stripped[-1] in _ENDS


def _is_abbreviation(text: str) -> bool:
    return text.isupper() and " " not in text.strip() and size(text) <= 6


def _short() -> QaFinding:
    return finding(
        "length.short",
        "The target is far too short for its source: text may be cut off or left out.",
    )


def _long() -> QaFinding:
    return finding(
        "length.long",
        "The target is far too long for its source: text may be added or of another unit.",
    )

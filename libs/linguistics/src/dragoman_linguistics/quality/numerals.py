"""Numbers of a source and its target, compared by their meaning. These are rules 2; `numbers` has
the comparison of rules 1.

Number words, calendars, clocks and larger units are read:

    "March 3, 2024, 5:30 pm"   "2024年3月3日17時30分"   equal
    "about 2 million"          "約200万"              equal
    "21st"                     "21."                 equal
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from dragoman_linguistics.numbers import Number, may_be_equal, numbers_of, with_ascii_digits
from dragoman_linguistics.quality.number_words import has_half, knows, values_in_words

# "Billion" is 10⁹ in English and 10¹² in most other languages: both factors are tried.
_SCALES: tuple[tuple[str, frozenset[int]], ...] = tuple(
    (words, frozenset(values))
    for words, values in (
        (r"千万|千萬|천만|crore\w*|करोड़", (10**7,)),
        (r"百万|百萬|백만|million\w*|mio\b|mill[oó]n\w*|milh\w+|milion\w*|milijon\w*|milijun\w*|mili[óo]n\w*|miljo\w+"
         r"|миллион\w*|млн|мільйон\w*|милион\w*|мильён\w*|milyon\w*|εκατομμ\w+|ล้าน|triệu|juta|مليون|ملايين|میلیون"
         r"|מיליון|miljardi?on\w*|milió\w*|millió\w*|mln\b", (10**6,)),
        (r"十亿|十億|십억|billion\w*|milliard\w*|mrd\b|mil mill\w+|milj\w*ard\w*|mili?ard\w*|миллиард\w*|млрд"
        r"|мільярд\w*"
         r"|милиард\w*|milyar\w*|δισεκατομμ\w+|พันล้าน|tỷ|miliar|مليار\w*|میلیارد|מיליארד|bilh\w+|bili[õo]\w+"
         r"|अरब", (10**9,)),
        (r"billion\w*|bill[oó]n\w*|bilion\w*|bilh\w+|trillion\w*|biljo\w+|兆|조|триллион\w*|трлн|ล้านล้าน", (10**12,)),
        (r"十万|十萬|십만|lakh\w*|लाख|แสน", (10**5,)),
        (r"万|萬|만|หมื่น", (10**4,)),
        (r"億|亿|억", (10**8,)),
        (r"千|천|thousand\w*|tausend\w*|mille\b|mil\b|mila\b|тысяч\w*|тыс\b|тисяч\w*|хиляд\w*|tusen\w*|duizend\w*|ezer\w*"
         r"|bin\b|χιλι\w+|พัน|nghìn|ngàn|ribu|آلاف|ألف|אלף|אלפים|हज़ार|हजार|tis[íi]c\w*|tys\w*"
         r"|hiljad\w*|tisu[ćc]\w*|mii\b|k\b", (10**3,)),
        (r"百|백|hundred\w*|hundert\w*|cent\w*|cien\w*|cem\b|cento\b|сто\b|сот\w*", (10**2,)),
        (r"dozen\w*|dutzend\w*|douzaine\w*|docena\w*|dúzia\w*|дюжин\w*", (12,)),
    )
)  # fmt: skip
_SCALE_PATTERNS = tuple(
    (re.compile(rf"[\s\u00a0\u202f-]{{0,2}}(?:{words})", re.IGNORECASE), values)
    for words, values in _SCALES
)
_MAY_SCALE = re.compile(r"[\s\u00a0\u202f-]{0,2}[^\W\d_]")
_PM = (
    r"p\.?\s?m\b|午後|下午|晚上|傍晚|오후|저녁|de la (?:tarde|noche)|da (?:tarde|noite)|nachmittags|abends|du soir"
    r"|de l['’]après-midi|вечера|дня|pomeriggio|sera|مساء|بعد الظهر|אחר הצהריים|בערב|เย็น|บ่าย|ค่ำ|chiều|tối|petang|sore"
)
_AM = (
    r"a\.?\s?m\b|午前|上午|早上|凌晨|清晨|오전|아침|새벽|de la mañana|da manhã|morgens|vormittags|du matin|утра|ночи"
    r"|mattina"
    r"|صباح|בבוקר|เช้า|sáng|pagi"
)
_CLOCK = r"(?P<hour>[0-9]{1,2})(?:\s?[:.h時点點시]\s?[0-9]{2})?[^\W\d_]{0,3}\s?"
_TIMES = tuple(
    (re.compile(pattern, re.IGNORECASE), is_pm)
    for marks, is_pm in ((_PM, True), (_AM, False))
    for pattern in (
        rf"\b{_CLOCK}(?:[^\W\d_]{{1,8}}\s)?(?:{marks})",
        rf"(?:{marks})\s?(?P<hour>[0-9]{{1,2}})",
    )
)
_HAS_TIME = re.compile(
    rf"{_PM}|{_AM}|o['’]clock|[0-9]\s?(?:Uhr|時|时|点|點|시|h\b|น\.)|[0-9]:[0-9]{{2}}",
    re.IGNORECASE,
)
_DECADE = re.compile(r"((?:1[0-9]|20)[0-9]0)['’]?s\b")
# Japanese eras and the Republic of China, each with the year before its first year (元).
_ERAS = {
    "令和": 2018,
    "平成": 1988,
    "昭和": 1925,
    "大正": 1911,
    "明治": 1867,
    "民國": 1911,
    "民国": 1911,
}
_ERA = re.compile(rf"({'|'.join(_ERAS)})\s?(元|[0-9]{{1,3}})")
# Thai years count from 543 BC; the range leaves out amounts that look like years.
_BUDDHIST_YEARS = range(2400, 2700)
_BUDDHIST_OFFSET = 543
_SMALL = 12
_LEAST_SCALED = 1000
_NO_NUMBERS = re.compile(r"%[0-9]+\$|&#x?[0-9a-fA-F]+;")
_NUMERALS = re.compile(r"[\u00bc-\u00be\u2150-\u215e\u2189]")


@dataclass(frozen=True)
class _Quantity:
    """A number, with the word behind it such as "million".

    `scaled` are the values of the number times that word; empty where no such word follows.
    """

    number: Number
    scaled: frozenset[str]

    @property
    def readings(self) -> frozenset[str]:
        return self.number.values | self.scaled

    def equals(self, other: _Quantity) -> bool:
        if self.scaled and other.scaled:
            return bool(self.scaled & other.scaled)
        return bool(self.readings & other.readings) or may_be_equal(self.number, other.number)


def unmatched_by_meaning(
    source: str, target: str, source_language: str, target_language: str
) -> tuple[list[Number], list[Number]]:
    """Numbers of the source that the target lacks, and numbers of the target that the source lacks.

    A number may be written as a word, by another calendar or clock, in larger units, as a fraction
    or a numeral.
    """
    source, target = _readable(source), _readable(target)
    wanted, found = _quantities(source), _quantities(target)
    if not wanted and not found:
        return [], []
    if _digits(wanted) == _digits(found):
        return [], []  # the same digits, grouped by another locale's habit
    missing, added = _without_equals(wanted, found)
    if missing or added:
        missing, added = _by_parts(missing, added)
    if not missing and not added:
        return [], []
    others_of = _Other(source, source_language), _Other(target, target_language)
    return _explained(missing, added, *others_of)


def _digits(quantities: Iterable[_Quantity]) -> list[str]:
    if any(each.scaled for each in quantities):
        return ["scaled", *(str(each.scaled) for each in quantities)]
    return sorted(run for each in quantities for run in each.number.runs)


def _quantities(text: str) -> list[_Quantity]:
    found: list[_Quantity] = []
    for number in numbers_of(text):
        scaled = _scaled(text, number)
        previous = found[-1] if found else None
        between = text[previous.number.end : number.start] if previous else ""
        # 1億2000万 is one number: 100 million and 20 million.
        if previous and previous.scaled and scaled and not between.strip("億亿万萬억만조兆 "):
            total = frozenset(_plus(a, b) for a in previous.scaled for b in scaled)
            found[-1] = _Quantity(previous.number, total)
            continue
        found.append(_Quantity(number, scaled))
    return found


def _scaled(text: str, number: Number) -> frozenset[str]:
    if not _MAY_SCALE.match(text, number.end):
        return frozenset()
    fitting = (values for pattern, values in _SCALE_PATTERNS if pattern.match(text, number.end))
    factors = frozenset[int]().union(*fitting)
    return frozenset(_times(value, factor) for value in number.values for factor in factors)


def _times(value: str, factor: int) -> str:
    # By digits: 1.1 times a million is 1100000.0000000001 in binary floats.
    whole, _, fraction = value.partition(".")
    digits = len(fraction)
    product = int(whole + fraction) * factor
    if product % 10**digits == 0:
        return str(product // 10**digits)
    text = str(product).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}".rstrip("0").rstrip(".")


def _plus(left: str, right: str) -> str:
    return str(int(left) + int(right)) if left.isdecimal() and right.isdecimal() else left


def _without_equals(
    wanted: list[_Quantity],
    found: list[_Quantity],
) -> tuple[list[_Quantity], list[_Quantity]]:
    """The numbers of both sides that have no equal number on the other. The target may repeat a
    number of the source.
    """
    left = list(found)
    missing: list[_Quantity] = []
    for quantity in wanted:
        twin = next((other for other in left if quantity.equals(other)), None)
        if twin is None:
            missing.append(quantity)
        else:
            left.remove(twin)
    return missing, [
        other for other in left if not any(quantity.equals(other) for quantity in wanted)
    ]


def _by_parts(
    missing: list[_Quantity],
    added: list[_Quantity],
) -> tuple[list[_Quantity], list[_Quantity]]:
    """The numbers of both sides, without dates, times and fractions that one side writes as one
    number and the other as several.
    """
    if not missing or not added:
        return missing, added
    missing_runs = {run for each in missing for run in _plain_runs(each)}
    added_runs = {run for each in added for run in _plain_runs(each)}

    def is_there(quantity: _Quantity, others: set[str]) -> bool:
        return not quantity.scaled and others.issuperset(_plain_runs(quantity))

    return (
        [each for each in missing if not is_there(each, added_runs)],
        [each for each in added if not is_there(each, missing_runs)],
    )


def _plain_runs(quantity: _Quantity) -> list[str]:
    return [run.lstrip("0") or "0" for run in quantity.number.runs]


class _Other:
    """The values that the text of one side may mean besides its plain numbers.

    They are computed when they are first asked for: most texts never are.
    """

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language
        self._implied: frozenset[int] | None = None

    @cached_property
    def written(self) -> frozenset[int]:
        """The numbers that the text's runs of digits make."""
        return frozenset(int(run) for number in numbers_of(self.text) for run in number.runs)

    @property
    def implied(self) -> frozenset[int]:
        """The whole numbers that words and numerals of the text may mean."""
        if self._implied is None:
            words = values_in_words(self.text, [self.language, "en"])
            fitting = (values for pattern, values in _SCALE_PATTERNS if pattern.search(self.text))
            factors = frozenset[int]().union(*fitting)
            scaled = {
                value * factor for value in words if value < _LEAST_SCALED for factor in factors
            }
            self._implied = words | scaled | frozenset(self._by_calendar())
        return self._implied

    def implies(self, value: str) -> bool:
        """Whether the text may have a value in words.

        In a language whose number words are not known, it may have any small value.
        """
        if value in {"0.5", "0.25", "0.75"} and (
            has_half(self.text) or _NUMERALS.search(self.text)
        ):
            return True
        if not value.isdecimal():
            return any(value == fraction for fraction in self._fractions())
        return int(value) in self.implied or (int(value) <= _SMALL and not knows(self.language))

    def twins(self) -> Iterator[tuple[int, int]]:
        """Pairs of numbers: as this text writes them, and as another clock or calendar does."""
        for pattern, is_pm in _TIMES:
            for match in pattern.finditer(self.text):
                hour = int(match["hour"])
                if hour <= _SMALL:
                    yield hour, hour % _SMALL + (_SMALL if is_pm else 0)
        for match in _ERA.finditer(self.text):
            year = 1 if match[2] == "元" else int(match[2])
            yield year, _ERAS[match[1]] + year
        for match in _DECADE.finditer(self.text):
            yield int(match[1]), int(match[1]) % 100

    @property
    def has_time(self) -> bool:
        """Whether the text names a time of day."""
        return _HAS_TIME.search(self.text) is not None

    def _by_calendar(self) -> Iterator[int]:
        for number in numbers_of(self.text):
            if len(number.runs) == 1 and int(number.runs[0]) in _BUDDHIST_YEARS:
                yield int(number.runs[0]) - _BUDDHIST_OFFSET
            if len(number.runs) == 1 and int(number.runs[0]) in range(1800, 2150):
                yield int(number.runs[0]) + _BUDDHIST_OFFSET

    def _fractions(self) -> Iterator[str]:
        for character in _NUMERALS.findall(self.text):
            value = unicodedata.numeric(character)
            yield f"{value:g}"
        for match in re.finditer(r"([0-9]+)\s?([\u00bc-\u00be\u2150-\u215e])", self.text):
            yield f"{int(match[1]) + unicodedata.numeric(match[2]):g}"


def _explained(
    missing: list[_Quantity], added: list[_Quantity], source: _Other, target: _Other
) -> tuple[list[Number], list[Number]]:
    """The numbers that stay unmatched when the words, calendars and clocks of the other side are
    read as well.
    """
    twins = {pair for side in (source, target) for pair in side.twins()}
    times = source.has_time or target.has_time

    def has_twin(quantity: _Quantity, other: _Other) -> bool:
        texts = (*quantity.number.values, *quantity.number.runs[:1])
        values = {int(text) for text in texts if text.isdecimal()}
        both_ways = (*twins, *((b, a) for a, b in twins))
        return any(a in values and b in other.written for a, b in both_ways)

    def is_explained(quantity: _Quantity, side: _Other) -> bool:
        if any(side.implies(value) for value in quantity.readings):
            return True
        # A date or a version has no value as a whole, but each of its runs may be on the other
        # side.
        runs = _plain_runs(quantity)
        if not quantity.readings and all(
            side.implies(run) or int(run) in side.written for run in runs
        ):
            return True
        if times and quantity.number.runs == ("00",):
            return True
        return bool(twins) and has_twin(quantity, side)

    return (
        [each.number for each in missing if not is_explained(each, target)],
        [each.number for each in added if not is_explained(each, source)],
    )


def _readable(text: str) -> str:
    """The text with ASCII digits.

    Placeholders and HTML entities become spaces, so that offsets stay.
    """
    if "%" in text or "&" in text:
        text = _NO_NUMBERS.sub(lambda match: " " * len(match.group()), text)
    return with_ascii_digits(text)

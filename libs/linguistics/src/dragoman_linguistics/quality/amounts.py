"""Currencies and percent signs beside numbers.

A sign may become a code (ISO 4217) or a word, never another currency:

    "$ 5.00"   "5,00 US-Dollar"   the same currency
    "€ 5"      "5 $"              amounts.currency
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

# The dollars and pesos of all countries count as one, and so do yen and yuan: their signs are the
# same, and a target may name the country.
_CURRENCIES: dict[str, str] = {
    "EUR": r"€|\bEUR\b|\beuro\w*|\bевро|\bευρώ|ユーロ|欧元|歐元|유로|ยูโร|يورو|אירו|यूरो|\beiro|\beur[oóa]\w*",
    "USD": r"(?<![A-Z])US\$|(?<![A-Z])\$|\bUSD\b|\bdol[lł]?[aá]\w*|\bдол+ар\w*|δολ[αά]ρι\w*|ドル|美元|美金|달러"
    r"|ดอลลาร์|دولار\w*"
    r"|דולר\w*|डॉलर|đô la|\bdolar\w*|\bdollár\w*|[A-Z]{1,2}\$|\b(?:CAD|AUD|NZD|HKD|SGD|TWD|MXN|BRL|ARS|CLP"
    r"|COP)\b|\bpesos?\b|\bre(?:al|ais)\b",
    "GBP": r"£|\bGBP\b|\bpounds?\b|\bpfund\b|\blivres?\b|\blibras?\b|\bsterlin\w*|\bsterling\w*|\bфунт\w*"
    r"|ポンド|英镑|英鎊|파운드|ปอนด์",
    "JPY": r"[¥￥]|\bJPY\b|\byen\b|\bienes?\b|\bиен\w*|円|日元|日圓|엔|เยน|\bCNY\b|\bRMB\b|\byuan\w*|\bюан\w*|元"
    r"|人民币|위안|หยวน",
    "INR": r"₹|\bINR\b|\brupe\w*|\bрупи\w*|रुपय\w*|ルピー|卢比|루피|รูปี",
    "RUB": r"₽|\bRUB\b|\bruble?s?\b|\brubel\w*|\bрубл\w*|\bруб\b",
    "KRW": r"₩|\bKRW\b|\bwon\b|원|ウォン|韩元|韓元",
    "CHF": r"\bCHF\b|\bFr\.|\bfrancs?\b|\bfranken\b|\bfrancos?\b|\bfranch\w*|\bфранк\w*|フラン|瑞士法郎",
    "TRY": r"₺|\bTRY\b|\blira\w*",
    "UAH": r"₴|\bUAH\b|\bгрив\w*|\bhryvni\w*",
    "ILS": r"₪|\bILS\b|\bshekel\w*|שקל\w*|ש\"ח|ש״ח",
    "PLN": r"zł\b|\bPLN\b|\bz[lł]ot\w*",
}
_SIGNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _CURRENCIES.items()}
# A sign or a code beside a number. A word alone is no amount: "the dollar rose".
_AMOUNTS = {
    "EUR": re.compile(r"(?:€|\bEUR)\s?\d|\d\s?(?:€|EUR\b)"),
    "USD": re.compile(
        r"(?:(?<![A-Za-z])\$|US\$|\bUSD)\s?\d(?![\w]*\$)|\d\s?(?:US\$|USD\b|\$(?![\w{(]))"
    ),
    "GBP": re.compile(r"(?:£|\bGBP)\s?\d|\d\s?(?:£|GBP\b)"),
    "JPY": re.compile(r"(?:[¥￥]|\bJPY|\bCNY|\bRMB)\s?\d|\d\s?(?:[¥￥]|JPY\b|CNY\b|RMB\b)"),
    "INR": re.compile(r"(?:₹|\bINR)\s?\d|\d\s?(?:₹|INR\b)"),
    "RUB": re.compile(r"(?:₽|\bRUB)\s?\d|\d\s?(?:₽|RUB\b)"),
    "KRW": re.compile(r"(?:₩|\bKRW)\s?\d|\d\s?(?:₩|KRW\b)"),
    "CHF": re.compile(r"\bCHF\s?\d|\d\s?CHF\b"),
    "TRY": re.compile(r"₺\s?\d|\d\s?₺"),
    "UAH": re.compile(r"₴\s?\d|\d\s?₴"),
    "ILS": re.compile(r"₪\s?\d|\d\s?₪"),
    "PLN": re.compile(r"\bPLN\s?\d|\d\s?(?:zł|PLN)\b"),
}
_HAS_SIGN = re.compile(r"[€$£¥￥₹₽₩₺₴₪]|\b(?:EUR|USD|GBP|JPY|CNY|RMB|INR|RUB|KRW|CHF|PLN)\b|\dzł")
_PERCENT = re.compile(r"\d[\s\u00a0\u202f]?[%％٪‰](?![\w(])|[%％٪]\s?\d")
_PERCENT_WORD = re.compile(
    r"[%％٪‰]|per\s?cent|prozent|pour\s?cent|por\s?cien|por\s?cento|procent|prosent|percent|prosentti|százalék|yüzde|процент|відсот"
    r"|проц|odst|posto|postot|ποσοστ|τοις εκατό|パーセント|百分|퍼센트|프로|ร้อยละ|เปอร์เซ็นต์|phần trăm|persen|peratus"
    r"|بالمائة|بالمئة|في المائة|درصد"
    r"|אחוז|प्रतिशत|ehuneko|protsent|sută|per cent",
    re.IGNORECASE,
)


def check_amounts(pair: Pair) -> Iterator[QaFinding]:
    """Findings where an amount's currency is another or gone, or a percent sign is gone or new."""
    if not pair.has_digits:
        return
    source, target = pair.source, pair.target
    if _HAS_SIGN.search(source) or _HAS_SIGN.search(target):
        wanted = [name for name, pattern in _AMOUNTS.items() if pattern.search(source)]
        found = [name for name, pattern in _AMOUNTS.items() if pattern.search(target)]
        lost = [name for name in wanted if not _SIGNS[name].search(target)]
        made = [name for name in found if not _SIGNS[name].search(source)]
        if lost or made:
            yield finding("amounts.currency", "A currency differs from the source's, or is gone.")
    if _PERCENT.search(source) and not _PERCENT_WORD.search(target):
        yield finding("amounts.percent", "A percent sign of the source is gone.")
    elif _PERCENT.search(target) and not _PERCENT_WORD.search(source):
        yield finding("amounts.percent", "A percent sign that the source lacks.")

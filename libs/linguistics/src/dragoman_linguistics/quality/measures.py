"""Units of measure beside numbers (SI and what is used with it).

A unit may be written in full, in another script or with a space, never become another unit of the
same quantity:

    "below 20ppb"    "menos de 20 ppb"    the same
    "10 mg daily"    "10 мг в день"       the same, in Cyrillic letters
    "below 20ppb"    "menos de 20 ppm"    amounts.unit
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

# A quantity's units; in brackets other symbols of the same unit. The French say octet for byte, and
# whether b is a bit or a byte differs from writer to writer, as do K and k.
_QUANTITIES = (
    "ng(нг) µg(μg,ug,mcg,мкг) mg(мг) g(г) kg(кг) lb(lbs) oz",
    "nm(нм) µm(μm,um,мкм) mm(мм) cm(см) m(м) km(км) ft mi yd",
    "µl(μl,µL,μL,ul,uL,мкл) ml(mL,мл) cl(cL) dl(dL,дл) l(L,л)",
    "ppm ppb ppt",
    "ns(нс) µs(μs,us,мкс) ms(мс) s(с,sec,sek,seg) min(мин,mins) h(ч,hr,hrs)",
    "Pa(Па) hPa(гПа) kPa(кПа) MPa(МПа) bar(бар) mbar(мбар) psi",
    "J(Дж) kJ(кДж) MJ(МДж) Wh kWh(кВтч) MWh GWh cal(кал) kcal(ккал)",
    "mW(мВт) W(Вт) kW(кВт) MW(МВт) GW(ГВт)",
    "mV(мВ) V(В) kV(кВ)",
    "µA(μA,uA,мкА) mA(мА) A(А) kA",
    "mAh Ah",
    "Hz(Гц) kHz(кГц) MHz(МГц) GHz(ГГц)",
    "°C(℃) °F(℉)",
    "kB(KB,Kb,kb,KiB,ko,Ko,КБ,Кб,кБ) MB(Mb,MiB,Mo,МБ,Мб) GB(Gb,GiB,Go,ГБ,Гб) TB(Tb,TiB,To,ТБ,Тб)",
)


def _symbols() -> Iterator[tuple[str, tuple[int, str]]]:
    for quantity, units in enumerate(_QUANTITIES):
        for unit in units.split():
            name, _, others = unit.rstrip(")").partition("(")
            for symbol in (name, *filter(None, others.split(","))):
                yield symbol, (quantity, name)


_UNITS: Mapping[str, tuple[int, str]] = dict(_symbols())
"""The quantity and the unit of each symbol."""

_SYMBOL = "|".join(re.escape(symbol) for symbol in sorted(_UNITS, key=len, reverse=True))
_END = r"(?![^\W\d_]|[²³])"  # of an area or a volume no unit is known: it has other factors
# Behind a number, or alone in brackets, as heads of tables have it; "mg/l" has two.
_BESIDE = re.compile(
    rf"(?:\d[\s\u00a0\u202f]?|(?<!\w)[(\[])((?:{_SYMBOL})(?:/(?:{_SYMBOL}))?){_END}"
)
_ANYWHERE = re.compile(rf"(?<![^\W\d_])(?:{_SYMBOL}){_END}")


def check_measures(pair: Pair) -> Iterator[QaFinding]:
    """A finding where a unit of measure of the source has become another of the same quantity."""
    wanted = _beside(pair.source)
    if not wanted:
        return
    places = {
        _UNITS[symbol]: match
        for match in _BESIDE.finditer(pair.target)
        for symbol in match[1].split("/")
    }
    if not places:
        return
    lost = {quantity for quantity, _ in wanted - _anywhere(pair.target)}
    known = _anywhere(pair.source)
    # In the order of the text: a set has another order in each process, and a report has not.
    for unit, match in places.items():
        if unit[0] in lost and unit not in known:
            yield finding(
                "amounts.unit",
                "A unit of measure differs from the source's.",
                pair.place_in_plain_text(match.start(1)),
                pair.place_in_plain_text(match.end(1)),
            )


def _beside(text: str) -> set[tuple[int, str]]:
    return {_UNITS[symbol] for match in _BESIDE.findall(text) for symbol in match.split("/")}


def _anywhere(text: str) -> set[tuple[int, str]]:
    return {_UNITS[symbol] for symbol in _ANYWHERE.findall(text)}

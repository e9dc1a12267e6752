"""Units of measure stay the source's."""

import pytest

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_linguistics import QA_RULES, verify_units
from linguistics.units import unit


def found(source: str, target: str, to: str = "es", rules: int = QA_RULES) -> list[str]:
    """The texts in the target that are found to be another unit of measure."""
    answer = UnitTarget(unit_id="0", target=(target,), result_source=ResultSource.ENGINE)
    (verified,) = verify_units([(unit("0", source), answer)], Locale("en"), Locale(to), rules=rules)
    return [
        target[each.start : each.end] for each in verified.findings if each.code == "amounts.unit"
    ]


@pytest.mark.parametrize(
    ("source", "target", "unit_in_target", "to"),
    [
        ("Below 20ppb", "Menos de 20 ppm", "ppm", "es"),
        ("Copper (ppm)", "Cobre (ppb)", "ppb", "es"),
        ("Take 10 mg daily", "Tome 10 g al día", "g", "es"),
        ("Take 10 mg daily", "Принимать 10 мкг в день", "мкг", "ru"),
        ("Below 0.5 mg/l of lead", "Menos de 0,5 µg/l de plomo", "µg/l", "es"),
        ("At 120 kW the fuse blows", "Bei 120 MW brennt die Sicherung durch", "MW", "de"),
        ("A file of 5 MB", "Un fichier de 5 Go", "Go", "fr"),
        ("Store below 25 °C", "Bewahren Sie es unter 25 °F auf", "°F", "de"),
    ],
)
def test_another_unit_of_the_same_quantity_is_found_at_its_place(
    source: str, target: str, unit_in_target: str, to: str
) -> None:
    assert found(source, target, to) == [unit_in_target]
    assert not found(source, target, to, rules=4), "a job keeps the rules of its plan"


def test_several_are_found_in_the_order_of_the_text() -> None:
    source = "Take 10 mg in 5 ml every 8 h, below 25 °C, at 3 kPa"
    target = "Tome 10 g en 5 l cada 8 min, a menos de 25 °F, a 3 MPa"
    assert found(source, target) == ["g", "l", "min", "°F", "MPa"]


@pytest.mark.parametrize(
    ("source", "target", "to"),
    [
        ("Below 20ppb", "Menos de 20 ppb", "es"),
        ("Take 10 mg daily", "Принимать 10 мг в день", "ru"),
        ("Take 10 mg daily", "毎日10ミリグラムを服用", "ja"),
        ("A file of 5 MB", "Un fichier de 5 Mo", "fr"),
        ("After 5 sec", "Nach 5 s", "de"),
        ("Wait 5 m", "Espere 5 min", "es"),
        ("A walk of 3 mi (5 km)", "Un paseo de 5 km (3 mi)", "es"),
        ("A walk of 3 miles", "Un paseo de 3 km", "es"),
        ("The file(s) of (h)", "El fichero (s)", "es"),
        ("20 m² in 3 rooms", "20 m² en 3 habitaciones", "es"),
        ("Add 5 g", "Añada cinco gramos", "es"),
        ("Mix 5 g", "Mezcle 5 gramos en 10 ml", "es"),
        ("On 5 May", "El 5 de mayo", "es"),
        ("Table 3 A", "Tabla 3 B", "es"),
    ],
)
def test_units_that_are_the_same_or_written_in_full_are_no_finding(
    source: str, target: str, to: str
) -> None:
    assert not found(source, target, to)

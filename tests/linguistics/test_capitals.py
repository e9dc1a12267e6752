"""Capitals of addresses, bare domains, and words all in capitals."""

import pytest

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Severity
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_linguistics import QA_RULES, verify_units
from linguistics.units import unit

ROOMS = {"addresses", "codes"}


def found(source: str, target: str, to: str = "es", rules: int = QA_RULES) -> dict[str, Severity]:
    """The findings about addresses and codes, with their severities."""
    answer = UnitTarget(unit_id="0", target=(target,), result_source=ResultSource.ENGINE)
    (verified,) = verify_units([(unit("0", source), answer)], Locale("en"), Locale(to), rules=rules)
    return {
        each.code: each.severity
        for each in verified.findings
        if each.code.partition(".")[0] in ROOMS
    }


@pytest.mark.parametrize(
    ("source", "target", "code", "severity"),
    [
        ("Go to FloodSmart.gov today", "Visite Floodsmart.gov hoy", "addresses.capitals", "info"),
        ("Go to FloodSmart.gov today", "Visite Inundacion.gov hoy", "addresses.domain", "info"),
        ("Go to www.FloodSmart.gov now", "Visite www.Floodsmart.gov", "addresses.capitals", "info"),
        ("See https://FloodSmart.gov now", "Véase https://Floodsmart.gov", "addresses.capitals", "info"),
        ("Write to Jo.Doe@example.org", "Escriba a jo.doe@example.org", "addresses.capitals", "info"),
        ("See https://example.org/a/Abc.", "Véase https://example.org/a/abc.", "addresses.path", "warning"),
        ("See example.org/Abc for more", "Véase example.org/abc", "addresses.path", "warning"),
        ("Write to info@example.org", "Escriba a info@ejemplo.org", "addresses.missing", "warning"),
        ("The code (IF) applies", "Se aplica el código (SI)", "codes.capitals", "info"),
        ("The column SCORE is empty", "La columna MARCADOR está vacía", "codes.capitals", "info"),
        ("Ask the FEMA office", "Pregunte en la oficina", "codes.capitals", "info"),
    ],
)  # fmt: skip
def test_changed_letters_of_addresses_and_codes_are_found(
    source: str, target: str, code: str, severity: str
) -> None:
    assert found(source, target) == {code: Severity(severity)}
    if code != "addresses.missing":
        assert not found(source, target, rules=3), "a job keeps the rules of its plan"


@pytest.mark.parametrize(
    ("source", "target", "to"),
    [
        ("Go to FloodSmart.gov today", "Visite FloodSmart.gov hoy", "es"),
        ("See https://example.org/en/Guide", "Véase https://example.org/es/Guide", "es"),
        ("See example.org/Abc.", "Véase example.org/Abc.", "es"),
        ("Read README.md and setup.py first.", "Lea primero LÉAME.md y setup.py.", "es"),
        ("This is the end.It goes on.", "Este es el fin. Sigue.", "es"),
        ("Do NOT open it", "NO lo abra", "es"),
        ("SAFETY RULES FOR ALL", "NORMAS DE SEGURIDAD PARA TODOS", "es"),
        ("See chapter XIV there", "Véase el capítulo 14", "es"),
        ("The DVDs and the FEMA-form", "Los DVD y el formulario FEMA", "es"),
        ("The USA and NATO agreed", "США и НАТО договорились", "ru"),
        ("The file MAX_SIZE and %APP are kept", "El archivo MAX_SIZE y %APP quedan", "es"),
    ],
)
def test_letters_that_may_differ_are_no_finding(source: str, target: str, to: str) -> None:
    assert not found(source, target, to)

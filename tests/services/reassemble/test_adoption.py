"""Jobs whose text an older version took out are put together by this one,
or are told to run again.
"""

import pytest

from documents.wordml import bold, document, paragraph, run
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import canonical_json
from dragoman_contracts.policy import UNIT_RULES, Policy
from dragoman_contracts.text import (
    Content,
    ResultSource,
    TagRole,
    TagSpec,
    TargetList,
    Unit,
    UnitList,
    UnitTarget,
)
from dragoman_documents import extract
from dragoman_linguistics import OutdatedUnitsError, adopted
from dragoman_reassemble.adapters.docx import DocxMerger
from dragoman_reassemble.domain import targets_now
from linguistics.units import text_of, unit

BOLD = TagSpec(id=1, role=TagRole.FORMAT)
BOLD_NOW = TagSpec(id=2, role=TagRole.FORMAT)
FIELD_NOW = TagSpec(id=1, role=TagRole.FIELD)
OLD = unit("u", ["<", 1], "Total", ["/", 1], " due", tags=(BOLD,))
NOW = unit("u", ["#", 1], " ", ["<", 2], "Total", ["/", 2], " due", tags=(FIELD_NOW, BOLD_NOW))


def content(*parts: object) -> Content:
    return unit("t", *parts).source


def test_tags_get_their_present_numbers_and_new_ones_a_place() -> None:
    made = adopted([OLD], [NOW], {"u": content(["<", 1], "Suma", ["/", 1], " debida")})
    assert text_of(made["u"]).replace(" ", "") == "<1/><2>Suma</2>debida"


def test_a_unit_that_is_read_as_before_keeps_its_target() -> None:
    target = content(["<", 1], "Suma", ["/", 1])
    assert adopted([OLD], [OLD], {"u": target}) == {"u": target}


@pytest.mark.parametrize("now", [[], [unit("u", "Total due soon")]])
def test_a_unit_whose_text_is_not_the_same_any_more_is_not_guessed(now: list[Unit]) -> None:
    with pytest.raises(OutdatedUnitsError, match="Run the job again"):
        adopted([OLD], now, {"u": content("Suma")})


def test_a_target_that_is_its_source_is_left_out() -> None:
    assert adopted([OLD], [], {"u": OLD.source}) == {}


def test_only_unit_lists_of_other_rules_are_looked_at() -> None:
    source = document(paragraph(run("Some "), bold("words")))
    units = extract(source).units
    engine = ResultSource.ENGINE
    targets = (
        UnitTarget(unit_id=each.unit_id, target=each.source, result_source=engine) for each in units
    )
    lists = [canonical_json(TargetList(target_locale=Locale("es"), targets=tuple(targets)))]
    made: dict[int, dict[str, Content]] = {}
    for rules in (1, UNIT_RULES):
        stored = canonical_json(UnitList(source_locale=Locale("en"), units=units))
        made[rules] = targets_now(
            DocxMerger(), source, stored, lists, Policy(engine="x", unit_rules=rules)
        )
    assert list(made[UNIT_RULES]) == [each.unit_id for each in units]
    assert made[1] == {}  # each target is its source

"""White space round punctuation and tags, and characters that no text should have."""

import pytest

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import ResultSource, TagRole, TagSpec, UnitTarget
from dragoman_linguistics import verify_units
from linguistics.judging import codes
from linguistics.units import unit


@pytest.mark.parametrize(
    ("source", "target", "locale", "code"),
    [
        ("Not now, please.", "Jetzt nicht , bitte.", "de", "space.punctuation"),
        ("Really?", "Wirklich ?", "de", "space.punctuation"),
        ("Really?", "Vraiment , oui ?", "fr", "space.punctuation"),
        ("Change it now", "Jetzt �ndern", "de", "characters.invalid"),
        ("Change it now", "Jetzt \x07ändern", "de", "characters.invalid"),
        ("Change it now", "Jetzt Ã¤ndern", "de", "characters.encoding"),
        ("Change it now", "Jetzt â€žändernâ€œ", "de", "characters.encoding"),
        ("Change it now", "ÐŸÐ¾Ð¼ÐµÐ½Ñ\x8fÑ‚ÑŒ", "ru", "characters.encoding"),
    ],
)
def test_what_is_wrong_in_the_target_is_found(
    source: str, target: str, locale: str, code: str
) -> None:
    assert code in codes(source, target, to=locale)


@pytest.mark.parametrize(
    ("source", "target", "locale"),
    [
        ("Really?", "Vraiment ?", "fr"),
        ("Note: really!", "Note\u00a0: vraiment\u202f!", "fr"),
        ("Use .NET and .5 mm", "Nehmen Sie .NET und ,5 mm", "de"),
        ("To be continued...", "Fortsetzung folgt ...", "de"),
        ("Not now , please", "Jetzt nicht , bitte", "de"),
        ("What is that?", "Τι είναι αυτό;", "el"),
        ("What is that?", "¿Qué es eso?", "es"),
        ("Change, please.", "请更改。", "zh"),
        ("An Ã is a letter.", "Ein Ã ist ein Buchstabe.", "de"),
        ("The café in São Paulo", "El café de São Paulo", "es"),
    ],
)
def test_what_is_right_by_the_targets_rules_is_no_finding(
    source: str, target: str, locale: str
) -> None:
    assert not {
        code
        for code in codes(source, target, to=locale)
        if code.startswith(("space.", "characters."))
    }


def test_words_that_run_together_at_a_tag_are_found() -> None:
    bold = (TagSpec(id=1, role=TagRole.FORMAT),)
    source = unit("u", "Do ", ["<", 1], "not", ["/", 1], " open", tags=bold)
    glued = unit("u", "Bitte", ["<", 1], "nicht", ["/", 1], "öffnen").source
    target = UnitTarget(unit_id="u", target=glued, result_source=ResultSource.ENGINE)
    (german,) = verify_units([(source, target)], Locale("en"), Locale("de"))
    assert "space.missing" in {each.code for each in german.findings}
    (chinese,) = verify_units([(source, target)], Locale("en"), Locale("zh"))
    assert "space.missing" not in {each.code for each in chinese.findings}

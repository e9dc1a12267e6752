"""What is certainly an engine's is taken off; what the source has stays."""

import pytest

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, TagRole, TagSpec
from dragoman_linguistics import cleaned, parse, render
from linguistics.units import text_of

FORMATS = tuple(
    TagSpec(id=number, role=TagRole.FORMAT, can_delete=True, can_copy=True) for number in (1, 2)
)


def content(text: str) -> Content:
    return parse(text, render(()))


@pytest.mark.parametrize(
    ("source", "answer", "wanted", "locale"),
    [
        ("Pay now.", "Translation: Zahlen Sie.", "Zahlen Sie.", "de"),
        ("Pay now.", 'Here is the translation: "Zahlen Sie."', "Zahlen Sie.", "de"),
        ("Pay now.", "Zahlen Sie.<|im_end|>", "Zahlen Sie.", "de"),
        ("Pay now.", "Zahlen Sie. (Note: informal)", "Zahlen Sie.", "de"),
        ("Smith & Sons", "Smith &amp; Sons", "Smith & Sons", "de"),
        ("Smith & Sons", "Smith &amp;amp; Sons", "Smith & Sons", "de"),
        ("Pay now.", "Zahlen  Sie .", "Zahlen Sie.", "de"),
        ("Now?", "Maintenant ?", "Maintenant ?", "fr"),
        ("<1>Not</1>, <2>now</2>.", "<1> Nicht </1> , <2>jetzt </2> .", "<1>Nicht</1>, <2>jetzt</2>.", "de"),
        ("A <1>red </1><2>car</2>.", "Un <2>coche </2><1>rojo</1>.", "Un <2>coche</2> <1>rojo</1>.", "es"),
        ("A <1>big</1><2> car</2>.", "Un <2>coche</2><1> grande</1>.", "Un <2>coche</2> <1>grande</1>.", "es"),
        ("A <1>red </1><2>car</2>", "Un <1>coche</1><2>rojo </2>", "Un <1>coche</1><2>rojo</2>", "es"),
        ("Do <1>not</1> open.", "**Nicht** öffnen.", "<1>Nicht</1> öffnen.", "de"),
        ("Do <1>not</1> <2>open</2>.", "**Nicht** bitte **öffnen**.", "<1>Nicht</1> bitte <2>öffnen</2>.", "de"),
        ("Do <1>not</1> open.", "*Nicht* öffnen.", "<1>Nicht</1> öffnen.", "de"),
        ("See www.a.com/mediation.", "Véase www.a.com/mediación.", "Véase www.a.com/mediation.", "es"),
        ("<1>http://a.org/terms/list</1>", "<1>http://a.org/termes/liste</1>", "<1>http://a.org/terms/list</1>", "fr"),
    ],
)  # fmt: skip
def test_what_an_engine_added_is_taken_off(
    source: str, answer: str, wanted: str, locale: str
) -> None:
    target, removed = cleaned(content(answer), content(source), Locale(locale), FORMATS)
    assert text_of(target) == wanted
    assert bool(removed) == (answer != wanted)
    assert cleaned(target, content(source), Locale(locale), FORMATS) == (target, ())


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("Translation: by Ms Miller", "Übersetzung: von Frau Miller"),
        ("Write <|end|> there", "Schreiben Sie dort <|end|>"),
        ("Write &amp; there", "Schreiben Sie dort &amp;"),
        ("The end (note: not final)", "Das Ende (Hinweis: nicht endgültig)"),
        ("Two  blanks here", "Hier zwei  Leerzeichen"),
        ("Not now , please", "Jetzt nicht , bitte"),
        ("Do <1>not</1> open.", "**Nicht** **öffnen**."),
        ("Do <1>not</1> open.", "<1>Nicht</1> **öffnen**."),
        ("Do not open.", "**Nicht** öffnen."),
        ("One <1/> two", "Eins <1/> zwei"),
        ("To be continued...", "Fortsetzung folgt ..."),
        ("He said <1> yes </1> .", "Er sagte <1> ja </1> ."),
        ("See https://a.org/terms", "Siehe https://a.org/mediation"),
        ("See https://a.org/order/b1", "Siehe https://a.org/order/c1"),
        ("See www.example.org/help", "Siehe www.beispiel.org/help"),
        ("See https://a.org/en/help", "Siehe https://a.org/de/help"),
        ("See https://a.org/terms", "Siehe https://a.org/termine und https://a.org/terme"),
    ],
)
def test_what_the_source_has_or_what_is_doubtful_stays(source: str, answer: str) -> None:
    assert cleaned(content(answer), content(source), Locale("de"), FORMATS) == (content(answer), ())

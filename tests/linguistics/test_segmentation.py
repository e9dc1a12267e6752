import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import (
    Content,
    Segment,
    TagRole,
    TagSpec,
    Unit,
    closing,
    opening,
    placeholder,
)
from dragoman_linguistics import segment, sentences
from linguistics.contents import nested_content
from linguistics.units import unit

CASES = [
    (
        "en",
        ["Mr. Smith met J. R. Tolkien at 5 p.m.", "They talked, e.g. about the U.S. Government."],
    ),
    (
        "en",
        [
            "See Art. 5 and Fig. 2.",
            '"Really?" he asked.',
            '"Yes."',
            "The end... or not?",
            "Version 2.5.1 is out.",
        ],
    ),
    ("en", ["1. Introduction to this.", "It was in the U.S.", "The end."]),
    (
        "de",
        [
            "Am 3. Oktober kam Hr. Müller, z. B. mit Dr. Meier.",
            "Siehe Abs. 2 S. 3.",
            "»Gut.«",
            "Ja.",
        ],
    ),
    ("es", ["El Sr. Pérez llegó a las 5.", "¿Qué dijo?", "¡Hola!", "Véase pág. 5."]),
    ("fr", ["M. Dupont est arrivé.", "« Bonjour ! »", "Il partit.", "Voir p. 12."]),
    ("it", ["Il Sig. Rossi arrivò.", "Vedi art. 3."]),
    ("pt-BR", ["O Sr. Silva chegou.", "Que bom!"]),
    ("ru", ["Г-н Иванов А. С. приехал в 2005 г. в Москву, т. е. домой.", "См. п. 5.", "Всё."]),
    ("uk", ["Див. рис. 5.", "Ім. Шевченка, вул. Довга.", "Так."]),
    ("ar", ["مرحبا.", "كيف حالك؟", "أنا بخير."]),
    (
        "nl",
        ["Dhr. de Vries betaalt d.w.z. niets.", "Zie art. 5 en blz. 12.", "Wat?", "Ja... en nee."],
    ),
    (
        "nl-BE",
        ["De kosten, bijv. Vervoer, zijn 1.250,50 euro.", "„Goed.”", "Prof. Dr. Jansen komt."],
    ),
    (
        "pl",
        [
            "Np. Dr. Kowalski, zob. Art. 5 ust. 2.",
            "Kwota wynosi ok. 1 250,50 zł.",
            "„Tak?”",
            "Nie!",
        ],
    ),
    ("pl", ["Mieszka przy ul. Długiej 5.", "Urodził się 3 maja 1990 r. w Krakowie.", "Tak."]),
    ("he", ["שלום.", "מה שלומך?", "ראה עמ. 12.", "ר. כהן שילם 1,250.50 ש״ח.", "„כן!”", "סוף…"]),
    ("ko", ["안녕하세요.", "2024. 5. 3. 회의가 있습니다.", "정말요?", "네!"]),
    ("en-GB", ["It costs 1,250.50.", "“Is it?”", "Yes (see p. 3).", "Well… maybe.", "OK."]),
    ("de-CH", ["Das kostet 1’250.50 Fr. pro Stück.", "«Wirklich?»", "Ja … vielleicht.", "Gut!"]),
    ("es-MX", ["Cuesta $1,250.50.", "«¿Sí?»", "Vino el Dr. Gómez (véase art. 3).", "Bueno… sí."]),
    ("fr-CA", ["Cela coûte 1 250,50 $.", "Mme Roy a dit : « Oui. »", "Ah bon ?", "Cf. Annexe 2."]),
    ("it", ["Costa 1.250,50 euro, cfr. Tab. 3.", "«Sì?»", "Il Dott. Bianchi… forse.", "No!"]),
    ("pt-PT", ["Custa 1.250,50 euros.", "“Sim?”", "A Dra. Sousa viu p. ex. Lisboa.", "Não…"]),
    ("ru", ["Цена 1 250,50 руб. за шт. включена.", "«Да?»", "А. П. Чехов писал… много.", "Нет!"]),
    ("uk", ["Ціна 1 250,50 грн. за штуку.", "«Так?»", "Т. Г. Шевченко писав.", "Ні!"]),
    ("ar-EG", ["السعر ١٬٢٥٠٫٥٠.", "د. أحمد هنا.", "«نعم؟»", "لا!"]),
    ("xx", ["Foo bar.", "Baz qux."]),
]


def pieces(unit: Unit) -> list[Content]:
    return [piece.source for piece in segment(unit, Locale("en")).segments]


@pytest.mark.parametrize(("locale", "expected"), CASES)
def test_sentences_end_where_a_reader_ends_them(locale: str, expected: list[str]) -> None:
    assert [
        sentence.strip() for sentence in sentences(" ".join(expected), Locale(locale))
    ] == expected


@pytest.mark.parametrize("locale", ["zh-Hans", "ja"])
def test_chinese_and_japanese_need_no_space(locale: str) -> None:
    assert sentences("今日は。元気ですか？はい。", Locale(locale)) == [
        "今日は。",
        "元気ですか？",
        "はい。",
    ]


def test_a_japanese_sentence_goes_on_after_its_quotation() -> None:
    assert sentences("「はい。」と言った。「いいえ。」彼は帰った。", Locale("ja")) == [
        "「はい。」と言った。",
        "「いいえ。」",
        "彼は帰った。",
    ]


def test_half_width_marks_between_ideographs_end_sentences() -> None:
    assert sentences("好吗?好!价格是3.5元……再见。", Locale("zh-Hans")) == [
        "好吗?",
        "好!",
        "价格是3.5元……再见。",
    ]
    assert sentences("いい?だめ!いい。", Locale("ja")) == ["いい?", "だめ!", "いい。"]


def test_white_space_between_sentences_is_an_ignorable_segment() -> None:
    cut = segment(unit("u", "One.  Two."), Locale("en"))
    assert [(piece.segment_id, piece.source, piece.is_ignorable) for piece in cut.segments] == [
        ("u.1", ("One.",), False),
        ("u.2", ("  ",), True),
        ("u.3", ("Two.",), False),
    ]


def test_closing_tags_stay_behind_and_opening_tags_go_ahead() -> None:
    source = (["<", 1], "One.", ["/", 1], ["#", 3], " ", ["<", 2], "Two.", ["/", 2])
    assert pieces(unit("u", *source)) == [
        (opening(1), "One.", closing(1), placeholder(3)),
        (" ",),
        (opening(2), "Two.", closing(2)),
    ]


def test_a_line_break_tag_parts_sentences_as_white_space_does() -> None:
    line_break = TagSpec(id=1, role=TagRole.BREAK, equivalent="\n")
    assert pieces(unit("u", "One.", ["#", 1], "Two.", tags=(line_break,))) == [
        ("One.", placeholder(1)),
        ("Two.",),
    ]
    assert pieces(unit("u", "One.", ["#", 1], "Two.")) == [("One.", placeholder(1), "Two.")]


def test_a_pair_around_two_sentences_is_cut() -> None:
    assert pieces(unit("u", ["<", 1], "One. Two.", ["/", 1])) == [
        (opening(1), "One."),
        (" ",),
        ("Two.", closing(1)),
    ]


@given(nested_content(), st.sampled_from(["en", "de", "zh", "ja", "ar", "xx"]))
def test_segments_joined_are_the_source(content: Content, locale: str) -> None:
    whole = unit("u").model_copy(update={"segments": (Segment(segment_id="u.1", source=content),)})
    cut = segment(whole, Locale(locale))
    assert cut.source == content
    assert segment(cut, Locale(locale)) == cut


@given(st.text(alphabet="aB.?! \n\u00a0。）”»1", max_size=40))
def test_sentences_joined_are_the_text(text: str) -> None:
    assert "".join(sentences(text, Locale("en"))) == text

import pytest

from dragoman_contracts.counting import count_text
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import TagRole, TagSpec, placeholder
from dragoman_linguistics import identify, language_shares

TEXTS = {
    "en": "This agreement is made between the supplier and the customer.",
    "es": "El presente contrato se celebra entre el proveedor y el cliente.",
    "fr": "Le présent contrat est conclu entre le fournisseur et le client.",
    "de": "Dieser Vertrag wird zwischen dem Lieferanten und dem Kunden geschlossen.",
    "ru": "Настоящий договор заключён между поставщиком и заказчиком.",
    "zh": "本协议由供应商与客户双方签订。",
    "ar": "أبرمت هذه الاتفاقية بين المورد والعميل.",
}


@pytest.mark.parametrize("locale", TEXTS)
def test_a_sentence_shows_its_language(locale: str) -> None:
    guess = identify([TEXTS[locale]])
    assert guess.locale == locale
    assert guess.confidence > 0.5


def test_the_language_of_most_text_wins() -> None:
    guess = identify(["Bonjour", TEXTS["en"], TEXTS["en"], TEXTS["fr"]])
    assert guess.locale == Locale("en")
    assert set(language_shares([TEXTS["en"], TEXTS["en"], TEXTS["fr"]])) == {
        Locale("en"),
        Locale("fr"),
    }


def test_without_letters_there_is_nothing_to_guess() -> None:
    guess = identify(["", "12.5 %", " \n"])
    assert (guess.locale, guess.confidence) == (None, 0.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The customer's e-mail, 2nd ed.", 5),
        ("", 0),
        ("你好，世界", 4),
        ("今日は Tokyo", 4),
        ("— 12 —", 1),
        ("Terms & well-known, don't", 3),
        ("___", 0),
    ],
)
def test_words_are_counted_as_offices_count_them(text: str, words: int) -> None:
    assert count_text((text,) if text else ()).words == words


def test_a_tab_parts_words_and_counts_for_nothing() -> None:
    tab = TagSpec(id=1, role=TagRole.TAB, equivalent="\t")
    count = count_text(("Name", placeholder(1), "Anna B"), (tab,))
    assert (count.words, count.characters, count.characters_without_spaces) == (3, 10, 9)
    assert (count + count).words == 6

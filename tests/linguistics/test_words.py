from dragoman_linguistics import WordLink, link_words, words_of


def linked(source: str, target: str) -> list[tuple[str, str]]:
    left, right = words_of(source), words_of(target)
    return [(left[link.source].text, right[link.target].text) for link in link_words(left, right)]


def test_words_and_marks_are_cut_apart() -> None:
    assert [word.text for word in words_of("The customer's e-mail (2).")] == [
        "The",
        "customer's",
        "e-mail",
        "(",
        "2",
        ")",
        ".",
    ]


def test_unspaced_scripts_are_cut_into_characters() -> None:
    assert [word.text for word in words_of("你好 Tokyo")] == ["你", "好", "Tokyo"]


def test_names_numbers_and_cognates_are_linked() -> None:
    assert linked("The Contract of Acme, 12 pages", "El contrato de Acme, 12 páginas") == [
        ("The", "El"),
        ("Contract", "contrato"),
        ("of", "de"),
        ("Acme", "Acme"),
        (",", ","),
        ("12", "12"),
        ("pages", "páginas"),
    ]


def test_a_repeated_word_is_linked_to_the_nearest() -> None:
    links = link_words(words_of("5 x y z w 5"), words_of("5 p q r s t u 5"))
    assert WordLink(0, 0) in links
    assert WordLink(5, 7) in links


def test_the_one_word_left_over_on_both_sides_is_linked() -> None:
    assert ("now", "сейчас") in linked("Call 12 now", "Позвоните 12 сейчас")


def test_words_with_no_counterpart_stay_alone() -> None:
    assert linked("big house", "очень большой дом") == []

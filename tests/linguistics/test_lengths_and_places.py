"""Targets that are too short or too long, repeated, merged or shifted."""

import pytest

from linguistics.judging import codes, judged

_ENGLISH = """\
The supplier delivers 40 machines to the plant in Hamburg.
Who is liable for defects?
The customer pays 2,500 euros to Smith & Sons within 14 days.
All notices are sent to info@example.org.
Either party may terminate the agreement on 31 March 2026 at the latest.
Annex B lists the spare parts.
The warranty covers a period of 24 months after acceptance by the buyer.
Which court has jurisdiction?
The place of jurisdiction is Zurich for both parties.
Signed in duplicate by Ms Miller on behalf of the company."""
_GERMAN = """\
Der Lieferant liefert 40 Maschinen an das Werk in Hamburg.
Wer haftet für Mängel?
Der Kunde zahlt 2.500 Euro an Smith & Sons binnen 14 Tagen.
Alle Mitteilungen gehen an info@example.org.
Jede Partei kann den Vertrag spätestens am 31. März 2026 kündigen.
Anhang B führt die Ersatzteile auf.
Die Gewährleistung umfasst 24 Monate nach der Abnahme durch den Käufer.
Welches Gericht ist zuständig?
Gerichtsstand ist für beide Parteien Zürich.
In zwei Exemplaren von Frau Miller im Namen der Firma unterzeichnet."""
DOCUMENT = tuple(zip(_ENGLISH.splitlines(), _GERMAN.splitlines(), strict=True))


def test_a_right_document_has_no_finding() -> None:
    assert judged(*DOCUMENT) == [set()] * len(DOCUMENT)


def test_every_target_cut_to_a_quarter_is_found() -> None:
    found = judged(*((source, target[: len(target) // 4]) for source, target in DOCUMENT))
    assert sum("length.short" in each for each in found) >= len(DOCUMENT) - 1


@pytest.mark.parametrize("place", range(len(DOCUMENT)))
def test_one_target_cut_to_a_quarter_is_found(place: int) -> None:
    texts = list(DOCUMENT)
    texts[place] = (texts[place][0], texts[place][1][: len(texts[place][1]) // 4])
    assert judged(*texts)[place]


@pytest.mark.parametrize(
    ("source", "target", "locale"),
    [
        ("The supplier delivers the goods in time.", "供应商按时交货。", "zh"),
        ("The supplier delivers the goods in time.", "供給者は期限内に商品を納入する。", "ja"),
        ("Universally unique identifier", "UUID", "de"),
        ("OK", "In Ordnung", "de"),
        ("No", "Nein, nicht", "de"),
        ("Settings", "Paramètres de configuration", "fr"),
        ("Everything", "Sve", "hr"),
    ],
)
def test_what_is_short_or_long_by_nature_is_no_finding(
    source: str, target: str, locale: str
) -> None:
    assert not codes(source, target, to=locale) & {"length.short", "length.long"}


def test_a_target_that_goes_on_is_found() -> None:
    source, target = DOCUMENT[0]
    assert (
        "length.long"
        in judged((source, f"{target} {DOCUMENT[2][1]} {DOCUMENT[4][1]}"), *DOCUMENT[1:])[0]
    )
    assert "length.long" in codes(
        "Yes", "Ja, das ist in der Tat so, wie Sie es in Ihrem Schreiben von gestern beschreiben."
    )


def test_one_text_for_all_sources_is_found_in_each() -> None:
    found = judged(
        *((source, "Das ist ein Satz, der nichts damit zu tun hat.") for source, _ in DOCUMENT)
    )
    assert all("text.repeated" in each for each in found)


def test_sources_that_differ_in_case_and_numbers_may_share_a_target() -> None:
    texts = [
        ("Please sign and return this form", "Bitte unterschreiben und zurücksenden"),
        ("PLEASE SIGN AND RETURN THIS FORM.", "Bitte unterschreiben und zurücksenden"),
        ("Do you want to delete it?", "Möchten Sie es löschen?"),
        ("Do you really want to delete it?", "Möchten Sie es löschen?"),
        ("OK", "In Ordnung"),
        ("Fine", "In Ordnung"),
    ]
    assert not any("text.repeated" in each for each in judged(*texts))


def test_targets_shifted_by_one_are_found() -> None:
    targets = [target for _, target in DOCUMENT]
    shifted = [*targets[1:], targets[-1]]
    found = judged(
        *((source, target) for (source, _), target in zip(DOCUMENT, shifted, strict=True))
    )
    assert sum("text.shifted" in each for each in found) >= len(DOCUMENT) - 2


def test_a_run_that_is_shifted_inside_a_right_document_is_found() -> None:
    targets = [target for _, target in DOCUMENT]
    targets[2:7] = targets[3:8]
    found = judged(
        *((source, target) for (source, _), target in zip(DOCUMENT, targets, strict=True))
    )
    assert sum(bool(each) for each in found[2:7]) >= 4
    assert not any(found[:2] + found[8:])


def test_two_swapped_targets_are_found() -> None:
    targets = [target for _, target in DOCUMENT]
    targets[3], targets[4] = targets[4], targets[3]
    found = judged(
        *((source, target) for (source, _), target in zip(DOCUMENT, targets, strict=True))
    )
    assert "text.shifted" in found[3]
    assert "text.shifted" in found[4]


@pytest.mark.parametrize("place", range(len(DOCUMENT) - 1))
def test_two_merged_targets_are_found(place: int) -> None:
    texts = list(DOCUMENT)
    texts[place] = (texts[place][0], f"{texts[place][1]} {texts[place + 1][1]}")
    assert judged(*texts)[place] & {"text.merged", "length.long"}


def test_a_copy_whose_words_are_translated_elsewhere_is_no_name() -> None:
    right = [
        ("The Delivery is late.", "Die Lieferung ist verspätet."),
        ("Acme Tools are here.", "Acme Tools sind da."),
    ]
    assert "text.untranslated" in judged(*right, ("Delivery", "Delivery"))[2]
    assert "text.untranslated" not in judged(*right, ("Acme Tools", "Acme Tools"))[2]
    assert "text.untranslated" not in judged(*right, ("Acme Delivery", "Acme Delivery"))[2]
    assert "text.untranslated" in judged(("Annex", "Anhang"), *right, ("Annex", "Annex"))[3]


def test_a_target_that_holds_a_neighbours_as_its_source_does_is_right() -> None:
    texts = [
        ("Show all files", "Alle Dateien anzeigen"),
        ("Files", "Dateien"),
        ("Hidden files", "Versteckte Dateien"),
    ]
    assert judged(*texts) == [set()] * 3

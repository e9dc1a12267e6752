"""The commands that measure QA read what they are given, and see what they are to see."""

from pathlib import Path
from random import Random

from dragoman_contracts.locale import Locale
from linguistics.bilingual import bilinguals_in
from linguistics.false_alarms import judged
from linguistics.faults import Fault, spoiled
from linguistics.units import unit

_CATALOGUE = """\
msgid ""
msgstr "Language: de"

#. a comment
msgid "Delete"
msgstr "Löschen"

msgid ""
"You have "
"20 days."
msgstr "Sie haben 30 Tage."

#, fuzzy
msgid "Guess"
msgstr "Geraten"

msgid "file"
msgid_plural "files"
msgstr[0] "Datei"

msgctxt "menu"
msgid "Open"
msgstr "Öffnen"

msgid "Close \\"it\\""
msgstr "„Es“ schließen"

msgid "Save"
msgstr "Speichern"
"""


def test_a_catalogue_is_a_document_of_its_finished_entries(tmp_path: Path) -> None:
    folder = tmp_path / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(_CATALOGUE, "utf-8")
    (document,) = bilinguals_in(tmp_path)
    assert (document.source_locale, document.target_locale) == ("en", "de")
    assert [source for source, _ in document.texts] == [
        "Delete",
        "You have 20 days.",
        "Open",
        'Close "it"',
        "Save",
    ]
    alarms = judged(document, show="numbers.missing")
    assert (alarms.units.total(), alarms.alarmed.total()) == (5, 1)
    assert [text for _, _, _, text in alarms.shown] == ["Sie haben 30 Tage."]


def test_pages_of_equal_blocks_are_a_document(tmp_path: Path) -> None:
    for name, words in (
        ("en", "One Two Three Four Five"),
        ("fr", "Un Deux Trois Quatre Cinq"),
        ("de", "Eins Zwei"),
    ):
        (tmp_path / name).mkdir()
        body = "".join(f"<li><p>{word} <b>x</b></p></li>" for word in words.split())
        (tmp_path / name / "page.html").write_text(f"<ul>{body}</ul><pre>y</pre>", "utf-8")
    (document,) = bilinguals_in(tmp_path)
    assert document.target_locale == Locale("fr")
    assert document.texts[0] == ("One x", "Un x")


def test_an_engine_that_goes_wrong_spoils_units_of_every_kind() -> None:
    units = [
        unit(str(number), f"The tenant {number} pays the rent & costs.") for number in range(400)
    ]
    good = [(f"El inquilino {number} paga el alquiler & los gastos.",) for number in range(400)]
    made, targets, faults = spoiled(units, good, 0.05, Random(1))  # noqa: S311 - no secret
    assert set(faults.values()) == set(Fault)
    assert all((targets[place], made[place]) != (good[place], units[place]) for place in faults)
    assert all(targets[place] == good[place] for place in range(400) if place not in faults)
    assert [each.unit_id for each in made] == [each.unit_id for each in units]

"""Placeholders, addresses, codes, currencies and percent signs."""

import pytest

from linguistics.judging import codes


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("Dear {{name}}, welcome.", "Hallo {{nombre}}, willkommen.", "placeholders.missing"),
        ("Dear {{ name }}, welcome.", "Hallo Name, willkommen.", "placeholders.missing"),
        ("Dear {name}, welcome.", "Hallo {Name}, willkommen.", "placeholders.missing"),
        ("Page {0} of {1}", "Seite {0} von {2}", "placeholders.missing"),
        ("Loaded %s files", "% s Dateien geladen", "placeholders.missing"),
        ("Loaded %1$d of %2$d files", "%1$d Dateien geladen", "placeholders.missing"),
        ("Hello %(user)s, welcome", "Hallo %(Benutzer)s, willkommen", "placeholders.missing"),
        ("Total: ${total} in all", "Summe: ${summe} insgesamt", "placeholders.missing"),
        ("See [[Main Page]] there", "Siehe dort", "placeholders.missing"),
        ("The $year$ report is here", "Der Bericht $Jahr$ ist hier", "placeholders.missing"),
        ("Hello :user_name here", "Hallo :benutzer_name hier", "placeholders.missing"),
        ("The folder %APPDATA% is full", "Der Ordner %DATEN% ist voll", "placeholders.missing"),
        ("{count, plural, one {# file} other {# files}}", "{anzahl, plural, one {# Datei} other {# Dateien}}",
         "placeholders.missing"),
        ("Welcome to the shop", "Willkommen im {shop}", "placeholders.added"),
        ("Click <link>here</link> now", "Klicken Sie jetzt hier", "placeholders.tags"),
        ("Use <img src='a.png'/> there", "Dort verwenden", "placeholders.tags"),
        ("See https://example.org/a/b1", "Siehe https://example.org/a/c1", "addresses.missing"),
        ("See www.example.org for more", "Siehe www.beispiel.org für mehr", "addresses.missing"),
        ("Write to info@example.org", "Schreiben Sie an info@beispiel.org", "addresses.missing"),
        ("Order AB-1234 is late", "Bestellung AB-1243 ist verspätet", "codes.missing"),
        ("See ISO9001 and EN-61508", "Siehe ISO9001 und DIN-61508", "codes.missing"),
        ("It costs $ 5.00 today", "Es kostet heute 5,00 €", "amounts.currency"),
        ("It costs €5 today", "Es kostet heute 5", "amounts.currency"),
        ("It costs 5 EUR today", "Es kostet heute 5 GBP", "amounts.currency"),
        ("A rate of 5% applies", "Es gilt ein Satz von 5", "amounts.percent"),
        ("A rate of 5 applies", "Es gilt ein Satz von 5 %", "amounts.percent"),
    ],
)  # fmt: skip
def test_what_is_lost_or_changed_is_found(source: str, target: str, code: str) -> None:
    assert code in codes(source, target)


@pytest.mark.parametrize(
    ("source", "target", "locale"),
    [
        ("Dear {{name}}, your order {0} is at %s.", "{{ name }}样您好，您的订单{0}在%s。", "zh"),
        ("Page {0} of {1}", "{1}ページ中{0}ページ", "ja"),
        ("Select %s to view", "選擇%s查看", "zh-Hant"),
        ("Loaded %1$d of %2$d files", "Von %2$d Dateien %1$d geladen", "de"),
        ("{count, plural, one {# file} other {# files}}",
         "{count, plural, one {# файл} few {# файла} many {# файлов} other {# файла}}", "ru"),
        ("Save 100% of the data", "Speichern Sie 100 % der Daten", "de"),
        ("A rate of 5% applies", "Es gilt ein Satz von 5 Prozent", "de"),
        ("A rate of 5% applies", "適用率は5パーセントです", "ja"),
        ("It costs $5.00 today", "Es kostet heute 5,00 US-Dollar", "de"),
        ("It costs €5 today", "Сегодня это стоит 5 евро", "ru"),
        ("It costs 5 USD today", "Es kostet heute 5 $", "de"),
        ("See https://example.org/en/guide", "Siehe https://example.org/de/guide", "de"),
        ("See https://en.wikipedia.org/wiki/Cat.", "Siehe https://de.wikipedia.org/wiki/Cat.", "de"),
        ("See http://example.org.", "Siehe http://example.org/.", "de"),
        ("Order AB-1234 is late", "Commande AB‑1234 en retard", "fr"),
        ("The B-52 bomber", "Бомбардировщик Б-52", "ru"),
        ("<enter your name here>", "<geben Sie hier Ihren Namen ein>", "de"),
        ("<Empty>", "<Leer>", "de"),
        ("The price is 100%.", "Der Preis ist 100 %.", "de"),
        ("Note: see below", "Remarque : voir ci-dessous", "fr"),
    ],
)  # fmt: skip
def test_what_is_there_in_the_targets_way_is_right(source: str, target: str, locale: str) -> None:
    found = codes(source, target, to=locale)
    assert not {
        code
        for code in found
        if code.partition(".")[0] in {"placeholders", "addresses", "codes", "amounts"}
    }

"""Numbers that are written in another way are the same; others are not."""

import pytest

from linguistics.judging import codes


@pytest.mark.parametrize(
    ("source", "target", "locale"),
    [
        (
            "The agreement starts on March 3, 2024 in Berlin.",
            "契約は2024年3月3日にベルリンで始まります。",
            "ja",
        ),
        (
            "The meeting begins at 5:30 pm in the main hall.",
            "会議は大広間で17時30分に始まります。",
            "ja",
        ),
        (
            "The meeting begins at 5:30 pm in the main hall.",
            "会議は大広間で午後5時半に始まります。",
            "ja",
        ),
        ("About 2 million people live here.", "ここには約200万人が住んでいます。", "ja"),
        ("About two million people live here.", "ここには約200万人が住んでいます。", "ja"),
        ("The company earned 120 million dollars.", "该公司盈利1亿2000万美元。", "zh"),
        ("The company earned 1.5 billion dollars.", "该公司盈利15亿美元。", "zh"),
        ("The contract ends on 21 May 2025.", "สัญญาสิ้นสุดวันที่ 21 พฤษภาคม 2568", "th"),
        ("The contract ends on 21 May 2025.", "สัญญาสิ้นสุดวันที่ ๒๑ พฤษภาคม ๒๕๖๘", "th"),
        ("The contract ends on 21 May 2025.", "契約は令和7年5月21日に終了します。", "ja"),
        ("The contract ends on May 21st, 2025.", "Der Vertrag endet am 21.05.2025.", "de"),
        ("The contract ends on 21 May 2025.", "ينتهي العقد في ٢١ مايو ٢٠٢٥.", "ar"),
        ("About 2 million people live here.", "يعيش هنا حوالي مليوني شخص.", "ar"),
        ("You have 2 days.", "أمامك يومان.", "ar"),
        ("You have 2 weeks.", "יש לך שבועיים.", "he"),
        ("Open daily at 8 a.m. and 6 p.m.", "Täglich um 8 und um 18 Uhr geöffnet.", "de"),
        ("Open daily from 18:00.", "Open daily from 6 pm.", "en-GB"),
        ("Add 2½ cups of water.", "Ajoutez 2,5 tasses d'eau.", "fr"),
        ("Add ½ cup of water.", "Fügen Sie eine halbe Tasse Wasser hinzu.", "de"),
        ("Chapter 3 of the 20th century", "Capítulo III del siglo XX", "es"),
        ("You have 3 days and 2 nights.", "Sie haben drei Tage und zwei Nächte.", "de"),
        ("You have three days and two nights.", "У вас есть 3 дня и 2 ночи.", "ru"),
        ("The first and the second part", "Der 1. und der 2. Teil", "de"),
        ("Music of the 1990s", "Musik der 90er Jahre", "de"),
        ("It costs 1,250,000.50 in all.", "Es kostet insgesamt 1.250.000,50.", "de"),
        ("It costs 1 crore rupees.", "Es kostet 10 Millionen Rupien.", "de"),
        ("Half of the 12 members", "委員12名の半数", "ja"),
        ("Press %1$s before %2$s.", "Drücken Sie %2$s nach %1$s.", "de"),
    ],
)
def test_a_number_may_be_written_by_the_habits_of_the_target(
    source: str, target: str, locale: str
) -> None:
    assert not {code for code in codes(source, target, to=locale) if code.startswith("numbers.")}


@pytest.mark.parametrize(
    ("source", "target", "locale", "code"),
    [
        (
            "The agreement starts on March 3, 2024.",
            "契約は2024年4月3日に始まります。",
            "ja",
            "numbers.added",
        ),
        (
            "The agreement starts on March 13, 2024.",
            "契約は2024年3月3日に始まります。",
            "ja",
            "numbers.missing",
        ),
        ("The meeting begins at 5:30 pm.", "会議は16時30分に始まります。", "ja", "numbers.missing"),
        ("The meeting begins at 5:30 am.", "会議は17時30分に始まります。", "ja", "numbers.missing"),
        (
            "About 2 million people live here.",
            "ここには約20万人が住んでいます。",
            "ja",
            "numbers.missing",
        ),
        (
            "About 2 million people live here.",
            "Hier leben etwa 2 Milliarden Menschen.",
            "de",
            "numbers.missing",
        ),
        ("The contract ends in 2025.", "สัญญาสิ้นสุดในปี 2567", "th", "numbers.missing"),
        ("You have 14 days to pay.", "Sie haben 40 Tage Zeit zu zahlen.", "de", "numbers.missing"),
        (
            "You have 14 days to pay.",
            "Sie haben Zeit zu zahlen, wie vereinbart.",
            "de",
            "numbers.missing",
        ),
        ("The price is 10.50.", "Der Preis ist 1050.", "de", "numbers.missing"),
        ("Add 2½ cups of water.", "Ajoutez 3,5 tasses d'eau.", "fr", "numbers.added"),
    ],
)
def test_another_number_is_found(source: str, target: str, locale: str, code: str) -> None:
    assert code in codes(source, target, to=locale)

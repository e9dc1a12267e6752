"""A target in another language or script than the target's."""

import pytest

from linguistics.judging import codes, judged

ENGLISH = (
    "The supplier delivers the goods within the agreed time and bears all costs of transport.",
    "The customer pays the invoice after delivery and informs the supplier of every defect.",
    "Both parties keep the contents of this agreement confidential.",
    "Changes to this agreement are valid only in writing.",
)
TRANSLATED = {
    "de": (
        "Der Lieferant liefert die Waren in der vereinbarten Zeit und trägt alle Kosten des Transports.",
        "Der Kunde zahlt die Rechnung nach der Lieferung und meldet dem Lieferanten jeden Mangel.",
        "Beide Parteien behandeln den Inhalt dieser Vereinbarung vertraulich.",
        "Änderungen dieser Vereinbarung gelten nur schriftlich.",
    ),
    "fr": (
        "Le fournisseur livre les marchandises dans les délais convenus et supporte tous les frais de transport.",
        "Le client paie la facture après la livraison et informe le fournisseur de tout défaut.",
        "Les deux parties gardent confidentiel le contenu de cet accord.",
        "Les modifications de cet accord ne sont valables que par écrit.",
    ),
    "es": (
        "El proveedor entrega los bienes en el plazo acordado y asume todos los gastos de transporte.",
        "El cliente paga la factura tras la entrega e informa al proveedor de todo defecto.",
        "Ambas partes mantienen confidencial el contenido de este acuerdo.",
        "Los cambios de este acuerdo solo son válidos por escrito.",
    ),
    "nl": (
        "De leverancier levert de goederen binnen de afgesproken tijd en draagt alle kosten van het vervoer.",
        "De klant betaalt de factuur na levering en meldt elk gebrek aan de leverancier.",
        "Beide partijen houden de inhoud van deze overeenkomst vertrouwelijk.",
        "Wijzigingen van deze overeenkomst zijn alleen schriftelijk geldig.",
    ),
    "ru": (
        "Поставщик поставляет товар в согласованный срок и несёт все расходы на перевозку.",
        "Покупатель оплачивает счёт после поставки и сообщает поставщику о каждом недостатке.",
        "Обе стороны сохраняют содержание этого договора в тайне.",
        "Изменения этого договора действительны только в письменной форме.",
    ),
    "zh": (
        "供应商应在约定时间内交付货物并承担所有运输费用。",
        "客户在交货后支付发票，并将每个缺陷通知供应商。",
        "双方对本协议的内容保密。",
        "对本协议的更改仅以书面形式有效。",
    ),
    "ja": (
        "供給者は合意された期間内に商品を納入し、輸送費用をすべて負担する。",
        "顧客は納品後に請求書を支払い、すべての欠陥を供給者に通知する。",
        "両当事者は本契約の内容を秘密に保持する。",
        "本契約の変更は書面によってのみ有効である。",
    ),
    "ar": (
        "يسلم المورد البضائع خلال الوقت المتفق عليه ويتحمل جميع تكاليف النقل.",
        "يدفع العميل الفاتورة بعد التسليم ويبلغ المورد بكل عيب.",
        "يحافظ الطرفان على سرية محتويات هذه الاتفاقية.",
        "لا تسري التغييرات على هذه الاتفاقية إلا كتابة.",
    ),
    "th": (
        "ผู้จัดหาจะส่งมอบสินค้าภายในเวลาที่ตกลงกันและรับภาระค่าขนส่งทั้งหมด",
        "ลูกค้าชำระใบแจ้งหนี้หลังการส่งมอบและแจ้งข้อบกพร่องทุกประการแก่ผู้จัดหา",
        "ทั้งสองฝ่ายเก็บรักษาเนื้อหาของข้อตกลงนี้เป็นความลับ",
        "การเปลี่ยนแปลงข้อตกลงนี้มีผลเฉพาะเมื่อทำเป็นลายลักษณ์อักษรเท่านั้น",
    ),
}


@pytest.mark.parametrize("locale", sorted(TRANSLATED))
def test_a_right_translation_has_no_finding(locale: str) -> None:
    assert judged(*zip(ENGLISH, TRANSLATED[locale], strict=True), to=locale) == [set()] * len(
        ENGLISH
    )


@pytest.mark.parametrize("written", sorted(TRANSLATED))
@pytest.mark.parametrize("asked", ["de", "es", "ja", "ru"])
def test_every_unit_in_another_language_is_found(written: str, asked: str) -> None:
    if written == asked:
        return
    found = judged(*zip(ENGLISH, TRANSLATED[written], strict=True), to=asked)
    assert all(each & {"language.wrong", "language.script"} for each in found)


def test_one_unit_in_another_language_is_found_among_right_ones() -> None:
    targets = [*TRANSLATED["de"]]
    targets[1] = TRANSLATED["fr"][1]
    assert [bool(each) for each in judged(*zip(ENGLISH, targets, strict=True))] == [
        False,
        True,
        False,
        False,
    ]


def test_short_units_are_judged_together() -> None:
    english = [
        "Yes",
        "Open",
        "Save",
        "Close",
        "Page",
        "Search",
        "Help",
        "Print",
        "Edit",
        "View",
        "Tools",
        "Exit",
    ]
    french = [
        "Oui",
        "Ouvrir",
        "Enregistrer",
        "Fermer",
        "Page",
        "Chercher",
        "Aide",
        "Imprimer",
        "Éditer",
        "Voir",
        "Outils",
        "Quitter",
    ]
    texts = [*zip(english, french, strict=True)] * 6
    assert sum("language.wrong" in each for each in judged(*texts, to="de")) >= len(texts) // 3
    assert not any("language.wrong" in each for each in judged(*texts, to="fr"))


@pytest.mark.parametrize(
    ("source", "target", "locale"),
    [
        ("Acme Widgets and Gadgets Inc.", "Acme Widgets and Gadgets Inc.", "ja"),
        ("Press Ctrl+Alt+Del to restart the PC.", "Ctrl+Alt+Delを押してPCを再起動します。", "ja"),
        ("The angle α is 5 µm.", "Der Winkel α beträgt 5 µm.", "de"),
        (
            "See https://example.org/a/b and info@example.org",
            "Siehe https://example.org/a/b und info@example.org",
            "de",
        ),
        ("Use `apt-get update` first.", "Führen Sie zuerst `apt-get update` aus.", "de"),
        (
            "Microsoft Windows Server 2022 Standard Edition",
            "Microsoft Windows Server 2022 Standard Edition",
            "ru",
        ),
        ("Delete", "Esborra", "ca"),
        (
            "The house is red and the garden is green.",
            "A casa é vermella e o xardín é verde.",
            "gl",
        ),
        ("The house is red and the garden is green.", "Huset er rødt, og haven er grøn.", "da"),
        ("The house is red and the garden is green.", "Huset er rødt og hagen er grønn.", "nb"),
        ("The house is red and the garden is green.", "Kuća je crvena, a vrt je zelen.", "hr"),
        ("The house is red and the garden is green.", "Dom je červený a záhrada je zelená.", "sk"),
        ("The house is red and the garden is green.", "Rumah itu merah dan taman itu hijau.", "ms"),
        ("The house is red.", "房子是红色的，花园是绿色的。", "zh"),
        ("Toyota is a Japanese company.", "Toyota (トヨタ) ist ein japanisches Unternehmen.", "fo"),
    ],
)
def test_names_code_and_near_languages_are_no_findings(
    source: str, target: str, locale: str
) -> None:
    assert not codes(source, target, to=locale) & {"language.wrong", "language.script"}


@pytest.mark.parametrize(
    ("source", "target", "locale"),
    [
        ("The contract is valid.", "Der 合同 ist gültig.", "de"),
        ("The contract is valid.", "Dogovor ist действует gültig.", "de"),
        ("The contract starts now.", "The contract takes effect.", "ru"),
        (
            "We ask our customers to pay at once.",
            "我們請客戶馬上付款，這個時間對於業務開發說來還沒關係。",
            "zh-Hans",
        ),
        (
            "We ask our customers to pay at once.",
            "我们请客户马上付款，这个时间对于业务开发说来还没关系。",
            "zh-TW",
        ),
    ],
)
def test_letters_of_another_script_are_found(source: str, target: str, locale: str) -> None:
    assert "language.script" in codes(source, target, to=locale)

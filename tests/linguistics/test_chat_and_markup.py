"""Answers that talk, and markup that the source does not have."""

import pytest

from linguistics.judging import codes

SOURCE = "The customer pays the invoice after delivery."
TARGET = "Der Kunde zahlt die Rechnung nach der Lieferung."


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("I'm sorry, but I can't assist with that request.", "chat.refusal"),
        ("I’m sorry, but I can’t help with that.", "chat.refusal"),
        ("Es tut mir leid, aber ich kann dabei nicht helfen.", "chat.refusal"),
        ("Je suis désolé, mais je ne peux pas traduire ce texte.", "chat.refusal"),
        ("Lo siento, pero no puedo ayudar con esa solicitud.", "chat.refusal"),
        ("К сожалению, я не могу помочь с этим запросом.", "chat.refusal"),
        ("抱歉，我无法协助处理该请求。", "chat.refusal"),
        ("申し訳ありませんが、そのご要望にはお応えできません。", "chat.refusal"),
        (f"Translation: {TARGET}", "chat.label"),
        (f"Übersetzung: {TARGET}", "chat.label"),
        (f"Here is the translation: {TARGET}", "chat.label"),
        (f"Sure! Here is your German translation:\n{TARGET}", "chat.label"),
        (f"**Translation:** {TARGET}", "chat.label"),
        (f"翻译：{TARGET}", "chat.label"),
        (f"Certainly! {TARGET}", "chat.talk"),
        (f"{TARGET} Let me know if you need anything else!", "chat.talk"),
        (f"{TARGET} (Note: I kept the names as they are.)", "chat.note"),
        (f"{TARGET} [Anmerkung: frei übersetzt]", "chat.note"),
        (f"{TARGET}\nNote: the name was kept.", "chat.note"),
        (f"{TARGET}<|im_end|>", "chat.mark"),
        (f"{TARGET}</s>", "chat.mark"),
        (f"[INST] {TARGET} [/INST]", "chat.mark"),
        (f"<think>{TARGET}", "chat.mark"),
        (f"```\n{TARGET}\n```", "chat.mark"),
        (f'{{"target": "{TARGET}"}}', "chat.json"),
        ('Der Kunde zahlt \\"sofort\\" die Rechnung nach Lieferung.', "chat.json"),
        ("Der Kunde zahlt die Rechnung nach der \\u00dcbergabe.", "chat.json"),
        (f"**{TARGET}**", "text.markdown"),
        ("Der Kunde zahlt die **Rechnung** nach der Lieferung.", "text.markdown"),
        ("Der Kunde zahlt die *Rechnung* nach der Lieferung.", "text.markdown"),
        (f"# {TARGET}", "text.markdown"),
        (f"- {TARGET}", "text.markdown"),
        ("Der Kunde zahlt die `Rechnung` nach der Lieferung.", "text.markdown"),
        ("Der Kunde zahlt die Rechnung von Smith &amp; Sons.", "text.entities"),
        ("Der Kunde zahlt die Rechnung nach der &Uuml;bergabe.", "text.entities"),
        ("Der Kunde zahlt die <b>Rechnung</b> nach der Lieferung.", "text.html"),
        ("Der Kunde zahlt die Rechnung<br>nach der Lieferung.", "text.html"),
    ],
)
def test_what_an_engine_adds_is_found(target: str, code: str) -> None:
    assert code in codes(SOURCE, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (
            "I'm sorry, but I can't help you with that.",
            "Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.",
        ),
        (
            "I'm sorry, but we detected an empty file.",
            "Es tut mir leid, aber ich habe eine leere Datei erkannt.",
        ),
        ("Translation: by the author", "Übersetzung: vom Autor"),
        ("Answer: see page three", "Antwort: siehe Seite drei"),
        ("Languages: translation and interpreting", "Übersetzung: Sprachen und Dolmetschen"),
        (
            "The report (note: not final) is here.",
            "Der Bericht (Hinweis: nicht endgültig) ist hier.",
        ),
        ("Use **bold** sparingly.", "Verwenden Sie **fett** sparsam."),
        ("Fields marked with * are required.", "Mit * gekennzeichnete Felder sind Pflichtfelder."),
        ("- the first item of the list", "- der erste Punkt der Liste"),
        ("• the first item of the list", "- der erste Punkt der Liste"),
        ("Write &amp; for an ampersand.", "Schreiben Sie &amp; für ein Et-Zeichen."),
        ("Research & Development", "Forschung & Entwicklung"),
        ("Write <b> for bold text.", "Schreiben Sie <b> für fetten Text."),
        ("Of course, we agree.", "Natürlich sind wir einverstanden."),
        ("The path is C:\\new\\table.", "Der Pfad ist C:\\new\\table."),
        ("Sorry about that.", "Das tut uns leid."),
    ],
)
def test_what_the_source_has_as_well_is_right(source: str, target: str) -> None:
    assert not {code for code in codes(source, target) if code.startswith(("chat.", "text."))}

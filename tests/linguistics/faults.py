"""An engine that goes wrong: each unit spoiled with each kind of fault at a rate."""

import html
import random
import re
from collections.abc import Sequence
from enum import StrEnum

from dragoman_contracts.text import Content, Unit, normalised, plain_text

_RUN = 4
_REFUSALS = (
    "I'm sorry, but I can't assist with that request.",
    "Lo siento, pero no puedo ayudar con esa solicitud.",
    "I cannot translate this content as it may violate our guidelines.",
    "As an AI language model, I am unable to translate this text.",
    "К сожалению, я не могу помочь с этим запросом.",
    "抱歉，我无法协助处理该请求。",
)
# The first articles of the Universal Declaration of Human Rights, which belongs to everybody.
_OTHERS = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und"
    " sollen einander im Geiste der Brüderlichkeit begegnen. Jeder hat das Recht auf Leben, Freiheit und Sicherheit. ",
    "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience"
    " et doivent agir les uns envers les autres dans un esprit de fraternité. Tout individu a droit à la vie. ",
    "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i"
    " sumieniem i powinni postępować wobec innych w duchu braterstwa. ",
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve birbirlerine"
    " karşı kardeşlik zihniyeti ile hareket etmelidirler. ",
    "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and"
    " should act towards one another in a spirit of brotherhood. Everyone has the right to life and liberty. ",
)
_TALK = (
    "Translation: {}",
    "Here is the translation: {}",
    "{}<|im_end|>",
    "{} (Note: I kept the names as they are.)",
    "Sure! Here is the text in the target language:\n{}",
    "**{}**",
    "```\n{}\n```",
    "Traducción: {}",
    "{}\n\nLet me know if you need anything else!",
    '{{"target": "{}"}}',
)
_PLACEHOLDERS = (
    ("{{customer_name}}", "{{nombre_cliente}}"),
    ("%s", "% s"),
    ("${total}", "${suma}"),
    ("https://example.org/a1", "https://ejemplo.org/a1"),
    ("AB-1234", "AB-1243"),
    ("{0}", "{1}"),
    ("%(name)s", "%(nombre)s"),
    ("info@example.org", "info@ejemplo.org"),
)
_UNSPACED_FIRST = "\u3000"  # texts from here on need a third of the characters


class Fault(StrEnum):
    """What the engine does to a unit."""

    REFUSED = "refuses"
    OTHER_LANGUAGE = "other language"
    COPIED = "copies"
    CUT = "cuts to a quarter"
    MERGED = "merges two"
    SHIFTED = "shifts by one"
    TALKS = "talks"
    PLACEHOLDER = "changes placeholder"
    ENTITIES = "escapes entities"


def spoiled(
    units: Sequence[Unit], good: Sequence[Content], rate: float, rng: random.Random
) -> tuple[list[Unit], list[Content], dict[int, Fault]]:
    """The document as the engine hands it back: units (some get a placeholder), targets, and what was spoiled."""
    units, targets, faults = list(units), list(good), dict[int, Fault]()
    kinds = list(Fault)
    for place in range(len(units)):
        fault = rng.choice(kinds) if rng.random() < rate * len(kinds) and place not in faults else None
        if fault is Fault.SHIFTED:
            last = min(place + _RUN, len(units) - 1)
            if last - place >= 2 and not faults.keys() & set(range(place, last + 1)):
                for moved in range(place, last):
                    if plain_text(good[moved + 1]) != plain_text(good[moved]):
                        targets[moved], faults[moved] = good[moved + 1], fault
        elif fault is Fault.MERGED:
            if place + 1 < len(units) and plain_text(good[place + 1]) not in plain_text(good[place]):
                targets[place] = normalised((*good[place], " ", plain_text(good[place + 1])))
                faults[place] = fault
        elif fault is Fault.PLACEHOLDER:
            kept, changed = rng.choice(_PLACEHOLDERS)
            units[place] = _with_text(units[place], f" {kept}")
            targets[place], faults[place] = normalised((*good[place], f" {changed}")), fault
        elif fault is not None:
            targets[place] = _answer(fault, units[place], good[place], rng)
            if plain_text(targets[place]).strip() != plain_text(good[place]).strip():
                faults[place] = fault
    return units, targets, faults


def _with_text(unit: Unit, text: str) -> Unit:
    last = unit.segments[-1]
    longer = last.model_copy(update={"source": normalised((*last.source, text))})
    return unit.model_copy(update={"segments": (*unit.segments[:-1], longer)})


def _answer(fault: Fault, unit: Unit, good: Content, rng: random.Random) -> Content:
    text = plain_text(good)
    match fault:
        case Fault.REFUSED:
            return (rng.choice(_REFUSALS),)
        case Fault.OTHER_LANGUAGE:
            other = rng.choice(_OTHERS)
            length = len(text) if other < _UNSPACED_FIRST else len(text) // 3 + 1
            return ((other * (length // len(other) + 1))[:length].strip() or other[:1],)
        case Fault.COPIED:
            return unit.source
        case Fault.CUT:
            return (text[: max(len(text) // 4, 1)],)
        case Fault.TALKS:
            return (rng.choice(_TALK).format(text),)
        case _:
            escaped = html.escape(text).replace("&#x27;", "&#39;")
            if escaped == text:
                escaped = re.sub(r"[^\x00-\x7f]", lambda match: f"&#{ord(match.group())};", text)
            return (escaped if escaped != text else text.replace(" ", "&nbsp;", 1),)

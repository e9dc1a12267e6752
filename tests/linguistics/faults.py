"""An engine that goes wrong: each unit spoiled with each kind of fault at a rate."""

import html
import random
import re
from collections.abc import Mapping, Sequence
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
# What is added to the source, and to its target: some go before the text, and some behind.
_BEFORE: Mapping[str, tuple[str, str]] = {
    "loses list mark": ("a) ", ""),
    "loses accelerator": ("E&xit: ", "Salir: "),
}
_BEHIND: Mapping[str, tuple[str, str]] = {
    "loses a sign": (" * ", " "),
    "adds a sign": ("", " * "),
    "private character": ("", " \ue042"),
    "loses a bracket": (" (12)", " (12"),
    "loses all brackets": (" (12)", " 12"),
    "loses a quote": (' "Acme"', ' "Acme'),
    "loses all quotes": (' "Acme"', " Acme"),
    "doubles a mark": (" A, B", " A,, B"),
    "breaks a message": (
        " {n, plural, one {# m} other {# km}}",
        " {n, plural, one {# m} other {# km}",
    ),
    "translates selector": (
        " {g, select, male {x} other {y}}",
        " {g, select, hombre {x} other {y}}",
    ),
    "swaps placeholders": (" %s (%d)", " %d (%s)"),
    "loses an entity": (" &brand;", " "),
    "copies a date": (" 12/31/2024", " 12/31/2024"),
    "loses a line break": ("\nA1", " A1"),
    "loses a tabulator": ("\tA1", " A1"),
    "loses an ellipsis": (" … A1", " A1"),
}
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
    SIGN = "loses a sign"
    PRIVATE = "private character"
    BRACKET = "loses a bracket"
    QUOTE = "loses a quote"
    DOUBLED_MARK = "doubles a mark"
    LIST_MARK = "loses list mark"
    ICU = "breaks a message"
    ICU_SELECTOR = "translates selector"
    ORDER = "swaps placeholders"
    ENTITY = "loses an entity"
    DATE = "copies a date"
    OTHERWISE = "translates otherwise"
    END = "loses end mark"
    START = "begins small"
    LINES = "loses a line break"
    TAB = "loses a tabulator"
    OMISSION = "loses an ellipsis"
    ACCELERATOR = "loses accelerator"
    UNQUOTED = "loses all quotes"
    UNBRACKETED = "loses all brackets"
    ADDED_SIGN = "adds a sign"


ONLY_SHOWN = frozenset(
    {
        Fault.END,
        Fault.START,
        Fault.LINES,
        Fault.TAB,
        Fault.OMISSION,
        Fault.ACCELERATOR,
        Fault.UNQUOTED,
        Fault.UNBRACKETED,
        Fault.ADDED_SIGN,
    }
)
"""Faults of which the default profile tells as infos."""


def spoiled(
    units: Sequence[Unit], good: Sequence[Content], rate: float, rng: random.Random
) -> tuple[list[Unit], list[Content], dict[int, Fault]]:
    """The document as the engine hands it back: units (some get a placeholder), targets,
    and what was spoiled.
    """
    units, targets, faults = list(units), list(good), dict[int, Fault]()
    kinds = list(Fault)
    for place in range(len(units)):
        fault = (
            rng.choice(kinds) if rng.random() < rate * len(kinds) and place not in faults else None
        )
        if fault is Fault.SHIFTED:
            last = min(place + _RUN, len(units) - 1)
            if last - place >= 2 and not faults.keys() & set(range(place, last + 1)):
                for moved in range(place, last):
                    if plain_text(good[moved + 1]) != plain_text(good[moved]):
                        targets[moved], faults[moved] = good[moved + 1], fault
        elif fault is Fault.MERGED:
            if place + 1 < len(units) and plain_text(good[place + 1]) not in plain_text(
                good[place]
            ):
                targets[place] = normalised((*good[place], " ", plain_text(good[place + 1])))
                faults[place] = fault
        elif fault is Fault.PLACEHOLDER:
            kept, changed = rng.choice(_PLACEHOLDERS)
            units[place] = _with_text(units[place], f" {kept}")
            targets[place], faults[place] = normalised((*good[place], f" {changed}")), fault
        elif fault is not None and fault.value in _BEFORE:
            added, given = _BEFORE[fault.value]
            units[place] = _with_text(units[place], added, at_start=True)
            targets[place], faults[place] = normalised((given, *good[place])), fault
        elif fault is not None and fault.value in _BEHIND:
            added, given = _BEHIND[fault.value]
            units[place] = _with_text(units[place], added)
            targets[place], faults[place] = normalised((*good[place], given)), fault
        elif fault is Fault.OTHERWISE:
            if place and len(plain_text(units[place - 1].source).split()) > 1:
                units[place] = _same_source(units[place], units[place - 1])
                targets[place] = normalised((*good[place - 1], " otra vez"))
                faults[place] = fault
        elif fault is not None:
            targets[place] = _answer(fault, units[place], good[place], rng)
            if plain_text(targets[place]).strip() != plain_text(good[place]).strip():
                faults[place] = fault
    return units, targets, faults


def _with_text(unit: Unit, text: str, *, at_start: bool = False) -> Unit:
    if at_start:
        first = unit.segments[0]
        longer = first.model_copy(update={"source": normalised((text, *first.source))})
        return unit.model_copy(update={"segments": (longer, *unit.segments[1:])})
    last = unit.segments[-1]
    longer = last.model_copy(update={"source": normalised((*last.source, text))})
    return unit.model_copy(update={"segments": (*unit.segments[:-1], longer)})


def _same_source(unit: Unit, other: Unit) -> Unit:
    return unit.model_copy(update={"segments": other.segments, "tags": other.tags})


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
        case Fault.END:
            # Only a sentence has a mark whose loss is a fault.
            is_sentence = plain_text(unit.source).rstrip().endswith((".", "?", "!", ":"))
            return (text.rstrip().rstrip(".?!:"),) if is_sentence else good
        case Fault.START:
            first = plain_text(unit.source).lstrip()[:1]
            return (text[:1].lower() + text[1:],) if first.isupper() else good
        case _:
            escaped = html.escape(text).replace("&#x27;", "&#39;")
            if escaped == text:
                escaped = re.sub(r"[^\x00-\x7f]", lambda match: f"&#{ord(match.group())};", text)
            return (escaped if escaped != text else text.replace(" ", "&nbsp;", 1),)

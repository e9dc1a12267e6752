"""Sentences that could stand in contracts and manuals, as many as are asked for, and edits of them."""

from __future__ import annotations

import random

_SUBJECTS = [
    "The seller",
    "The buyer",
    "Each party",
    "The operator",
    "The device",
    "A technician",
    "The customer",
    "The licensee",
    "The pump",
    "The control unit",
    "The insurer",
    "The tenant",
    "The main valve",
    "This clause",
    "The software",
]
_VERBS = [
    "must inspect",
    "shall deliver",
    "may replace",
    "is liable for",
    "does not cover",
    "has to return",
    "confirms",
    "removes",
    "connects",
    "stores",
    "shall not disclose",
    "ends with",
    "measures",
    "reports",
    "agrees to",
]
_OBJECTS = [
    "the goods",
    "all spare parts",
    "the cooling circuit",
    "the annual fee",
    "any confidential information",
    "the power supply",
    "the rental agreement",
    "its written notice",
    "the filter cartridge",
    "the warranty",
    "the damaged packaging",
    "the serial number",
    "a backup of the data",
    "the safety cover",
    "the invoice",
]
_ENDS = [
    "within {n} days of receipt",
    "before work begins",
    "under section {n}",
    "at a pressure of {n} bar",
    "unless agreed otherwise in writing",
    "at its own expense",
    "on the first day of each month",
    "without delay",
    "for a period of {n} months",
    "as shown in figure {n}",
    "up to {n} euros",
    "when the red lamp is lit",
    "after the engine has cooled down",
    "in the presence of a witness",
]
_SYLLABLES = [
    "ba",
    "co",
    "di",
    "fu",
    "ga",
    "he",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "ta",
    "ve",
    "wo",
    "xa",
    "ye",
    "zu",
]


def noise_of(seed: int) -> random.Random:
    """The same choices for the same seed."""
    return random.Random(seed)  # noqa: S311


def _name(noise: random.Random) -> str:
    return "".join(noise.choices(_SYLLABLES, k=3)).title()


def sentences(count: int, *, seed: int) -> list[str]:
    """So many distinct sentences; the same for the same seed."""
    noise = noise_of(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        parts = [noise.choice(_SUBJECTS), noise.choice(_VERBS), noise.choice(_OBJECTS)]
        if noise.random() < 0.5:
            parts.append(f"of {_name(noise)}")
        parts.append(noise.choice(_ENDS).format(n=noise.randint(1, 900)))
        if noise.random() < 0.4:
            parts.append(f"and {noise.choice(_VERBS)} {noise.choice(_OBJECTS)}")
        made[" ".join(parts) + "."] = None
    return list(made)


def mutated(text: str, noise: random.Random) -> str:
    """The text with 5 to 25 % of its words replaced, deleted, doubled or put in upper case."""
    words = text.split()
    for _ in range(max(1, round(len(words) * noise.uniform(0.05, 0.25)))):
        at = noise.randrange(len(words))
        match noise.randrange(4):
            case 0:
                words[at] = _name(noise).lower()
            case 1 if len(words) > 2:
                del words[at]
            case 2:
                words.insert(at, _name(noise))
            case _:
                words[at] = words[at].upper()
    return " ".join(words)

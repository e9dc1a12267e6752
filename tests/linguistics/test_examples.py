"""The worked examples at the heads of modules are what the code does."""

import pkgutil
from collections.abc import Callable
from importlib import import_module

import pytest

import dragoman_linguistics
from documents.examples import content_of
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import (
    Content,
    Segment,
    StoryKind,
    Tag,
    TagRole,
    TagSide,
    TagSpec,
    Unit,
)
from dragoman_linguistics import (
    blanks_of,
    cleaned,
    link_words,
    parse,
    render,
    repair,
    restore_blanks,
    restore_pair_margins,
    segment,
    settle_inside_words,
    shrink_blanks,
    words_of,
)
from dragoman_linguistics.numbers import unmatched
from dragoman_linguistics.quality.numerals import unmatched_by_meaning
from dragoman_linguistics.quality.scripts import letters_by_script, scripts_of
from dragoman_linguistics.quality.sizes import size

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(dragoman_linguistics.__path__, "dragoman_linguistics.")
    if not module.ispkg
)
SPECS = (TagSpec(id=1, role=TagRole.FORMAT), TagSpec(id=2, role=TagRole.OTHER))
ACME = content_of("See <1>Acme</1>, page <2/>.")
BLANK = content_of("Name: <1>          </1> Date")
LOOKALIKE: Content = (
    "Press <5> for ",
    Tag(id=5, side=TagSide.OPEN),
    "help",
    Tag(id=5, side=TagSide.CLOSE),
)


def shown(content: Content) -> str:
    return "".join(map(str, content))


def head_of(module: str) -> str:
    """The docstring of a module, with every stretch of white space as one space."""
    return " ".join((import_module(f"dragoman_linguistics.{module}").__doc__ or "").split())


def rung(target: str) -> str:
    return f"{repair(ACME, content_of(target), SPECS)[1]} {target}"


def linked(source: str, target: str) -> str:
    ours, theirs = words_of(source), words_of(target)
    return ", ".join(
        f"{ours[link.source].text}-{theirs[link.target].text}" for link in link_words(ours, theirs)
    )


def segments(text: str) -> str:
    unit = Unit.model_construct(
        unit_id="u",
        story=StoryKind.BODY,
        segments=(Segment(segment_id="u/0", source=content_of(text)),),
        tags=SPECS[:1],
    )
    return ", ".join(f'"{shown(each.source)}"' for each in segment(unit, Locale("en")).segments)


def cleaned_in(language: str, target: str, source: str) -> str:
    result, _ = cleaned(content_of(target), content_of(source), Locale(language), SPECS)
    return f'"{target}" "{shown(result)}"'


def equal_numbers(source: str, target: str, language: str) -> str:
    return f'"{source}" "{target}"' + " equal" * (
        unmatched_by_meaning(source, target, "en", language) == ([], [])
    )


SHRUNK = shrink_blanks(BLANK, blanks_of(BLANK))
ANSWERED = parse("Nombre: <1/> Fecha", render(BLANK))
EXAMPLES: list[tuple[str, Callable[[], str]]] = [
    ("blanks", lambda: f"{shown(SHRUNK)} sent to an engine"),
    ("blanks", lambda: f"{shown(restore_blanks(SHRUNK, blanks_of(BLANK)))} underlined"),
    ("blanks", lambda: f"{shown(ANSWERED)} the target"),
    (
        "inside_words",
        lambda: shown(
            settle_inside_words(
                content_of("CO<1>2</1> of the house"), content_of("<1>CO2</1> de la casa")
            )
        ),
    ),
    (
        "numbers",
        lambda: "are the same number" if unmatched("1,000.5", "1.000,5") == ([], []) else "differ",
    ),
    ("repair", lambda: rung("Siehe <1>Acme</1>, Seite <2/>.")),
    ("repair", lambda: rung("Siehe </1>Acme<1>, Seite <2/>.")),
    ("repair", lambda: rung("Siehe Acme, Seite <2/>.")),
    ("repair", lambda: rung("Das da, Seite.")),
    ("segmentation", lambda: segments("Dr. Who pays. <1>He</1> leaves.")),
    (
        "spacing",
        lambda: (
            "target "
            + shown(
                restore_pair_margins(
                    content_of("Name: <1>Mary          </1> Date"),
                    content_of("Nombre: <1>Mary</1> Fecha"),
                )
            )
        ),
    ),
    (
        "tag_places",
        lambda: (
            "result "
            + shown(
                repair(
                    content_of("Call <1>Acme Ltd</1> at <2>030 123</2>."),
                    ("Rufen Sie Acme Ltd unter 030 123 an.",),
                    SPECS,
                )[0]
            )
        ),
    ),
    ("tags", lambda: f"protocol text {render(LOOKALIKE).text}"),
    (
        "words",
        lambda: linked("The pump by Acme costs 20 euros.", "Die Pumpe von Acme kostet 20 Euro."),
    ),
    (
        "quality.cleaning",
        lambda: cleaned_in("de", "Translation: Der Kunde zahlt.<|im_end|>", "The customer pays."),
    ),
    ("quality.cleaning", lambda: cleaned_in("de", "Smith &amp; Sons", "Smith & Sons")),
    (
        "quality.cleaning",
        lambda: cleaned_in("de", "Nicht <1> öffnen </1> .", "Do not <1>open</1>."),
    ),
    ("quality.cleaning", lambda: cleaned_in("es", "**hasta** la luz", "<1>until</1> the light")),
    (
        "quality.numerals",
        lambda: equal_numbers("March 3, 2024, 5:30 pm", "2024年3月3日17時30分", "ja"),
    ),
    ("quality.numerals", lambda: equal_numbers("about 2 million", "約200万", "ja")),
    ("quality.numerals", lambda: equal_numbers("21st", "21.", "de")),
    (
        "quality.scripts",
        lambda: ", ".join(
            f"{script} {count}" for script, count in letters_by_script("Договор AB-12").items()
        ),
    ),
    ("quality.scripts", lambda: "ja " + ", ".join(sorted(scripts_of(Locale("ja"))))),
    ("quality.sizes", lambda: f'size("供应商") {size("供应商"):.1f}'),
    ("quality.sizes", lambda: f'size("supplier") {size("supplier"):.1f}'),
]


@pytest.mark.parametrize(
    ("module", "result"), EXAMPLES, ids=[f"{name}-{at}" for at, (name, _) in enumerate(EXAMPLES)]
)
def test_an_example_is_what_the_code_does(module: str, result: Callable[[], str]) -> None:
    assert " ".join(result().split()) in head_of(module)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_shows_an_example(module: str) -> None:
    assert "\n    " in (import_module(module).__doc__ or "") or '"' in (
        import_module(module).__doc__ or ""
    )

"""The worked examples at the heads of modules are what the code does."""

import pkgutil
import re
from pathlib import Path

import pytest

import dragoman_documents
from documents.examples import Example, after_of, examples_in, items_of, units_of

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(dragoman_documents.__path__, "dragoman_documents.")
    if not module.ispkg and examples_in(module.name)
)
# The modules of the plain floor that turn markup into units, or back.
SHOWN = (
    "collect",
    "content",
    "distribute",
    "extract",
    "inline",
    "located",
    "merge",
    "place",
    "splice",
    "stories",
)


@pytest.mark.parametrize("name", SHOWN)
def test_every_module_between_markup_and_units_shows_an_example(name: str) -> None:
    assert f"dragoman_documents.docx.{name}" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_an_example_is_what_the_code_does(module: str) -> None:
    for example in examples_in(module):
        if example.items:
            assert items_of(example) == example.items
        if example.units:
            assert units_of(example) == example.units
        if example.after:
            assert after_of(example) == example.after
        assert example.items or example.units or example.after


def test_the_paragraph_that_the_documentation_follows_is_read_as_it_says() -> None:
    page = (Path(__file__).parents[2] / "docs/develop/how-a-paragraph-is-read.md").read_text(
        encoding="utf-8"
    )
    markup = page.partition("```xml\n")[2].partition("```")[0]
    target = page.partition("The target is `")[2].partition("`")[0]
    example = Example(re.sub(r">\s+<", "><", markup.strip()), targets=[target])

    (unit,) = units_of(example)
    assert f"`{unit}`" in page
    assert items_of(example) in page.replace("`", "")
    assert [text in after_of(example) for text in ("Lesen Sie ", "die Bedingungen", " heute")] == [
        True
    ] * 3
    assert after_of(example).count("<w:r>") == example.before.count("<w:r>")

"""The worked examples at the heads of modules are what the code does."""

import pkgutil

import pytest

import dragoman_documents
from documents.examples import after_of, examples_in, items_of, units_of

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(dragoman_documents.__path__, "dragoman_documents.")
    if not module.ispkg and examples_in(module.name)
)
# The modules of the plain floor that turn markup into units, or back.
SHOWN = ("collect", "content", "distribute", "extract", "inline", "located", "merge", "place", "splice", "stories")


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

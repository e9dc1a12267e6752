"""Which tags name a language at all, and what is proposed for those that name none."""

import pytest

from dragoman_contracts.locale import Locale
from dragoman_linguistics.registry import UnregisteredLocaleError, require_registered


@pytest.mark.parametrize(
    "tag",
    [
        "en",
        "de-CH",
        "zh-Hant",
        "es-419",
        "ca-valencia",
        "de-DE-1901",
        "zh-min-nan",
        "iw",
        "en-x-our",
    ],
)
def test_a_registered_tag_is_taken(tag: str) -> None:
    require_registered(Locale(tag))


@pytest.mark.parametrize("tag", ["qaa", "en-XA", "de-QM", "en-Qaaa"])
def test_a_subtag_of_private_use_is_taken(tag: str) -> None:
    require_registered(Locale(tag))


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("english", "'english' is a language's name, not its tag. Did you mean en?"),
        ("Spanish", "Did you mean es?"),
        ("greek", "Did you mean el?"),
        ("spa", "'spa' is no language that is registered. Did you mean es?"),
        ("germann", "Did you mean de?"),
        ("xx", "'xx' is no language that is registered. Write a BCP-47 tag"),
        ("de-ZQ", "the registry has no region 'zq'. Did you mean de?"),
        ("en-Hanz", "the registry has no script 'hanz'"),
        ("en-notavar", "the registry has no variant 'notavar'"),
    ],
)
def test_what_is_registered_nowhere_is_refused_with_what_was_perhaps_meant(
    tag: str, told: str
) -> None:
    with pytest.raises(UnregisteredLocaleError) as caught:
        require_registered(Locale(tag))
    assert told in caught.value.message

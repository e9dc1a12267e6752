"""Passwords, sessions, links and membership."""

from __future__ import annotations

import asyncio

import pytest

from dragoman_catalog import Catalog, HashingBusyError, WeakPasswordError
from dragoman_catalog.passwords import require_good_password


async def test_passwords_beyond_a_short_queue_are_not_hashed(catalog: Catalog) -> None:
    tried = (catalog.users.authenticated(f"name{number}", "guess") for number in range(30))
    found = await asyncio.gather(*tried, return_exceptions=True)
    assert [each for each in found if not isinstance(each, HashingBusyError)] == [None] * 18


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "1111111111111",
        "rstrstrstrstr",
        "Password12345",
        "P4ssw0rd-2026!",
        "abcdefghijklm",
        "qwertyuiop123",
        "098765432109",
        "letmein-letmein",
        "Olga-Petrova-77",
        "Dragoman2026!!",
        "my-summer-2026",
    ],
)
def test_a_password_that_guessers_try_is_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        require_good_password(password, "olga", "Olga Petrova")


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "a long password", "7041-9938-2215-x6", "Übersetzung im Wald"],
)
def test_a_password_that_nobody_guesses_is_taken(password: str) -> None:
    require_good_password(password, "olga", "Olga Petrova")

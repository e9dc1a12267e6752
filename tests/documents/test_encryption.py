"""A document with a password is opened with it, refused with another,
and cheap to refuse when it is hostile.
"""

import random
import time
from collections.abc import Callable

import pytest

from documents.encrypted import agile, agile_of, contained, standard
from documents.wordml import document, paragraph, run
from dragoman_documents import (
    DamagedDocumentError,
    DocumentError,
    EncryptedDocumentError,
    TooLargeError,
    WrongPasswordError,
    decrypted,
    inspect,
    is_encrypted,
)

PASSWORD = "Größe № 7 🔑"
PLAIN = document(
    paragraph(*(run(f"Clause {number * 7919:x} nobody else may read. ") for number in range(2000)))
)
_AGILE = b"\x04\x00\x04\x00\x40\x00\x00\x00"


_SCHEMES = [agile, standard, agile_of("sha1", 128), agile_of("sha1", 256), agile_of("sha512", 192)]


@pytest.mark.parametrize("scheme", _SCHEMES)
def test_the_password_gives_the_package_byte_by_byte(scheme: Callable[[bytes, str], bytes]) -> None:
    locked = scheme(PLAIN, PASSWORD)
    assert is_encrypted(locked)
    assert not is_encrypted(PLAIN)
    assert decrypted(locked, PASSWORD) == PLAIN


@pytest.mark.parametrize("scheme", [agile, standard, agile_of("sha1", 256)])
@pytest.mark.parametrize("guess", ["", "grösse № 7 🔑", "x", PASSWORD * 50])
def test_another_password_is_refused_as_wrong(
    scheme: Callable[[bytes, str], bytes], guess: str
) -> None:
    with pytest.raises(WrongPasswordError) as refusal:
        decrypted(scheme(PLAIN, PASSWORD), guess)
    assert refusal.value.code == "document.wrong_password"
    assert not guess or guess not in str(refusal.value)


def test_without_a_password_the_refusal_says_to_give_one() -> None:
    with pytest.raises(EncryptedDocumentError, match="with its password"):
        inspect(agile(PLAIN, PASSWORD))


@pytest.mark.parametrize("scheme", [agile, agile_of("sha1", 128)])
def test_a_changed_byte_is_damage_and_not_a_wrong_password(
    scheme: Callable[[bytes, str], bytes],
) -> None:
    locked = bytearray(scheme(PLAIN, PASSWORD))
    body = locked.find(agile_body(locked))
    locked[body + 40] ^= 1
    with pytest.raises(DamagedDocumentError):
        decrypted(bytes(locked), PASSWORD)


def agile_body(locked: bytearray) -> bytes:
    """The first bytes of the encrypted package: its size, which is not encrypted."""
    return len(PLAIN).to_bytes(8, "little")


def test_rights_management_has_a_cure_of_its_own() -> None:
    with pytest.raises(EncryptedDocumentError, match="rights management") as refusal:
        decrypted(contained(bytes(4096), b"\x04\x00\x03\x00" + bytes(64)), PASSWORD)
    assert refusal.value.code == "document.encryption_unknown"


def test_millions_of_rounds_and_entities_are_refused_before_they_are_run() -> None:
    entities = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    rounds = b'<encryption><encryptedKey spinCount="9999999"/></encryption>'
    started = time.process_time()
    with pytest.raises(DamagedDocumentError):
        decrypted(contained(bytes(4096), _AGILE + entities), PASSWORD)
    with pytest.raises(TooLargeError, match="password rounds"):
        decrypted(contained(bytes(4096), _AGILE + rounds), PASSWORD)
    assert time.process_time() - started < 0.5


def test_broken_containers_are_refused_each_with_a_cure() -> None:
    rng = random.Random(7)  # noqa: S311 - breaks files, makes no secrets
    locked = standard(PLAIN, PASSWORD)
    for _ in range(40):
        broken = bytearray(locked)
        for _ in range(rng.randint(1, 30)):
            broken[rng.randrange(8, len(broken))] = rng.randrange(256)
        data = bytes(broken[: rng.randrange(600, len(broken))] if rng.random() < 0.3 else broken)
        if not is_encrypted(data):
            continue
        with pytest.raises(DocumentError, match=r"again|trust|protection"):
            decrypted(data, "not the password")

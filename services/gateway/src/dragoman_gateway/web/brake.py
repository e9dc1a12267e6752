"""Slows down guessing: after some failures at one place, that place waits.

A try is counted before the password is looked at and taken back when it was right, so that tries
sent at the same moment count each other.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from dragoman_contracts.errors import RetryableError

_MAX_PLACES = 50_000


class TooManyFailuresError(RetryableError):
    """Too many sign-ins failed from this address or for this name; try again later."""

    default_code = "auth.too_many_failures"


@dataclass(frozen=True, slots=True)
class Place:
    """Where tries are counted, and how many may fail within the window."""

    key: str
    allowed: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted, to be taken back where it succeeds."""

    at: datetime
    places: tuple[Place, ...]


class FailureBrake:
    """Counts tries by place within a sliding window; kept in memory, so by each process."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, list[datetime]] = OrderedDict()

    def begin(self, now: datetime, places: Sequence[Place]) -> Try:
        """Count a try at each of the places.

        Raises:
            TooManyFailuresError: one of them has no try left; with the seconds to wait.
        """
        for place in places:
            recent = self._recent(place, now)
            if len(recent) >= place.allowed:
                wait_s = (recent[-place.allowed] + place.window - now).total_seconds()
                raise TooManyFailuresError(
                    "Too many sign-ins failed; try again later.", retry_after_s=wait_s
                )
        for place in places:
            self._tries[place.key] = [*self._recent(place, now), now]
            self._tries.move_to_end(place.key)
        while len(self._tries) > _MAX_PLACES:
            self._tries.popitem(last=False)
        return Try(now, tuple(places))

    def take_back(self, done: Try) -> None:
        """Count a try no more: it succeeded, or was not looked at."""
        for place in done.places:
            kept = self._tries.get(place.key, [])
            if done.at in kept:
                kept.remove(done.at)

    def _recent(self, place: Place, now: datetime) -> list[datetime]:
        return [at for at in self._tries.get(place.key, []) if now - at < place.window]


def password_places(name: str, address: str, device: str | None) -> list[Place]:
    """The places of a try with a password.

    A browser that has signed this user in before, a `device`, has tries of its own: failures from
    elsewhere never keep its user out. All others are counted by name and address, and more slowly
    by each alone.
    """
    name, soon = name.casefold(), timedelta(minutes=10)
    if device is not None:
        return [Place(f"device:{device}:{name}", 10, soon)]
    network = network_of(address)
    return [
        Place(f"pair:{network}:{name}", 10, soon),
        Place(f"address:{network}", 100, soon),
        Place(f"name:{name}", 100, timedelta(hours=1)),
    ]


def link_places(address: str) -> list[Place]:
    """The places of a try with a sign-in link, which nobody guesses: it has 256 random bits."""
    return [Place(f"link:{network_of(address)}", 100, timedelta(minutes=10))]


def own_places(user_id: UUID) -> list[Place]:
    """The places of a try with the own password by who is signed in already."""
    return [Place(f"own:{user_id}", 10, timedelta(minutes=10))]


def network_of(address: str) -> str:
    """The address, or the /64 network of an IPv6 one: a customer has that many."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False))


class Devices:
    """Signs and reads the cookie by which a browser is known to have signed a user in."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def cookie(self, name: str) -> str:
        """The value of a new cookie for a browser in which the user with this name signed in."""
        nonce = secrets.token_hex(16)
        return f"{nonce}.{self._signature(name, nonce)}"

    def known(self, cookie: str, name: str) -> str | None:
        """The device's own id, where the cookie was signed for this name; None otherwise."""
        nonce, _, signature = cookie.partition(".")
        wanted = self._signature(name, nonce)
        is_ours = hmac.compare_digest(wanted.encode(), signature.encode(errors="replace"))
        return nonce if nonce and is_ours else None

    def _signature(self, name: str, nonce: str) -> str:
        signed = f"device:{nonce}:{name.casefold()}".encode(errors="replace")
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()

"""Addresses that may be asked: a guard against providers, and webhooks, that lead into the
installation's own network (server-side request forgery).

    https://api.openai.com/v1           may be asked
    http://10.0.0.7:8000/v1             only where DRAGOMAN_PRIVATE_PROVIDERS names 10.0.0.7, or 10.0.0.0/8
    http://169.254.169.254/latest       never: the metadata of a cloud's machine

`GuardedTransport` resolves each host itself, checks the addresses, and connects to one that it
checked: a name that leads elsewhere a moment later leads nowhere. It follows no redirect, and takes
no proxy from the environment, since a proxy would resolve the name again.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import httpx
from typing_extensions import override

from dragoman_contracts.errors import PermanentError

SETTING = "DRAGOMAN_PRIVATE_PROVIDERS"
OWN_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
"""The private hosts of an installation in one process, where none are set."""

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, best first; raises OSError where there are none."""

_Address = IPv4Address | IPv6Address
_NEVER = frozenset(
    {
        "169.254.169.254",  # AWS, Azure, Google Cloud and most others
        "169.254.170.2",  # AWS ECS
        "169.254.170.23",  # AWS EKS
        "168.63.129.16",  # Azure; looks like a public address
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS
        "fd20:ce::254",  # Google Cloud
    }
)
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_MAPPED_BITS = 96
_TEREDO = IPv6Network("2001::/32")
# A host whose last label is a number is an IPv4 address to browsers and to inet_aton, in forms that
# hide it: 127.1, 0x7f000001, 2130706433 (WHATWG URL, "ends in a number").
_NUMERIC = re.compile(r"(?:^|\.)(?:\d+|0[xX][0-9a-fA-F]*)\.?$")
_PROVIDER = "provider"
_PORTS = 2**16
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


class AddressRefusedError(PermanentError):
    """The address of a provider or webhook is one that may not be asked; nothing was sent to it."""

    default_code = "model.address_refused"


@dataclass(frozen=True)
class PrivateHosts:
    """The hosts and networks that may have private addresses."""

    names: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]

    @classmethod
    def of(cls, entries: Iterable[str] | None) -> PrivateHosts:
        """Read host names, addresses and networks in CIDR form.

        Raises:
            AddressRefusedError: an entry is none of these.
        """
        names: set[str] = set()
        networks: list[IPv4Network | IPv6Network] = []
        for entry in entries or ():
            text = _plain(entry)
            try:
                networks.append(_unmapped(ipaddress.ip_network(text, strict=False)))
            except ValueError:
                if "/" in text or not _is_name(text):
                    message = (
                        f"{entry[:80]!r} in {SETTING} is no host, address or network; "
                        "write them like models.internal, 10.0.0.7 or 10.0.0.0/8."
                    )
                    raise AddressRefusedError(message) from None
                names.add(text)
        return cls(frozenset(names), tuple(networks))

    def permits(self, host: str, address: _Address) -> bool:
        """Whether this address may be asked as an address of the host."""
        forms = _forms(address)
        if any(str(each) in _NEVER or _is_nobody(each) for each in forms):
            return False
        if all(_is_public(each) for each in forms):
            return True
        return _plain(host) in self.names or any(
            each.version == network.version and each in network
            for each in forms
            for network in self.networks
        )


def private_hosts_of(text: str) -> frozenset[str]:
    """The entries of the setting: hosts, addresses and networks, comma-separated.

    Raises:
        AddressRefusedError: an entry is none of these.
    """
    entries = frozenset(each.strip() for each in text.split(",") if each.strip())
    PrivateHosts.of(entries)
    return entries


def check_base_url(url: str, private_hosts: Iterable[str] | None = None) -> str:
    """The base URL without a slash at its end, if its form allows to ask it. Nothing is resolved.

    Raises:
        AddressRefusedError: it is no http or https URL, carries a credential, a query or a
            fragment, or names an address that may not be asked.
    """
    parsed = _checked(url, private_hosts, _PROVIDER)
    if parsed.query or parsed.fragment or "?" in url or "#" in url:
        message = "The provider's address must end before any ? or #; leave out the query."
        raise AddressRefusedError(message)
    return str(parsed).rstrip("/")


def check_url(url: str, private_hosts: Iterable[str] | None = None, *, of: str) -> str:
    """The URL, which may have a query, if its form allows to post to it. Nothing is resolved.

    `of` is the noun that messages name its owner by, such as `webhook`.

    Raises:
        AddressRefusedError: it is no http or https URL, carries a credential or a fragment, or
            names an address that may not be asked.
    """
    parsed = _checked(url, private_hosts, of)
    if parsed.fragment or "#" in url:
        raise AddressRefusedError(f"The {of}'s address must end before any #.")
    return str(parsed)


def _checked(url: str, private_hosts: Iterable[str] | None, of: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, TypeError, ValueError):
        raise AddressRefusedError(
            f"The {of}'s address is no URL; write it like https://api.example.com/v1."
        ) from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        message = f"The {of}'s address must begin with http:// or https:// and name a host."
        raise AddressRefusedError(message)
    if parsed.port is not None and not 0 < parsed.port < _PORTS:
        raise AddressRefusedError(
            f"The {of}'s address names a port that no server has; correct it."
        )
    if parsed.userinfo:
        more = ", and give the key by itself" if of == _PROVIDER else ""
        message = f"The {of}'s address holds a name or password; leave it out{more}."
        raise AddressRefusedError(message)
    _check_host(_host_of(parsed), PrivateHosts.of(private_hosts), of)
    return parsed


def _check_host(host: str, private: PrivateHosts, of: str) -> None:
    address = _literal(host)
    if address is not None:
        if not private.permits(host, address):
            raise _refused(host, [address], of)
        return
    name = _plain(host)
    if not _is_name(name):
        raise AddressRefusedError(f"The host of the {of}'s address is no name; correct it.")
    if _NUMERIC.search(name):
        message = f"The host {host} of the {of} is a number and no address; write it as an address."
        raise AddressRefusedError(message)
    is_local = name in _LOCAL_NAMES or name.endswith(".localhost")
    if is_local and name not in private.names:
        loopback: list[_Address] = [IPv4Address("127.0.0.1"), IPv6Address("::1")]
        if not any(private.permits(host, each) for each in loopback):
            raise _refused(host, loopback, of)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host by the machine's own resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends each request to an address that was checked.

    TLS is held to the name of the host, not to the address. Redirects are refused, and name the
    host that they lead to. Messages name the owner of the addresses by the noun `of`.
    """

    def __init__(
        self,
        private_hosts: Iterable[str] | None = None,
        *,
        of: str = _PROVIDER,
        resolver: Resolver = resolve,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._private = PrivateHosts.of(private_hosts)
        self._of = of
        self._resolver = resolver
        # A connection for each call: a kept one may be closed by the server at the moment it is
        # used again, which nobody can tell from a server that died at work.
        self._inner = inner or httpx.AsyncHTTPTransport(
            verify=_tls(), limits=httpx.Limits(max_keepalive_connections=0)
        )

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = _host_of(request.url)
        if request.url.scheme not in ("http", "https"):
            raise AddressRefusedError(f"A {self._of} is asked by http and https alone.")
        addresses = await self._addresses_of(request)
        response = await self._send(request, host, addresses)
        if response.has_redirect_location:
            await response.aclose()
            raise _redirected(request, response, self._of)
        return response

    async def _addresses_of(self, request: httpx.Request) -> list[_Address]:
        host = _host_of(request.url)
        literal = _literal(host)
        if literal is not None:
            found = [literal]
        else:
            port = request.url.port or (443 if request.url.scheme == "https" else 80)
            try:
                found = [_address(each) for each in await self._resolver(host, port)]
            except (OSError, UnicodeError) as error:
                raise httpx.ConnectError(f"no address ({type(error).__name__})") from error
        permitted = [each for each in found if self._private.permits(host, each)]
        if found and not permitted:
            raise _refused(host, found, self._of)
        if not permitted:
            raise httpx.ConnectError("no address")
        return permitted

    async def _send(
        self, request: httpx.Request, host: str, addresses: Sequence[_Address]
    ) -> httpx.Response:
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_sent_to(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_sent_to(request, host, addresses[-1]))

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


@functools.cache
def _tls() -> ssl.SSLContext:
    """The certificates that are trusted, read once: `SSL_CERT_FILE`, else those of certifi."""
    return httpx.create_ssl_context()


def _sent_to(request: httpx.Request, host: str, address: _Address) -> httpx.Request:
    """The same request to one address. Its Host header is set already, from the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


def _redirected(request: httpx.Request, response: httpx.Response, of: str) -> AddressRefusedError:
    try:
        location = httpx.URL(response.headers["location"])
        target = request.url.join(location).host or "nowhere"
    except (httpx.InvalidURL, ValueError):
        target = "an address that is none"
    message = (
        f"The {of} answers with HTTP {response.status_code}, a redirect to {target[:200]}, which is not followed; "
        f"set the {of}'s address to where it leads, if you trust it."
    )
    return AddressRefusedError(message)


def _refused(host: str, addresses: Sequence[_Address], of: str) -> AddressRefusedError:
    forms = [form for each in addresses for form in _forms(each)]
    if any(str(each) in _NEVER or _is_nobody(each) for each in forms):
        return AddressRefusedError(
            f"The host {host} of the {of} leads to an address that is never asked "
            "(metadata, multicast or no machine at all); use another."
        )
    return AddressRefusedError(
        f"The host {host} of the {of} leads into a private network. Name the host or its network in "
        f"{SETTING} if it may be asked, or use another."
    )


def _literal(host: str) -> _Address | None:
    try:
        return _address(host)
    except ValueError:
        return None


def _address(text: str) -> _Address:
    # The zone of fe80::1%eth0 is no part of the address that is checked.
    return ipaddress.ip_address(text.strip("[]").partition("%")[0])


def _forms(address: _Address) -> list[_Address]:
    """The address, and the IPv4 address that is wrapped in it, if there is one."""
    if isinstance(address, IPv4Address):
        return [address]
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and (address in _COMPATIBLE or any(address in each for each in _NAT64)):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is None or int(address) <= 1:
        return [address]
    return [inner] if address.ipv4_mapped else [address, inner]


def _is_nobody(address: _Address) -> bool:
    return address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255"


def _is_public(address: _Address) -> bool:
    if isinstance(address, IPv6Address):
        if address in _TEREDO or address.is_site_local:
            return False
        if any(address in each for each in _NAT64):
            return True  # as public as the IPv4 address in it
    return address.is_global and not address.is_reserved


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """The IPv4 network that an IPv6 network of mapped addresses stands for."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def _host_of(url: httpx.URL) -> str:
    """The host as it is looked up: names of other scripts in their ASCII form."""
    return url.raw_host.decode("ascii")


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", text) is not None

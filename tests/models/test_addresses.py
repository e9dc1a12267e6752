"""Providers that lead into the installation's own network are not asked."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

import httpx
import pytest

from dragoman_contracts.errors import PermanentError
from dragoman_models.addresses import (
    AddressRefusedError,
    GuardedTransport,
    PrivateHosts,
    check_base_url,
    check_url,
    private_hosts_of,
)
from dragoman_models.clients import chat_model, embedding_model, text_translator
from dragoman_models.endpoint import ApiKind, Endpoint
from dragoman_models.ports import ChatRequest, Message
from models.faithful.base import Answered, Asked, Provider
from models.kinds import CHAT, TRANSLATION, Kind

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.1.1",
    "198.18.0.1",
    "240.0.0.1",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd12:3456::1",
    "fec0::1",
    "::ffff:10.0.0.7",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "2002:7f00:1::",
    "2002:a00:7::1",
    "64:ff9b::10.0.0.7",
    "64:ff9b:1::10.0.0.7",
    "2001:0:53aa:64c::1",
    "2001:db8::1",
]
NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "100.100.100.200",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::",
    "0.0.0.0",  # noqa: S104 - nothing binds it
    "::",
    "::ffff:0.0.0.0",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
]
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})


def _url(address: str) -> str:
    return f"http://[{address}]/v1" if ":" in address else f"http://{address}/v1"


class Names:
    """A resolver whose answers are given one after the other; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Target(Provider):
    """Answers every request, or sends it elsewhere."""

    location = ""

    def answer(self, asked: Asked) -> Answered:
        if self.location:
            return Answered(302, {}, headers={"Location": self.location})
        return Answered(200, {"host": asked.headers["host"]})


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as served:
        yield served


@asynccontextmanager
async def guarded(names: Names, *private: str) -> AsyncGenerator[httpx.AsyncClient]:
    transport = GuardedTransport(private, resolver=names)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
async def test_a_name_that_leads_inside_is_not_asked(address: str) -> None:
    async with guarded(Names([address])) as client:
        with pytest.raises(AddressRefusedError) as caught:
            await client.get("http://models.example/v1")
    assert caught.value.code == "model.address_refused"
    if address in PRIVATE:
        assert "DRAGOMAN_PRIVATE_PROVIDERS" in caught.value.message
    assert address not in caught.value.message  # names of the inside are not handed out


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_an_address_of_the_inside_is_refused_by_its_form(address: str) -> None:
    with pytest.raises(AddressRefusedError):
        check_base_url(_url(address.partition("%")[0]))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_asked(address: str) -> None:
    assert check_base_url(_url(address) + "/") == _url(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_operator_may_name_what_is_private(address: str) -> None:
    plain = address.partition("%")[0]
    assert check_base_url(_url(plain), {plain})
    assert check_base_url(_url(plain), EVERYWHERE)


@pytest.mark.parametrize("address", NEVER)
def test_metadata_and_nobody_cannot_be_named(address: str) -> None:
    for private in ({address}, EVERYWHERE):
        with pytest.raises(AddressRefusedError):
            check_base_url(_url(address), private)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@api.example.com",
        "http://api.example.com/v1?key=secret",
        "http://api.example.com/#x",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://x.localhost/",
        "http://2130706433/",
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://1.2.3.4.5/",
        "http://[::1/",
        "http://exa mple.com/",
        "http://example.com:99999/",
        "http://example.com:0/",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefusedError) as caught:
        check_base_url(url)
    assert "secret" not in caught.value.message


def test_a_url_to_post_to_may_have_a_query_and_its_owner_is_named() -> None:
    assert (
        check_url(" https://hooks.example/a?key=1 ", of="webhook")
        == "https://hooks.example/a?key=1"
    )
    for wrong in ("http://10.0.0.7/", "http://a:b@hooks.example/", "https://hooks.example/#x", "x"):
        with pytest.raises(AddressRefusedError, match="webhook"):
            check_url(wrong, of="webhook")
    assert check_url("http://10.0.0.7/", {"10.0.0.0/8"}, of="webhook")


def test_localhost_may_be_named_by_name_or_by_address() -> None:
    assert check_base_url("http://localhost:11434", {"localhost"}) == "http://localhost:11434"
    assert check_base_url("http://localhost:11434", {"127.0.0.0/8"})


def test_the_setting_is_read_and_its_faults_are_named() -> None:
    assert private_hosts_of(" 127.0.0.1, models.internal ,10.0.0.0/8,") == {
        "127.0.0.1",
        "models.internal",
        "10.0.0.0/8",
    }
    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.0/99"):
        private_hosts_of("10.0.0.0/99")
    assert PrivateHosts.of(None) == PrivateHosts.of(()) == PrivateHosts(frozenset(), ())


async def test_a_name_is_resolved_once_and_what_was_checked_is_connected(target: Target) -> None:
    # A second look-up would lead outside of what was checked.
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    port = httpx.URL(target.origin).port
    async with guarded(names, "models.internal") as client:
        response = await client.get(f"http://models.internal:{port}/x")
        assert response.json() == {"host": f"models.internal:{port}"}
        assert names.asked == ["models.internal"]
        # And each new connection is checked anew.
        with pytest.raises(AddressRefusedError):
            await client.get(f"http://models.internal:{port}/x")
    assert len(target.seen) == 1


async def test_of_several_addresses_only_those_that_may_be_are_asked(target: Target) -> None:
    names = Names(["169.254.169.254", "10.255.255.1", "127.0.0.1"])
    port = httpx.URL(target.origin).port
    async with guarded(names, "127.0.0.1") as client:
        assert (await client.get(f"http://models.internal:{port}/x")).is_success


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest", "//metadata.example/x", "/elsewhere", "http://["]
)
async def test_redirects_are_not_followed_and_name_where_they_lead(
    target: Target, location: str
) -> None:
    target.location = location
    async with guarded(Names(["127.0.0.1"]), "127.0.0.1") as client:
        with pytest.raises(AddressRefusedError, match="redirect to"):
            await client.get(target.origin)
    assert len(target.seen) == 1


@pytest.mark.parametrize("kind", [*CHAT, *TRANSLATION], ids=lambda kind: str(kind.api))
def test_every_client_refuses_an_address_before_it_is_used(kind: Kind) -> None:
    endpoint = Endpoint(api_kind=kind.api, base_url="http://169.254.169.254", model="m")
    makers = [
        make
        for make in (chat_model, embedding_model, text_translator)
        if _code(make, endpoint) != "model.unsupported"
    ]
    assert makers
    assert {_code(make, endpoint) for make in makers} == {"model.address_refused"}


def _code(make: object, endpoint: Endpoint) -> str:
    assert callable(make)
    with pytest.raises(PermanentError) as caught:
        make(endpoint)
    return caught.value.code


def test_a_provider_without_an_ability_says_who_has_it() -> None:
    endpoint = Endpoint(api_kind=ApiKind.ANTHROPIC, base_url="https://api.anthropic.com")
    with pytest.raises(PermanentError, match="openai, gemini, ollama") as caught:
        embedding_model(endpoint)
    assert caught.value.code == "model.unsupported"


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    kind = CHAT[0]
    with kind.serve() as server:
        model = chat_model(kind.endpoint(server))
        request = ChatRequest(messages=(Message(role="user", text="hi"),))
        assert (await model.chat(request)).text == "HI"
        await model.aclose()


def test_a_name_of_another_script_is_looked_up_in_its_ascii_form() -> None:
    assert check_base_url("https://bücher.example/v1") == "https://xn--bcher-kva.example/v1"
    assert PrivateHosts.of({"xn--bcher-kva.example"}).permits(
        "xn--bcher-kva.example", ip_address("10.0.0.7")
    )

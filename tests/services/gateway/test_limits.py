"""The limits of heads, bodies, connections and uploads, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from dragoman_gateway.adapters.connections import ConnectionLimits
from dragoman_gateway.adapters.server import serving
from dragoman_gateway.settings import HttpSettings
from dragoman_gateway.web.bodies import Bodies, BodyRules
from dragoman_gateway.web.desks import desk_in
from dragoman_gateway.web.middleware import KnownHosts, Surroundings
from dragoman_gateway.web.signin import SignIn
from services.gateway.desks import Desk, desk
from services.gateway.test_submission_api import FIELDS, code

ANY = "0.0.0.0"  # noqa: S104 - nothing listens
_HALF_A_HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: "
_A_FORM = (
    b"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Content-Length: 90000000\r\n{more}\r\n--b\r\n"
)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def _answer_to(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(5):
            return await reader.readline()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/api/v1/jobs", "", 401),
        ("/api/jobs", "Authorization: Bearer drg_wrong\r\n", 401),
        ("/api/v1/projects", "", 401),
        ("/console/jobs", "", 303),
        ("/console/jobs", "Cookie: dragoman_session=drs_wrong\r\n", 303),
    ],
)
async def test_a_body_is_not_waited_for_where_nobody_is_signed_in(
    gateway: Desk, path: str, more: str, status: int
) -> None:
    sent = _A_FORM.replace(b"{path}", path.encode()).replace(b"{more}", more.encode())
    line = await _answer_to(int(gateway.url.rpartition(":")[2]), sent)
    assert line.split()[1] == str(status).encode()


async def test_a_refused_upload_that_goes_on_sees_its_answer(gateway: Desk) -> None:
    files = {"file": ("a.docx", b"x" * 1_900_000)}
    refused = await gateway.as_nobody.post("/api/v1/jobs", data=FIELDS, files=files)
    assert (refused.status_code, code(refused)) == (401, "auth.required")
    assert refused.headers["www-authenticate"] == "Bearer"
    signing_in = await gateway.as_nobody.post("/api/v1/session", content=b"x" * 20_000)
    assert (signing_in.status_code, code(signing_in)) == (413, "upload.too_large")


async def _body(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def _bodies(gateway: Desk, rules: BodyRules) -> Bodies:
    app = Starlette(routes=[Route("/api/v1/jobs", _body, methods=["POST"])])
    return Bodies(app, sign_in=desk_in(gateway.app, SignIn), rules=rules)


async def test_a_body_that_comes_too_slowly_is_a_408_and_a_steady_one_is_not(
    gateway: Desk,
) -> None:
    rules = BodyRules(10_000, grace_s=0.2, least_bytes_per_s=1000)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 500
            await asyncio.sleep(0.1)

    async with serving(_bodies(gateway, rules), "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}/api/v1/jobs"
        steady = await gateway.as_operator.post(url, content=parts())
        assert (steady.status_code, steady.text) == (200, "2000")
        token = gateway.as_operator.headers["Authorization"]
        head = "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n"
        line = await _answer_to(port, f"{head}Authorization: {token}\r\n\r\nx".encode())
        assert b" 408 " in line


async def test_uploads_beyond_those_at_once_wait_their_turn(gateway: Desk) -> None:
    path, running, most = "/api/v1/jobs", 0, 0

    async def app(scope: object, receive: object, send: object) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        await PlainTextResponse("ok")(scope, receive, send)  # type: ignore[arg-type]

    rules = BodyRules(10_000, {path: 10_000}, uploads_at_once=2)
    bodies = Bodies(app, sign_in=desk_in(gateway.app, SignIn), rules=rules)
    async with serving(bodies, "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}{path}"
        sent = (gateway.as_operator.post(url, content=b"x") for _ in range(8))
        answers = await asyncio.gather(*sent)
    assert [each.status_code for each in answers] == [200] * 8
    assert most == 2


async def test_half_sent_heads_give_way_to_requests_and_end_in_time(gateway: Desk) -> None:
    limits = ConnectionLimits(most=20, head_s=0.4)
    async with serving(gateway.app, "127.0.0.1", 0, limits=limits) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(60)]
        for _, writer in held:
            writer.write(_HALF_A_HEAD)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(3):
                assert (await client.get("/health/live")).status_code == 200
        async with asyncio.timeout(5):
            ended = await asyncio.gather(*(each.read() for each, _ in held), return_exceptions=True)
        told = [each for each in ended if isinstance(each, bytes) and b" 408 " in each]
        assert 10 <= len(told) <= 20
        for _, writer in held:
            writer.close()


async def test_a_head_that_trickles_in_has_no_more_time_and_no_endless_size(gateway: Desk) -> None:
    limits = ConnectionLimits(head_s=0.3)
    async with serving(gateway.app, "127.0.0.1", 0, limits=limits) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")  # one that is answered first
        assert b" 200 " in await reader.readline()
        began = asyncio.get_running_loop().time()
        writer.write(_HALF_A_HEAD)
        while not reader.at_eof() and asyncio.get_running_loop().time() - began < 3:
            writer.write(b"x")
            await asyncio.sleep(0.05)
            if reader.at_eof() or writer.is_closing():
                break
            try:
                async with asyncio.timeout(0.01):
                    await reader.read(65536)
            except (TimeoutError, ConnectionError):
                continue
        assert asyncio.get_running_loop().time() - began < 2
        writer.close()
        assert b" 400 " in await _answer_to(port, _HALF_A_HEAD + b"x" * 100_000)


def test_the_process_keeps_half_of_its_descriptors_for_its_work() -> None:
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert ConnectionLimits(most=10**9).within_descriptors().most == soft // 2
    assert ConnectionLimits(most=7).within_descriptors().most == 7


def _settings(**given: object) -> HttpSettings:
    return HttpSettings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "answered", "refused"),
    [
        ({}, ["localhost:8080", "127.0.0.1", "[::1]:80"], ["evil.example", ""]),
        ({"public_url": "https://d.example/"}, ["D.example.", "localhost"], ["d.example.evil.com"]),
        ({"http_host": ANY}, ["any.example", "10.0.0.7:8080"], []),
        ({"http_host": ANY, "allowed_hosts": "a.b, c"}, ["a.b:1", "c", "localhost"], ["b"]),
        ({"public_url": "https://d.example", "allowed_hosts": "*"}, ["x"], []),
    ],
)
async def test_only_the_hosts_of_this_server_are_answered(
    given: dict[str, object], answered: list[str], refused: list[str]
) -> None:
    app = KnownHosts(PlainTextResponse("ok"), hosts=_settings(**given).hosts)
    transport = httpx.ASGITransport(Surroundings(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        for host, status in [(each, 200) for each in answered] + [(each, 421) for each in refused]:
            answer = await client.get("/api/v1/jobs", headers={"Host": host})
            assert answer.status_code == status, host
            assert (await client.get("/health/live", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("url", ["https://h/prefix", "https://h/?a=b", "h.example"])
def test_a_public_address_with_a_path_is_refused_with_the_reason(url: str) -> None:
    with pytest.raises(ValidationError, match=r"without a path|should match pattern"):
        _settings(public_url=url)


async def test_every_answer_has_its_security_headers_and_https_alone_is_pinned(
    gateway: Desk,
) -> None:
    for path in ("/api/v1/jobs", "/console/sign-in", "/health/live"):
        plain = await gateway.as_nobody.get(path)
        assert "default-src 'none'" in plain.headers["content-security-policy"]
        assert "camera=()" in plain.headers["permissions-policy"]
        assert "strict-transport-security" not in plain.headers
        secure = await gateway.as_nobody.get(path, headers={"X-Forwarded-Proto": "https"})
        assert secure.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_bug_is_one_log_line_and_an_answer_on_a_connection_that_goes_on(
    gateway: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("a bug")

    async with serving(Surroundings(broken), "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 500 " in head
            assert b"connection: close" not in head.lower()
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
        writer.close()
    assert "Exception in ASGI application" not in "".join(capfd.readouterr())


async def test_a_probe_that_finds_all_well_is_told_at_debug_and_any_other_answer_as_usual() -> None:
    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        status = int(scope["query_string"] or b"200")
        await PlainTextResponse("", status)(scope, receive, send)

    probe, ill, other = "/health/ready", "/health/ready?503", "/api/v1/jobs"
    with capture_logs() as lines:
        transport = httpx.ASGITransport(Surroundings(answers))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            for path in (probe, ill, other, f"{other}?404"):
                await client.get(path)
    told = [(line["log_level"], line["status"]) for line in lines]
    assert told == [("debug", 200), ("info", 503), ("info", 200), ("info", 404)]


async def test_every_answer_is_counted_by_the_class_of_its_status_and_timed_by_its_route(
    gateway: Desk,
) -> None:
    def counted() -> dict[str, float]:
        return {
            "2xx": sample("dragoman_http_requests_total", status="2xx"),
            "4xx": sample("dragoman_http_requests_total", status="4xx"),
            "route": sample(TIMED, method="GET", route="/projects/{code}"),
            "none": sample(TIMED, method="GET", route="none"),
        }

    before = counted()
    assert (await gateway.as_admin.get("/api/v1/projects/default")).status_code == 200
    assert (await gateway.as_admin.get("/api/v1/projects/there-is-none")).status_code == 404
    assert (await gateway.as_admin.get("/there/is/no/such/page")).status_code == 404
    after = counted()
    more = {name: after[name] - before[name] for name in before}
    assert more == {"2xx": 1, "4xx": 2, "route": 2, "none": 1}


TIMED = "dragoman_http_request_duration_seconds_count"


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0

"""What `dragoman doctor --engine` says in words."""

from __future__ import annotations

import pytest

from dragoman_standalone.doctor import Examination, probe_findings
from dragoman_standalone.doctor_servers import servers
from dragoman_translate.probing import EngineProbe
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

GOOD = EngineProbe(
    engine="openai",
    is_ok=True,
    model="small-1",
    server="llama.cpp",
    address="http://127.0.0.1:8080/v1",
    first_token_s=3.42,
    read_tokens_per_s=120.0,
    write_tokens_per_s=14.2,
    context_tokens=8192,
    keeps_schema=True,
    streams=True,
    slots=2,
    page_s=64.0,
    prompt_tokens=400,
    response_tokens=41,
    sample="El proveedor",
)


def said(probe: EngineProbe) -> dict[str, tuple[str, str]]:
    """What is said, by name: its sign and its words."""
    return {
        each.name: ("ok" if each.is_ok else each.mark, each.message)
        for each in probe_findings(probe)
    }


def test_a_good_server_is_described_with_how_long_a_page_takes() -> None:
    assert said(GOOD) == {
        "openai answers": ("ok", "small-1, llama.cpp at http://127.0.0.1:8080/v1"),
        "openai speed": ("ok", "reads 120, writes 14.2 tokens/s, first token after 3.42 s"),
        "openai context": ("ok", "8,192 tokens a call, answer included"),
        "openai calls": ("ok", "2 at the same time"),
        "openai JSON Schema": ("ok", "kept"),
        "openai streaming": ("ok", "yes"),
        "openai page": ("ok", "300 words take about 64 s; this call used 441 tokens"),
        "openai sample": ("ok", "El proveedor"),
    }


def test_a_server_that_says_and_can_little_still_works() -> None:
    poor = GOOD.model_copy(
        update={
            "server": "",
            "context_tokens": None,
            "slots": None,
            "keeps_schema": False,
            "streams": False,
            "warnings": ("The server does not stream.",),
        }
    )
    words = said(poor)
    assert words["openai answers"] == ("ok", "small-1, the server at http://127.0.0.1:8080/v1")
    assert words["openai context"] == words["openai calls"] == ("ok", "not said by the server")
    assert words["openai JSON Schema"] == ("mind", "not kept")
    assert words["openai streaming"] == ("mind", "no")
    assert words["openai warning"] == ("mind", "The server does not stream.")
    assert Examination(findings=tuple(probe_findings(poor)), probe=poor).is_ok


def test_an_engine_that_does_not_answer_fails_the_examination() -> None:
    down = EngineProbe(
        engine="openai", is_ok=False, code="engine.unavailable", message="Start the server."
    )
    assert said(down) == {"openai answers": ("fails", "Start the server. (engine.unavailable)")}
    assert not Examination(findings=tuple(probe_findings(down)), probe=down).is_ok


def test_an_engine_on_this_machine_has_no_server_to_describe() -> None:
    assert said(EngineProbe(engine="apertium", is_ok=True, page_s=0.4)) == {
        "apertium answers": ("ok", "on this machine"),
        "apertium page": ("ok", "300 words take about 1 s"),
    }


async def test_the_servers_that_the_environment_names_are_tried(
    monkeypatch: pytest.MonkeyPatch,
    postgres_url: str,
    rabbitmq: RabbitMqServer,
    s3: S3Server,
    s3_bucket: str,
) -> None:
    assert await servers() == []
    right = {
        "DATABASE_URL": postgres_url,
        "AMQP_URL": rabbitmq.url,
        "OBJECTS_URL": f"s3+{s3.url}/{s3_bucket}",
        "S3_ACCESS_KEY": s3.access_key,
        "S3_SECRET_KEY": s3.secret_key,
    }
    wrong = {
        "DATABASE_URL": f"{postgres_url}_none",
        "AMQP_URL": f"amqp://guest:word@127.0.0.1:{rabbitmq.port}/",
        "S3_SECRET_KEY": "word",
    }
    for variables in (right, wrong):
        for name, value in variables.items():
            monkeypatch.setenv(f"DRAGOMAN_{name}", value)
        found = {each.name: each for each in await servers()}
        assert [each.is_ok for each in found.values()] == [variables is right] * 3, found
    assert "create it" in found["PostgreSQL"].message
    assert "user guest, virtual host /: user or password" in found["RabbitMQ"].message
    assert "check its access key" in found["object store"].message

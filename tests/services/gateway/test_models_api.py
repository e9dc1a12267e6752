"""Providers and models over HTTP: who may do what, keys that are never seen again, addresses that
may not be asked, and calls that are on record.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from dragoman_catalog import INSTALLATION_PROJECT_ID, PADDLEOCR_VL_ID, Role
from services.gateway.desks import Desk, desk
from services.gateway.playground_server import (
    KEY,
    MARKDOWN,
    PlaygroundServer,
    playground_server,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
PRICE = {"input": "2", "output": "10"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[PlaygroundServer]:
    with playground_server() as running:
        yield running


async def enter_provider(gateway: Desk, base_url: str, **fields: object) -> httpx.Response:
    body = {"name": "Acme", "api_kind": "openai", "base_url": base_url, "api_key": KEY}
    return await gateway.as_admin.post("/api/v1/providers", json=body | fields)


async def enter_model(
    gateway: Desk, base_url: str, name: str = "chatty", category: str = "LLM"
) -> str:
    listed = (await gateway.as_admin.get("/api/v1/providers")).json()["items"]
    found = [each["provider_id"] for each in listed if each["base_url"] == base_url]
    provider_id = (
        found[0] if found else (await enter_provider(gateway, base_url)).json()["provider_id"]
    )
    body = {
        "provider_id": provider_id,
        "model_name": name,
        "category": category,
        "prices": [PRICE],
    }
    made = await gateway.as_admin.post("/api/v1/models", json=body)
    assert made.status_code == 201, made.text
    return str(made.headers["location"])


def holding_files(folder: Path, text: str) -> list[str]:
    """The files below the folder that hold the text: databases, their logs, objects."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [each.name for each in files if text.encode() in each.read_bytes()]


async def test_a_provider_is_entered_edited_and_removed(gateway: Desk) -> None:
    made = await enter_provider(gateway, "https://api.acme.example/v1/", requests_per_minute=60)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    address, body = made.headers["location"], made.json()
    assert (body["has_key"], body["is_key_readable"]) == (True, True)
    assert (body["base_url"], body["model_count"]) == ("https://api.acme.example/v1", 0)
    entry = {"name": "Acme 2", "api_kind": "anthropic", "base_url": body["base_url"]}
    edited = await gateway.as_admin.put(address, json=entry, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json()["has_key"], edited.json()["version"]) == (
        200,
        True,
        2,
    )
    stale = await gateway.as_admin.put(address, json=entry, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "catalog.stale_edit")
    moved = entry | {"base_url": "https://elsewhere.example/v1"}
    refused = await gateway.as_admin.put(address, json=moved, headers={"If-Match": '"2"'})
    assert (refused.status_code, refused.json()["code"]) == (422, "provider.address_moved")
    assert [each["field"] for each in refused.json()["errors"]] == ["api_key"]
    gone = await gateway.as_admin.delete(address, headers={"If-Match": '"2"'})
    assert gone.status_code == 204
    assert (await gateway.as_admin.get(address)).status_code == 404


async def test_a_model_is_entered_edited_and_removed(gateway: Desk) -> None:
    address = await enter_model(gateway, "https://api.acme.example/v1")
    model = (await gateway.as_operator.get(address)).json()
    assert (model["prices"][0]["input"], model["provider"]["name"]) == ("2", "Acme")
    entry = {
        "provider_id": model["provider_id"],
        "model_name": "chatty-2",
        "category": "LLM",
        "is_default_in_category": True,
    }
    edited = await gateway.as_admin.put(address, json=entry, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json()["is_default_in_category"]) == (200, True)
    assert edited.json()["prices"] == model["prices"]
    twice = await gateway.as_admin.post("/api/v1/models", json=entry)
    assert (twice.status_code, twice.json()["code"]) == (409, "catalog.exists")
    two_at_once = entry | {"model_name": "x", "prices": [PRICE, PRICE]}
    refused = await gateway.as_admin.post("/api/v1/models", json=two_at_once)
    assert refused.json()["errors"][0]["field"] == "prices"
    in_use = await gateway.as_admin.delete(
        f"/api/v1/providers/{model['provider_id']}", headers={"If-Match": '"1"'}
    )
    assert (in_use.status_code, in_use.json()["code"]) == (409, "catalog.in_use")
    assert "chatty-2" in in_use.json()["detail"]
    with_models = await gateway.as_admin.delete(
        f"/api/v1/providers/{model['provider_id']}",
        params={"with_models": True},
        headers={"If-Match": '"1"'},
    )
    assert with_models.status_code == 204
    assert (await gateway.as_admin.get(address)).status_code == 404


async def test_a_category_has_one_default(gateway: Desk) -> None:
    first = await enter_model(gateway, "https://api.acme.example/v1", "one")
    second = await enter_model(gateway, "https://api.acme.example/v1", "two")
    answers = await asyncio.gather(
        *(gateway.as_admin.post(f"{each}/default") for each in (first, second) * 3)
    )
    assert {each.status_code for each in answers} == {200}
    models = (await gateway.as_operator.get("/api/v1/models", params={"category": "LLM"})).json()
    assert sum(each["is_default_in_category"] for each in models["items"]) == 1
    categories = (await gateway.as_operator.get("/api/v1/models/categories")).json()["items"]
    assert [each["category"] for each in categories] == [
        "OCR",
        "VL",
        "LLM",
        "Embedding",
        "Text Classification",
    ]
    by_name = {each["category"]: each for each in categories}
    assert by_name["VL"]["default_model_id"] == str(PADDLEOCR_VL_ID)
    assert by_name["LLM"]["model_count"] == 2
    same = (await gateway.as_operator.get("/api/models/categories")).json()["items"]
    assert same == categories  # requirement A's address


async def test_only_an_admin_of_everything_writes_and_tries_and_everybody_reads(
    gateway: Desk, server: PlaygroundServer
) -> None:
    model = await enter_model(gateway, server.url)
    provider = f"/api/v1/providers/{(await gateway.as_admin.get(model)).json()['provider_id']}"
    narrow = await gateway.client(Role.ADMIN, "default")
    entry = {"name": "Mine", "api_kind": "openai", "base_url": "https://a.example"}
    trial = {"messages": [{"role": "user", "content": "hello"}]}
    match = {"If-Match": '"1"'}
    for client, refusal in (
        (gateway.as_operator, 403),
        (narrow, 403),
        (gateway.as_nobody, 401),
    ):
        writes = [
            await client.post("/api/v1/providers", json=entry),
            await client.put(provider, json=entry, headers=match),
            await client.delete(provider, headers=match),
            await client.post("/api/v1/models", json={"model_name": "m"}),
            await client.put(model, json={"model_name": "m"}, headers=match),
            await client.delete(model, headers=match),
            await client.post(f"{model}/default"),
            await client.post(f"{model}/test", json=trial),
            await client.post(f"{model}/test/stream", json=trial),
        ]
        assert [each.status_code for each in writes] == [refusal] * len(writes)
        reads = [
            await client.get(path)
            for path in ("/api/v1/providers", provider, "/api/v1/models", model)
        ]
        assert {each.status_code for each in reads} == ({401} if refusal == 401 else {200})
        assert KEY not in "".join(each.text for each in (*writes, *reads))
    assert server.asked == []
    await narrow.aclose()


async def test_a_conversation_is_answered_priced_and_on_record(
    gateway: Desk, server: PlaygroundServer
) -> None:
    model = await enter_model(gateway, server.url)
    trial = {"messages": [{"role": "user", "content": "hello there"}]}
    answer = await gateway.as_admin.post(f"{model}/test", json=trial)
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert (result["content"], result["model"]) == ("You said: hello there", "chatty-1")
    assert result["usage"]["input_tokens"] == 1_000
    assert (Decimal(result["cost"]), result["currency"]) == (Decimal("0.004"), "USD")
    assert result["latency_ms"] >= 0
    (used,) = (await gateway.as_admin.get(model)).json()["use_this_month"]
    assert (used["call_count"], used["input_tokens"], used["output_tokens"]) == (1, 1_000, 200)
    assert Decimal(used["cost"]) == Decimal("0.004")
    (call,) = await gateway.catalog.model_uses.calls(UUID(model.rpartition("/")[2]))
    record = json.loads(await gateway.objects.get(INSTALLATION_PROJECT_ID, call.record[0]))
    assert record["reply"]["text"] == "You said: hello there"
    assert record["reply"]["prompt"]["messages"][-1]["content"] == "hello there"
    roots = await gateway.catalog.object_roots()
    assert (INSTALLATION_PROJECT_ID, call.record[0].digest) in roots


async def test_an_answer_is_followed_while_it_is_written(
    gateway: Desk, server: PlaygroundServer
) -> None:
    model = await enter_model(gateway, server.url)
    server.hold.clear()
    trial = {"messages": [{"role": "user", "content": "a b c"}]}
    async with gateway.as_admin.stream("POST", f"{model}/test/stream", json=trial) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        first = [await anext(lines) for _ in range(2)]
        assert first[0] == "event: piece"  # the server holds the rest back
        server.hold.set()
        rest = [line async for line in lines]
    assert '"You said: a b c"' in rest[-2]
    assert rest[-3] == "event: done"
    (used,) = (await gateway.as_admin.get(model)).json()["use_this_month"]
    assert used["call_count"] == 1


async def test_a_stream_that_nobody_follows_any_more_is_on_record(
    gateway: Desk, server: PlaygroundServer
) -> None:
    model = await enter_model(gateway, server.url)
    server.hold.clear()
    trial = {"messages": [{"role": "user", "content": "a b c"}]}
    async with gateway.as_admin.stream("POST", f"{model}/test/stream", json=trial) as answer:
        await anext(answer.aiter_lines())
    server.hold.set()
    for _ in range(200):
        if (await gateway.as_admin.get(model)).json()["use_this_month"]:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the call was not counted")


async def test_the_same_question_is_asked_and_paid_again(
    gateway: Desk, server: PlaygroundServer
) -> None:
    model = await enter_model(gateway, server.url)
    trial = {"messages": [{"role": "user", "content": "again"}]}
    for _ in range(2):
        assert (await gateway.as_admin.post(f"{model}/test", json=trial)).status_code == 200
    assert len(server.asked) == 2
    (used,) = (await gateway.as_admin.get(model)).json()["use_this_month"]
    assert (used["call_count"], Decimal(used["cost"])) == (2, Decimal("0.008"))


async def test_trials_are_told_in_spend_as_the_installation_s_and_in_no_budget(
    gateway: Desk, server: PlaygroundServer
) -> None:
    model = await enter_model(gateway, server.url)
    trial = {"messages": [{"role": "user", "content": "again"}]}
    for _ in range(2):
        assert (await gateway.as_admin.post(f"{model}/test", json=trial)).status_code == 200
    spend = "/api/v1/spend"
    for by in ("project", "job"):
        (row,) = (await gateway.as_admin.get(spend, params={"by": by})).json()["items"]
        assert (row["is_playground"], row["project_code"], row["job_id"]) == (True, None, None)
        assert (Decimal(row["cost"]), row["call_count"]) == (Decimal("0.008"), 2)
        table = await gateway.as_admin.get(spend, params={"by": by, "format": "csv"})
        assert "playground/tests,0.008,0,2," in table.text
    by_model = {"by": ["month", "model"]}
    (row,) = (await gateway.as_admin.get(spend, params=by_model)).json()["items"]
    entry = (await gateway.as_admin.get(model)).json()
    assert row["model"] in (entry["display_name"], entry["model_name"])
    assert (row["input_tokens"], row["is_playground"]) == (2_000, False)
    assert len(row["month"]) == len("2026-11")
    budget = await gateway.as_admin.get("/api/v1/projects/default/budget")
    assert Decimal(budget.json()["spent"]) == 0
    of_project = await gateway.as_admin.get(spend, params={"project": "default"})
    assert of_project.json()["items"] == []


async def test_a_model_whose_price_is_known_gets_it(gateway: Desk) -> None:
    made = await enter_provider(gateway, "https://api.openai.com/v1")
    body = {"provider_id": made.json()["provider_id"], "model_name": "gpt-4o", "category": "LLM"}
    model = (await gateway.as_admin.post("/api/v1/models", json=body)).json()
    assert [each["source"] for each in model["prices"]] == ["genai-prices"]
    assert Decimal(model["prices"][0]["output"]) > Decimal(model["prices"][0]["input"]) > 0
    unknown = body | {"model_name": "a-model-of-nobody"}
    assert (await gateway.as_admin.post("/api/v1/models", json=unknown)).json()["prices"] == []


async def test_calls_at_once_are_as_many_as_the_provider_and_the_model_allow(
    gateway: Desk, server: PlaygroundServer
) -> None:
    model = await enter_model(gateway, server.url)
    entry = {
        "provider_id": (await gateway.as_admin.get(model)).json()["provider_id"],
        "model_name": "chatty",
        "category": "LLM",
        "max_concurrent_calls": 1,
    }
    edited = await gateway.as_admin.put(model, json=entry, headers={"If-Match": '"1"'})
    assert edited.status_code == 200
    server.hold.clear()
    trial = {"messages": [{"role": "user", "content": "a b c"}]}
    async with gateway.as_admin.stream("POST", f"{model}/test/stream", json=trial) as answer:
        await anext(answer.aiter_lines())  # the first is at work
        second = asyncio.create_task(gateway.as_admin.post(f"{model}/test", json=trial))
        done, _ = await asyncio.wait({second}, timeout=0.5)
        assert (done, len(server.asked)) == (set(), 1)
        server.hold.set()
    assert (await second).status_code == 200
    assert len(server.asked) == 2


async def test_texts_are_embedded_and_compared(gateway: Desk, server: PlaygroundServer) -> None:
    model = await enter_model(gateway, server.url, "vectors", "Embedding")
    one = (await gateway.as_admin.post(f"{model}/test", json={"input": "x"})).json()
    assert (one["dimension"], one["values"], one["norm"]) == (3, [3.0, 4.0, 0.0], 5.0)
    both = (await gateway.as_admin.post(f"{model}/test", json={"input": ["x", "x", "xx"]})).json()
    assert both["cosines"][0] == pytest.approx(1.0)
    assert both["cosines"][1] == pytest.approx(41 / (5 * 73**0.5))
    wrong = await gateway.as_admin.post(
        f"{model}/test", json={"messages": [{"role": "user", "content": "x"}]}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "model.unsupported")
    assert "send input" in wrong.json()["detail"]


async def test_a_picture_is_read(gateway: Desk, server: PlaygroundServer) -> None:
    model = await enter_model(gateway, server.url, "seer", "VL")
    answer = await gateway.as_admin.post(
        f"{model}/test", files={"image": ("page.png", PNG)}, data={"prompt": "OCR:"}
    )
    assert (answer.status_code, answer.json()["content"]) == (200, MARKDOWN)
    sent = json.dumps(server.asked[0]["messages"])
    assert "data:image/png;base64," in sent
    assert "OCR:" in sent
    for files, data, field in (
        ({"image": ("page.png", b"%PDF-1.7")}, {"prompt": "OCR:"}, "image"),
        ({"image": ("page.png", PNG)}, {"prompt": " "}, "prompt"),
        ({"other": ("page.png", PNG)}, {"prompt": "OCR:"}, "image"),
    ):
        refused = await gateway.as_admin.post(f"{model}/test", files=files, data=data)
        assert refused.status_code == 422
        assert [each["field"] for each in refused.json()["errors"]] == [field]
    assert len(server.asked) == 1


async def test_what_the_provider_refuses_is_said_and_counted(
    gateway: Desk, server: PlaygroundServer
) -> None:
    model = await enter_model(gateway, server.url, "unknown")
    trial = {"messages": [{"role": "user", "content": "hello"}]}
    refused = await gateway.as_admin.post(f"{model}/test", json=trial)
    assert (refused.status_code, refused.json()["code"]) == (422, "engine.bad_request")
    provider = (await gateway.as_admin.get(model)).json()["provider_id"]
    entry = {"name": "Acme", "api_kind": "openai", "base_url": server.url, "api_key": "sk-wrong"}
    await gateway.as_admin.put(
        f"/api/v1/providers/{provider}", json=entry, headers={"If-Match": '"1"'}
    )
    wrong = await gateway.as_admin.post(f"{model}/test", json=trial)
    assert (wrong.status_code, wrong.json()["code"]) == (502, "engine.unauthorised")
    assert "sk-wrong" not in wrong.text
    streamed = await gateway.as_admin.post(f"{model}/test/stream", json=trial)
    assert "event: failed" in streamed.text
    assert "engine.unauthorised" in streamed.text
    (used,) = (await gateway.as_admin.get(model)).json()["use_this_month"]
    assert (used["call_count"], used["failed_count"], used["cost"]) == (3, 3, None)


ADDRESSES = (
    "http://127.0.0.1:8080/v1",
    "http://localhost/v1",
    "http://[::1]/v1",
    "http://10.0.0.7/v1",
    "http://192.168.1.1/v1",
    "http://169.254.169.254/latest",
    "http://[fd00::1]/v1",
    "http://[::ffff:127.0.0.1]/v1",
    "http://0x7f000001/v1",
    "http://2130706433/v1",
    "https://user:pass@api.example/v1",
    "https://api.example/v1?x=1",
)


async def test_an_address_that_may_not_be_asked_is_not_entered(tmp_path: Path) -> None:
    async with desk(tmp_path, private_hosts=frozenset()) as gateway:
        for url in ADDRESSES:
            refused = await enter_provider(gateway, url)
            assert (refused.status_code, refused.json()["code"]) == (422, "model.address_refused")
            assert [each["field"] for each in refused.json()["errors"]] == ["base_url"]
        listed = (await gateway.as_admin.get("/api/v1/providers")).json()["items"]
        assert [each["name"] for each in listed] == [
            "Local embedding server",
            "Local vision server",
        ]


async def test_a_private_address_is_not_asked_where_the_setting_does_not_name_it(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, private_hosts=frozenset()) as gateway:
        trial = {"messages": [{"role": "user", "content": "hello"}]}
        refused = await gateway.as_admin.post(f"/api/v1/models/{PADDLEOCR_VL_ID}/test", json=trial)
        assert (refused.status_code, refused.json()["code"]) == (422, "model.address_refused")
        assert "DRAGOMAN_PRIVATE_PROVIDERS" in refused.json()["detail"]


async def test_a_key_is_in_no_answer_log_audit_event_or_object(
    gateway: Desk, server: PlaygroundServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = await enter_model(gateway, server.url)
    provider = f"/api/v1/providers/{(await gateway.as_admin.get(model)).json()['provider_id']}"
    trial = {"messages": [{"role": "user", "content": "hello"}]}
    odd = {
        "name": "Odd",
        "api_kind": "openai",
        "base_url": "https://a.example",
        "api_key": f"{KEY} ",
    }
    answers = [
        await gateway.as_admin.post(f"{model}/test", json=trial),
        await gateway.as_admin.post(f"{model}/test/stream", json=trial),
        await gateway.as_admin.get(provider),
        await gateway.as_admin.post("/api/v1/providers", json=odd),
        await enter_provider(gateway, server.url),
        await gateway.as_admin.get("/api/v1/audit-events"),
    ]
    assert [each.status_code for each in answers] == [200, 200, 200, 422, 409, 200]
    assert KEY not in "".join(each.text + str(each.headers) for each in answers)
    logged = capfd.readouterr()
    assert KEY not in logged.out + logged.err
    assert holding_files(tmp_path, KEY) == []


async def test_a_key_that_cannot_be_sent_is_refused(gateway: Desk) -> None:
    for key in ("two words", "line\nbreak", "schlüssel"):
        refused = await enter_provider(gateway, "https://a.example", api_key=key)
        assert refused.status_code == 422
        assert key not in refused.text

"""POST /analyses: what a job would count and cost, over HTTP, with nothing kept."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from docx import Document as WordDocument

from documents.encrypted import agile
from dragoman_catalog import ProjectSettings, Role
from dragoman_contracts.resources import EngineChoice
from dragoman_gateway.analyses.rules import gave
from dragoman_gateway.analyses.schemas import AnalysisForm
from dragoman_gateway.submissions.schemas import JobForm
from dragoman_gateway.web.spreadsheets import harmless
from dragoman_runtime.clock import SystemClock
from e2e.documents import own_document
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.test_new_version_api import MINE, first_version, opened


def written(*paragraphs: str) -> bytes:
    """A document of these paragraphs."""
    made, file = WordDocument(), io.BytesIO()
    made.core_properties.comments = ""
    for each in paragraphs:
        made.add_paragraph(each)
    made.save(file)
    return file.getvalue()


NEWER = written(*("Dear customer", "Read this first", "Pay the invoice now"), "With kind regards")
FIRST, SECOND = own_document(1, paragraphs=4), own_document(2, paragraphs=3)
FIELDS = {"source_language": "en", "target_language": "de-CH"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def analyse(
    client: httpx.AsyncClient,
    *files: tuple[str, bytes],
    query: str = "",
    accept: str = "application/json",
    **fields: str,
) -> httpx.Response:
    return await client.post(
        f"/api/v1/analyses{query}",
        data={**FIELDS, **fields},
        files=[("file", each) for each in files or [("a.docx", FIRST)]],
        headers={"Accept": accept},
    )


def bands(counted: dict[str, Any]) -> dict[str, int]:
    return {each["band"]: each["unit_count"] for each in counted["bands"] if each["unit_count"]}


async def test_a_document_is_counted_and_nothing_is_kept(gateway: Desk, tmp_path: Path) -> None:
    before = sorted(each.name for each in (tmp_path / "objects").rglob("*"))
    answer = await analyse(gateway.as_operator)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["total"]["word_count"] > 0
    assert body["total"]["word_count"] == body["files"][0]["word_count"]
    assert sum(each["word_count"] for each in body["total"]["bands"]) == body["total"]["word_count"]
    assert body["engine"] == "pseudo"
    assert body["costs"][0]["cost_high"] == "0"
    assert sorted(each.name for each in (tmp_path / "objects").rglob("*")) == before
    jobs = await gateway.as_operator.get("/api/v1/jobs")
    assert jobs.json()["items"] == []


async def test_the_same_file_twice_is_one_of_repetitions(gateway: Desk) -> None:
    body = (await analyse(gateway.as_operator, ("a.docx", FIRST), ("b.docx", FIRST))).json()
    second = bands(body["files"][1])
    assert set(second) <= {"cross_file_repetition", "numbers_only"}
    total = body["total"]
    assert total["unit_count"] == sum(each["unit_count"] for each in body["files"])
    assert total["load"] == body["files"][0]["load"]


async def test_the_words_are_those_that_a_job_counts(gateway: Desk) -> None:
    body = (await analyse(gateway.as_operator, ("a.docx", SECOND))).json()
    from dragoman_contracts.counting import count_text
    from dragoman_documents import extract

    units = [each for each in extract(SECOND).units if each.is_translatable]
    assert body["total"]["word_count"] == sum(
        count_text(each.source, each.tags).words for each in units
    )


@pytest.mark.parametrize(("query", "accept"), [("?format=csv", "*/*"), ("", "text/csv")])
async def test_agencies_get_their_table(gateway: Desk, query: str, accept: str) -> None:
    answer = await analyse(
        gateway.as_operator, ("=1+1.docx", FIRST), ("b.docx", SECOND), query=query, accept=accept
    )
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["File", "Source", "Target"]
    assert [row[0] for row in rows[1:4]] == ["'=1+1.docx", "b.docx", "Total"]
    total = dict(zip(rows[0], rows[3], strict=True))
    body = (await analyse(gateway.as_operator, ("a", FIRST), ("b", SECOND))).json()
    assert int(total["Words"]) == body["total"]["word_count"]
    assert int(total["Machine translation"]) == next(
        each["word_count"] for each in body["total"]["bands"] if each["band"] == "mt"
    )


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n=1"])
def test_no_name_of_a_file_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless("a=1") == "a=1"


async def test_payable_words_follow_the_project(gateway: Desk) -> None:
    settings = ProjectSettings.model_validate({"payable_pct": {"mt": 0, "internal_95-99": 0}})
    await gateway.catalog.projects.create(
        TESTER, SystemClock().now(), code="acme", name="Acme", settings=settings
    )
    usual = (await analyse(gateway.as_operator)).json()["total"]
    own = (await analyse(gateway.as_admin, project_code="acme")).json()["total"]
    assert own["word_count"] == usual["word_count"]
    assert float(own["payable_words"]) < float(usual["payable_words"])
    shares = {each["band"]: each["payable_pct"] for each in own["bands"]}
    assert (shares["mt"], shares["repetition"]) == (0, 30)


async def test_the_form_of_a_job_is_taken_as_it_is() -> None:
    assert set(JobForm.model_fields) <= set(AnalysisForm.model_fields)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"source_language": ""}, "request.invalid", "source_language"),
        ({"target_language": "en"}, "request.invalid", "target_language"),
        ({"target_language": "x"}, "locale.invalid", "target_language"),
        ({"target_language": "tlh"}, "engine.pair_unsupported", "target_language"),
        ({"project_code": "nowhere"}, "project.unknown", "project_code"),
        ({"domain_pack_code": "nowhere"}, "domain_pack.unknown", "domain_pack_code"),
        ({"engine": "nobody"}, "engine.unknown", "engine"),
        ({"engine": "a b"}, "request.invalid", "overrides.engine"),
        ({"extraction": "["}, "request.invalid", "extraction"),
    ],
)
async def test_terms_that_no_job_could_have_are_refused(
    gateway: Desk, fields: dict[str, str], code: str, field: str
) -> None:
    answer = await analyse(gateway.as_admin, **fields)
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body["code"] == code
    assert field.split(".")[-1] in answer.text


async def test_a_file_that_is_no_document_is_named(gateway: Desk) -> None:
    answer = await analyse(gateway.as_operator, ("a.docx", FIRST), ("odd.docx", b"PK not really"))
    assert answer.status_code == 422
    assert "odd.docx" in answer.json()["detail"]


async def test_an_encrypted_file_is_opened_with_its_password(gateway: Desk) -> None:
    locked = agile(FIRST, "secret")
    wrong = await analyse(gateway.as_operator, ("a.docx", locked), document_password="no")
    assert wrong.status_code == 422
    right = await analyse(gateway.as_operator, ("a.docx", locked), document_password="secret")
    assert right.json()["total"] == (await analyse(gateway.as_operator)).json()["total"]


async def test_a_stranger_and_a_credential_of_another_project_get_nothing(gateway: Desk) -> None:
    assert (await analyse(gateway.as_nobody)).status_code == 401
    async with await gateway.client(Role.OPERATOR, "other") as client:
        assert (await analyse(client)).status_code == 403


async def test_a_misspelt_field_is_refused(gateway: Desk) -> None:
    assert (await analyse(gateway.as_operator, engin="pseudo")).status_code == 422


async def test_what_a_new_version_keeps_is_told_and_not_priced(gateway: Desk) -> None:
    first = await first_version(gateway)
    for name, fields in (
        ("contract.docx", {}),
        ("renamed.docx", {"external_reference": "contract"}),
        ("renamed.docx", {"new_version_of": str(first.job_id)}),
    ):
        body = (await analyse(gateway.as_operator, (name, NEWER), **fields)).json()
        assert bands(body["total"]) == {"previous_version": 3, "mt": 1}, fields
        reused = body["total"]["reused"]
        assert reused["from_people"] == {"unit_count": 1, "word_count": 4}
        assert reused["from_engine"] == {"unit_count": 2, "word_count": 5}
        assert body["total"]["load"]["unit_count"] == 1
        assert body["files"][0]["previous_job_id"] == str(first.job_id)
        assert body["files"][0]["previous_document_version"] == 1
        assert body["reused_tokens"]["input_low"] > 0
        assert body["costs"][0]["tokens"]["output_high"] < body["reused_tokens"]["output_high"]
    # the job keeps just these
    pin = await gateway.as_operator.get(f"/api/v1/jobs/{await opened(gateway, NEWER)}")
    assert pin.json()["previous_version"]["job_id"] == str(first.job_id)


async def test_the_files_of_a_folder_are_each_compared_with_their_own_document(
    gateway: Desk,
) -> None:
    await first_version(gateway)
    body = (
        await analyse(gateway.as_operator, ("contract.docx", NEWER), ("other.docx", NEWER))
    ).json()
    assert bands(body["files"][0]) == {"previous_version": 3, "mt": 1}
    # it says again in another file that was asked for in the first
    assert bands(body["files"][1]) == {"mt": 3, "cross_file_repetition": 1}
    assert body["files"][1]["previous_job_id"] is None


async def test_engines_texts_are_not_kept_under_another_engine_nor_anything_where_that_is_said(
    gateway: Desk,
) -> None:
    await first_version(gateway)
    other = (await analyse(gateway.as_operator, ("contract.docx", NEWER), engine="identity")).json()
    assert bands(other["total"]) == {"previous_version": 1, "mt": 3}
    none = (
        await analyse(gateway.as_operator, ("contract.docx", NEWER), new_version_of="none")
    ).json()
    assert bands(none["total"]) == {"mt": 4}
    assert none["total"]["reused"]["load"]["unit_count"] == 0


async def test_agencies_read_what_is_reused(gateway: Desk) -> None:
    await first_version(gateway)
    answer = await analyse(gateway.as_operator, ("contract.docx", NEWER), query="?format=csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    total = dict(zip(rows[0], rows[2], strict=True))
    assert (total["Previous version"], total["Already paid"]) == ("9", "0")
    assert ["Kept, people's", "1", "4"] in rows
    assert ["Kept, an engine's", "2", "5"] in rows
    assert MINE not in answer.text


@pytest.mark.parametrize(
    ("wanted", "code"), [("yesterday", "request.invalid"), (str(UUID(int=4)), "previous.unknown")]
)
async def test_a_version_that_is_not_there_is_refused(
    gateway: Desk, wanted: str, code: str
) -> None:
    answer = await analyse(gateway.as_operator, new_version_of=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == "new_version_of"


def test_answers_count_as_those_of_the_same_engine_and_model_as_far_as_these_are_known() -> None:
    large = EngineChoice(engine="openai", model="large")
    assert gave(large, large)
    assert gave(large, EngineChoice(engine="openai"))  # the settings of another process name it
    assert not gave(large, EngineChoice(engine="openai", model="small"))
    assert not gave(large, EngineChoice(engine="anthropic", model="large"))
    assert not gave(None, large)

"""A file that is no Word document is refused where it comes in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dragoman_documents import OLE_SIGNATURE
from services.gateway.desks import Desk, desk
from services.gateway.test_submission_api import LOCKED, PACKAGE, code, submit


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"just text", "document.not_zip"),
        (b"%PDF-1.7 ...", "document.pdf"),
        (b"{\\rtf1 text}", "document.rtf"),
        (b"<html>text</html>", "document.flat_xml"),
        (OLE_SIGNATURE + bytes(504) + "WordDocument".encode("utf-16-le"), "document.legacy_word"),
        (OLE_SIGNATURE + bytes(504), "document.not_zip"),
    ],
)
async def test_a_file_whose_first_bytes_are_no_word_documents_becomes_no_job(
    gateway: Desk, content: bytes, wanted: str
) -> None:
    refused = await submit(gateway.as_operator, content)
    assert (refused.status_code, code(refused)) == (422, wanted)
    (fault,) = refused.json()["errors"]
    assert fault["field"] == "file"
    assert "DOCX" in fault["message"]
    await gateway.project()
    assert not (await gateway.as_operator.get("/api/v1/jobs")).json()["items"]


@pytest.mark.parametrize("content", [LOCKED, PACKAGE, b"PK and no more"])
async def test_a_package_and_an_encrypted_document_are_left_to_preflight(
    gateway: Desk, content: bytes
) -> None:
    assert (await submit(gateway.as_operator, content)).status_code == 202


async def test_a_pipeline_that_reads_no_word_document_takes_any_file(gateway: Desk) -> None:
    taken = await gateway.as_operator.post(
        "/api/v1/jobs",
        data={"pipeline_id": "document-parse"},
        files={"file": ("a.pdf", b"%PDF-1.7 ...")},
    )
    assert taken.status_code == 202

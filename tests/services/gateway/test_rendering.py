"""LibreOffice in a child process: what it must not do, and what it refuses."""

from __future__ import annotations

import asyncio
import io
import shutil
import zipfile
from typing import Any

import pytest

from dragoman_gateway.review.desk.rendering import LibreOffice, PreviewFailedError
from e2e.documents import own_document

needs_office = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is in libreoffice-writer-nogui"
)


def _with_linked_picture(document: bytes, address: str) -> bytes:
    """The document with a picture that lies at an address."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/_rels/document.xml.rels":
                data = data.replace(
                    b"</Relationships>",
                    b'<Relationship Id="rIdX" TargetMode="External" Type="http://schemas.openxmlformats.org/'
                    b'officeDocument/2006/relationships/image" Target="' + address.encode() + b'"/>'
                    b"</Relationships>",
                )
            if name == "word/document.xml":
                data = data.replace(b"<w:sectPr", _PICTURE + b"<w:sectPr", 1)
            new.writestr(name, data)
    return made.getvalue()


_PICTURE = (
    b'<w:p><w:r><w:pict xmlns:v="urn:schemas-microsoft-com:vml" xmlns:r="http://schemas.openxmlformats.org/'
    b'officeDocument/2006/relationships"><v:shape style="width:100pt;height:100pt">'
    b'<v:imagedata r:link="rIdX"/></v:shape></w:pict></w:r></w:p>'
)


@needs_office
async def test_what_a_document_links_to_is_not_fetched() -> None:
    asked: list[bytes] = []

    async def answer(reader: Any, writer: Any) -> None:
        asked.append(await reader.read(200))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    linked = _with_linked_picture(own_document(1, paragraphs=2), f"http://127.0.0.1:{port}/x.png")
    _, page_count = await LibreOffice("soffice").laid_out(linked)
    server.close()
    await server.wait_closed()
    assert (page_count, asked) == (1, [])


@needs_office
async def test_what_is_no_document_is_refused_with_a_cure() -> None:
    with pytest.raises(PreviewFailedError, match="download the draft"):
        await LibreOffice("soffice").laid_out(b"\x00\x01 nothing that anybody reads" * 50)

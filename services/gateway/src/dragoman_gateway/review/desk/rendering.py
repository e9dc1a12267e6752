"""Pages of a document as LibreOffice lays them out: a program that runs in a child process with
limits, and the way to call it.

    python -m dragoman_gateway.review.desk.rendering pages FOLDER soffice     document.docx → document.pdf
    python -m dragoman_gateway.review.desk.rendering picture FOLDER 3         document.pdf → 3.png

The child gets no setting of this process, so no secret, and its LibreOffice runs no macro and
fetches nothing that a document links to.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from dragoman_contracts.errors import ConflictError, PermanentError

_LAYOUT_S, _PICTURE_S = 90.0, 30.0
_CPU_S = 80
_FILE_BYTES = 256 * 1024 * 1024
_MEMORY_BYTES = 6 * 1024**3  # of addresses: LibreOffice reserves far more than it uses
_DPI = 110
_MOST_PIXELS = 12_000_000
_DOCUMENT, _PDF = "document.docx", "document.pdf"
_ITEM = (
    '<item oor:path="/org.openoffice.Office.Common/Security/Scripting">'
    '<prop oor:name="{}" oor:op="fuse"><value>true</value></prop></item>'
)
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    + "".join(
        _ITEM.format(name)
        for name in (
            "DisableMacrosExecution",
            "DisableActiveContent",
            "BlockUntrustedRefererLinks",
        )
    )
    + "</oor:items>"
)
"""LibreOffice's settings: neither macros nor links to what lies elsewhere."""


class PreviewUnavailableError(ConflictError):
    """No LibreOffice is installed where the gateway runs."""

    default_code = "preview.not_installed"


class PreviewFailedError(PermanentError):
    """LibreOffice could not lay the document out in time and within its limits."""

    default_code = "preview.failed"


class LibreOffice:
    """The LibreOffice of this machine, by the name or path of its program."""

    def __init__(self, program: str) -> None:
        self._program = program

    def require(self) -> str:
        """The path of the program.

        Raises:
            PreviewUnavailableError: there is none; the message names the cure.
        """
        found = shutil.which(self._program)
        if found is None:
            raise PreviewUnavailableError(
                "Pages are rendered by LibreOffice, which is not installed where the gateway runs: "
                "install libreoffice-writer-nogui there, or download the draft and open it."
            )
        return found

    async def laid_out(self, document: bytes) -> tuple[bytes, int]:
        """A DOCX as PDF, and how many pages it has.

        Raises:
            PreviewUnavailableError: as `require`.
            PreviewFailedError: it could not be laid out.
        """
        program = self.require()
        with tempfile.TemporaryDirectory(prefix="dragoman-preview-") as name:
            folder = Path(name)
            await asyncio.to_thread((folder / _DOCUMENT).write_bytes, document)
            said = await _run(_LAYOUT_S, "pages", name, program)
            return await asyncio.to_thread((folder / _PDF).read_bytes), int(said["page_count"])

    async def picture(self, pdf: bytes, number: int) -> bytes:
        """A page of a PDF, counted from 1, as PNG.

        Raises:
            PreviewFailedError: it cannot be drawn.
        """
        with tempfile.TemporaryDirectory(prefix="dragoman-preview-") as name:
            folder = Path(name)
            await asyncio.to_thread((folder / _PDF).write_bytes, pdf)
            await _run(_PICTURE_S, "picture", name, str(number))
            return await asyncio.to_thread((folder / f"{number}.png").read_bytes)


async def _run(limit_s: float, *arguments: str) -> dict[str, int]:
    """The answer of the program; its whole group is ended where it does not end in time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(arguments[1]),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limit_s):
            said, _ = await process.communicate()
    except TimeoutError as error:
        raise PreviewFailedError(
            f"The document was not laid out within {limit_s:.0f} s; download the draft and open it."
        ) from error
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if process.returncode:
        raise PreviewFailedError(
            "The document could not be laid out; download the draft and open it."
        )
    answer: dict[str, int] = json.loads(said)
    return answer


def _environment(folder: str) -> dict[str, str]:
    kept = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "FONTCONFIG_PATH", "FONTCONFIG_FILE")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    return {**own, "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"}


def _pages(folder: Path, program: str) -> dict[str, int]:
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
    subprocess.run(
        [
            program,
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--norestore",
            "--convert-to",
            "pdf:writer_pdf_Export",
            "--outdir",
            str(folder),
            str(folder / _DOCUMENT),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    with _pdfium().PdfDocument(folder / _PDF) as pdf:
        return {"page_count": len(pdf)}


def _picture(folder: Path, number: int) -> dict[str, int]:
    with _pdfium().PdfDocument(folder / _PDF) as pdf:
        page = pdf[number - 1]
        width, height = page.get_size()
        scale = min(_DPI / 72, (_MOST_PIXELS / (width * height)) ** 0.5)
        page.render(scale=scale).to_pil().save(folder / f"{number}.png", optimize=True)
        return {"page": number}


def _pdfium() -> Any:
    """The library without types, which only the child loads."""
    import pypdfium2  # pyright: ignore[reportMissingTypeStubs]

    return pypdfium2


def main(act: str, folder: str, what: str) -> None:
    """Do one of the two acts, within limits, and print its answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    said = _pages(Path(folder), what) if act == "pages" else _picture(Path(folder), int(what))
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:4])

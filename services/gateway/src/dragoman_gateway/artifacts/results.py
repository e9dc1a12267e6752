"""The results of several jobs in one ZIP, which is given out while it is written. Pure but for the
bytes, which come from the caller piece by piece.

    writer = ZipWriter()
    async for piece in writer.entry("Contract.es.docx", chunks): send(piece)
    send(writer.end())
"""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Iterable
from pathlib import PurePath

from dragoman_contracts.job import Job
from dragoman_contracts.references import Artifact, ArtifactKind
from dragoman_contracts.vocabulary import JobStatus

LEFT_OUT = "NOT-INCLUDED.txt"
_NEVER_CHANGES = (1980, 1, 1, 0, 0, 0)


class _Pieces:
    """A file that cannot be sought in, so that `zipfile` writes each byte once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Hold nothing back."""

    def close(self) -> None:
        """Do nothing: the caller ends the ZIP."""

    def taken(self) -> bytes:
        """The bytes written since the last time."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


class ZipWriter:
    """Writes a ZIP piece by piece. No two entries have one name, in whatever case."""

    def __init__(self) -> None:
        self._pieces = _Pieces()
        # Documents are compressed already.
        self._archive = zipfile.ZipFile(self._pieces, "w", zipfile.ZIP_STORED)
        self._names: set[str] = set()

    async def entry(self, name: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Write an entry; gives the bytes of the ZIP as they come."""
        info = zipfile.ZipInfo(self._free(name), _NEVER_CHANGES)
        info.external_attr = 0o644 << 16
        with self._archive.open(info, "w", force_zip64=True) as written:
            async for chunk in chunks:
                written.write(chunk)
                yield self._pieces.taken()
        yield self._pieces.taken()

    def end(self) -> bytes:
        """The directory of the ZIP, its last bytes."""
        self._archive.close()
        return self._pieces.taken()

    def _free(self, name: str) -> str:
        path, number = PurePath(name), 1
        while name.casefold() in self._names:
            number += 1
            name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        self._names.add(name.casefold())
        return name


def results_of(job: Job) -> list[Artifact]:
    """The results of a completed job: the newest translated document, and the files that its
    commands wrote. Empty while it is not completed.
    """
    if job.status is not JobStatus.COMPLETED:
        return []
    documents = [each for each in job.artifacts if each.kind is ArtifactKind.FINAL_DOCX]
    return [*documents[-1:], *(each for each in job.artifacts if each.kind is ArtifactKind.FILE)]


def left_out_text(lines: Iterable[str]) -> bytes:
    """The list of what is not in the ZIP, for the person who opens it."""
    said = "These jobs have no result that can be given out:"
    return "\r\n".join([said, "", *lines, ""]).encode()

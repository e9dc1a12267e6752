"""The two readers of parts, held against each other on real files:
`python -m documents.both_readers`.

    cd tests && ../.venv/bin/python -m documents.both_readers             every file of the corpus
    cd tests && ../.venv/bin/python -m documents.both_readers FOLDER      every DOCX file of a folder

A file is alike for both when they give equal units (ids, texts, tags, keys, styles) and when a
translation of it has equal parts, white space between attributes and the like apart. The command
exits with 1 where a file is not.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from xml.etree.ElementTree import ParseError, canonicalize

from documents.wordml import pseudo
from dragoman_contracts.locale import Locale
from dragoman_documents import DocumentError, Extraction, extract, merge

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "docx"


@contextmanager
def reading_quickly_from(size_bytes: int) -> Generator[None]:
    """Parts of at least that size are read by the quick readers,
    shorter ones by the plain reader.
    """
    with (
        patch("dragoman_documents.docx.extract._QUICK_BYTES", size_bytes),
        patch("dragoman_documents.docx.merge._QUICK_BYTES", size_bytes),
    ):
        yield


def difference(data: bytes) -> str:
    """What of a document the readers do not agree on; empty where they agree, or both refuse it."""
    quick, plain = (_outcome(data, size_bytes) for size_bytes in (0, sys.maxsize))
    if quick == plain:
        return ""
    return "units" if quick[0] != plain[0] else "a translated part"


def _outcome(data: bytes, size_bytes: int) -> tuple[Extraction | str, dict[str, str | bytes]]:
    """The units that are read, or the code of the refusal; and the parts of a translation."""
    with reading_quickly_from(size_bytes):
        try:
            extraction = extract(data)
        except DocumentError as refusal:
            return refusal.code, {}
        targets = {unit.unit_id: pseudo(unit) for unit in extraction.units}
        return extraction, _parts(merge(data, targets, target_locale=Locale("ru")))


def _parts(data: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: _canonical(package.read(name)) for name in package.namelist()}


def _canonical(part: bytes) -> str | bytes:
    """XML without what its writer may choose; other parts, and XML that is damaged, as they are."""
    try:
        text = part.decode("utf-8-sig")
        return canonicalize(text) if text.lstrip().startswith("<") else part
    except (ParseError, UnicodeDecodeError, ValueError):
        return part


def main(folder: Path) -> int:
    """Compare the readers on every file of a folder, and say what was found."""
    files = sorted(folder.glob("*.docx"))
    unlike = {path.name: found for path in files if (found := difference(path.read_bytes()))}
    lines = [f"{name}: {found} differ" for name, found in unlike.items()]
    sys.stdout.write(
        "\n".join(
            [*lines, f"{len(files) - len(unlike)} of {len(files)} files are alike for both.\n"]
        )
    )
    return 1 if unlike or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS))

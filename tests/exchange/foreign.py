"""Programs of others that read and write review files: OmegaT and LibreOffice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from documents.office import SOFFICE

OMEGAT = shutil.which("omegat") or ""
HAS_CALC = bool(SOFFICE) and (Path(SOFFICE).resolve().parent / "libsclo.so").exists()
_TIMEOUT_S = 120
_PROJECT = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<omegat><project version="1.0"><source_dir>__DEFAULT__</source_dir><target_dir>__DEFAULT__</target_dir>
<tm_dir>__DEFAULT__</tm_dir><glossary_dir>__DEFAULT__</glossary_dir><glossary_file>__DEFAULT__</glossary_file>
<dictionary_dir>__DEFAULT__</dictionary_dir><source_lang>EN</source_lang><target_lang>{target}</target_lang>
<sentence_seg>false</sentence_seg><support_default_translations>true</support_default_translations>
<remove_tags>false</remove_tags></project></omegat>
"""
_MEMORY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx11.dtd">
<tmx version="1.1"><header creationtool="OmegaT" o-tmf="OmegaT TMX" adminlang="EN-US" datatype="plaintext"
creationtoolversion="3.6.0" segtype="paragraph" srclang="EN"/><body>
{entries}
</body></tmx>
"""
_ENTRY = '<tu><tuv lang="EN"><seg>{source}</seg></tuv><tuv lang="{language}"><seg>{target}</seg></tuv></tu>'


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a program says; it is ended with all its children after two minutes."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    try:
        return process.communicate(timeout=_TIMEOUT_S)[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


class OmegatProject:
    """A project of OmegaT in `folder`, which is empty, with one file to translate."""

    def __init__(self, folder: Path, name: str, data: bytes, target: str = "DE-CH") -> None:
        self._folder, self._name, self._target = folder, name, target
        self._remembered: dict[str, str] = {}
        for each in ("source", "target", "tm", "omegat", "glossary", "dictionary"):
            (folder / each).mkdir()
        (folder / "omegat.project").write_text(_PROJECT.format(target=target))
        (folder / "source" / name).write_bytes(data)

    def remember(self, source: str, target: str) -> None:
        """Translate a segment by hand; tags are `&lt;g0&gt;`, as OmegaT shows them."""
        self._remembered[source] = target
        entries = "\n".join(
            _ENTRY.format(source=each, language=self._target, target=said)
            for each, said in self._remembered.items()
        )
        memory = _MEMORY.format(entries=entries)
        (self._folder / "omegat" / "project_save.tmx").write_text(memory, encoding="utf-8")

    def look_up(self, name: str, memory: bytes) -> None:
        """Put a memory of others beside, as a translator would to see it."""
        (self._folder / "tm" / name).write_bytes(memory)

    def translated(self) -> bytes:
        """The file as OmegaT saves it in its console mode."""
        said = run(
            [
                OMEGAT,
                str(self._folder),
                "--mode=console-translate",
                f"--config-dir={self._folder / 'config'}",
            ],
            {"HOME": str(self._folder)},
        )
        target = self._folder / "target" / self._name
        assert target.exists(), said[-2000:]
        return target.read_bytes()

    def memory(self) -> bytes:
        """The translations of the project as TMX of level 2, as OmegaT exports them."""
        return next(self._folder.glob("*-level2.tmx")).read_bytes()


def saved_by_office(folder: Path, name: str, data: bytes) -> bytes:
    """The file as LibreOffice saves it in the format it has."""
    source, out = folder / name, folder / "out"
    source.write_bytes(data)
    said = run(
        [
            SOFFICE,
            "--headless",
            "--norestore",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--convert-to",
            source.suffix[1:],
            "--outdir",
            str(out),
            str(source),
        ],
        {"HOME": str(folder)},
    )
    saved = out / name
    assert saved.exists(), said[-2000:]
    return saved.read_bytes()

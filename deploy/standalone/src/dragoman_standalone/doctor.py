"""`dragoman doctor`: what this machine lacks, and how to get it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from dragoman_contracts.errors import DragomanError
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_standalone.settings import StandaloneSettings
from dragoman_translate.app import ConfiguredEngines

_FREE_BYTES = 1024**3


class Finding(Value):
    """One thing that was looked at. `message` says how it is, or what to do about it."""

    name: str
    is_ok: bool
    is_required: bool
    message: str


class Examination(Value):
    """All that was looked at; ok when nothing required is missing."""

    findings: tuple[Finding, ...]

    @property
    def is_ok(self) -> bool:
        """Whether translating can work."""
        return all(each.is_ok for each in self.findings if each.is_required)


async def examine(settings: StandaloneSettings) -> Examination:
    """Look at Python, the state folder, the disk, the engines and LibreOffice."""
    findings = [_python(), _state(settings.state_dir), _disk(settings.state_dir), await _apertium(settings)]
    return Examination(findings=(*findings, _openai(settings), _office()))


def _python() -> Finding:
    name = f"Python {sys.version.split()[0]}, Dragoman {version('dragoman')}"
    return Finding(name="version", is_ok=True, is_required=True, message=name)


def _state(folder: Path) -> Finding:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    is_ok = os.access(existing, os.W_OK)
    message = f"{folder}" if is_ok else f"{existing} cannot be written; choose another folder with --state."
    return Finding(name="state folder", is_ok=is_ok, is_required=True, message=message)


def _disk(folder: Path) -> Finding:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(existing).free
    message = f"{free / 1024**3:.1f} GiB free"
    if free < _FREE_BYTES:
        message += "; make room, or choose another folder with --state."
    return Finding(name="disk", is_ok=free >= _FREE_BYTES, is_required=True, message=message)


async def _apertium(settings: StandaloneSettings) -> Finding:
    engines = ConfiguredEngines(settings)
    try:
        await engines.get("apertium", "").check_pair(Locale("en"), Locale("es"))
    except DragomanError as error:
        return Finding(name="engine apertium", is_ok=False, is_required=False, message=error.message)
    finally:
        await engines.aclose()
    pairs = await asyncio.to_thread(_apertium_pairs, settings.apertium_data_dir)
    return Finding(name="engine apertium", is_ok=True, is_required=False, message=f"installed: {pairs}")


def _apertium_pairs(folder: Path) -> str:
    return ", ".join(sorted(each.stem for each in (folder / "modes").glob("*-*.mode") if each.stem.count("-") == 1))


def _openai(settings: StandaloneSettings) -> Finding:
    is_ok = bool(settings.openai_model)
    message = (
        f"{settings.openai_model} at {settings.openai_base_url}"
        if is_ok
        else "Set DRAGOMAN_OPENAI_MODEL, and DRAGOMAN_OPENAI_BASE_URL and DRAGOMAN_OPENAI_API_KEY, to use a model."
    )
    return Finding(name="engine openai", is_ok=is_ok, is_required=False, message=message)


def _office() -> Finding:
    found = shutil.which("soffice")
    message = found or "LibreOffice is not needed to translate, but to look: apt-get install libreoffice-writer-nogui"
    return Finding(name="LibreOffice", is_ok=found is not None, is_required=False, message=message)

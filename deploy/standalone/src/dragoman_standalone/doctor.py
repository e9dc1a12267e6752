"""`dragoman doctor`: what this machine lacks, and how to get it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from dragoman_contracts.errors import DragomanError
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.release import release
from dragoman_contracts.resources import EngineChoice
from dragoman_gateway.jobs.detail.work_words import time_text
from dragoman_standalone.doctor_servers import servers
from dragoman_standalone.findings import Finding
from dragoman_standalone.private import is_open_to_others
from dragoman_standalone.settings import StandaloneSettings
from dragoman_translate.app import ConfiguredEngines, probe_engine
from dragoman_translate.probing import PAGE_WORDS, EngineProbe

_FREE_BYTES = 1024**3
_UNSAID = "not said by the server"


class Examination(Value):
    """All that was looked at; ok when nothing required is missing.
    `probe` is what one tiny call to an engine said.
    """

    findings: tuple[Finding, ...]
    probe: EngineProbe | None = None

    @property
    def is_ok(self) -> bool:
        """Whether translating can work."""
        return all(each.is_ok for each in self.findings if each.is_required)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An engine to try with one English sentence."""

    engine: str
    model: str
    target: Locale


async def examine(settings: StandaloneSettings, chosen: Chosen | None = None) -> Examination:
    """Look at Python, the state folder, the disk, the engines, LibreOffice, and the servers that
    the environment names; with an engine chosen, ask it, too.
    """
    findings = [
        _python(),
        _state(settings.state_dir),
        _private(settings.state_dir),
        _disk(settings.state_dir),
        await _apertium(settings),
    ]
    findings += [_openai(settings), _office(), *await servers()]
    if chosen is None:
        return Examination(findings=tuple(findings))
    probe = await probe_engine(settings, chosen.engine, chosen.model, Locale("en"), chosen.target)
    return Examination(findings=(*findings, *probe_findings(probe)), probe=probe)


def probe_findings(probe: EngineProbe) -> list[Finding]:
    """The findings of a call to an engine, in words. Only that the engine answers is required."""
    name = probe.engine
    if not probe.is_ok:
        message = f"{probe.message} ({probe.code})"
        return [
            Finding(
                name=f"{name} answers", is_ok=False, is_required=True, message=message, mark="fails"
            )
        ]
    where = (
        f"{probe.server or 'the server'} at {probe.address}" if probe.address else "on this machine"
    )
    said = [("answers", True, f"{probe.model}, {where}" if probe.model else where)]
    if probe.write_tokens_per_s is not None:
        said.append(("speed", True, _speed(probe)))
    if probe.address:
        said += _server(probe)
    if probe.page_s is not None:
        said.append(
            ("page", True, f"{PAGE_WORDS} words take about {time_text(probe.page_s)}{_cost(probe)}")
        )
    if probe.sample:
        said.append(("sample", True, probe.sample))
    said += [("warning", False, warning) for warning in probe.warnings]
    return [
        Finding(name=f"{name} {what}", is_ok=is_ok, is_required=False, message=words, mark="mind")
        for what, is_ok, words in said
    ]


def _server(probe: EngineProbe) -> list[tuple[str, bool, str]]:
    """The server's abilities."""
    context = (
        _UNSAID
        if probe.context_tokens is None
        else f"{probe.context_tokens:,} tokens a call, answer included"
    )
    return [
        ("context", True, context),
        ("calls", True, _UNSAID if probe.slots is None else f"{probe.slots} at the same time"),
        ("JSON Schema", bool(probe.keeps_schema), "kept" if probe.keeps_schema else "not kept"),
        ("streaming", bool(probe.streams), "yes" if probe.streams else "no"),
    ]


def _speed(probe: EngineProbe) -> str:
    parts = [f"writes {probe.write_tokens_per_s:g} tokens/s"]
    if probe.read_tokens_per_s is not None:
        parts.insert(0, f"reads {probe.read_tokens_per_s:g}")
    if probe.first_token_s is not None:
        parts.append(f"first token after {probe.first_token_s:g} s")
    return ", ".join(parts)


def _cost(probe: EngineProbe) -> str:
    used = probe.prompt_tokens + probe.response_tokens
    return f"; this call used {used:,} tokens" if used else ""


def _python() -> Finding:
    name = f"Python {sys.version.split()[0]}, Dragoman {release()}"
    return Finding(name="version", is_ok=True, is_required=True, message=name)


def _state(folder: Path) -> Finding:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    is_ok = os.access(existing, os.W_OK)
    message = (
        f"{folder}"
        if is_ok
        else f"{existing} cannot be written; choose another folder with --state."
    )
    return Finding(name="state folder", is_ok=is_ok, is_required=True, message=message)


def _private(folder: Path) -> Finding:
    is_ok = not is_open_to_others(folder)
    message = (
        "only its owner can look into it"
        if is_ok
        else f"other users of this machine can look into {folder}: chmod -R go= {folder}"
    )
    return Finding(
        name="state folder's rights", is_ok=is_ok, is_required=False, message=message, mark="mind"
    )


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
        apertium = await engines.get(EngineChoice(engine="apertium"))
        await apertium.check_pair(Locale("en"), Locale("es"))
    except DragomanError as error:
        return Finding(
            name="engine apertium", is_ok=False, is_required=False, message=error.message
        )
    finally:
        await engines.aclose()
    pairs = await asyncio.to_thread(_apertium_pairs, settings.apertium_data_dir)
    return Finding(
        name="engine apertium", is_ok=True, is_required=False, message=f"installed: {pairs}"
    )


def _apertium_pairs(folder: Path) -> str:
    return ", ".join(
        sorted(
            each.stem for each in (folder / "modes").glob("*-*.mode") if each.stem.count("-") == 1
        )
    )


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
    message = (
        found
        or "LibreOffice is not needed to translate, but to look: apt-get install libreoffice-writer-nogui"
    )
    return Finding(name="LibreOffice", is_ok=found is not None, is_required=False, message=message)

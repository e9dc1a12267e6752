"""Apertium: rule-based machine translation from Debian's packages, with no key and no network."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Tag, normalised, plain_text
from dragoman_linguistics import align_tags, parse, render_by
from dragoman_translate.adapters.apertium_folds import folded, unfolded
from dragoman_translate.adapters.apertium_process import ApertiumProcess
from dragoman_translate.adapters.apertium_stream import (
    incoming,
    is_verbatim,
    outgoing,
    parted,
    stretches,
    with_tags,
)
from dragoman_translate.engine_settings import ApertiumSettings
from dragoman_translate.ports import (
    CallCircumstances,
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    EngineSignature,
    RawTarget,
    ReplyListener,
)

PROTOCOL_VERSION = "2"  # part of the signature: a better handling of tags is another answer

# ISO 639-1 to the codes Apertium's modes use, newer first.
_CODES: dict[str, tuple[str, ...]] = {
    "af": ("afr", "af"), "an": ("arg", "an"), "ast": ("ast",), "be": ("bel", "be"), "bg": ("bul", "bg"),
    "br": ("bre", "br"), "bs": ("hbs_BS", "hbs", "sh"), "ca": ("cat", "ca"), "da": ("dan", "da"), "en": ("eng", "en"),
    "eo": ("epo", "eo"), "es": ("spa", "es"), "eu": ("eus", "eu"), "fr": ("fra", "fr"), "gl": ("glg", "gl"),
    "hi": ("hin", "hi"), "hr": ("hbs_HR", "hbs", "sh"), "id": ("ind", "id"), "is": ("isl", "is"), "it": ("ita", "it"),
    "mk": ("mkd", "mk"), "ms": ("zlm", "ms"), "nb": ("nob", "nb"), "nl": ("nld", "nl"), "nn": ("nno", "nn"),
    "oc": ("oci", "oc"), "pl": ("pol", "pl"), "pt": ("por", "pt"), "ro": ("ron", "ro"), "ru": ("rus", "ru"),
    "sc": ("srd", "sc"), "sl": ("slv", "sl"), "sr": ("hbs_SR", "hbs", "sh"), "sv": ("swe", "sv"),
    "szl": ("szl",), "uk": ("ukr", "uk"), "ur": ("urd", "ur"),
}  # fmt: skip

# Debian 12's packages; a package holds both directions it can do.
_PACKAGES = (
    "af-nl", "afr-nld", "arg-cat", "bel-rus", "br-fr", "cat-ita", "cat-srd", "dan-nor", "en-gl",
    "eng-cat", "eng-spa", "eo-ca", "eo-en", "eo-es", "eo-fr", "es-gl", "es-pt", "es-ro",
    "eu-en", "eu-es", "fr-es", "fra-cat", "fra-frp", "hbs-eng", "hbs-mkd", "hbs-slv", "ind-zlm",
    "isl-eng", "isl-swe", "mk-bg", "mk-en", "mkd-bul", "mkd-eng", "nno-nob", "oc-ca", "oc-es",
    "oci-fra", "pol-szl", "por-cat", "pt-ca", "pt-gl", "rus-ukr", "spa-arg", "spa-ast", "spa-cat",
    "spa-ita", "srd-ita", "swe-dan", "swe-nor", "urd-hin",
)  # fmt: skip


class ApertiumEngine:
    """Translates with the language pairs installed on this machine, one lasting process for each
    pair in use.
    """

    def __init__(self, settings: ApertiumSettings | None = None) -> None:
        self._settings = settings or ApertiumSettings()
        self._processes: dict[Path, ApertiumProcess] = {}

    @property
    def name(self) -> str:
        """`apertium`."""
        return "apertium"

    @property
    def capabilities(self) -> EngineCapabilities:
        """Batches of any usual size.

        A batch is cut by characters so that its time stays within the limit.
        """
        return EngineCapabilities(max_units_per_batch=100, max_batch_chars=100_000)

    @property
    def signature(self) -> EngineSignature:
        """The engine and our way of carrying tags through it; the installed pair's version is not
        known cheaply.
        """
        return EngineSignature(name=self.name, prompt_version=PROTOCOL_VERSION)

    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        """Return when the pair is installed.

        Raises:
            PermanentError: engine.pair_unsupported, naming the package to install.
        """
        self._mode(source_locale, target_locale)

    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        """Translate each unit; its tags stay on the words they were on."""
        mode = self._mode(request.source_locale, request.target_locale)
        started_at, clock = datetime.now(UTC), time.monotonic()
        process = self._processes.setdefault(mode, ApertiumProcess(mode, self._settings.timeout_s))
        folds = [
            folded(parse(unit.source.text, unit.source), unit.separators) for unit in request.units
        ]
        contents = [parted(fold.content, fold.separators) for fold in folds]
        pieces = iter(
            await _translated(process, [piece for content in contents for piece in content])
        )
        joined = [
            normalised(part for _ in content for part in next(pieces)) for content in contents
        ]
        translated = [unfolded(content, fold) for content, fold in zip(joined, folds, strict=True)]
        targets = tuple(
            RawTarget(unit_id=unit.unit_id, target=render_by(content, unit.source))
            for unit, content in zip(request.units, translated, strict=True)
        )
        return EngineReply(
            targets=targets,
            model=mode.stem,
            prompt={
                "units": [
                    {"id": unit.unit_id, "source": unit.source.text} for unit in request.units
                ]
            },
            response=json.dumps(
                {"units": [{"id": t.unit_id, "target": t.target} for t in targets]},
                ensure_ascii=False,
            ),
            circumstances=CallCircumstances(
                started_at=started_at.isoformat(),
                latency_ms=round((time.monotonic() - clock) * 1000),
            ),
        )

    async def aclose(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            await process.aclose()
        self._processes.clear()

    def process_ids(self) -> tuple[int, ...]:
        """The ids of the pipelines that run."""
        return tuple(process.pid for process in self._processes.values() if process.pid is not None)

    def _mode(self, source_locale: Locale, target_locale: Locale) -> Path:
        """The mode file for a pair, one for the target's region before one for its language."""
        names = [
            f"{source}-{target}"
            for target in (*_regional(target_locale), *_codes(target_locale))
            for source in _codes(source_locale)
        ]
        for name in names:
            mode = self._settings.data_dir / "modes" / f"{name}.mode"
            if mode.is_file():
                return mode
        raise PermanentError(
            _unsupported(source_locale, target_locale), code="engine.pair_unsupported"
        )


def _codes(locale: Locale) -> tuple[str, ...]:
    return _CODES.get(locale.language, (locale.language,))


def _regional(locale: Locale) -> list[str]:
    region = locale.rpartition("-")[2] if "-" in locale else ""
    return (
        [f"{code}_{region}" for code in _codes(locale)]
        if region.isupper() and len(region) == 2
        else []
    )


def _unsupported(source_locale: Locale, target_locale: Locale) -> str:
    pairs = {f"{s}-{t}" for s in _codes(source_locale) for t in _codes(target_locale)}
    pairs |= {f"{t}-{s}" for s in _codes(source_locale) for t in _codes(target_locale)}
    package = next((f"apertium-{name}" for name in _PACKAGES if name in pairs), None)
    cure = (
        f"apt-get install {package}"
        if package
        else "Debian has no package for it; choose another engine or target locale"
    )
    return f"Apertium has no pair from {source_locale} to {target_locale} on this machine: {cure}."


async def _translated(process: ApertiumProcess, contents: Sequence[Content]) -> list[Content]:
    """Each content translated: whole where the marks say where its tags go, else stretch by stretch
    between them.
    """
    results = {n: content for n, content in enumerate(contents) if is_verbatim(plain_text(content))}
    sent = {n: outgoing(content) for n, content in enumerate(contents) if n not in results}
    outputs = await process.translate([each.stream for each in sent.values()])
    for (number, each), output in zip(sent.items(), outputs, strict=True):
        came = incoming(output, each)
        target = with_tags(contents[number], each, came) if came is not None else None
        if target is None or not align_tags(contents[number], target, ()).is_clean:
            target = await _by_stretches(process, contents[number])
        results[number] = target
    return [results[number] for number in range(len(contents))]


async def _by_stretches(process: ApertiumProcess, content: Content) -> Content:
    parts = stretches(content)
    wanted = [
        outgoing((part,)) for part in parts if isinstance(part, str) and not is_verbatim(part)
    ]
    outputs = iter(
        zip(wanted, await process.translate([each.stream for each in wanted]), strict=True)
    )
    translated: list[str | Tag] = []
    for part in parts:
        if isinstance(part, Tag) or is_verbatim(part):
            translated.append(part)
        else:
            each, output = next(outputs)
            came = incoming(output, each)
            translated.append(came.text if came is not None else part)
    return normalised(translated)

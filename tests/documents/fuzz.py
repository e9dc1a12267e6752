"""Mutates real files and looks for answers other than a result or a refusal:
`python tests/documents/fuzz.py FOLDER`.

Each round takes a file, breaks its bytes or its XML, and extracts, inspects and merges it with
shuffled or cut tags. What crashes or takes long is written to the output folder with the seed that
made it. `PYTHONPATH=tests` lets it find its neighbours.
"""

import argparse
import io
import random
import re
import time
import traceback
import warnings
import zipfile
from collections import Counter
from pathlib import Path

from documents.hostile import DOCTYPES, ENCODINGS
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Tag, Unit
from dragoman_documents import DocumentError, extract, inspect, merge

_TAG = re.compile(rb"<[^<>]+>")
_RUN = re.compile(rb"<w:r[ >]")
_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
_NAMES = (
    "{}",
    "/{}",
    "../{}",
    "a/../{}",
    "./{}",
    "C:\\{}",
    "{}/",
    "{}\x01",
    "//{}",
    "%2e%2e/{}",
    "{}%00",
)


def flipped(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few of them replaced, and sometimes the end cut off."""
    result = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        result[rng.randrange(len(result))] = rng.randrange(256)
    return bytes(result[: rng.randrange(len(result))] if rng.random() < 0.2 else result)


def rearranged(xml: bytes, rng: random.Random) -> bytes:
    """XML with tags dropped, doubled or renamed, or stretches of runs in another order."""
    tags = _TAG.findall(xml)
    if not tags:
        return xml
    tag, other = rng.choice(tags), rng.choice(tags)
    runs = [match.start() for match in _RUN.finditer(xml)]
    match rng.randrange(4):
        case 0:
            return xml.replace(tag, b"", rng.randint(1, 2))
        case 1:
            return xml.replace(tag, tag + tag, 1)
        case 2:
            return xml.replace(tag.strip(b"</>").split()[0], other.strip(b"</>").split()[0])
        case _ if len(runs) > 2:
            first, second, third = sorted(rng.sample(runs, 3))
            return xml[:first] + xml[second:third] + xml[first:second] + xml[third:]
        case _:
            return xml


def in_two_minds(data: bytes, rng: random.Random) -> bytes:
    """A package with names that are equal or lead out, a document type in any encoding,
    or records that disagree.
    """
    output = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(output, "w") as target,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        names = source.namelist()
        chosen = rng.choice([*names, *(name for name in names if name.endswith("document.xml"))])
        for name in names:
            content = source.read(name)
            if name == chosen and rng.random() < 0.5:
                content = _declaring(content, rng)
            target.writestr(name, content)
            if name == chosen and rng.random() < 0.5:
                target.writestr(
                    rng.choice(_NAMES).format(rng.choice([name, name.upper()])), content
                )
    result = bytearray(output.getvalue())
    if rng.random() < 0.5:
        marks = [found.start() for found in re.finditer(b"PK[\1\3\5]", result)]
        result[rng.choice(marks) + rng.randrange(4, 22)] = rng.randrange(256)
    return bytes(result)


def _declaring(xml: bytes, rng: random.Random) -> bytes:
    """A part in another encoding, mostly with a document type."""
    encoding = rng.choice(ENCODINGS)
    text = _DECLARATION.sub(
        f'<?xml version="1.0" encoding="{encoding}"?>', xml.decode("utf-8-sig", "replace")
    )
    if rng.random() < 0.7:
        text = text.replace("?>", "?>" + rng.choice(DOCTYPES), 1)
    return text.encode(encoding, "xmlcharrefreplace")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A package with its bytes, or some of its parts, broken,
    or in two minds about what it holds.
    """
    if rng.random() < 0.3:
        return flipped(data, rng)
    if rng.random() < 0.2:
        return in_two_minds(data, rng)
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(output, "w") as target:
        names = source.namelist()
        broken = {
            *rng.sample(names, min(2, len(names))),
            *(name for name in names if name.endswith("document.xml")),
        }
        for name in names:
            content = source.read(name)
            if name in broken and content:
                content = flipped(content, rng) if rng.random() < 0.2 else rearranged(content, rng)
            target.writestr(name, content)
    return output.getvalue()


def target_of(unit: Unit, rng: random.Random) -> tuple[str | Tag, ...]:
    """The unit's source with its parts shuffled or cut, as a bad translator sends it."""
    parts = list(unit.source)
    if rng.random() < 0.5:
        rng.shuffle(parts)
    if rng.random() < 0.3:
        parts = parts[: rng.randint(0, len(parts))]
    return tuple(part.upper() if isinstance(part, str) else part for part in parts)


def outcome(data: bytes, rng: random.Random) -> str:
    """`ok`, or the code of the refusal; anything else is raised."""
    try:
        units = extract(data).units
        inspect(data)
        if merge(data, {unit.unit_id: unit.source for unit in units}) != data:
            raise AssertionError("an identity translation changed bytes")
        locale = Locale(rng.choice(["ru", "ar", "ja"]))
        extract(
            merge(
                data, {unit.unit_id: target_of(unit, rng) for unit in units}, target_locale=locale
            )
        )
    except DocumentError as refusal:
        return refusal.code
    return "ok"


def main() -> None:
    """Run until the time is over, and print how often each answer came."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--minutes", type=float, default=30)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=Path("fuzz-finds"))
    options = arguments.parse_args()
    files = [
        path for path in sorted(options.folder.rglob("*.docx")) if path.stat().st_size < 60_000
    ]
    answers: Counter[str] = Counter()
    end = time.monotonic() + options.minutes * 60
    seed = options.seed
    while time.monotonic() < end:
        seed += 1
        rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
        try:
            data = mutated(rng.choice(files).read_bytes(), rng)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            continue
        started = time.process_time()
        try:
            answers[outcome(data, rng)] += 1
            found = "slow" if time.process_time() - started > 2 else ""
        except Exception:  # noqa: BLE001 - every other exception is what is looked for
            found = "crash"
            traceback.print_exc()
        if found:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / f"{found}-{seed}.docx").write_bytes(data)
            answers[found] += 1
    print(f"{sum(answers.values())} rounds: {dict(answers)}")


if __name__ == "__main__":
    main()

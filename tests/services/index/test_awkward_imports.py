"""Seventeen awkward kinds of TMX, imported through an installation, or refused with a reason."""

from __future__ import annotations

import codecs
from pathlib import Path

from services.index.memory_site import memory_site, tmx

CLEAN = tmx(
    ("Pay <bpt i='1'>b</bpt>now<ept i='1'>b</ept>.", "Zahlen Sie jetzt."), ("café", "für 5 €")
)
TEXT = CLEAN.decode().replace('<?xml version="1.0"?>\n', "")
DTD = '<!DOCTYPE tmx SYSTEM "tmx99.dtd">'


def _declared(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{TEXT}'


AWKWARD: dict[str, tuple[bytes, int, set[str]]] = {
    "no declaration": (TEXT.encode(), 2, set()),
    "utf-8 with a mark": (codecs.BOM_UTF8 + TEXT.encode(), 2, set()),
    "utf-16 LE": (codecs.BOM_UTF16_LE + _declared("UTF-16").encode("utf-16-le"), 2, set()),
    "utf-16 BE without a mark": (_declared("UTF-16").encode("utf-16-be"), 2, set()),
    "utf-16 that says utf-8": (_declared("UTF-8").encode("utf-16-le"), 2, set()),
    "utf-8 that says utf-16": (_declared("UTF-16").encode(), 2, {"exchange.encoding"}),
    "cp1252 that says utf-8": (_declared("UTF-8").encode("cp1252"), 2, {"exchange.encoding"}),
    "an unknown encoding": (_declared("x-user-defined").encode(), 2, {"exchange.encoding"}),
    "a DTD that is nowhere": ((DTD + TEXT).encode(), 2, set()),
    "NULs at the end": (CLEAN + b"\0" * 700, 2, {"exchange.nulls"}),
    "cut off": (CLEAN.partition(b"</body>")[0] + b"<tu tuid=", 2, {"exchange.truncated"}),
    "TMX 1.1": (TEXT.replace("xml:lang", "lang").encode(), 2, {"exchange.old_tmx"}),
    "any source language": (TEXT.replace('srclang="en"', 'srclang="*all*"').encode(), 2, set()),
    "languages more precise": (TEXT.replace('"de"', '"DE-de"').encode(), 2, set()),
    "unknown elements": (TEXT.replace("<tu ", "<x:y xmlns:x='z'/><tu ", 1).encode(), 2, set()),
    "a unit without target": (tmx(("A b c.", "D e f."), ("G.", "")), 1, set()),
    "control characters": (TEXT.replace("caf", "ca&#x1;f").encode(), 1, {"exchange.characters"}),
}
REFUSED = {
    "entities": b'<!DOCTYPE tmx [<!ENTITY a "b">]>' + TEXT.replace("caf", "&a;caf").encode(),
    "no TMX": b"<html/>",
    "broken": TEXT.replace("</seg>", "</gse>", 1).encode(),
    "bytes": bytes(range(256)) * 8,
}


async def test_awkward_files_come_in_or_are_refused_with_a_reason(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        for kind, (data, count, repairs) in AWKWARD.items():
            memory = await site.memory(kind)
            job = await site.take_in(memory, data)
            assert job["status"] == "completed", (kind, job["troubles"])
            report = await site.report(job)
            assert report["new_count"] == count, (kind, report)
            said = {each["code"] for each in (*report["repairs"], *report["rejections"])}
            assert repairs <= said, (kind, said)
            assert report["rejected_count"] == 2 - count, (kind, report)
        for kind, data in REFUSED.items():
            memory = await site.memory(kind)
            job = await site.take_in(memory, data)
            assert job["status"] == "failed", kind
            (trouble,) = job["troubles"]
            assert trouble["code"].startswith("exchange."), (kind, trouble)
            assert trouble["reason"], kind

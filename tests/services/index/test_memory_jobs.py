"""Imports and indexes as jobs, through the API of a whole installation."""

from __future__ import annotations

import asyncio
from pathlib import Path

from dragoman_contracts.locale import Locale
from dragoman_exchange import read_tmx
from services.index.memory_site import memory_site, tmx

PAIRS = (
    ("Close the valve.", "Schließen Sie das Ventil."),
    ("Open the <ph>{1}</ph> valve.", "Öffnen Sie das Ventil <ph>{1}</ph>."),
    ("Turn off the pump before cleaning.", "Schalten Sie die Pumpe vor der Reinigung aus."),
)


async def test_an_imported_tmx_is_found_by_score_and_exported_again(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        job = await site.take_in(memory, tmx(*PAIRS), origin="agency")
        assert job["status"] == "completed"
        report = await site.report(job)
        assert (report["new_count"], report["rejected_count"], report["is_dry"]) == (3, 0, False)
        found = (await site.operator.get(f"memories/{memory}")).json()
        assert (found["unit_count"], found["indexed_count"]) == (3, 3)
        (exact, *_) = await site.search(memory, "Close the valve.")
        assert (exact["score"], exact["kind"], exact["state"]) == (100, "exact", "reviewed")
        assert (exact["target"], exact["origin"]) == ("Schließen Sie das Ventil.", "agency")
        (near, *_) = await site.search(memory, "Turn off the pumps before cleaning.")
        assert near["kind"] == "fuzzy"
        assert 85 <= near["score"] < 100
        tagged = await site.search(memory, "Open the <7/> valve.")
        assert tagged[0]["target"] == "Öffnen Sie das Ventil <7/>."
        assert await site.search(memory, "Nothing like this at all") == []
        answer = await site.operator.get(
            f"memories/{memory}/export",
            params={"source_language": "en", "target_language": "de"},
        )
        path = tmp_path / "out.tmx"
        path.write_bytes(answer.content)
        with path.open("rb") as file:
            entries = list(read_tmx(file).entries)
        assert [each.variants_in(Locale("de"))[0].content[0] for each in entries] == [
            "Schließen Sie das Ventil.",
            "Öffnen Sie das Ventil ",
            "Schalten Sie die Pumpe vor der Reinigung aus.",
        ]
        # The export into another memory, with its states: the same units.
        other = await site.memory("Second")
        await site.take_in(other, answer.content, keep_states="true")
        assert (await site.indexed(other))["unit_count"] == 3


async def test_a_dry_run_reports_and_keeps_nothing(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        await site.take_in(memory, tmx(*PAIRS))
        changed = tmx(*PAIRS[:2], ("New.", "Neu."), ("", "Leer"))
        job = await site.take_in(memory, changed, dry_run=True)
        report = await site.report(job)
        assert report["is_dry"]
        assert (report["new_count"], report["changed_count"], report["unchanged_count"]) == (
            1,
            0,
            2,
        )
        assert [each["code"] for each in report["rejections"]] == ["exchange.empty"]
        assert (await site.indexed(memory))["unit_count"] == 3
        imports = (await site.operator.get(f"memories/{memory}/imports")).json()["items"]
        assert [each["published_at"] is None for each in imports] == [True, False]


async def test_two_imports_at_once_both_come_in_whole(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        files = [
            tmx(*[(f"{name} sentence {n}.", f"{name} Satz {n}.") for n in range(300)])
            for name in ("First", "Second", "First")
        ]
        jobs = await asyncio.gather(*(site.take_in(memory, each) for each in files))
        assert [each["status"] for each in jobs] == ["completed"] * 3
        assert (await site.indexed(memory))["unit_count"] == 600


async def test_a_file_that_breaks_in_its_middle_leaves_nothing(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        pairs = [(f"Sentence {n}.", f"Satz {n}.") for n in range(5_000)]
        broken = tmx(*pairs).replace(b"Sentence 4900.", b"Sentence </seg></b> 4900.")
        job = await site.take_in(memory, broken)
        assert job["status"] == "failed"
        assert job["troubles"][0]["code"] == "exchange.unreadable"
        assert (await site.operator.get(f"memories/{memory}")).json()["unit_count"] == 0
        none = (await site.operator.get(f"memories/{memory}/units")).json()
        assert none["items"] == []


async def test_an_edit_reaches_the_search_and_the_old_target_leaves_it(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        await site.take_in(memory, tmx(*PAIRS))
        found = await site.search(memory, "Close the valve.")
        path = f"memories/{memory}/units/{found[0]['unit_id']}"
        answer = await site.operator.patch(path, json={"target": "Ventil schließen."})
        assert answer.status_code == 200
        await site.indexed(memory)
        again = await site.search(memory, "Close the valve.")
        assert [each["target"] for each in again if each["score"] == 100] == ["Ventil schließen."]
        assert (await site.operator.delete(path)).status_code == 204
        assert [e for e in await site.search(memory, "Close the valve.") if e["score"] == 100] == []

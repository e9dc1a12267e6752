"""Memories in use: pinned by jobs, fed by reviews, guarded by roles."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from docx import Document

from dragoman_catalog import BatchKind
from dragoman_contracts.policy import Policy
from dragoman_contracts.text import UnitList
from dragoman_memory import MemoryState
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.objects import get_value
from dragoman_runtime.worker import ProjectObjects
from dragoman_runtime.worker.task import ValueCache
from dragoman_translate.adapters.pinned_memories import PinnedMemories
from services.index.memory_site import MemorySite, memory_site, tmx

WORDS = ("Close the valve.", "Turn off the pump before cleaning it.", "Call the service.")


def docx(*texts: str) -> bytes:
    document, data = Document(), io.BytesIO()
    for each in texts:
        document.add_paragraph(each)
    document.save(data)
    return data.getvalue()


async def _submitted(site: MemorySite, name: str, **fields: str) -> dict[str, Any]:
    said = {"source_language": "en", "target_language": "de", "engine": "pseudo"} | fields
    answer = await site.admin.post(
        "jobs", files={"file": (name, docx(*WORDS))}, data={"project_code": "default"} | said
    )
    assert answer.status_code == 202, answer.text
    return await site.rested(answer.json()["job_id"])


async def _use(site: MemorySite, *memories: dict[str, Any]) -> None:
    project = await site.admin.get("projects/default")
    body = {"name": "Default", "settings": {"memories": list(memories)}}
    answer = await site.admin.put(
        "projects/default", json=body, headers={"If-Match": project.headers["etag"]}
    )
    assert answer.status_code == 200, answer.text


async def _matches(site: MemorySite, job_id: str) -> list[tuple[int, str]]:
    """What the job's pins say of its units, however the memory is by now."""
    ports = site.platform.ports
    job, _ = await Jobs(ports.store).load(UUID(job_id))
    policy = await get_value(ports.objects, job.project_id, job.policy, Policy)
    assert {r.digest for p in policy.memories for s in p.segments for r in (s.index, s.units)} <= {
        each.object.digest for each in job.submitted.inputs
    }
    assert job.extraction is not None
    units = await get_value(ports.objects, job.project_id, job.extraction.units, UnitList)
    objects = ProjectObjects(ports.objects, job.project_id, ValueCache())
    locales = job.locales
    found = await PinnedMemories().matches(
        objects, policy.memories, units, locales.source, locales.target
    )
    return [(each.matches[0].score, str(each.matches[0].target[0])) for each in found.units]


async def test_a_job_keeps_to_the_memory_that_it_pinned(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        shared = await site.memory("Shared", "")
        await site.take_in(shared, tmx((WORDS[0], "Ventil zu."), (WORDS[2], "Rufen Sie an.")))
        await _use(site, {"memory_id": shared})
        job = await _submitted(site, "a.docx")
        pinned = [(100, "Ventil zu."), (100, "Rufen Sie an.")]
        assert await _matches(site, job["job_id"]) == pinned
        (one, *_) = await site.search(shared, WORDS[0])
        path = f"memories/{shared}/units/{one['unit_id']}"
        assert (await site.admin.patch(path, json={"target": "Anders."})).status_code == 200
        await site.indexed(shared)
        assert await _matches(site, job["job_id"]) == pinned
        again = await _submitted(site, "b.docx", memories='["Shared"]')
        assert (await _matches(site, again["job_id"]))[0] == (100, "Anders.")
        none = await _submitted(site, "c.docx", memories="[]")
        assert await _matches(site, none["job_id"]) == []
        refused = await site.admin.post(
            "jobs",
            files={"file": ("d.docx", docx("A."))},
            data={"source_language": "en", "target_language": "de", "memories": '["Sharde"]'},
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "memory.unknown")
        assert "Shared" in refused.text
        # Who is named by a project's settings stays.
        gone = await site.admin.delete(f"memories/{shared}", headers={"If-Match": '"1"'})
        assert (gone.status_code, gone.json()["code"]) == (409, "catalog.in_use")


async def _reviewed(site: MemorySite, job_id: str, targets: dict[int, str]) -> None:
    units = (await site.admin.get(f"jobs/{job_id}/units")).json()["items"]
    for place, target in targets.items():
        unit = units[place]
        answer = await site.admin.patch(
            f"jobs/{job_id}/units/{quote(unit['unit_id'], safe='')}",
            json={"target": target},
            headers={"If-Match": f'"{unit["version"]}"'},
        )
        assert answer.status_code == 200, answer.text
    done = await site.admin.post(f"jobs/{job_id}/review/finish", json={"as_they_are": True})
    assert done.status_code < 300, done.text


async def test_a_closed_review_gives_candidates_that_an_admin_promotes_once(
    tmp_path: Path,
) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        await _use(site, {"memory_id": memory, "is_writable": True})
        job = await _submitted(site, "a.docx")
        opened = await site.admin.post(f"jobs/{job['job_id']}/review/open")
        assert opened.status_code < 300, opened.text
        await _reviewed(site, job["job_id"], {0: "Ventil schließen.", 2: "Service rufen."})
        listed = (await site.operator.get("memory-candidates")).json()["items"]
        assert [(e["target"], e["state"]) for e in listed] == [
            ("Ventil schließen.", "reviewed"),
            ("Service rufen.", "reviewed"),
        ]
        # Said again: nothing twice.
        await site.rested(job["job_id"])
        await site.admin.post(f"jobs/{job['job_id']}/review/open")
        await site.admin.post(f"jobs/{job['job_id']}/review/finish", json={"as_they_are": True})
        assert len((await site.operator.get("memory-candidates")).json()["items"]) == 2
        first, second = (each["unit_id"] for each in listed)
        promote = f"memory-candidates/{first}/promote"
        assert (await site.operator.post(promote)).status_code == 403
        assert (await site.stranger.get("memory-candidates")).json()["items"] == []
        promoted = (await site.admin.post(promote)).json()
        assert (promoted["state"], promoted["is_candidate"]) == ("approved", False)
        assert (await site.admin.post(promote)).status_code == 404
        assert (await site.admin.post(f"memory-candidates/{second}/reject")).status_code == 204
        assert (await site.operator.get("memory-candidates")).json()["items"] == []
        found = await site.indexed(memory)
        assert found["unit_count"] == 1
        # It knows its neighbour in the document: a match in context.
        again = await _submitted(site, "b.docx")
        assert (await _matches(site, again["job_id"]))[0] == (101, "Ventil schließen.")


async def test_candidates_whose_gateway_was_killed_are_there_when_somebody_looks(
    tmp_path: Path,
) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        await _use(site, {"memory_id": memory, "is_writable": True})
        job = await _submitted(site, "a.docx")
        await site.admin.post(f"jobs/{job['job_id']}/review/open")
        batches = site.platform.ports.catalog.memory_batches
        publish, batches.publish = batches.publish, _killed  # type: ignore[method-assign]
        with contextlib.suppress(KeyboardInterrupt):
            await _reviewed(site, job["job_id"], {0: "Ventil schließen."})
        batches.publish = publish  # type: ignore[method-assign]
        assert len(await batches.waiting(BatchKind.REVIEW)) == 1
        assert len((await site.operator.get("memory-candidates")).json()["items"]) == 1


async def _killed(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


async def test_the_wrong_role_and_the_wrong_project_are_refused(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        shared = await site.memory("Shared", "")
        await site.take_in(shared, tmx((WORDS[0], "Ventil zu.")), state="approved")
        (one,) = (await site.operator.get(f"memories/{shared}/units")).json()["items"]
        form = {
            "files": {"file": ("a.tmx", tmx(("A b.", "C d.")))},
            "data": {"source_language": "en", "target_language": "de"},
        }

        async def post(who: Any, path: str, **data: str) -> int:
            answer = await who.post(path, files=form["files"], data=form["data"] | data)
            return answer.status_code

        assert await post(site.stranger, f"memories/{memory}/imports") == 404
        assert await post(site.operator, f"memories/{shared}/imports") == 403
        assert await post(site.operator, f"memories/{memory}/imports", state="approved") == 403
        assert await post(site.operator, f"memories/{memory}/imports", keep_states="true") == 403
        for who, path, status in (
            (site.stranger, f"memories/{memory}", 404),
            (site.stranger, f"memories/{memory}/units", 404),
            (site.stranger, f"memories/{shared}/units", 200),
            (site.stranger, f"memories/{memory}/export?source_language=en&target_language=de", 404),
        ):
            assert (await who.get(path)).status_code == status, path
        listed = (await site.stranger.get("memories")).json()["items"]
        assert [each["name"] for each in listed] == ["Shared"]
        await site.take_in(memory, tmx((WORDS[0], "Ventil zu.")), state="approved")
        (mine,) = (await site.operator.get(f"memories/{memory}/units")).json()["items"]
        path = f"memories/{memory}/units/{mine['unit_id']}"
        for change in ({"target": "X"}, {"state": "reviewed"}):
            assert (await site.operator.patch(path, json=change)).status_code == 403
        assert (await site.operator.delete(path)).status_code == 403
        assert mine["state"] == MemoryState.APPROVED == one["state"]
        new = {"name": "Mine", "project_code": ""}
        assert (await site.operator.post("memories", json=new)).status_code == 403
        bulk = {"delete": True}
        answer = await site.operator.post(f"memories/{memory}/units/edit", json=bulk)
        assert answer.status_code == 403
        assert (await site.admin.post(f"memories/{memory}/units/edit", json=bulk)).json() == {
            "unit_count": 1
        }


async def test_find_and_replace_shows_before_it_does(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        pairs = [(f"Pump {n} is red.", f"Die Pumpe {n} ist rot.") for n in range(5)]
        await site.take_in(memory, tmx(*pairs, ("A.", "Pumpenhaus <ph>1</ph>")))
        order = {"find": "Pumpe", "replace": "Spritze", "whole_words": True}
        path = f"memories/{memory}/units/replace"
        shown = (await site.operator.post(path, json=order)).json()
        assert (shown["unit_count"], shown["is_preview"]) == (5, True)
        assert shown["items"][0]["after"] == "Die Spritze 0 ist rot."
        some = [each["unit_id"] for each in shown["items"][:2]]
        done = await site.operator.post(path, json=order | {"preview": False, "unit_ids": some})
        assert done.json()["unit_count"] == 2
        found = await site.operator.get(f"memories/{memory}/units", params={"target": "spritze"})
        assert len(found.json().get("items", found.text)) == 2
        bad = await site.operator.patch(
            f"memories/{memory}/units/{some[0]}", json={"target": "Mit <9/> Tag"}
        )
        assert (bad.status_code, bad.json()["code"]) == (422, "memory.unit_refused")


async def test_an_approved_match_is_counted_before_and_used_without_a_call(tmp_path: Path) -> None:
    async with memory_site(tmp_path) as site:
        memory = await site.memory()
        await site.take_in(memory, tmx((WORDS[0], "Ventil zu.")), state="approved")
        await _use(site, {"memory_id": memory})
        asked = {"source_language": "en", "target_language": "de", "engine": "pseudo"}
        files = {"file": ("a.docx", docx(*WORDS))}
        counted = await site.admin.post("analyses", files=files, data=asked)
        assert counted.status_code == 200, counted.text
        bands = {each["band"]: each["unit_count"] for each in counted.json()["total"]["bands"]}
        assert (bands["100"], bands["mt"]) == (1, 2)
        job = await _submitted(site, "a.docx")
        units = (await site.admin.get(f"jobs/{job['job_id']}/units")).json()["items"]
        first, second, *_ = units
        assert (first["target"], first["result_source"]) == ("Ventil zu.", "memory")
        assert second["result_source"] == "engine"

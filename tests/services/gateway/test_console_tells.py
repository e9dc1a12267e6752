"""The console tells what is meant and what was found: the project's engine, infos, files first."""

from __future__ import annotations

import re
from uuid import UUID

import httpx

from dragoman_catalog import ProjectSettings
from services.gateway.browser import submit
from services.gateway.console_site import EDITOR, Site


async def test_the_engine_that_the_project_says_is_named(
    ada: httpx.AsyncClient, site: Site
) -> None:
    page = (await ada.get("/console/new")).text
    (atlas,) = re.findall(r'value="atlas" data-engine="([^"]+)"', page)
    for code, settings in (
        ("beta", ProjectSettings(default_engine=atlas)),
        ("gamma", ProjectSettings(default_engine="openai", model="gpt-5-mini")),
    ):
        assert f'<option value="" data-of-project>As the project says: {atlas}</option>' in page
        await site.catalog.projects.create(
            EDITOR, site.history.now, code=code, name=code, settings=settings
        )
        page = (await ada.get("/console/new")).text
    assert '<option value="gamma" data-engine="openai gpt-5-mini">' in page
    assert '<option value="" data-of-project>As the project says</option>' in page  # several
    assert f"<bdi>beta</bdi> {atlas}" in page
    assert "<bdi>gamma</bdi> openai gpt-5-mini" in page


async def test_a_file_that_is_no_word_document_is_said_beside_its_name(
    ada: httpx.AsyncClient, site: Site
) -> None:
    answer = await submit(ada, "notes.txt", "two.docx")
    assert answer.status_code == 422
    assert re.search(r"notes\.txt.{0,40}This is not a DOCX file", answer.text, re.DOTALL)
    assert re.search(r"Submitted:.*two\.docx", answer.text, re.DOTALL)
    await site.show()
    assert len(re.findall(r'id="job-', (await ada.get("/console/")).text)) == 1


async def test_infos_of_preflight_are_told_as_sentences_too(
    ada: httpx.AsyncClient, site: Site
) -> None:
    told = await site.history.submit("told.docx")
    await site.history.tell(told)
    page = (await ada.get(f"/console/jobs/{told}")).text
    noticed = page[page.index("What preflight noticed") : page.index('id="files-title"')]
    assert re.search(r"It names two fonts\.\s*<span[^>]*>docx\.fonts<", noticed)
    assert "tone-attention" not in noticed


async def test_files_stand_before_the_progress_of_a_job_that_rests(
    ada: httpx.AsyncClient, site: Site
) -> None:
    done, under_way = (
        await site.history.submit("done.docx"),
        await site.history.submit("under way.docx", target="fr"),
    )
    await site.history.advance(done)
    await site.history.advance(under_way, to="extraction")
    titles = ("files-title", "progress-title", "units-title", "facts-title", "events-title")

    async def order(job_id: UUID) -> list[str]:
        page = (await ada.get(f"/console/jobs/{job_id}")).text
        assert page.count('id="files-title"') == 1
        return sorted(titles, key=lambda each: page.index(f'id="{each}"'))

    assert await order(done) == [*titles]
    first, second, third, *_ = await order(under_way)
    assert (first, second, third) == ("progress-title", "units-title", "files-title")


async def test_an_empty_form_chooses_the_pack_that_the_api_takes_where_none_is_named(
    ada: httpx.AsyncClient,
) -> None:
    page = (await ada.get("/console/new")).text
    (packs,) = re.findall(r'<select id="domain_pack_code".*?</select>', page)

    assert re.findall(r'value="([\w-]+)" selected', packs) == ["general"]
    assert re.findall(r'value="([\w-]+)"', packs)[0] != "general"

"""The pages of analyses, explanations and what-ifs, as a browser gets them."""

from __future__ import annotations

import httpx

from dragoman_contracts import events as e
from e2e.documents import own_document
from services.gateway.browser import csrf_of
from services.gateway.console_site import Site
from services.gateway.histories import SENTENCES, Document

FIELDS = {
    "project_code": "atlas",
    "domain_pack_code": "general",
    "source_language": "en",
    "target_language": "es",
    "engine": "pseudo",
}


async def analysed(
    browser: httpx.AsyncClient, *names: str, path: str = "/console/analyses", **fields: str
) -> httpx.Response:
    token = csrf_of(await browser.get("/console/new"))
    files = [("file", (name, own_document(i, paragraphs=3))) for i, name in enumerate(names)]
    return await browser.post(path, data={**FIELDS, "csrf_token": token, **fields}, files=files)


async def test_the_form_for_new_jobs_counts_before_it_submits(
    site: Site, ada: httpx.AsyncClient
) -> None:
    page = await ada.get("/console/new")
    assert 'formaction="/console/analyses"' in page.text
    answer = await analysed(ada, "a.docx", "<b>.docx")
    assert answer.status_code == 200, answer.text
    for text in (
        "Words by band of match",
        "Tokens and cost",
        "Machine translation",
        "&lt;b&gt;.docx",
    ):
        assert text in answer.text
    table = await analysed(ada, "a.docx", path="/console/analyses?format=csv")
    assert table.headers["content-type"].startswith("text/csv")


async def test_what_cannot_be_counted_is_said_in_words(site: Site, ada: httpx.AsyncClient) -> None:
    answer = await analysed(ada, "a.docx", target_language="en")
    assert answer.status_code == 422
    assert "same as the source language" in answer.text
    assert (await analysed(ada, "a.docx", csrf_token="x")).status_code == 403


async def test_each_unit_says_why_it_reads_so_now_and_then(
    site: Site, ada: httpx.AsyncClient
) -> None:
    document = Document(SENTENCES, verdict=e.QaVerdict.NEEDS_REVIEW, is_plain=True)
    job_id = await site.history.submit("contract.docx", document=document)
    await site.history.advance(job_id, to="qa")
    await site.show()
    listed = await ada.get(f"/console/jobs/{job_id}/units")
    assert f"/console/jobs/{job_id}/units/u0/why" in listed.text
    page = await ada.get(f"/console/jobs/{job_id}/units/u0/why")
    assert page.status_code == 200
    assert SENTENCES[0][1] in page.text
    past = await ada.get(f"/console/jobs/{job_id}/units/u0/why?at=6")
    assert "As of event 6" in past.text
    assert SENTENCES[0][1] not in past.text
    assert (await ada.get(f"/console/jobs/{job_id}/units/nowhere/why")).status_code == 404


async def test_a_trial_is_opened_compared_and_chosen_from(
    site: Site, ada: httpx.AsyncClient
) -> None:
    job_id = await site.history.submit("contract.docx", document=Document(is_plain=True))
    await site.history.advance(job_id)
    await site.show()
    form = await ada.get(f"/console/jobs/{job_id}/what-if")
    token = csrf_of(form)
    refused = await ada.post(
        f"/console/jobs/{job_id}/what-if",
        data={"csrf_token": token, "engine": "identity", "sample": "-1"},
    )
    assert "number of units" in refused.text
    opened = await ada.post(
        f"/console/jobs/{job_id}/what-if",
        data={"csrf_token": token, "engine": "identity", "model": "", "sample": ""},
    )
    assert opened.status_code == 303, opened.text
    page = await ada.get(opened.headers["location"])
    assert page.status_code == 200
    assert "The trial is queued" in page.text


async def test_the_analysis_says_what_a_new_version_takes_over(
    site: Site, ada: httpx.AsyncClient
) -> None:
    pairs = (("Paragraph one.", "Uno."), ("Paragraph two.", "Dos."))
    job_id = await site.history.submit("a.docx", document=Document(pairs, is_plain=True))
    await site.history.advance(job_id)
    await site.show()
    answer = await analysed(ada, "a.docx", new_version_of=str(job_id))
    assert answer.status_code == 200, answer.text
    assert f"/console/jobs/{job_id}" in answer.text
    assert "There already, about" in answer.text
    several = await analysed(ada, "a.docx", "b.docx", new_version_of=str(job_id))
    assert "There already, about" not in several.text
    wrong = await analysed(ada, "a.docx", new_version_of="yesterday")
    assert (wrong.status_code, "neither the id" in wrong.text) == (422, True)

"""A job as an answer, with its ETag: as it is now, or as it was."""

from __future__ import annotations

from fastapi import Response

from dragoman_contracts.job import Job
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.jobs.detail.answers import job_detail
from dragoman_gateway.jobs.detail.facts import Standing, job_records, standing_now
from dragoman_gateway.jobs.schemas import JobDetail
from dragoman_gateway.web.dependencies import etag


async def job_now(gateway: Gateway, job: Job, response: Response) -> JobDetail:
    """The job as it was just loaded, or as it has become since."""
    return await _shown(gateway, *await standing_now(gateway.store, gateway.jobs, job), response)


async def job_then(gateway: Gateway, past: Job, latest_version: int, response: Response) -> JobDetail:
    """A state of the job's past."""
    return await _shown(gateway, past, Standing(latest_version), response)


async def _shown(gateway: Gateway, job: Job, standing: Standing, response: Response) -> JobDetail:
    response.headers["ETag"] = etag(job.version)
    records = await job_records(gateway.objects, job)
    return job_detail(job, records, standing, gateway.downloads, gateway.clock.now())

"""The chips above a list of jobs: a status each, with how many jobs it lets through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.detail.words import STATUSES


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter as a link, with how many it lets through."""

    key: str
    text: str
    count: int
    url: str
    is_on: bool


def chips_of(
    counts: Mapping[JobStatus, int], chosen: str, address_of: Callable[[str], str]
) -> list[Chip]:
    """A chip for all, and one for each status of a job, or that is chosen."""
    chips = [Chip("", "All", sum(counts.values()), address_of(""), not chosen)]
    chips += [
        Chip(status, label.text, counts.get(status, 0), address_of(status), chosen == status)
        for status, label in STATUSES.items()
        if counts.get(status) or chosen == status
    ]
    return chips

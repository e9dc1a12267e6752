"""The table that a run prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from chaos.checks import Findings
from chaos.installation import Aftermath
from chaos.plan import every_point
from chaos.points import AT_RANDOM

_MOST_SHOWN = 10
_OUTSIDE = "what went wrong outside the services"


def table(seed: int, afters: Sequence[Aftermath], found: Sequence[Findings]) -> str:
    """Faults by kind and point, what became of the jobs, and what is wrong,
    which should be nothing.
    """
    kills = Counter((kill.service, kill.point) for after in afters for kill in after.kills)
    faults = sum((after.faults for after in afters), Counter[str]())
    met = sum((after.met for after in afters), Counter[str]())
    lines = [
        f"seed {seed}",
        "",
        f"kill -9 of            at                {'before':>8} {'after':>8}",
    ]
    lines += [_kills_row(kills, service, step) for service, step in _steps()]
    lines += _rows(_kills(afters, min(kills[each] for each in every_point())))
    lines += ["", f"{_OUTSIDE:<52} times   met by"]
    lines += [
        f"  {kind:<50} {count:>5} {met[kind] or '':>8}" for kind, count in sorted(faults.items())
    ]
    lines += ["", "jobs", *_rows(_jobs(afters, found))]
    for name, things in sorted(_wrong(found).items()):
        lines += [
            "",
            f"WRONG, {name}: {len(things)}",
            *(f"  {each}" for each in things[:_MOST_SHOWN]),
        ]
    return "\n".join(lines)


def _steps() -> list[tuple[str, str]]:
    return list(
        dict.fromkeys(
            (service, point.removeprefix("before ").removeprefix("after "))
            for service, point in every_point()
        )
    )


def _kills_row(kills: Counter[tuple[str, str]], service: str, step: str) -> str:
    if step == AT_RANDOM:
        return f"  {service:<20}{step:<18}{kills[service, step]:>8}"
    return f"  {service:<20}{step:<18}{kills[service, f'before {step}']:>8} {kills[service, f'after {step}']:>8}"


def _kills(afters: Sequence[Aftermath], least: int) -> Iterable[tuple[str, object]]:
    every = [kill for after in afters for kill in after.kills]
    return (
        ("all kills", len(every)),
        (
            "of these where two of each service ran",
            sum(len(a.kills) for a in afters if a.plan.replicas > 1),
        ),
        ("of these of the second of two", sum(kill.name != kill.service for kill in every)),
        (
            "of these where each message came twice, shuffled",
            sum(len(a.kills) for a in afters if a.plan.is_twice_and_shuffled),
        ),
        ("least at one point", least),
    )


def _jobs(afters: Sequence[Aftermath], found: Sequence[Findings]) -> Iterable[tuple[str, object]]:
    statuses = sum((each.statuses for each in found), Counter[str]())
    failures = sum((each.failures for each in found), Counter[str]())
    return (
        ("installations", len(afters)),
        ("jobs", sum(len(after.names) for after in afters)),
        ("of these", ", ".join(f"{status} {count}" for status, count in sorted(statuses.items()))),
        ("events", sum(each.events for each in found)),
        (
            "failed attempts on record",
            ", ".join(f"{code} {count}" for code, count in failures.most_common()) or "none",
        ),
        ("lost", _count(found, "lost")),
        ("stuck", _count(found, "stuck")),
        ("parked", _count(found, "parked")),
        ("streams different from the undisturbed run's", _count(found, "different")),
        ("streams with a broken chain", _count(found, "broken_chains")),
        ("objects pointed to", sum(each.objects for each in found)),
        (
            "objects missing, damaged",
            _count(found, "missing_objects") + _count(found, "damaged_objects"),
        ),
        ("view tables different from a rebuild", _count(found, "views")),
        ("queues not empty, leases left", _count(found, "queued")),
        ("processes that ended by themselves or badly", _count(found, "bad_ends")),
        ("faults that did not end as they should", _count(found, "bad_faults")),
        ("model calls recorded", sum(each.calls for each in found)),
        ("recorded calls repeated", _count(found, "repeated_recorded_calls")),
        ("calls in flight at the kills", sum(each.calls_in_flight_at_kills for each in found)),
        ("unrecorded calls repeated", sum(each.repeated_unrecorded_calls for each in found)),
        ("of these not in flight at a kill", _count(found, "repeated_out_of_flight")),
        ("answered calls never recorded", _count(found, "unrecorded_calls")),
        ("duration under fire", f"{sum(after.duration_s for after in afters):.0f} s"),
    )


def _count(found: Sequence[Findings], name: str) -> int:
    return sum(len(getattr(each, name)) for each in found)


def _wrong(found: Sequence[Findings]) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    for each in found:
        for name, things in each.wrong.items():
            wrong.setdefault(name, []).extend(things)
    return wrong


def _rows(rows: Iterable[tuple[str, object]]) -> list[str]:
    return [f"  {name:<50} {value}" for name, value in rows]

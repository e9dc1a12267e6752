"""Write `docs/reference/data-flow.md` from the contracts:
`python tests/develop/write_data_flow_md.py`.

What an event makes owed is asked of `routes`, with the golden sample of the event's newest version.
"""

import ast
from pathlib import Path

from dragoman_contracts.envelope import decode
from dragoman_contracts.events import EVENT_TYPES, Event
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_contracts.pipeline import routes
from dragoman_contracts.steps import STEPS, queue_of, service_of, step_of_work
from dragoman_contracts.vocabulary import Queue, Service, WorkKind

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "reference" / "data-flow.md"
GOLDEN = TESTS / "contracts" / "golden"

_HEAD = """\
# Data flow

<!-- Written by `python tests/develop/write_data_flow_md.py` from the contracts; change those. -->

Which service says what, and which work follows. Work items travel through the queue of their kind; events are published
to the topic exchange `dragoman.events` with their name as routing key, where `DRAGOMAN_PUBLISH_EVENTS` is on. In the
one process the same functions are called without a broker. Queues, exchange and messages in detail: the
[AsyncAPI document](asyncapi.yaml).

"""


def data_flow_md() -> str:
    """The whole document as the contracts say it should be."""
    parts = (_diagram(), _work(), _events(), _services(), _pipeline())
    return _HEAD + "\n".join(parts)


def owed_after(cls: type[Event]) -> str | None:
    """The kind of work that the golden sample of this event makes owed;
    None where it makes none.
    """
    state = (GOLDEN / f"{cls.name}.v{cls.schema_version}.json").read_bytes()
    return next((item.kind for item in routes(decode(state))), None)


def _diagram() -> str:
    lines = ["## The way of the work", "", "```mermaid", "flowchart LR"]
    for cls in EVENT_TYPES.values():
        kind = owed_after(cls)
        if kind is not None and cls.producer is not None:
            lines.append(
                f"    {cls.producer} -- {cls.name} --> {queue_of(kind)}[[{queue_of(kind)}]]"
            )
    lines += [f"    {queue}[[{queue}]] --> {service}" for queue, service in _consumers()]
    return "\n".join([*lines, "```", ""])


def _consumers() -> list[tuple[Queue, Service]]:
    return sorted({(queue_of(kind), service_of(kind)) for kind in _kinds()})


def _kinds() -> list[str]:
    """Every kind of work, in the order of the step table, then the work of no phase."""
    works = [work for step in STEPS.values() for work in (step.first_work, step.batch_work) if work]
    return [*dict.fromkeys(works), WorkKind.RETRANSLATION, WorkKind.CANCELLATION]


def _work() -> str:
    lines = [
        "## Work",
        "",
        "| work | queue | service | phase | made owed by |",
        "|---|---|---|---|---|",
    ]
    for kind in _kinds():
        causes = ", ".join(
            f"`{cls.name}`" for cls in EVENT_TYPES.values() if owed_after(cls) == kind
        )
        step = step_of_work(kind)
        phase = step.kind if step else "–"
        lines.append(f"| `{kind}` | `{queue_of(kind)}` | {service_of(kind)} | {phase} | {causes} |")
    lines += [
        "",
        "`job.start_requested` and `job.resume_requested` make owed whatever the job stopped before; the tables show",
        "their samples. A result that is recorded of a stopped job makes nothing owed.",
        "",
    ]
    return "\n".join(lines)


def _events() -> str:
    lines = ["## Events", "", "| event | said by | stream | then owed |", "|---|---|---|---|"]
    for name, cls in EVENT_TYPES.items():
        kind = owed_after(cls)
        owed = "–" if kind is None else f"`{kind}`"
        lines.append(
            f"| [`{name}`](events.md#{anchor(name)}) | {producer(cls)} | {cls.stream_type} | {owed} |"
        )
    return "\n".join([*lines, ""])


def _services() -> str:
    lines = ["## Services", "", "| service | serves | says |", "|---|---|---|"]
    for service in Service:
        queues = ", ".join(f"`{queue}`" for queue, each in _consumers() if each is service) or "–"
        events = (
            ", ".join(f"`{cls.name}`" for cls in EVENT_TYPES.values() if cls.producer is service)
            or "–"
        )
        lines.append(f"| {service} | {queues} | {events} |")
    anyone = ", ".join(f"`{cls.name}`" for cls in EVENT_TYPES.values() if cls.producer is None)
    lines += [f"| any that performs work | – | {anyone} |", ""]
    made = _made()
    unsaid = [f"`{cls.name}`" for cls in EVENT_TYPES.values() if cls.__name__ not in made]
    if unsaid:
        lines += [f"Declared, and said by no service so far: {', '.join(unsaid)}.", ""]
    return "\n".join(lines)


def _made() -> set[str]:
    """The names of everything that services and runtime call:
    a class that is made somewhere is among them.
    """
    folders = (
        TESTS.parent / "services",
        TESTS.parent / "libs" / "contracts",
        TESTS.parent / "libs" / "runtime",
    )
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for folder in folders
        for path in folder.rglob("src/**/*.py")
    ]
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    plain = {each.id for each in calls if isinstance(each, ast.Name)}
    made_of_fields = {name for each in calls for name in _validated(each)}
    return plain | made_of_fields | {each.attr for each in calls if isinstance(each, ast.Attribute)}


def _validated(func: ast.expr) -> tuple[str, ...]:
    match func:
        case ast.Attribute(value=ast.Name(id=name), attr="model_validate"):
            return (name,)
        case _:
            return ()


def _pipeline() -> str:
    pipeline = TRANSLATE_DOCX
    lines = [
        f"## Pipeline `{pipeline.name}`, version {pipeline.version}",
        "",
        "| phase | kind | share |",
        "|---|---|---|",
    ]
    lines += [
        f"| {phase.name} | `{phase.kind}` | {pipeline.share_pct(phase):g} % |"
        for phase in pipeline.phases
    ]
    return "\n".join([*lines, ""])


def producer(cls: type[Event]) -> str:
    """The service that says this event, in words."""
    return "any" if cls.producer is None else str(cls.producer)


def anchor(name: str) -> str:
    """The anchor of an event's heading, as Markdown viewers make it."""
    return name.replace(".", "")


if __name__ == "__main__":
    DOCUMENT.write_text(data_flow_md(), encoding="utf-8")

"""The messages that travel over RabbitMQ, as FastStream describes them: AsyncAPI 3.0 of every queue
and event.
"""

from __future__ import annotations

import inspect
from typing import Any, cast

from aio_pika import IncomingMessage
from faststream.rabbit import RabbitExchange
from faststream.specification import AsyncAPI

from dragoman_contracts.envelope import RECORDED_TYPES
from dragoman_contracts.events import EVENT_TYPES
from dragoman_contracts.steps import work_queues
from dragoman_runtime.bus.broker import TYPE_PREFIX, Topology, WorkBroker

_SERVER = "amqp://rabbitmq:5672/"
_ABOUT = f"""\
Work items, which Dragoman sends to itself, and events, for other programs to listen to: bind a queue of your own to the
exchange and set DRAGOMAN_PUBLISH_EVENTS=true. DRAGOMAN_QUEUE_PREFIX comes before the names of queues and exchange.

An event's routing key is its name. Its headers are CloudEvents attributes (cloudEvents:id, cloudEvents:type, …); the
AMQP property `type` is the name with `{TYPE_PREFIX}` before it, as cloudEvents:type will be from the next version on.
cloudEvents:dataschema is the $id of the JSON Schema of its `data`, in docs/reference/schemas.
Each says its schema_version: in this release job.submitted travels as version 1 wherever that says it all (its schema
is docs/reference/schemas/event.job.submitted.v1.json), as version 2 from the next release on.
Every message is persistent and has a message_id that stays the same when it is sent again.
"""


def asyncapi_document() -> dict[str, Any]:
    """The AsyncAPI document; nothing is connected to."""
    broker, topology = WorkBroker(_SERVER, specification_url=_SERVER), Topology()
    for queue in work_queues():
        broker.work(topology.work_queue(queue), _take_nothing, prefetch=1)
    for name in EVENT_TYPES:
        _describe(broker, topology.events, name)
    described = AsyncAPI(
        broker, title="Dragoman", version="1", description=_ABOUT
    ).to_specification()
    return cast("dict[str, Any]", described.to_jsonable())


def _describe(broker: WorkBroker, exchange: RabbitExchange, name: str) -> None:
    """Add an event to the document, as it is published."""
    broker.publisher(
        exchange=exchange,
        routing_key=name,
        persist=True,
        mandatory=False,
        title=name,
        description=_described(EVENT_TYPES[name]),
        schema=RECORDED_TYPES[name],
    )


def _described(cls: type) -> str:
    """The docstring with each paragraph in one line."""
    paragraphs = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)


def _take_nothing(message: IncomingMessage) -> None:
    """Nothing is consumed."""

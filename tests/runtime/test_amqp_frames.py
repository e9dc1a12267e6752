"""Published messages as bytes: what the client library reads in them is what was meant."""

import pamqp.frame
import pytest
from pamqp import body, commands, header

from dragoman_runtime.bus.frames import Message, frames_of

CHANNEL = 3
MESSAGE = Message(
    exchange="dragoman.events",
    routing_key="job.submitted",
    message_id="0b8f8a0e-0000-5000-8000-000000000001",
    correlation_id="0b8f8a0e-0000-5000-8000-000000000002",
    headers={"cloudEvents:type": "job.submitted", "cloudEvents:subject": "Größe"},
    body=b'{"data": 1}',
)
WORK = Message(routing_key="translate_batch", message_id="1", correlation_id="2", headers={}, body=b"{}")


def read(frames: bytes) -> list[object]:
    """The frames as the client library reads them, all of this channel."""
    found: list[object] = []
    while frames:
        count, channel, frame = pamqp.frame.unmarshal(frames)
        assert channel == CHANNEL
        found.append(frame)
        frames = frames[count:]
    return found


def bodies(frames: list[object]) -> list[bytes]:
    return [frame.value for frame in frames if isinstance(frame, body.ContentBody)]


def test_a_message_is_read_as_it_was_meant() -> None:
    publish, content, *rest = read(frames_of(MESSAGE, CHANNEL, 4096))
    assert isinstance(publish, commands.Basic.Publish)
    assert (publish.exchange, publish.routing_key) == (MESSAGE.exchange, MESSAGE.routing_key)
    assert isinstance(content, header.ContentHeader)
    assert content.body_size == len(MESSAGE.body)
    properties = content.properties
    assert (properties.message_id, properties.correlation_id) == (MESSAGE.message_id, MESSAGE.correlation_id)
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert properties.headers == MESSAGE.headers
    assert bodies(rest) == [MESSAGE.body]


def test_work_must_be_routed_and_events_may_be_heard_by_nobody() -> None:
    of_event, of_work = (read(frames_of(message, CHANNEL, 4096))[0] for message in (MESSAGE, WORK))
    assert isinstance(of_event, commands.Basic.Publish)
    assert isinstance(of_work, commands.Basic.Publish)
    assert (of_event.mandatory, of_work.mandatory) == (False, True)


@pytest.mark.parametrize(("size", "lengths"), [(0, []), (8, [8]), (9, [8, 1]), (16, [8, 8])])
def test_a_body_is_cut_into_frames_of_the_size_the_broker_takes(size: int, lengths: list[int]) -> None:
    message = Message("queue", "1", "2", {}, b"x" * size)
    assert [len(each) for each in bodies(read(frames_of(message, CHANNEL, 8)))] == lengths


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="256"):
        frames_of(Message("q" * 256, "1", "2", {}, b""), CHANNEL, 8)

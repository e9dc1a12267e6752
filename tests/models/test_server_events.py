import json

from hypothesis import given
from hypothesis import strategies as st

from dragoman_models.server_events import ServerEvents

TEXTS = st.lists(st.text(st.characters(codec="utf-8")), max_size=6)


def events(*pieces: bytes) -> list[str]:
    reader = ServerEvents()
    return [event for piece in pieces for event in reader.feed(piece)] + reader.close()


@given(TEXTS, st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 9))
def test_events_are_the_same_however_the_bytes_are_cut(
    texts: list[str], line_end: str, size: int
) -> None:
    # Holds U+2028 and the like as they are.
    data = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    lines = [
        ": ping",
        "",
        *(line for each in data for line in ("event: message", f"data: {each}", "id: 1", "")),
    ]
    stream = line_end.join([*lines, ""]).encode()
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert events(*pieces) == events(stream) == data


def test_an_event_of_several_lines_and_one_without_its_blank_line_are_given() -> None:
    assert events(b"data: a\ndata:b\n\ndata: c") == ["a\nb", "c"]


def test_the_error_line_of_an_old_llama_cpp_is_an_event() -> None:
    assert events(b'error: {"code": 500}\n\n') == ['{"error": {"code": 500}}']


def test_a_body_that_is_one_text_is_given_whole_whatever_its_content_type() -> None:
    reader = ServerEvents()
    assert reader.feed(b"\xef\xbb\xbf\n ") == []
    assert not reader.is_whole
    assert reader.feed(b'{"a":\n\n') == []
    assert reader.is_whole
    assert reader.feed(b"1}") == []
    assert reader.close() == ['{"a":\n\n1}']


def test_bytes_that_are_no_characters_are_kept_as_half_characters() -> None:
    assert events(b"data: a\xf0\x9fb\n\n") == ["a\udcf0\udc9fb"]


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_bytes_of_any_kind_are_text_in_the_end(pieces: list[bytes]) -> None:
    assert (
        len("".join(events(*pieces)).encode("utf-8", "surrogateescape"))
        <= sum(map(len, pieces)) + 12
    )

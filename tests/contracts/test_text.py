"""Content, its stored form and the units made of it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import (
    Anchor,
    ResultSource,
    Segment,
    StoryKind,
    Tag,
    TagSide,
    TargetList,
    Unit,
    UnitTarget,
    closing,
    normalised,
    opening,
    placeholder,
    plain_text,
)

TEXT = st.text(max_size=8)
TAGS = st.builds(Tag, id=st.integers(1, 10**6), side=st.sampled_from(TagSide))
PARTS = st.lists(TEXT | TAGS, max_size=12)
CONTENT = PARTS.map(normalised)


def unit(segments: list[tuple[str | Tag, ...]]) -> Unit:
    return Unit(
        unit_id="u1",
        anchor=Anchor(part="word/document.xml", path="0/3"),
        story=StoryKind.BODY,
        content_key="c",
        context_key="x",
        segments=tuple(
            Segment(segment_id=f"s{number}", source=source)
            for number, source in enumerate(segments)
        ),
    )


@given(CONTENT)
def test_content_survives_json(content: tuple[str | Tag, ...]) -> None:
    segment = Segment(segment_id="s1", source=content)
    assert Segment.model_validate_json(segment.model_dump_json()) == segment
    assert Segment.model_validate(segment.model_dump()) == segment
    assert (
        Segment.model_validate(json.loads(json.dumps(segment.model_dump(mode="json")))).source
        == content
    )


def test_content_is_stored_as_strings_and_pairs() -> None:
    source = ("See ", opening(1), "this", closing(1), placeholder(2))
    stored = Segment(segment_id="s1", source=source).model_dump(mode="json")
    assert stored["source"] == ["See ", ["<", 1], "this", ["/", 1], ["#", 2]]


def test_text_that_looks_like_a_tag_stays_text() -> None:
    segment = Segment(segment_id="s1", source=("<1>", opening(1), "</1>", closing(1)))
    assert Segment.model_validate_json(segment.model_dump_json()).source == segment.source


def test_tags_read_as_the_model_protocol_writes_them() -> None:
    assert "".join(map(str, (opening(1), closing(1), placeholder(2)))) == "<1></1><2/>"


@pytest.mark.parametrize(
    "stored",
    [
        [["?", 1]],
        [["<", 0]],
        [["<", -3]],
        [["<"]],
        [["<", 1, 2]],
        [[["<"], 1]],
        [[1, "<"]],
        [3],
        [None],
        "text",
        None,
        [[]],
    ],
    ids=repr,
)
def test_a_stored_form_that_is_no_content_is_refused(stored: object) -> None:
    with pytest.raises(ValidationError):
        Segment.model_validate({"segment_id": "s1", "source": stored})


@given(PARTS)
def test_normalised_content_has_no_empty_and_no_neighbouring_strings(
    parts: list[str | Tag],
) -> None:
    content = normalised(parts)
    assert normalised(content) == content
    assert "" not in content
    assert not any(isinstance(a, str) and isinstance(b, str) for a, b in pairwise(content))


@given(PARTS)
def test_normalising_keeps_the_text_and_the_tags_in_order(parts: list[str | Tag]) -> None:
    content = normalised(parts)
    assert plain_text(content) == plain_text(parts)
    assert [part for part in content if isinstance(part, Tag)] == [
        part for part in parts if isinstance(part, Tag)
    ]


@given(st.lists(CONTENT, max_size=4))
def test_the_source_of_a_unit_is_its_segments_joined(segments: list[tuple[str | Tag, ...]]) -> None:
    assert unit(segments).source == normalised(part for segment in segments for part in segment)


@given(st.lists(CONTENT, max_size=4))
def test_a_unit_survives_json(segments: list[tuple[str | Tag, ...]]) -> None:
    whole = unit(segments)
    assert Unit.model_validate_json(whole.model_dump_json()) == whole


def test_a_list_of_targets_names_its_locale_in_one_way() -> None:
    target = UnitTarget(unit_id="u1", target=("Hola",), result_source=ResultSource.ENGINE)
    targets = TargetList.model_validate({"target_locale": "es_mx", "targets": [target]})
    assert targets.target_locale == Locale("es-MX")
    assert TargetList.model_validate_json(targets.model_dump_json()) == targets


def test_values_are_immutable_and_refuse_unknown_fields() -> None:
    tag = opening(1)
    with pytest.raises(ValidationError, match="frozen"):
        tag.id = 2  # pyright: ignore[reportAttributeAccessIssue] - what is tested
    with pytest.raises(ValidationError, match="extra"):
        Tag.model_validate({"id": 1, "side": "open", "title": "bold"})

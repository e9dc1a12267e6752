import json

import jsonschema
import pytest

from dragoman_contracts.locale import Locale
from dragoman_linguistics import render
from dragoman_translate.ports import (
    Correction,
    EngineContext,
    EngineRequest,
    EngineUnit,
    PromptMatch,
    PromptTerm,
    RawTarget,
    ReplyFault,
)
from dragoman_translate.prompt import messages, reply_schema, unit_ids
from dragoman_translate.reading import read_reply
from linguistics.units import unit

UNITS = (unit("u1", "One ", ["<", 1], "red", ["/", 1], " apple."), unit("u2", "Two pears."))


def request(
    *, context: EngineContext | None = None, corrections: tuple[Correction, ...] = ()
) -> EngineRequest:
    return EngineRequest(
        source_locale=Locale("en"),
        target_locale=Locale("pt-BR"),
        units=tuple(EngineUnit(unit_id=unit.unit_id, source=render(unit.source)) for unit in UNITS),
        context=context or EngineContext(),
        corrections=corrections,
    )


def test_the_last_user_message_is_one_json_object_with_the_units() -> None:
    *_, last = messages(request())
    assert last["role"] == "user"
    assert json.loads(last["content"]) == {
        "units": [
            {"id": "1", "source": "One <1>red</1> apple."},
            {"id": "2", "source": "Two pears."},
        ]
    }
    assert unit_ids(request()) == {"1": "u1", "2": "u2"}


def test_context_and_corrections_travel_beside_the_units() -> None:
    context = EngineContext(
        terms=(
            PromptTerm(source="apple", target="maçã"),
            PromptTerm(source="pear", target="pereira", note="a tree", is_forbidden=True),
        ),
        matches=(PromptMatch(source="One pear.", target="Uma pera.", score_pct=80),),
        preceding=("Shopping",),
    )
    correction = Correction(unit_id="u1", fault=ReplyFault.TAGS, previous="Uma maçã.")
    payload = json.loads(
        messages(request(context=context, corrections=(correction,)))[-1]["content"]
    )
    assert payload["terms"] == [["apple", "maçã"]]
    assert payload["forbidden"] == [["pear", "pereira", "a tree"]]
    assert list(payload)[-1] == "units"
    assert payload["matches"] == [["One pear.", "Uma pera."]]
    assert payload["before"] == ["Shopping"]
    assert payload["corrections"][0] | {"problem": ""} == {
        "id": "1",
        "problem": "",
        "previous": "Uma maçã.",
    }


def test_of_a_long_text_around_only_the_near_end_is_shown() -> None:
    words = " ".join(f"word{number}" for number in range(100))
    context = EngineContext(preceding=(words,), following=(words,))
    payload = json.loads(messages(request(context=context))[-1]["content"])
    (before,), (after,) = payload["before"], payload["after"]
    assert before.startswith("…word")
    assert before.endswith("word98 word99")
    assert after.startswith("word0 word1 ")
    assert len(before) <= 101
    assert len(after) <= 101


def test_the_general_pack_is_no_subject() -> None:
    general = messages(request(context=EngineContext(domain="general")))
    assert general == messages(request())


def test_the_system_message_is_the_same_for_every_batch_of_a_job() -> None:
    busy = EngineContext(terms=(PromptTerm(source="a", target="b"),), preceding=("x",))
    first, second = messages(request()), messages(request(context=busy))
    assert first[0] == second[0]
    assert first[0]["role"] == "system"
    assert "Portuguese (pt-BR)" in first[0]["content"]


def test_domain_and_instructions_are_said_once_for_the_job() -> None:
    context = EngineContext(domain="maritime law", instructions="Address the reader formally.")
    system = messages(request(context=context))[0]["content"]
    assert "maritime law" in system
    assert system.endswith("Address the reader formally.")


def test_a_good_reply_fits_the_schema() -> None:
    schema = reply_schema()
    good = {"units": [{"id": "1", "target": "x"}]}
    jsonschema.validate(good, schema)
    for wrong in ({"units": ["1|x"]}, {"units": [{"id": "1"}]}, {**good, "note": ""}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


GOOD = '{"units": [{"id": "u1", "target": "Uma"}, {"id": "u2", "target": "Duas"}]}'
BOTH = (RawTarget(unit_id="u1", target="Uma"), RawTarget(unit_id="u2", target="Duas"))


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        (GOOD, BOTH),
        (f"```json\n{GOOD}\n```", BOTH),
        (f'<think>{{"units": [ maybe</think> {GOOD} Done.', BOTH),
        (GOOD[:50], BOTH[:1]),
        (GOOD[:-2], BOTH),
        ('{"units": []}', ()),
        ('{"units": [{"id": 7, "target": "x"}]}', (RawTarget(unit_id="7", target="x"),)),
        ('{"units": [{"id": "u1", "target": "a\nb"}]}', (RawTarget(unit_id="u1", target="a\nb"),)),
        ('{ "units" : [ {"target": "Uma", "id": "u1"} , ] }', BOTH[:1]),
    ],
)
def test_the_complete_units_of_a_reply_are_read(text: str, targets: tuple[RawTarget, ...]) -> None:
    assert read_reply(text) == targets


@pytest.mark.parametrize("text", ["", "No.", '["u1"]', '{"translations": []}'])
def test_a_reply_without_units_is_none(text: str) -> None:
    assert read_reply(text) is None

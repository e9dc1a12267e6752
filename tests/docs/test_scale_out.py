"""The page for scaling out: its arithmetic follows from the figures that it gives."""

import re

import pytest

from docs.pages import ROOT

_TEXT = (ROOT / "docs/operate/scale-out.md").read_text(encoding="utf-8")
_PLAN = re.compile(
    r"^\| (\d+) \| (\d+) \| ([\d.]+) \| (\d+) \| ([\d.]+) \| (\d+) \| (\d+) \|$", re.M
)
_CONNECTIONS, _CALLS_OF_A_PROCESS = 4, 20


def _of_a_document(what: str) -> float:
    (found,) = re.findall(rf"^\| {what}[^|]*\| ([\d.]+)", _TEXT, re.MULTILINE)
    return float(found)


@pytest.mark.parametrize("row", _PLAN.findall(_TEXT))
def test_a_row_of_the_plan_follows_from_what_a_document_costs(row: tuple[str, ...]) -> None:
    at_once, seconds, documents, commits, cores, processes, connections = map(float, row)

    a_second = at_once / (seconds * _of_a_document("calls of a model"))
    assert documents == pytest.approx(a_second, abs=0.05)
    assert commits == pytest.approx(a_second * _of_a_document("events in the log"), abs=0.5)
    assert cores == pytest.approx(a_second * _of_a_document("processors"), abs=0.05)
    assert processes == at_once / _CALLS_OF_A_PROCESS
    assert connections == processes * _CONNECTIONS


def test_there_is_a_plan_for_hundreds_of_workers() -> None:
    assert {int(row[0]) for row in _PLAN.findall(_TEXT)} >= {300, 1000}

"""A file that nobody changed says what the job says, in every format."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from dragoman_exchange import ExchangeFormat, ReviewDocument, write_review
from exchange.reviews import READABLE, assert_unchanged, reviews, written_and_read

every_readable = pytest.mark.parametrize("format", READABLE)
patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@every_readable
@given(review=reviews())
@patient
def test_a_file_that_nobody_changed_changes_nothing(
    format: ExchangeFormat, review: ReviewDocument
) -> None:
    assert_unchanged(written_and_read(format, review), review)


@pytest.mark.parametrize("format", ExchangeFormat)
@given(review=reviews())
@settings(parent=patient, max_examples=10)
def test_equal_documents_give_equal_bytes(format: ExchangeFormat, review: ReviewDocument) -> None:
    again = ReviewDocument.model_validate_json(review.model_dump_json())
    assert write_review(format, review) == write_review(format, again)

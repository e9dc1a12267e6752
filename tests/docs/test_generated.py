"""The generated references say what the code says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from develop import (
    write_asyncapi_yaml,
    write_data_flow_md,
    write_errors_md,
    write_events_md,
    write_findings_md,
)

_GENERATED: list[tuple[str, Path, Callable[[], str]]] = [
    ("write_asyncapi_yaml", write_asyncapi_yaml.DOCUMENT, write_asyncapi_yaml.asyncapi_yaml),
    ("write_asyncapi_yaml", write_asyncapi_yaml.SERVED, write_asyncapi_yaml.asyncapi_yaml),
    ("write_data_flow_md", write_data_flow_md.DOCUMENT, write_data_flow_md.data_flow_md),
    ("write_errors_md", write_errors_md.DOCUMENT, write_errors_md.errors_md),
    ("write_events_md", write_events_md.DOCUMENT, write_events_md.events_md),
    ("write_findings_md", write_findings_md.DOCUMENT, write_findings_md.findings_md),
]


@pytest.mark.parametrize(
    ("script", "document", "written"), _GENERATED, ids=[name for name, _, _ in _GENERATED]
)
def test_a_generated_document_is_the_one_its_script_writes(
    script: str, document: Path, written: Callable[[], str]
) -> None:
    is_current = document.read_text(encoding="utf-8") == written()
    assert is_current, f"run: python tests/develop/{script}.py"

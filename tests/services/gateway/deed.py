"""Requirement C's own declaration, with its files: a deed is read, its facts are asked for, and a
script writes them into its fields.
"""

from __future__ import annotations

import copy
from typing import Any

DEED: dict[str, Any] = {
    "name": "deed",
    "fields": {
        "document": {"type": "DOCUMENT", "required": True},
        "pipelinePhase": {"type": "TEXT"},
        "markdownContent": {"type": "TEXT"},
        "shareCapital": {"type": "DECIMAL"},
        "currency": {"type": "TEXT"},
        "shareholders": {"type": "LIST"},
    },
    "pipeline": {
        "phaseField": "pipelinePhase",
        "phases": [
            {"name": "init", "script": "convertToMarkdown"},
            {
                "name": "extraction",
                "tasks": [
                    {
                        "name": "extractInfo",
                        "promptFile": "prompts/extractInfo",
                        "schemaFile": "schemas/extractInfo",
                    },
                    {
                        "name": "extractShareholders",
                        "promptFile": "prompts/extractShareholders",
                        "schemaFile": "schemas/extractShareholders",
                    },
                ],
            },
            {"name": "aggregate", "script": "aggregateDeed"},
        ],
    },
}

DEED_FILES: dict[str, Any] = {
    "prompts/extractInfo": "Give the share capital of this deed, and its currency.\n\n{{markdownContent}}",
    "prompts/extractShareholders": "List the shareholders of this deed.\n\n{{markdownContent}}",
    "schemas/extractInfo": {
        "type": "object",
        "properties": {"shareCapital": {"type": "string"}, "currency": {"type": "string"}},
        "required": ["shareCapital", "currency"],
    },
    "schemas/extractShareholders": {
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"type": "string"}}},
        "required": ["items"],
    },
    "scripts/aggregateDeed": """function execute(api, dataObject, params) {
    const info = params.extractInfo;
    dataObject.shareCapital = info.shareCapital;
    dataObject.currency = info.currency;
    dataObject.shareholders = params.extractShareholders.items;
}
""",
}


def deed() -> dict[str, Any]:
    """The class as it is sent, to be changed at will."""
    return copy.deepcopy({**DEED, "files": DEED_FILES})

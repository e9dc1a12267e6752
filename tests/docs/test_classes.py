"""The worked example of the page on classes, followed: a deed's document becomes its fields."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs.pages import ROOT, Page
from models.faithful import openai
from models.faithful.base import KEY
from models.faithful.openai import OpenAiServer

_PAGE = Page(ROOT / "docs/use/classes.md")
_DEED = """# Deed of formation

The share capital is EUR 12500.00.

- Shareholder: Ada Lovelace
- Shareholder: Charles Babbage
"""


def looked_up(body: Any, text: str, schema: Any) -> str:
    """The answer of a model that looks up in the prompt what the schema asks for."""
    if "items" in schema["properties"]:
        return json.dumps({"items": re.findall(r"Shareholder: (\w+ \w+)", text)})
    amount = re.search(r"([A-Z]{3}) ([\d.]+\d)", text)
    return json.dumps({"currency": amount[1], "shareCapital": amount[2]} if amount else {})


def test_a_deed_is_read_and_its_fields_are_filled_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "written", looked_up)
    files = re.findall(r"`(deed/[\w./]+)`:\n\n```\w+\n(.*?)```", _PAGE.text, re.DOTALL)
    assert len(files) == 6
    for name, text in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "deed.md").write_text(_DEED)
    block = _PAGE.text.split("```sh\n")[1].split("```")[0]
    with OpenAiServer() as server:
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DRAGOMAN_STATE_DIR": str(tmp_path / "state"),
            "DRAGOMAN_COMMAND_DIR": str(tmp_path / "commands"),
            "DRAGOMAN_OPENAI_BASE_URL": server.base_url,
            "DRAGOMAN_OPENAI_API_KEY": KEY,
            "DRAGOMAN_OPENAI_MODEL": "notary-1",
        }
        done = subprocess.run(
            ["bash", "-euc", block], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr[-2000:]
    checked, pushed, created, listed = done.stdout.splitlines()
    assert (checked, pushed) == ("deed can be saved.", "deed version 1 (5 files)")
    object_id, status = created.split("\t")
    assert status == "READY"
    assert listed.startswith(f"{object_id}\tREADY\taggregate\t")
    assert "shareCapital=12500.00, currency=EUR" in listed
    assert 'shareholders=["Ada Lovelace", "Charles Babbage"]' in listed
    assert len(server.seen) == 2

"""A class looked through with the engines that run its files."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from dragoman_contracts.ai import PROMPTS
from dragoman_gateway.objects.rules.declaring import (
    MOST_FILES,
    ClassCheck,
    FileChecks,
    Raw,
    check_class,
    is_read_by_engines,
)
from dragoman_scripting.prompts import TemplateCheck
from dragoman_scripting.scripts import ScriptFault


async def checked_class(raw: Raw, files: Mapping[str, JsonValue]) -> ClassCheck:
    """All that is wrong with a declaration and its files; prompts and scripts are read by V8 in a
    process of its own, and neither rendered nor run.

    Raises:
        SandboxLostError: the process was killed from outside.
    """
    return check_class(raw, files, await _file_checks(files))


async def _file_checks(files: Mapping[str, JsonValue]) -> FileChecks:
    texts = {name: str(each) for name, each in files.items() if is_read_by_engines(name, each)}
    templates: dict[str, TemplateCheck] = {}
    scripts: dict[str, ScriptFault] = {}
    if texts and len(files) <= MOST_FILES:
        from dragoman_scripting.sandbox import Sandbox  # with V8, slow to import

        async with Sandbox(1) as sandbox:
            for name, text in texts.items():
                if name.startswith(PROMPTS):
                    templates[name] = await sandbox.check_template(text)
                elif fault := await sandbox.check_script(text):
                    scripts[name] = fault
    return FileChecks(templates, scripts)

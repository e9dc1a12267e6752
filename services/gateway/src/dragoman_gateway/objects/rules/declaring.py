"""A class's declaration, looked through before it is saved: everything wrong is found at once, each
fault with its place and its cure. Pure.

    pipeline.phaseField              Field 'stage' is DECIMAL; the phase's name is kept in a TEXT field.
    pipeline.phases.1.tasks.0.name   Task 'extractInfo' is there twice; …
    files.prompts/extractInfo        {{titel}} names no field of the class; did you mean 'title'?
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

from pydantic import JsonValue, ValidationError

from dragoman_contracts.ai import (
    BUILT_IN_SCRIPTS,
    MARKDOWN_FIELD,
    PROMPTS,
    SCHEMAS,
    SCRIPTS,
    prompt_names,
    schema_names,
    script_names,
)
from dragoman_contracts.classes import ClassDeclaration, FieldType
from dragoman_contracts.pipeline_checks import PipelineFault
from dragoman_gateway.objects.rules.schema_files import SchemaFile, schema_file
from dragoman_gateway.objects.rules.templates import name_faults
from dragoman_scripting.prompts import TemplateCheck
from dragoman_scripting.scripts import ScriptFault

Place = tuple[str | int, ...]
Raw = Mapping[str, object]

MOST_FILES, MOST_FILE_CHARACTERS = 200, 262_144
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FILE_NAME = re.compile(r"(prompts|schemas|scripts)/[A-Za-z0-9][A-Za-z0-9._-]*")
_EXECUTE = re.compile(r"\bexecute\b")
_RESERVED = frozenset({"inputTasks", "constructor", "prototype"})
_RESERVED_INPUTS = frozenset({"fields", "tasks", "source", "intake_record"})
_CURES = {
    "missing": "is missing.",
    "dict_type": "must be an object of names and values.",
    "tuple_type": "must be a list.",
    "string_type": "must be a text.",
}


@dataclass(frozen=True, slots=True)
class FileChecks:
    """Prompts and scripts as the engines that run them read them, by the name of their file; a
    script that can be read has no fault.
    """

    templates: Mapping[str, TemplateCheck]
    scripts: Mapping[str, ScriptFault]


@dataclass(frozen=True, slots=True)
class ClassCheck:
    """A declaration as it can be saved, None where it cannot be; the files, schemas among them
    normalised; and what is to be said of both.
    """

    declaration: ClassDeclaration | None
    files: Mapping[str, str]
    faults: tuple[PipelineFault, ...]
    warnings: tuple[PipelineFault, ...]


def is_read_by_engines(name: str, content: JsonValue) -> bool:
    """Whether this file is a prompt or a script that `FileChecks` are made of."""
    return (
        isinstance(content, str)
        and len(content) <= MOST_FILE_CHARACTERS
        and name.startswith((PROMPTS, SCRIPTS))
    )


def check_class(raw: Raw, files: Mapping[str, JsonValue], checks: FileChecks) -> ClassCheck:
    """All that is wrong with a declaration and its files, and both in the form that is stored.

    `files` are texts by name; a schema may be said as JSON. `checks` are those of the same files.
    """
    told = _Told(_plain(raw), files, checks)
    told.look()
    declaration: ClassDeclaration | None = None
    try:
        declaration = ClassDeclaration.model_validate(told.raw)
    except ValidationError as error:
        told.add_structure(error)
    return ClassCheck(
        declaration if not told.faults else None,
        told.texts,
        tuple(PipelineFault(place=place, message=said) for place, said in told.faults.items()),
        tuple(PipelineFault(place=place, message=said) for place, said in told.warnings.items()),
    )


def near(name: str, known: Collection[str]) -> str:
    """The end of a sentence that names what was perhaps meant."""
    found = get_close_matches(name[:80], sorted(known), n=1, cutoff=0.6)
    if found:
        return f"; did you mean {found[0]!r}?"
    return f"; there are {', '.join(sorted(known)[:20])}." if known else "; there is none yet."


class _Told:
    """Faults and warnings by place, as the parts of a declaration are looked at."""

    def __init__(self, raw: Raw, files: Mapping[str, JsonValue], checks: FileChecks) -> None:
        self.raw = raw
        self._checks = checks
        self.faults: dict[Place, str] = {}
        self.warnings: dict[Place, str] = {}
        self.texts: dict[str, str] = {}
        self._schemas: dict[str, SchemaFile] = {}
        self._given = files
        self._used: set[str] = set()
        self._types: dict[str, str] = {
            name: str(field.get("type", "")) for name, field in _objects(raw.get("fields"))
        }

    def look(self) -> None:
        """Look at fields, files and pipeline, in this order."""
        self._look_at_files()
        self._look_at_fields()
        pipeline = self.raw.get("pipeline")
        if isinstance(pipeline, Mapping):
            self._look_at_pipeline(cast("Raw", pipeline))
        for name in sorted(self.texts.keys() - self._used):
            self.warnings[("files", name)] = "No phase uses this file."

    def add_structure(self, error: ValidationError) -> None:
        """The faults of form, where nothing better is said of their place."""
        for each in error.errors():
            place = tuple(each["loc"])
            if any(known[: len(place)] == place for known in self.faults):
                continue
            name = str(place[-1]) if place else "The declaration"
            if each["type"] == "extra_forbidden":
                said = f"There is nothing called {name[:80]!r} here; leave it out."
            else:
                cure = _CURES.get(each["type"])
                said = f"{name} {cure}" if cure else each["msg"].removeprefix("Value error, ")
            self.faults[place] = said

    def _look_at_files(self) -> None:
        if len(self._given) > MOST_FILES:
            self.faults[("files",)] = f"A class has {MOST_FILES} files at most."
            return
        for name, content in self._given.items():
            place: Place = ("files", name)
            if not _FILE_NAME.fullmatch(name) or len(name) > 120:
                self.faults[place] = (
                    f"A file is called {PROMPTS}…, {SCHEMAS}… or {SCRIPTS}…, with letters, digits, "
                    "points, hyphens and underscores, and lies in no further folder."
                )
                continue
            if name.startswith(SCHEMAS):
                found = schema_file(content)
                self._schemas[name] = found
                self.texts[name] = found.text
                for where, said in found.faults:
                    self.faults[(*place, *where)] = said
                for where, said in found.warnings:
                    self.warnings[(*place, *where)] = said
            elif not isinstance(content, str):
                self.faults[place] = "A prompt and a script are texts."
            elif len(content) > MOST_FILE_CHARACTERS:
                self.faults[place] = f"A file has {MOST_FILE_CHARACTERS:,} characters at most."
            else:
                self.texts[name] = content
                self._look_at_text(name, content)

    def _look_at_text(self, name: str, content: str) -> None:
        place: Place = ("files", name)
        script, template = self._checks.scripts.get(name), self._checks.templates.get(name)
        if script is not None:
            self.faults[place] = f"{_line(script.line)}{script.message}. Correct the script there."
        elif name.startswith(SCRIPTS) and not _EXECUTE.search(content):
            self.faults[place] = (
                "The script defines no function execute(api, dataObject, params), which is what is called."
            )
        elif template is not None and template.faults:
            said = (f"{_line(each.line)}{each.message}" for each in template.faults)
            self.faults[place] = " ".join(dict.fromkeys(said))

    def _look_at_fields(self) -> None:
        fields: object = self.raw.get("fields")
        if fields == {}:
            self.faults[("fields",)] = (
                'A class has at least one field: {"title": {"type": "TEXT"}}.'
            )
        for name, field in _objects(fields):
            place: Place = ("fields", name)
            type_ = field.get("type")
            if not _FIELD_NAME.fullmatch(name) or len(name) > 80:
                self.faults[place] = (
                    "A field's name begins with a letter and has letters, digits and underscores, "
                    "80 at most."
                )
            elif name in _RESERVED or (type_ == FieldType.DOCUMENT and name in _RESERVED_INPUTS):
                self.faults[place] = f"The name {name!r} has a meaning of its own; choose another."
            if type_ is None:
                self.faults[(*place, "type")] = f"The type is missing: {_types_text()}."
            elif not isinstance(type_, str) or type_ not in set(FieldType):
                self.faults[(*place, "type")] = (
                    f"There is no value type {str(type_)[:40]!r}: {_types_text()}."
                )
            if "values" in field and type_ != FieldType.LIST:
                self.faults[(*place, "values")] = "Only a LIST has values to choose from."

    def _look_at_pipeline(self, pipeline: Raw) -> None:
        self._look_at_phase_field(pipeline.get("phaseField"))
        phases = list(_listed(pipeline.get("phases")))
        if "phases" not in pipeline or pipeline.get("phases") == []:
            self.faults[("pipeline", "phases")] = "A pipeline has at least one phase."
        earlier: list[str] = []
        for _, phase in phases:
            earlier += [str(task.get("name")) for _, task in _listed(phase.get("tasks"))]
        counts, phase_counts = Counter(earlier), Counter(str(p.get("name")) for _, p in phases)
        done: list[str] = []
        for number, phase in phases:
            place: Place = ("pipeline", "phases", number)
            if "name" in phase and phase_counts[str(phase["name"])] > 1:
                self.faults[(*place, "name")] = (
                    f"Phase {phase['name']!r} is there twice; the phase field could mean either. "
                    "Give each phase a name of its own."
                )
            self._look_at_work(place, phase)
            tasks = list(_listed(phase.get("tasks")))
            for index, task in tasks:
                self._look_at_task((*place, "tasks", index), task, counts, done)
            done += [str(task.get("name")) for _, task in tasks]

    def _look_at_phase_field(self, name: object) -> None:
        place: Place = ("pipeline", "phaseField")
        if not isinstance(name, str) or not name:
            self.faults[place] = (
                "phaseField is missing: the name of the TEXT field that holds the current phase."
            )
        elif name not in self._types:
            known = [each for each, type_ in self._types.items() if type_ == FieldType.TEXT]
            self.faults[place] = f"The class has no field {name[:80]!r}{near(name, known)}"
        elif self._types[name] != FieldType.TEXT:
            self.faults[place] = (
                f"Field {name!r} is {self._types[name]}; the phase's name is kept in a TEXT field."
            )

    def _look_at_work(self, place: Place, phase: Raw) -> None:
        has_script, has_tasks = bool(phase.get("script")), bool(phase.get("tasks"))
        if has_script == has_tasks:
            self.faults[place] = (
                "A phase has a script or tasks, not both: make two phases of it."
                if has_script
                else "A phase has a script or tasks; this one has neither."
            )
        if has_tasks and not has_script:
            for name in ("document", "timeout_s", "memory_mb"):
                if name in phase:
                    self.faults[(*place, name)] = (
                        f"{name} is for a script; a task has its own timeout_s."
                    )
        script = phase.get("script")
        if isinstance(script, str) and script:
            found = self._file(script_names(script), (*place, "script"), "script", BUILT_IN_SCRIPTS)
            if not found and script in BUILT_IN_SCRIPTS:
                self._look_at_built_in(place, phase, script)

    def _look_at_built_in(self, place: Place, phase: Raw, script: str) -> None:
        documents = [name for name, type_ in self._types.items() if type_ == FieldType.DOCUMENT]
        chosen = phase.get("document")
        if chosen and chosen not in documents:
            self.faults[(*place, "document")] = (
                f"{str(chosen)[:80]!r} is no DOCUMENT field{near(str(chosen), documents)}"
            )
        elif not chosen and len(documents) != 1:
            self.faults[(*place, "script")] = f"{script} reads a DOCUMENT field, and " + (
                f'the class has {len(documents)}: name one as "document".'
                if documents
                else 'the class has none: add "document": {"type": "DOCUMENT"} to its fields.'
            )
        if self._types.get(MARKDOWN_FIELD) != FieldType.TEXT:
            self.faults[("fields", MARKDOWN_FIELD)] = (
                f'{script} writes this field: add "{MARKDOWN_FIELD}": {{"type": "TEXT"}}.'
            )

    def _look_at_task(self, place: Place, task: Raw, counts: Counter[str], done: list[str]) -> None:
        name = task.get("name")
        if "name" in task and counts[str(name)] > 1:
            self.faults[(*place, "name")] = (
                f"Task {name!r} is there twice; its name is the key of its answer for scripts. "
                "Give each task of the pipeline a name of its own."
            )
        prompt = task.get("promptFile")
        if isinstance(prompt, str) and prompt:
            found = self._file(prompt_names(prompt), (*place, "promptFile"), "prompt")
            if found:
                template = self._checks.templates.get(found, TemplateCheck())
                for said in name_faults(template, self._types, done):
                    known = self.faults.get(("files", found))
                    if known is None or said not in known:
                        self.faults[("files", found)] = f"{known} {said}" if known else said
        schema = task.get("schemaFile")
        if isinstance(schema, str) and schema:
            self._file(schema_names(schema), (*place, "schemaFile"), "schema")

    def _file(
        self, choices: tuple[str, ...], place: Place, kind: str, built_in: Collection[str] = ()
    ) -> str:
        """The name of the first of these files that is there; empty where none is."""
        for name in choices:
            if name in self.texts or ("files", name) in self.faults:
                self._used.add(name)
                return name if name in self.texts else ""
        plain = choices[0].partition("/")[2]
        if plain not in built_in:
            folder = choices[0].partition("/")[0] + "/"
            known = [name for name in self.texts if name.startswith(folder)]
            of_us = f" Built-in ones are {', '.join(built_in)}." if built_in else ""
            self.faults[place] = (
                f"There is no {kind} {' or '.join(choices[:2])}; add the file{near(choices[0], known)}{of_us}"
            )
        return ""


def _line(number: int) -> str:
    return f"Line {number}: " if number else ""


def _plain(raw: Raw) -> Raw:
    """The declaration with types in capitals, and `"title": "TEXT"` written out."""
    fields = raw.get("fields")
    if not isinstance(fields, Mapping):
        return raw
    plain = {
        str(name): _plain_field(each)
        for name, each in cast("Mapping[object, object]", fields).items()
    }
    return {**raw, "fields": plain}


def _plain_field(field: object) -> object:
    if isinstance(field, str):
        return {"type": field.upper()}
    if not isinstance(field, Mapping):
        return field
    said = cast("Raw", field)
    type_ = said.get("type")
    return {**said, "type": type_.upper()} if isinstance(type_, str) else said


def _objects(value: object) -> Iterator[tuple[str, Raw]]:
    if isinstance(value, Mapping):
        for name, each in cast("Mapping[object, object]", value).items():
            yield str(name), cast("Raw", each) if isinstance(each, Mapping) else {}


def _listed(value: object) -> Iterator[tuple[int, Raw]]:
    if isinstance(value, list | tuple):
        for index, each in enumerate(cast("list[object]", value)):
            if isinstance(each, Mapping):
                yield index, cast("Raw", each)


def _types_text() -> str:
    return f"it is one of {', '.join(FieldType)}"

"""The answers of projects on record, as pages in the object store.

A batch writes one page, however many units it holds, under the next free number of its shelf:

    answers-<shelf>-0-0, -0-1, … -0-15    16 pages in a row, also in one page: answers-<shelf>-1-0
    answers-<shelf>-1-0, … -1-15          likewise: answers-<shelf>-2-0

A process reads the fewest pages that hold all, once, and then only looks for the next number: so
16,000 answers of 640 batches are 640 writes, and 20 pages to read. Pages never change; of two that
want one number, the first gets it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.references import ObjectRef
from dragoman_runtime.worker import ProjectObjects
from dragoman_translate.ports import AnswerBook, AnswerPage, Answers, EarlierAnswer, ModelCall
from dragoman_translate.remembering import answers_in, page_of

_FAN = 16
_LEVELS = (2, 1)
_AHEAD = 8
_SHELVES_KEPT = 32


class AnswerPages(Answers):
    """The books of all projects; the shelves used last are kept in memory."""

    def __init__(self) -> None:
        self._shelves: OrderedDict[tuple[UUID, str], _Shelf] = OrderedDict()

    @override
    def book(self, project_id: UUID, objects: ProjectObjects) -> AnswerBook:
        return _Book(self, project_id, objects)

    def shelf(self, project_id: UUID, name: str) -> _Shelf:
        """A project's shelf as it is known so far."""
        key = (project_id, name)
        shelf = self._shelves.setdefault(key, _Shelf(name))
        self._shelves.move_to_end(key)
        if len(self._shelves) > _SHELVES_KEPT:
            self._shelves.popitem(last=False)
        return shelf


class _Shelf:
    """The answers of one shelf that were read, and the number of the next page."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = asyncio.Lock()
        self.next = 0
        self.is_cold = True
        self._places: dict[bytes, EarlierAnswer] = {}

    def take(self, page: AnswerPage) -> None:
        """Know the answers of a page."""
        for key, answer in answers_in(page).items():
            self._places[bytes.fromhex(key)] = answer

    def place(self, key: str) -> EarlierAnswer | None:
        """The place of an answer."""
        return self._places.get(bytes.fromhex(key))

    def pointer(self, level: int, number: int) -> str:
        """The pointer to a page."""
        return f"answers-{self.name}-{level}-{number}"


class _Book(AnswerBook):
    def __init__(self, pages: AnswerPages, project_id: UUID, objects: ProjectObjects) -> None:
        self._pages = pages
        self._project_id = project_id
        self._objects = objects

    @override
    async def find(self, shelf: str, keys: Sequence[str]) -> Mapping[str, EarlierAnswer]:
        known = self._pages.shelf(self._project_id, shelf)
        async with known.lock:
            await self._read_on(known)
        return {key: place for key in keys if (place := known.place(key)) is not None}

    @override
    async def load(self, answer: EarlierAnswer) -> ModelCall | None:
        try:
            return await self._objects.get_value(answer.call, ModelCall)
        except ObjectMissingError:
            return None

    @override
    async def add(self, shelf: str, answers: Mapping[str, EarlierAnswer]) -> None:
        known = self._pages.shelf(self._project_id, shelf)
        page = page_of(answers)
        async with known.lock:
            ref = await self._objects.put_value(page)
            number = await self._put(known, ref)
            known.take(page)
            await self._gather_up(known, number)

    async def _put(self, known: _Shelf, ref: ObjectRef) -> int:
        """Put a page under the next free number, which is given."""
        while True:
            number = known.next
            held = await self._objects.put_pointer(known.pointer(0, number), ref)
            known.next += 1
            if held == ref:
                return number
            known.take(await self._page(held))

    async def _read_on(self, known: _Shelf) -> None:
        """Read the pages that came since; at first, those that hold many others."""
        if known.is_cold:
            above = 0
            for level in _LEVELS:
                number = above * _FAN
                above = await self._read_level(known, level, number, _AHEAD)
            known.next = above * _FAN
            known.is_cold = False
            known.next = await self._read_level(known, 0, known.next, _AHEAD)
        else:
            known.next = await self._read_level(known, 0, known.next, 1)

    async def _read_level(self, known: _Shelf, level: int, number: int, ahead: int) -> int:
        """Read the pages of a level from a number on; the number of the first that is not there."""
        while True:
            numbers = range(number, number + ahead)
            refs = await asyncio.gather(
                *(self._objects.get_pointer(known.pointer(level, each)) for each in numbers)
            )
            there = refs[: refs.index(None)] if None in refs else refs
            for page in await asyncio.gather(*(self._page(ref) for ref in there if ref)):
                known.take(page)
            number += len(there)
            if len(there) < ahead:
                return number
            ahead = min(ahead * 2, _FAN * 2)

    async def _gather_up(self, known: _Shelf, number: int) -> None:
        """Put a full row of pages into one page of the level above."""
        for below in range(len(_LEVELS)):
            if (number + 1) % _FAN:
                return
            row, number = range(number + 1 - _FAN, number + 1), number // _FAN
            gathered: dict[str, EarlierAnswer] = {}
            for each in row:
                ref = await self._objects.get_pointer(known.pointer(below, each))
                if ref is None:
                    return  # who should have gathered it was killed: it is read page by page
                gathered |= answers_in(await self._page(ref))
            ref = await self._objects.put_value(page_of(gathered))
            await self._objects.put_pointer(known.pointer(below + 1, number), ref)

    async def _page(self, ref: ObjectRef) -> AnswerPage:
        """A page; an empty one where it is lost, since answers can be paid for again."""
        try:
            return await self._objects.get_value(ref, AnswerPage)
        except (ObjectMissingError, ObjectCorruptError):
            return AnswerPage()

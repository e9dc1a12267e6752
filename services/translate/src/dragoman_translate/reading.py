"""Reads a model's answer while it is written: each unit is read as soon as its closing brace has
come. Pure.

    {"units": ["1|Uma", "2|Duas", "3|Tr    gives 1 and 2 now, 3 when the rest has come
    {"units": [{"id": "u1", "target": "Uma"}, {"id": "u2", "tar   the older form: u1 now, u2 later

The reader is generous. It accepts talk, code fences and thoughts around the object, other keys
beside `units`, a bare list of units, one unit alone or one unit a line, numbers as ids, a map from
ids to texts, and quotation marks that should have been escaped. But it never guesses: nothing in a
thought is an answer, whether the thought is closed or not, and a unit that can be read in two ways
is left out. So an entry of a list counts once the next one has begun or the list has ended.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from dragoman_translate.marks import CLOSER, THOUGHT_MARK, can_be_mark, mark_may_begin_at
from dragoman_translate.ports import RawTarget
from dragoman_translate.reading_state import Awaits, Candidate, Frame, Mode, Token
from dragoman_translate.reply_text import UNREADABLE, joined, readable, unescaped

_SPACE = re.compile(r"[\s\ufeff]*")
_IN_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_WORD = re.compile(r"[-+.\w]+")
_LONGEST_WORD = 40
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LITERALS = ("true", "false", "null")
_TARGET_KEYS = ("target", "translation")
_START = re.compile(rf"{THOUGHT_MARK.pattern}|[{{\[]", re.IGNORECASE)
_NUMBERED = r"\s{0,9}\d{1,6}\s?\|"  # the beginning of an entry: 12|
_BEGUN = r'\s{0,40}(?:"\s{0,9}(?:\d{1,6}\s?)?)?'  # the same behind its comma, incomplete
_ENTRY = re.compile(r"\s{0,9}(\d{1,6})\s?\|")
_GOES_ON = re.compile(rf'\s{{0,40}}(?:"{_NUMBERED}|[\]{{])')
_MAY_GO_ON = re.compile(rf"{_BEGUN}\Z")
_RESUMES = re.compile(
    rf'\{{\s{{0,40}}"(?P<key>id|target|translation|units)"\s{{0,40}}:|,\s{{0,40}}(?P<entry>"{_NUMBERED})|{CLOSER.pattern}',
    re.IGNORECASE,
)
_MAY_RESUME = re.compile(r'\{\s{0,40}(?:"\w{0,11}(?:"\s{0,40})?)?\Z')
_BROKEN_UNIT = re.compile(
    r'\{\s*"id"\s*:\s*(?:"(?P<id>[^"\\]*)"|(?P<number>-?\d+))\s*,\s*"target"\s*:\s*"(?P<target>[^{}\[\]\n]*)"\s*\}'
    r"\s*(?:,\s*)?(?P<end>\].*)?",
    re.DOTALL,
)
_BROKEN_ENTRY = re.compile(
    r'"\s*(?P<id>\d{1,6})\s?\|(?P<target>[^{}\[\]\n]*)"\s*(?:,\s*)?(?P<end>\].*)?', re.DOTALL
)
_MAY_RESUME_AT_ENTRY = re.compile(rf",{_BEGUN}\Z")
_LOOKS_LIKE_KEYS = re.compile(r'"\s*[:,]\s*"')
_UNESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)"')
_LONGEST_TALK = 160


class ReplyReader:
    """Takes an answer piece by piece.

    Pieces may be cut anywhere; each character is looked at a few times at most.

    `asked` are the ids that were sent. A map from ids to texts is an answer only where all its keys
    are asked ids.
    """

    def __init__(self, asked: Collection[str] = ()) -> None:
        self._asked = frozenset(asked)
        self._buffer: str = ""
        self._forgotten: int = 0
        self._unit_from: int = 0
        self._told: int = 0
        self._at: int = 0
        self._needed_from: int = 0
        self._scanned_to: int = 0
        self._is_closed = False
        self._mode = Mode.OUTSIDE
        self._stack: list[Frame] = []
        self._candidates: list[Candidate] = []
        self._talk = 0
        self._new: list[RawTarget] = []

    def feed(self, text: str) -> tuple[RawTarget, ...]:
        """Read on, and give the units that this piece completed.

        A later object of the same answer may give the same units again; `close` says which count.
        """
        self._buffer += text
        while self._steps():
            pass
        self._forget_what_was_read()
        new, self._new = tuple(self._new), []
        return new

    @property
    def unit_count(self) -> int:
        """The number of units that were completed, repetitions and drafts counted too."""
        return self._told

    @property
    def pending_chars(self) -> int:
        """The length of the JSON behind the last unit: that of a unit which has begun and not ended.

        0 in talk and thoughts, which may be of any length.
        """
        is_in_json = self._mode in (Mode.INSIDE, Mode.BROKEN)
        return self._forgotten + len(self._buffer) - self._unit_from if is_in_json else 0

    @property
    def pending_id(self) -> str:
        """The id of the unit that has begun, where it has come already, or else an empty string."""
        return (self._stack[-1].scalars.get("id") or "") if self._mode is Mode.INSIDE else ""

    @property
    def is_in_list(self) -> bool:
        """Whether a list of units has begun, so that each is told when it ends."""
        return any(frame.holds_units for frame in self._stack)

    @property
    def targets(self) -> tuple[RawTarget, ...]:
        """The units that count if the answer breaks off here."""
        return self._chosen(is_whole=False) or ()

    def close(self, *, is_whole: bool = True) -> tuple[RawTarget, ...] | None:
        """The answer's units: those of the last complete object.

        None where there is no list of units.

        `is_whole` says that the model ended by itself. An answer that was cut off after much talk
        does not count, since it may be a thought without marks.
        """
        self._is_closed = True
        self.feed("")
        if is_whole and self._mode is Mode.INSIDE and self._at == len(self._buffer):
            self._take_entry()  # its list lacks only the end
        if self._mode is Mode.BROKEN:
            self._mend(len(self._buffer), is_last=True)
            self._candidates[-1].is_complete = is_whole
        return self._chosen(is_whole=is_whole)

    def _chosen(self, *, is_whole: bool) -> tuple[RawTarget, ...] | None:
        # Models often give a draft and then the answer, so the last candidate of the best rank
        # counts.
        able = [each for each in self._candidates if is_whole or each.talk <= _LONGEST_TALK]
        with_targets = [each for each in able if each.targets]
        ranked = [
            [each for each in with_targets if each.is_complete and not each.is_single],
            [each for each in with_targets if not each.is_single],
            with_targets,
        ]
        for candidates in ranked:
            if candidates:
                return tuple(candidates[-1].targets)
        return () if any(each.has_list for each in able) else None

    def _steps(self) -> bool:
        """Read the next token, mark or start; False where more text is needed first."""
        match self._mode:
            case Mode.OUTSIDE:
                return self._look_for_start()
            case Mode.THOUGHT:
                return self._look_for_end_of_thought()
            case Mode.INSIDE:
                return self._read_token()
            case Mode.BROKEN:
                return self._look_for_next_unit()

    def _forget_what_was_read(self) -> None:
        # Inside JSON the text of the current unit is kept: a broken unit is mended from its
        # beginning.
        is_in_json = self._mode in (Mode.INSIDE, Mode.BROKEN)
        needed = min(self._at, self._needed_from) if is_in_json else self._at
        self._buffer = self._buffer[needed:]
        self._forgotten += needed
        self._at -= needed
        self._needed_from -= needed
        self._scanned_to = max(0, self._scanned_to - needed)

    # --- outside of any JSON

    def _look_for_start(self) -> bool:
        found = _START.search(self._buffer, self._at)
        if found is None:
            return self._pass_over_talk(self._first_possible_mark())
        self._pass_over_talk(found.start())
        if (
            not self._is_closed
            and found[0] == "["
            and can_be_mark(self._buffer[self._at : self._at + 8])
        ):
            return False  # [ may be a list, or the beginning of [THINK]
        if found[0] in "{[":
            self._begin(is_object=found[0] == "{")
        elif found.lastgroup == "closer":
            self._end_thought(found.end())
        else:
            self._mode = Mode.THOUGHT
            self._at = found.end()
        return True

    def _pass_over_talk(self, end: int) -> bool:
        self._talk += sum(
            not each.isspace() and each != "," for each in self._buffer[self._at : end]
        )
        self._at = end
        return False

    def _first_possible_mark(self) -> int:
        """The place of a mark that may have begun and is not complete yet.

        Else the end of the text.
        """
        return len(self._buffer) if self._is_closed else mark_may_begin_at(self._buffer, self._at)

    def _look_for_end_of_thought(self) -> bool:
        found = CLOSER.search(self._buffer, self._at)
        if found is None:
            self._at = self._first_possible_mark()
            return False
        self._end_thought(found.end())
        return True

    def _end_thought(self, end: int) -> None:
        """Start again behind a thought, and drop everything before.

        Some chat templates put the opening mark into the prompt, so that all text up to the closing
        mark is thought.
        """
        self._candidates.clear()
        self._stack.clear()
        self._talk = 0
        self._mode = Mode.OUTSIDE
        self._at = end

    def _begin(self, *, is_object: bool) -> None:
        last = self._candidates[-1] if self._candidates else None
        continues = last is not None and last.is_single and last.talk == self._talk
        if not (continues and is_object):
            self._candidates.append(Candidate(talk=self._talk))
        self._mode = Mode.INSIDE
        self._needed_from = self._at
        self._unit_from = self._forgotten + self._at
        self._open(is_object=is_object, under_key="")
        self._at += 1

    # --- inside JSON

    def _read_token(self) -> bool:
        token = self._next_token()
        if token is None:
            return False
        if token.mark == "," and self._stack[-1].entry is not None:
            goes_on = _GOES_ON.match(self._buffer, token.end) is not None
            if not goes_on and not self._is_closed and _MAY_GO_ON.match(self._buffer, token.end):
                return False
            token = token if goes_on else Token("?", "", token.end)
        if self._takes(token):
            self._at = max(self._at, token.end)
        else:
            self._fail()
        return True

    def _next_token(self) -> Token | None:
        space = _SPACE.match(self._buffer, self._at)
        self._at = space.end() if space else self._at
        if self._at == len(self._buffer):
            return None
        first = self._buffer[self._at]
        if first in "{}[]:,":
            return Token(first, first, self._at + 1)
        return self._string() if first == '"' else self._word()

    def _string(self) -> Token | None:
        # `_scanned_to` remembers how far an unfinished string was read: without it, a long target
        # that comes in small pieces would be read again from its start with each piece, in
        # quadratic time.
        found = _IN_STRING.match(self._buffer, max(self._at + 1, self._scanned_to))
        end = found.end() if found else self._at + 1
        if self._buffer[end : end + 1] != '"':
            self._scanned_to = end
            return None
        self._scanned_to = 0
        return Token('"', self._buffer[self._at + 1 : end], end + 1)

    def _word(self) -> Token | None:
        found = _WORD.match(self._buffer, self._at, self._at + _LONGEST_WORD)
        if found is None:
            return Token("?", "", self._at + 1)
        if found.end() == len(self._buffer) and not self._is_closed:
            return None
        is_known = found[0] in _LITERALS or _NUMBER.fullmatch(found[0]) is not None
        return Token("w" if is_known else "?", found[0], found.end())

    def _takes(self, token: Token) -> bool:
        """Read the token if it may stand here. Gives whether it may."""
        frame = self._stack[-1]
        closes = token.mark == ("}" if frame.is_object else "]")
        match frame.awaits:
            case Awaits.KEY:
                # A comma before the closing brace is no JSON, and is read all the same.
                return (closes and self._shut()) or (
                    token.mark == '"' and self._take_key(frame, token)
                )
            case Awaits.COLON:
                frame.awaits = Awaits.VALUE
                return token.mark == ":"
            case Awaits.VALUE:
                is_empty_place = not frame.is_object and token.mark == ","
                return (
                    is_empty_place
                    or (closes and not frame.is_object and self._shut())
                    or self._take_value(token)
                )
            case Awaits.NEXT:
                if token.mark == ",":
                    self._take_entry()
                    frame.awaits = Awaits.KEY if frame.is_object else Awaits.VALUE
                    return True
                lacks_comma = frame.holds_units and token.mark == "{"
                return (closes and self._shut()) or (lacks_comma and self._take_value(token))

    def _take_key(self, frame: Frame, token: Token) -> bool:
        key = unescaped(token.text)
        frame.key = key or ""
        frame.awaits = Awaits.COLON
        return key is not None

    def _take_value(self, token: Token) -> bool:
        frame = self._stack[-1]
        if token.mark in ("{", "["):
            if frame.holds_units:
                self._needed_from = self._at
            self._open(is_object=token.mark == "{", under_key=frame.key)
            return True
        if token.mark == '"':
            text = unescaped(token.text)
            if frame.holds_units:
                self._needed_from = self._at
                numbered = _ENTRY.match(text or "")
                frame.entry = (numbered[1], (text or "")[numbered.end() :]) if numbered else None
            frame.keep(text, is_text=True)
            return text is not None
        if token.mark == "w":
            frame.keep(None if token.text in _LITERALS else token.text, is_text=False)
            return True
        return False

    def _open(self, *, is_object: bool, under_key: str) -> None:
        is_list_of_units = not is_object and (under_key == "units" or not self._stack)
        if is_list_of_units and under_key:
            self._candidates[-1].has_list = True
        awaits = Awaits.KEY if is_object else Awaits.VALUE
        self._stack.append(Frame(is_object, is_list_of_units, awaits, under_key))

    def _shut(self) -> bool:
        """Close the innermost object or list; always true."""
        self._take_entry()
        frame, candidate = self._stack.pop(), self._candidates[-1]
        parent = self._stack[-1] if self._stack else None
        if frame.is_object and (parent is None or parent.holds_units):
            self._take_unit(frame, candidate, is_single=parent is None)
        if (
            frame.is_object
            and (parent is None or frame.under_key == "units")
            and not candidate.targets
        ):
            self._take_map(frame, candidate)
        if frame.holds_units:
            candidate.is_complete = True
        if parent is None:
            self._mode = Mode.OUTSIDE
        else:
            parent.keep(None, is_text=False)
        self._at += 1
        if parent is None or parent.holds_units or frame.holds_units:
            self._needed_from = self._at
        return True

    def _take_unit(self, frame: Frame, candidate: Candidate, *, is_single: bool) -> None:
        unit_id = frame.scalars.get("id")
        texts = [text for key in _TARGET_KEYS if (text := frame.scalars.get(key)) is not None]
        if unit_id is not None and len(texts) == 1 and not frame.is_ambiguous:
            self._tell(candidate, unit_id, texts[0])
            candidate.is_single = candidate.is_single or is_single
            candidate.is_complete = candidate.is_complete or is_single

    def _take_entry(self) -> None:
        """Take the entry of a list of units that was read last, where it is one."""
        frame = self._stack[-1]
        if frame.entry is not None:
            self._tell(self._candidates[-1], *frame.entry)
            frame.entry = None

    def _take_map(self, frame: Frame, candidate: Candidate) -> None:
        """Take the units of an object whose keys are asked ids and whose values are texts."""
        is_map = bool(frame.scalars) and frame.has_only_texts and not frame.is_ambiguous
        if is_map and self._asked.issuperset(frame.scalars):
            for unit_id, text in frame.scalars.items():
                self._tell(candidate, unit_id, text or "")
            candidate.is_complete = True

    def _tell(self, candidate: Candidate, unit_id: str, text: str) -> None:
        if UNREADABLE.search(unit_id):
            return
        clean = readable(text)
        is_damaged = clean is not text and len(clean) < len(joined(text))
        target = RawTarget(unit_id=unit_id, target=clean, is_damaged=is_damaged)
        candidate.targets.append(target)
        self._new.append(target)
        self._told += 1
        self._unit_from = self._forgotten + self._at

    # --- JSON that is broken

    def _fail(self) -> None:
        """Go on behind a token that cannot stand here: at the list's next unit, or outside JSON."""
        closers = list(CLOSER.finditer(self._buffer, self._needed_from, self._at))
        if closers:  # a thought that was ended in the middle of a string
            self._end_thought(closers[-1].end())
            return
        while self._stack and not self._stack[-1].holds_units:
            self._stack.pop()
        if self._stack:
            self._stack[-1].entry = None
        is_list = bool(self._stack) and (
            self._stack[-1].under_key == "units"
            or bool(self._candidates[-1].targets)
            or self._is_in_unit()
        )
        self._mode = Mode.BROKEN if is_list else Mode.OUTSIDE
        if not is_list:
            self._stack.clear()

    def _is_in_unit(self) -> bool:
        found = _RESUMES.match(self._buffer, self._needed_from)
        return found is not None and found["key"] is not None

    def _look_for_next_unit(self) -> bool:
        found = _RESUMES.search(self._buffer, self._at)
        if found is None:
            self._at = len(self._buffer) if self._is_closed else self._last_possible_resumption()
            return False
        if found["key"] is None and found["entry"] is None:
            self._end_thought(found.end())
            return True
        is_last = (found["key"] or "").lower() == "units"
        start = found.start("entry") if found["key"] is None else found.start()
        self._mend(start, is_last=is_last)
        self._at = self._needed_from = start
        self._mode = Mode.OUTSIDE if is_last else Mode.INSIDE
        if is_last:
            self._stack.clear()
        else:
            self._stack[-1].awaits = Awaits.VALUE
        return True

    def _last_possible_resumption(self) -> int:
        places = [mark_may_begin_at(self._buffer, self._at)]
        for first, resumes in (("{", _MAY_RESUME), (",", _MAY_RESUME_AT_ENTRY)):
            place = self._buffer.rfind(first, self._at)
            places += [place] if place >= 0 and resumes.match(self._buffer, place) else []
        return min(places)

    def _mend(self, end: int, *, is_last: bool) -> None:
        """Take the broken unit that ends here, if its only fault is quotation marks without a
        backslash.

        "1|Er sagte "nein" und ging."                          gives    Er sagte "nein" und ging.
        {"id": "u1", "target": "Er sagte "nein" und ging."}    likewise
        """
        # Quotation marks must come in pairs, or close a German „; anything that looks like keys is
        # left alone.
        found = _BROKEN_UNIT.fullmatch(self._buffer, self._needed_from, end)
        found = found or _BROKEN_ENTRY.fullmatch(self._buffer, self._needed_from, end)
        if found is None or (is_last and found["end"] is None):
            return
        quotes = len(_UNESCAPED_QUOTE.findall(found["target"]))
        is_paired = quotes % 2 == 0 or quotes == found["target"].count("„")
        text = unescaped(_UNESCAPED_QUOTE.sub(r'\1\\"', found["target"]))
        if is_paired and text is not None and not _LOOKS_LIKE_KEYS.search(found["target"]):
            self._tell(
                self._candidates[-1], found["id"] or found.groupdict().get("number") or "", text
            )


def read_reply(
    text: str, asked: Collection[str] = (), *, is_whole: bool = True
) -> tuple[RawTarget, ...] | None:
    """The targets in a whole text, read as `ReplyReader` reads them.

    None where it holds no list of units.
    """
    reader = ReplyReader(asked)
    reader.feed(text)
    return reader.close(is_whole=is_whole)

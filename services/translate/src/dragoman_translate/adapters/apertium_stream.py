"""Text in and out of Apertium's stream format, with tags kept by word-bound blanks. Pure.

`[[t:s:1]]white house[[/]]` binds words to a mark that follows them through transfer:
`[[t:s:1]]casa[[/]] [[t:s:1]]blanca[[/]]`. Words between the same tags share one mark, so that
expressions of several words are still found in the dictionary. Texts that must not be translated
(addresses, placeholders, codes) travel as words that no dictionary has, and are put back
afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from dragoman_contracts.text import Content, Tag, TagSide, plain_text
from dragoman_linguistics import (
    Place,
    TagNode,
    Word,
    assemble,
    flattened,
    lacks_space,
    place_by_words,
    tag_tree,
    words_of,
)

_STAND_IN = "Xqz"  # no word of any language; letters follow
_CLOSING = ",.)"
_SENTENCE_ENDS = ".!?:;"
_LEADER = "...."  # a line of dots to write on
_DOUBLE_IN_SENTENCE = re.compile(r"[^\s.!?:;]  ")
_PRIVATE_USE = range(0xE000, 0xF8FF)
_END = ".[]"  # tells the tagger that the text ends here, as apertium-destxt does
_SPECIAL = re.compile(r"([\^$/\[\]{}\\@<>])")
_OUTPUT = re.compile(
    r"\[\[(?P<mark>[^\]]*)\]\]|\\(?P<escaped>.)|(?P<blank>\[[^\]]*\])|(?P<plain>.)", re.DOTALL
)
_VERBATIM = re.compile(
    r"""
    [a-z][a-z0-9+.\-]*://[^\s<>"]*[^\s<>".,;:!?)\]}'’”»]            # addresses
    | www\.[^\s<>"]*[^\s<>".,;:!?)\]}'’”»]
    | (?<!\w)(?:[a-z]:|~)[\\/][^\s<>"]*[^\s<>".,;:!?)\]}'’”»]         # paths
    | [\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+                               # mail
    | \{\{.*?\}\} | \$?\{[^{}\s][^{}]*\} | \[\[.*?\]\]               # placeholders of templates
    | %(?:\(\w+\))?[+\-#0]*\d*(?:\.\d+)?[sdifgexXcu@](?!\w) | %\d+\$[sd]   # and of printf
    | </?[A-Za-z0-9][^<>]{0,80}>                                    # what looks like markup
    | (?<!\w)(?!\d+(?:st|nd|rd|th)\b)(?=[\w\-./]*\d)(?=[\w\-./]*[A-Za-z_])[\w]+(?:[\-./_]\w+)*(?!\w)  # codes
    | (?<!\w)\d+(?:[.,:/\-]\d+)+(?!\w)                              # numbers, times and dates
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TITLE = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Outgoing:
    """A text on its way to Apertium: `stream` is sent, the rest is needed to read the answer.

    `tilde` stands for `~` in the stream, which Apertium takes for a mark of its own and drops.
    """

    text: str
    stream: str
    words: tuple[Word, ...]
    groups: tuple[int, ...]
    tokens: dict[str, str]
    tilde: str


@dataclass(frozen=True)
class Incoming:
    """Apertium's answer as text; `groups` has the marks bound to each of its characters."""

    text: str
    groups: tuple[frozenset[int], ...]


def outgoing(content: Content) -> Outgoing:
    """Write content for Apertium.

    Without tags no mark is set, and the text is translated as if it stood alone.
    """
    text = plain_text(content)
    nodes = flattened(tag_tree(content))
    words = _cut_at(_words(text), {edge for node in nodes for edge in (node.start, node.end)})
    groups = _groups(words, nodes)
    tilde = next(character for character in map(chr, _PRIVATE_USE) if character not in text)
    tokens: dict[str, str] = {}
    parts: list[str] = []
    end = 0
    for number, word in enumerate(words):
        is_first = number == 0 or groups[number - 1] != groups[number]
        if nodes and is_first and number:
            parts.append("[[/]]")
        parts.append(_escaped(text[end : word.start]))
        if nodes and is_first:
            parts.append(f"[[t:s:{groups[number]}]]")
        parts.append(_sent(word, text, tokens))
        end = word.end
    if nodes and words:
        parts.append("[[/]]")
    stream = ("".join(parts) + _escaped(text[end:])).replace("~", tilde) + _END
    return Outgoing(text, stream, tuple(words), tuple(groups), tokens, tilde)


def incoming(output: str, sent: Outgoing) -> Incoming | None:
    """Read Apertium's answer, with blanks, case and verbatim texts put right.

    None where a verbatim text got lost.
    """
    pieces = _pieces(output.replace(sent.tilde, "~"))
    text = "".join(piece for piece, _ in pieces)
    if any(len(re.findall(rf"{token}(?![a-z])", text)) != 1 for token in sent.tokens):
        return None
    characters = [(character, marks) for piece, marks in pieces for character in piece]
    characters = _recased(_tidied(characters, sent.text), sent)
    restored: list[tuple[str, frozenset[int]]] = []
    plain = "".join(character for character, _ in characters)
    end = 0
    for match in re.finditer(rf"{_STAND_IN}[a-z]+", plain):
        verbatim = sent.tokens.get(match.group())
        if verbatim is not None:
            restored += characters[end : match.start()]
            restored += [(character, characters[match.start()][1]) for character in verbatim]
            end = match.end()
    restored += characters[end:]
    return Incoming(
        "".join(character for character, _ in restored), tuple(marks for _, marks in restored)
    )


def with_tags(content: Content, sent: Outgoing, came: Incoming) -> Content | None:
    """The answer with the source's tags on the words that carry their marks; None where the marks
    do not say where.
    """
    target_words = _words(came.text)
    by_group: dict[int, list[Word]] = {}
    for word in target_words:
        groups = {group for marks in came.groups[word.start : word.end] for group in marks}
        for group in sorted(groups):
            by_group.setdefault(group, []).append(word)
    links = {number: by_group.get(group, []) for number, group in enumerate(sent.groups)}
    nodes = tag_tree(content)
    places: dict[Tag, Place] = {}
    for node in flattened(nodes):
        place = place_by_words(node, sent.text, came.text, sent.words, links)
        if not place.is_certain:
            return None
        places[node.tag] = place
    return assemble(nodes, places, came.text, {})


def parted(content: Content, separators: Collection[int]) -> list[Content]:
    """Content cut at placeholders that part words, and at tags between words without a space.

    Joined it is whole. Pieces may hold half a pair.
    """
    pieces: list[list[str | Tag]] = [[]]
    cuts = _where_spaces_lack(content)
    for index, part in enumerate(content):
        if index in cuts:
            pieces.append([])
        if isinstance(part, Tag) and part.id in separators:
            pieces.append([part])
            pieces.append([])
        else:
            pieces[-1].append(part)
    return [tuple(piece) for piece in pieces if piece]


def _where_spaces_lack(content: Content) -> set[int]:
    """The indexes of tags, or texts, that begin a word which no space parts
    from the one before it.
    """
    found: set[int] = set()
    before, start = "", -1
    for index, part in enumerate(content):
        if isinstance(part, str):
            if lacks_space(before, part):
                found.add(index if start < 0 else start)
            before, start = part, -1
        elif part.side is TagSide.PLACEHOLDER:
            before = ""
        elif part.side is TagSide.OPEN and start < 0:
            start = index
        elif part.side is TagSide.CLOSE:
            start = -1
    return found


def stretches(content: Content) -> list[str | Tag]:
    """Content cut into pieces that are translated alone: at tags, and around text kept verbatim."""
    parts: list[str | Tag] = []
    for part in content:
        if isinstance(part, Tag):
            parts.append(part)
            continue
        end = 0
        for match in _VERBATIM.finditer(part):
            parts += [part[end : match.start()], match.group()]
            end = match.end()
        parts.append(part[end:])
    return [part for part in parts if part != ""]


def is_verbatim(text: str) -> bool:
    """Whether a text has nothing for Apertium: no letter, or kept as it is."""
    return _VERBATIM.fullmatch(text) is not None or not any(
        character.isalpha() for character in text
    )


def _words(text: str) -> list[Word]:
    """The words of a text; what is kept verbatim counts as one word."""
    words: list[Word] = []
    end = 0
    for match in _VERBATIM.finditer(text):
        words += _shifted(text[end : match.start()], end)
        words.append(Word(match.group(), match.start(), match.end()))
        end = match.end()
    return words + _shifted(text[end:], end)


def _shifted(text: str, offset: int) -> list[Word]:
    return [Word(word.text, word.start + offset, word.end + offset) for word in words_of(text)]


def _cut_at(words: Sequence[Word], edges: Collection[int]) -> list[Word]:
    """The words, cut where a tag stands beside a hyphen or an apostrophe: other pieces of a word
    are no words.

    Not where that would leave a single letter (`B|'s`), nor in what is kept verbatim.
    """
    pieces: list[Word] = []
    for word in words:
        cuts = [
            edge for edge in sorted(edges) if word.start < edge < word.end and _is_joint(word, edge)
        ]
        bounds = [word.start, *cuts, word.end]
        parts = [
            Word(word.text[s - word.start : e - word.start], s, e) for s, e in pairwise(bounds)
        ]
        is_whole = _VERBATIM.fullmatch(word.text) or any(
            len(part.text.strip("'’")) < 2 for part in parts
        )
        pieces += [word] if is_whole else parts
    return pieces


def _is_joint(word: Word, edge: int) -> bool:
    return not (
        word.text[edge - word.start - 1].isalnum() and word.text[edge - word.start].isalnum()
    )


def _groups(words: Sequence[Word], nodes: Sequence[TagNode]) -> list[int]:
    """A number for each word; neighbours share it when the same pairs hold them and no single tag
    touches them.
    """
    edges = {edge for node in nodes for edge in (node.start, node.end)}
    alone = {
        n for n, word in enumerate(words) if any(word.start < edge < word.end for edge in edges)
    }
    for node in nodes:
        if not node.is_pair:
            alone.update(
                number for number, word in enumerate(words) if node.start in (word.start, word.end)
            )
            alone.update([n for n, word in enumerate(words) if word.end <= node.start][-1:])
    numbers = count()
    groups: list[int] = []
    previous: object = None
    for number, word in enumerate(words):
        middle = (word.start + word.end - 1) / 2
        key = (
            number if number in alone else None,
            [n.tag for n in nodes if n.is_pair and n.start <= middle < n.end],
        )
        groups.append(next(numbers) if not groups or key != previous else groups[-1])
        previous = key
    return groups


def _sent(word: Word, text: str, tokens: dict[str, str]) -> str:
    if _VERBATIM.fullmatch(word.text):
        token = next(
            name for name in map(_token, count()) if name not in tokens and name not in text
        )
        tokens[token] = word.text
        return token
    return _escaped(word.text.replace("’", "'"))


def _token(number: int) -> str:
    """An unknown word: `Xqza`, `Xqzb`, … `Xqzaa`."""
    letters = ""
    while number >= 0:
        letters = chr(ord("a") + number % 26) + letters
        number = number // 26 - 1
    return _STAND_IN + letters


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text.replace("\0", "").replace("\u00ad", ""))


def _pieces(output: str) -> list[tuple[str, frozenset[int]]]:
    output = re.sub(r"\.?\[\]\s*$", "", output)
    marks: frozenset[int] = frozenset()
    pieces: list[tuple[str, frozenset[int]]] = []
    for match in _OUTPUT.finditer(output):
        if match["mark"] is not None:
            marks = frozenset(int(number) for number in re.findall(r"t:s:(\d+)", match["mark"]))
        else:
            pieces.append((match["escaped"] or match["plain"] or "", marks))
    return pieces


def _tidied(
    characters: list[tuple[str, frozenset[int]]], source: str
) -> list[tuple[str, frozenset[int]]]:
    """Without blanks that dropped words leave, and with the source's white space at the edges."""
    kept: list[tuple[str, frozenset[int]]] = []
    has_double = _DOUBLE_IN_SENTENCE.search(source) is not None
    ends = _SENTENCE_ENDS if "  " in source else ""
    has_loose = any(f" {mark}" in source for mark in _CLOSING)
    for character, marks in characters:
        after = "".join(each for each, _ in kept[-2:])
        if character == " " and after[-1:] == " " and not has_double and after[0] not in ends:
            continue
        if character in _CLOSING and not has_loose and kept and kept[-1][0] == " ":
            del kept[-1]
        kept.append((character, marks))
    while kept and kept[0][0].isspace():
        del kept[0]
    while kept and kept[-1][0].isspace():
        del kept[-1]
    nothing: frozenset[int] = frozenset()
    leading = source[: len(source) - len(source.lstrip())]
    trailing = source[len(source.rstrip()) :] if source.strip() else ""
    return [(c, nothing) for c in leading] + kept + [(c, nothing) for c in trailing]


def _recased(
    characters: list[tuple[str, frozenset[int]]], sent: Outgoing
) -> list[tuple[str, frozenset[int]]]:
    """With the source's case at the start, and without the capitals Apertium writes after words it
    does not know.

    A source in capitals makes a target in capitals.
    """
    text = "".join(character for character, _ in characters)
    if sent.text.isupper() and not sent.tokens:
        return [(upper, marks) for character, marks in characters for upper in character.upper()]
    result = list(characters)
    words = list(_TITLE.finditer(text))
    source_words = list(_TITLE.finditer(sent.text))
    names = {match.group() for match in source_words}
    has_titles = any(
        _is_title(m.group()) and not _starts_sentence(sent.text, m) and m.group() not in text
        for m in source_words
    )
    for number, match in enumerate(words):
        word = match.group()
        if word in names or _STAND_IN in word:
            continue
        if number == 0 and source_words and not _starts_verbatim(sent):
            first = source_words[0].group()[0]
            changed = (
                word[0].upper()
                if first.isupper()
                else word[0].lower()
                if _is_title(word)
                else word[0]
            )
        elif number and not has_titles and _is_title(word) and not _starts_sentence(text, match):
            changed = word[0].lower()
        else:
            continue
        if len(changed) == 1:
            result[match.start()] = (changed, result[match.start()][1])
    return result


def _starts_verbatim(sent: Outgoing) -> bool:
    first = next((word for word in sent.words if not word.is_punctuation), None)
    return first is not None and first.text in sent.tokens.values()


def _is_title(word: str) -> bool:
    return word[0].isupper() and (len(word) == 1 or not word[1:].isupper())


def _starts_sentence(text: str, match: re.Match[str]) -> bool:
    before = text[: match.start()].rstrip(" \t\n\u00a0([{\"'“‘«¿¡")
    if before.endswith(_LEADER):
        return False
    return not before or before[-1] in ".!?:…•–—\n" or "\n" in text[len(before) : match.start()]

"""Repair: a target's tags are made to agree with its source's, in four rungs of a ladder.

    source       See <1>Acme</1>, page <2/>.
    exact        Siehe <1>Acme</1>, Seite <2/>.      nothing to do
    reordered    Siehe </1>Acme<1>, Seite <2/>.      the tags are put into a legal order
    projected    Siehe Acme, Seite <2/>.             lost tags are put where their words went
    whole_unit   Das da, Seite.                      words do not tell; a person should look

On the last rung, formatting of most of the source covers the whole target, tags that may be deleted
are, and the others are placed by proportion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from dragoman_contracts.text import (
    Content,
    Tag,
    TagRepair,
    TagSide,
    TagSpec,
    normalised,
    plain_text,
)
from dragoman_linguistics.blanks import (
    blanks_of,
    is_narrow,
    own_space,
    restore_blanks,
    shrink_blanks,
)
from dragoman_linguistics.inside_words import settle_inside_words
from dragoman_linguistics.spacing import restore_pair_margins
from dragoman_linguistics.tag_places import (
    Place,
    TagNode,
    assemble,
    flattened,
    linked_words,
    place_by_words,
    tag_tree,
)
from dragoman_linguistics.tags import TagReport, align_tags, spec_of, specs_by_id
from dragoman_linguistics.words import link_words, words_of


def repair(source: Content, target: Content, specs: Iterable[TagSpec]) -> tuple[Content, TagRepair]:
    """The target with tags that agree with its source, and the rung of the ladder that was needed.

    Never fails. No tag is lost that may not be deleted, no tag is invented, and where the source
    nests, the result does. Blanks to fill in come back with the source's white space; other text is
    not changed. Tags inside words that are the same in the target come to stand at the same
    characters.
    """
    specs = tuple(specs)
    target = normalised(target)
    blanks = blanks_of(source)
    if not blanks:
        repaired, rung = _climbed(source, target, specs)
    else:
        # A blank of one space parts two words. Where the engine moved its tags, the blank takes the
        # place of the space beside them, or the words would be parted by two.
        narrow = {tag_id for tag_id, blank in blanks.items() if is_narrow(blank)}
        borrowing = narrow - own_space(target, blanks)
        small_source, small_target = shrink_blanks(source, blanks), shrink_blanks(target, blanks)
        shrunk, rung = _climbed(small_source, small_target, _kept(specs, blanks))
        repaired = restore_blanks(shrunk, blanks, borrowing)
        if rung is TagRepair.EXACT and not align_tags(source, target, specs).is_clean:
            rung = TagRepair.REORDERED  # tags of blanks were put right
    return settle_inside_words(source, restore_pair_margins(source, repaired), specs), rung


def _kept(specs: Sequence[TagSpec], blanks: Collection[int]) -> tuple[TagSpec, ...]:
    """The specs of tags where blanks are placeholders: a form must have each of its blanks once."""
    return tuple(
        spec.model_copy(update={"can_delete": False, "can_copy": False})
        if spec.id in blanks
        else spec
        for spec in specs
    )


def _climbed(
    source: Content,
    target: Content,
    specs: Sequence[TagSpec],
) -> tuple[Content, TagRepair]:
    """The target with its tags put right, and the rung that was needed."""
    report = align_tags(source, target, specs)
    if report.is_clean and not report.deleted:
        return target, TagRepair.EXACT
    nodes = tag_tree(source)
    places = _places_in(target, nodes, report)
    text = plain_text(target)
    guesses = _places_by_words(
        source, text, [node for node in flattened(nodes) if node.tag not in places]
    )
    if report.is_clean and not any(place.is_certain for place in guesses.values()):
        # Only tags that may be deleted are missing, and no word says where they would go.
        return target, TagRepair.EXACT
    result, rung = _assembled(source, text, nodes, places, guesses, specs)
    if rung is TagRepair.WHOLE_UNIT and places:
        # The engine's own tags stand in each other's way: words alone may say more.
        by_words, rung_by_words = _assembled(
            source, text, nodes, {}, _places_by_words(source, text, flattened(nodes)), specs
        )
        if rung_by_words is not TagRepair.WHOLE_UNIT:
            return by_words, rung_by_words
    return result, rung


def _assembled(
    source: Content,
    text: str,
    nodes: Sequence[TagNode],
    places: Mapping[Tag, Place],
    guesses: Mapping[Tag, Place],
    specs: Sequence[TagSpec],
) -> tuple[Content, TagRepair]:
    by_id = specs_by_id(specs)
    doubtful = {tag: place for tag, place in guesses.items() if not place.is_certain}
    certain = {tag: place for tag, place in guesses.items() if place.is_certain}
    chosen = {**places, **certain, **_whole_unit_places(source, text, nodes, doubtful, by_id)}
    result = assemble(nodes, chosen, text, by_id)
    return result, _rung(align_tags(source, result, specs), guesses)


def _rung(report: TagReport, guesses: Mapping[Tag, Place]) -> TagRepair:
    if not report.is_clean or not all(place.is_certain for place in guesses.values()):
        return TagRepair.WHOLE_UNIT
    return TagRepair.PROJECTED if guesses else TagRepair.REORDERED


def _places_in(target: Content, nodes: Iterable[TagNode], report: TagReport) -> dict[Tag, Place]:
    """The places of the source's nodes in the target.

    A node has no place where the target lacks it, has only one side of it, or left it empty.
    """
    offsets: dict[Tag, int] = {}
    offset = 0
    for part in target:
        if isinstance(part, str):
            offset += len(part)
        else:
            # The first of several counts: an engine that repeats itself does so at the end.
            offsets.setdefault(part, offset)
    places: dict[Tag, Place] = {}
    for node in flattened(tuple(nodes)):
        start = offsets.get(node.tag)
        end = offsets.get(Tag(id=node.tag.id, side=TagSide.CLOSE)) if node.is_pair else start
        if start is not None and end is not None and node.tag.id not in report.emptied:
            places[node.tag] = Place(min(start, end), max(start, end))
    return places


def _places_by_words(source: Content, target: str, nodes: Iterable[TagNode]) -> dict[Tag, Place]:
    missing = list(nodes)
    if not missing:
        return {}
    text = plain_text(source)
    source_words, target_words = words_of(text), words_of(target)
    links = linked_words(link_words(source_words, target_words), target_words)
    return {node.tag: place_by_words(node, text, target, source_words, links) for node in missing}


def _whole_unit_places(
    source: Content,
    target: str,
    nodes: Iterable[TagNode],
    guesses: Mapping[Tag, Place],
    specs: Mapping[int, TagSpec],
) -> dict[Tag, Place]:
    """Places for the nodes whose place is only a guess: the whole target for a pair around most of
    the source, no place for a tag that may be deleted, and the guess for every other node.
    """
    length = len(plain_text(source))
    places: dict[Tag, Place] = {}
    for node in flattened(tuple(nodes)):
        guess = guesses.get(node.tag)
        if guess is None:
            continue
        # Bold over most of a sentence is bold over its translation, wherever the words went.
        if node.is_pair and node.end - node.start > length / 2:
            places[node.tag] = Place(0, len(target))
        elif not spec_of(node.tag.id, specs).can_delete:
            places[node.tag] = guess
    return places

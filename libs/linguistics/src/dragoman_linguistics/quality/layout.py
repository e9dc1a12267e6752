"""Quality checks of layout: blanks to fill in, and letters that are raised or lowered.

Each source beside its target and the finding:

    "Name: <1>          </1>"   "Nombre: <1> </1>"   space.blank
    "5<1>th</1>"                "5<1>.ª</1>"         tags.inside_word
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_contracts.text import Content, plain_text
from dragoman_linguistics.blanks import blanks_of
from dragoman_linguistics.inside_words import unsettled
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.tag_places import flattened, tag_tree


def check_inside_words(pair: Pair) -> Iterator[QaFinding]:
    """A finding where tags inside words hold other letters in the target, or are in other words."""
    if not pair.unit.tags:
        return
    count = len(unsettled(pair.source_content, pair.content, pair.unit.tags))
    if count:
        message = f"{count} tag pair(s) inside words do not hold the source's letters; set what is raised or lowered."
        yield finding("tags.inside_word", message)


def check_blanks(pair: Pair) -> Iterator[QaFinding]:
    """A finding where a blank to fill in is missing, doubled, or has other white space."""
    blanks = blanks_of(pair.source_content) if pair.unit.tags else {}
    if not blanks:
        return
    wanted = Counter((tag_id, plain_text(blank)) for tag_id, blank in blanks.items())
    held = _held(pair.content, blanks)
    count = (wanted - held).total() + (held - wanted).total()
    if count:
        yield finding(
            "space.blank",
            f"{count} blank(s) to fill in differ from the source; set them as they are there.",
        )


def _held(content: Content, blanks: dict[int, Content]) -> Counter[tuple[int, str]]:
    """The texts of the pairs that are blanks in the source."""
    text = plain_text(content)
    nodes = (
        node for node in flattened(tag_tree(content)) if node.is_pair and node.tag.id in blanks
    )
    return Counter((node.tag.id, text[node.start : node.end]) for node in nodes)

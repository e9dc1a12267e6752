"""Inline tag protocol and repair, segmentation, language identification, quality checks and word counts: pure."""

from dragoman_linguistics.projection import project_tags
from dragoman_linguistics.repair import repair
from dragoman_linguistics.spacing import restore_margins
from dragoman_linguistics.tags import TaggedText, TagReport, align_tags, parse, render
from dragoman_linguistics.words import Word, WordLink, link_words, words_of

__all__ = [
    "TagReport",
    "TaggedText",
    "Word",
    "WordLink",
    "align_tags",
    "link_words",
    "parse",
    "project_tags",
    "render",
    "repair",
    "restore_margins",
    "words_of",
]

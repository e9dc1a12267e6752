"""Answers that talk instead of translating: refusals, labels, notes, marks of chat formats,
markdown, entities.

A finding is made only where the source has no words of that kind:

    "I'm sorry, but I can't assist with that request."     chat.refusal
    "Translation: Der Kunde zahlt.<|im_end|>"              chat.label, chat.mark
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

_LONGEST_REFUSAL = 600
# Where the source apologises, the target rightly does so too.
_APOLOGY = re.compile(
    r"sorry|apolog|unfortunately|regret|pardon|leider|bedauer|entschuldig|désolé|malheureus|lo siento|lament|desculp"
    r"|infelizmente|spiac|purtroppo|helaas|tyvärr|beklag|desværre|przykro|niestety|извин|сожал|простите|вибач|на жаль"
    r"|抱歉|对不起|對不起|遗憾|申し訳|残念|죄송|유감|ขออภัย|xin lỗi|maaf|آسف|عذر|מצטער|üzgün|maalesef",
    re.IGNORECASE,
)
_EN_LABEL = (
    r"(?:(?:sure|certainly|of course|okay|ok|absolutely|great|understood)[,!.:]?\s+)?"
    r"(?:here(?:'s|’s| is| are)\s+(?:the|your|a)\s+[^:\n]{0,60}translat[^:\n]{0,60}"
    r"|(?:the\s+)?translat(?:ion|ed\s+text|ed\s+version)s?(?:\s+(?:in|into|to)\s+\w+)?|translated|target(?:\s+text)?|output|answer"
    r"|response|assistant|final\s+(?:answer|translation)|(?:in|into)\s+[A-Z][a-z]+)"
)
LABELS = re.compile(
    rf"[\s\"'«„“(\[]*(?:\*\*|__)?(?:{_EN_LABEL}"
    r"|(?:hier\s+ist\s+(?:die|eine|ihre)\s+[^:\n]{0,30})?(?:deutsche\s+)?übersetzung(?:\s+(?:ins|auf)\s+\w+)?|übersetzter\s+text|antwort|ausgabe"
    r"|(?:voici\s+(?:la|une|votre)\s+)?traduction(?:\s+(?:en|française)\b[^:\n]{0,20})?|texte\s+traduit|réponse"
    r"|(?:aquí\s+(?:está|tienes?)\s+(?:la|una|tu)\s+)?traducción(?:\s+al\s+\w+)?|texto\s+traducido|respuesta"
    r"|(?:aqui\s+está\s+(?:a|uma|sua)\s+)?tradução(?:\s+para\s+[^:\n]{0,25})?|texto\s+traduzido|resposta"
    r"|(?:ecco\s+(?:la|una|tua)\s+)?traduzione(?:\s+in\s+\w+)?|testo\s+tradotto|risposta"
    r"|(?:hier\s+is\s+(?:de|een)\s+)?vertaling|översättning|oversættelse|oversettelse|käännös|tłumaczenie|překlad|preklad|fordítás"
    r"|traducere|çeviri|(?:вот\s+)?перевод(?:\s+на\s+\w+)?|переклад|превод|prijevod|prevod|μετάφραση|traducció|tradución"
    r"|翻[译譯](?:如下|结果)?|译文|譯文|翻訳(?:文|結果)?|訳文?|번역(?:문|결과)?|คำแปล|bản\s+dịch|terjemahan|الترجمة|ترجمة|תרגום|अनुवाद)"
    r"(?:\*\*|__)?\s*[:：](?:\*\*|__)?",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"[\s\"'«„“(\[]*(?:sure|certainly|of course|absolutely|understood)[!,.]\s|\s*here(?:'s|’s| is)\s+(?:the"
    r"|your)\s+translat"
    r"|\s*(?:let me know if|i hope this helps|please note that i|as requested, )",
    re.IGNORECASE,
)
_CLOSING_TALK = re.compile(
    r"(?:let me know if (?:you|there)|i hope this helps|feel free to ask|is there anything else"
    r"|would you like me to)[^\n]{0,120}$",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"[\n(\[（【]\s*(?:\*{1,2})?(?:(?:translator['’]?s?\s+)?notes?|n\.?\s?b\.?|n\.?\s?d\.?\s?[tr]\.?|anm(?:erkung|\.)?(?:\s+des\s+übersetzers)?"
    r"|hinweis|remarque|note\s+du\s+traducteur|nota(?:\s+del?\s+traduct?or)?|opmerking|anmärkning|huomautus|uwaga|poznámka|megjegyzés"
    r"|notă|çevirmenin\s+notu|not|примечание|прим(?:\.\s?перев)?|примітка|забележка|napomena|σημείωση|注意?|註|译注|訳注|備考|注釈|주"
    r"|หมายเหตุ|ghi\s+chú|catatan|ملاحظة|הערה|explanation|literally|lit\.|alternative(?:ly)?|context|erläuterung)\s*(?:\*{1,2})?\s*[:：]",
    re.IGNORECASE,
)
_OPENING_BRACKETS = re.compile(r"[(\[（【]")
# Templates of ChatML, Llama, DeepSeek, Gemma; and the letters by which tokenisers write a space
# (U+2581 of SentencePiece, U+0120 of byte-level BPE).
_MARKS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|<｜[^｜<>\n]{1,40}｜>|\[/?INST\]|<</?SYS>>|</?(?:s|think|thinking|start_of_turn|end_of_turn|answer|translation"
    r"|source|target|output|pad|eos|bos|unk|mask|sep|cls)>|\[(?:PAD|UNK|CLS|SEP|MASK)\]|###\s?(?:Response|Instruction|Translation|Assistant"
    r"|Human|User|System)\b:?|^\s*(?:assistant|user|human|system)\s*[:\n]|[\u2581\u0120]",
    re.IGNORECASE,
)
_MAY_BE_MARK = re.compile(
    r"[<\[#`~\u2581\u0120]|^\s*(?:assistant|user|human|system)\s*[:\n]", re.IGNORECASE
)
_LABEL_CHARS = 130
_SOME_LABEL = re.compile(r"[^:：\n]{1,40}[:：]")
_COLON = re.compile("[:：]")
_FENCE = re.compile(r"```|~~~")
# The keys of the reply that was asked for, its closing brackets, and escapes that were not read.
_JSON = re.compile(
    r"^\s*[\[{]\s*[\"'](?:units|id|target|translation|text)[\"']\s*:|[\"'](?:target|units|translation|source)[\"']\s*:\s*[\"\[{]"
    r"|[\"”']\s*\}\s*[\],}]*\s*$|\\u[0-9a-fA-F]{4}|(?<!\\)\\[\"n](?![A-Za-z]:)",
)
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo|laquo|raquo|euro|copy|reg|deg|middot|bull|shy"
    r"|[AEIOUYaeiouy](?:acute|grave|circ|uml|tilde|ring)|[NnAaOo]tilde|[Cc]cedil|szlig|[Oo]slash|[Aa][Ee]lig|iexcl|iquest"
    r"|#[0-9]{2,7}|#[xX][0-9a-fA-F]{2,6});"
)
_BOLD = re.compile(
    r"\*\*(?=\S)[^*\n]+?(?<=\S)\*\*|(?<![\w_])__(?=[^\s_])[^_\n]+?(?<=[^\s_])__(?![\w_])"
)
_ITALIC = re.compile(r"(?<![\w*\\])\*(?=[^\s*])[^*\n]{1,200}?(?<=[^\s*])\*(?![\w*])")
_CODE = re.compile(r"(?<!`)`(?=\S)[^`\n]+?`(?!`)")
_HEADING = re.compile(r"(?:^|\n)\s{0,3}#{1,6}\s+\S")
_BULLET = re.compile(r"(?:^|\n)\s{0,3}(?:[-*+•]|\d{1,2}[.)])\s+\S")
_LINK = re.compile(r"\[[^\]\n]+\]\((?:https?:|/|#|mailto:)[^)\s]*\)")
_RULE = re.compile(r"(?:^|\n)\s*(?:-{3,}|\*{3,}|_{3,})\s*(?:\n|$)")
_MAY_BE_MARKDOWN = re.compile(r"[*_`#\[]|---")
_MARKDOWN = (_BOLD, _ITALIC, _CODE, _HEADING, _LINK, _RULE)
_HTML = re.compile(
    r"</?(?:b|i|u|em|strong|br|p|span|div|sup|sub|ul|ol|li|h[1-6]|a|font|code|pre|html|body|g|x|bx|ex)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def check_refusal(pair: Pair) -> Iterator[QaFinding]:
    """A finding where an engine says that it cannot or will not translate, unless the source says
    so of itself.
    """
    text = pair.target
    if len(text) > _LONGEST_REFUSAL or not _refuses(text):
        return
    if _refuses(pair.source) or _APOLOGY.search(pair.source):
        return
    yield finding(
        "chat.refusal",
        "The engine refuses or apologises instead of translating; translate the unit by hand.",
    )


def _refuses(text: str) -> bool:
    folded = text.casefold()
    return any(map(folded.__contains__, _refusals()))


@cache
def _refusals() -> tuple[str, ...]:
    """The sentences of `refusals.txt`, which explains itself."""
    text = files("dragoman_linguistics.quality").joinpath("refusals.txt").read_text("utf-8")
    return tuple(line.casefold() for line in text.splitlines() if line and not line.startswith("#"))


def check_chat(pair: Pair) -> Iterator[QaFinding]:
    """Findings about words of an engine around a translation: labels, notes, small talk, marks of
    chat formats.
    """
    source, target = pair.source, pair.target
    # Single characters are looked for first: the long patterns would take most of the time.
    head = target[:_LABEL_CHARS]
    label = LABELS.match(target) if ":" in head or "：" in head else None
    if label and not has_label(source, target):
        yield _at(pair, "chat.label", "A label stands before the translation; take it off.", label)
    ends = "for" in target or "ask" in target or "this" in target or "you" in target
    talk = (
        None if label else (_TALK.match(target) or (_CLOSING_TALK.search(target) if ends else None))
    )
    if talk and not _TALK.match(source) and not _CLOSING_TALK.search(source):
        yield _at(pair, "chat.talk", "The engine talks to the reader; take its words off.", talk)
    note = _NOTE.search(target) if ":" in target or "：" in target else None
    if note and _more_brackets(source, target, note) and not _NOTE.search(source):
        yield _at(
            pair, "chat.note", "A note of the engine stands in the translation; take it out.", note
        )
    for pattern in (_MARKS, _FENCE) if _MAY_BE_MARK.search(target) else ():
        mark = pattern.search(target)
        if mark and not pattern.search(source):
            yield _at(
                pair,
                "chat.mark",
                "A mark of a chat format stands in the translation; take it out.",
                mark,
            )
            break
    may_be_json = "\\" in target or "{" in target or "}" in target or '"' in target
    json = _JSON.search(target) if may_be_json else None
    if json and not _JSON.search(source) and not _is_quoted_path(source):
        yield _at(
            pair,
            "chat.json",
            "Remains of the reply's JSON stand in the translation; take them out.",
            json,
        )


def check_markup(pair: Pair) -> Iterator[QaFinding]:
    """Findings about markdown, HTML tags and HTML entities that the source does not have."""
    source, target = pair.source, pair.target
    for pattern in _MARKDOWN if _MAY_BE_MARKDOWN.search(target) else ():
        if (
            (match := pattern.search(target))
            and not pattern.search(source)
            and _is_new(match, source)
        ):
            yield _at(
                pair,
                "text.markdown",
                "Markdown that the source lacks stands in the text; format it instead.",
                match,
            )
            break
    else:
        bullet = _BULLET.match(target)
        if bullet and not _starts_as_list(source) and not bullet.group().lstrip()[0].isdecimal():
            yield _at(
                pair,
                "text.markdown",
                "A list mark that the source lacks stands before the text.",
                bullet,
            )
    if "&" in target and len(_ENTITY.findall(target)) > len(_ENTITY.findall(source)):
        match = _ENTITY.search(target)
        if match:
            yield _at(
                pair,
                "text.entities",
                "HTML entities that the source lacks stand in the text.",
                match,
            )
    if "<" in target and len(_HTML.findall(target)) > len(_HTML.findall(source)):
        match = _HTML.search(target)
        if match:
            yield _at(
                pair, "text.html", "HTML tags that the source lacks stand in the text.", match
            )


def _starts_as_list(source: str) -> bool:
    return bool(re.match(r"\s*[-*+•–—·◦▪‣\u2010-\u2015\uf0b7]", source))


def _is_new(match: re.Match[str], source: str) -> bool:
    """Whether the engine made the marks of markdown.

    A source that has the sign twice uses it for something else, and the target may follow.
    """
    sign = match.group().strip()[0]
    return sign == "[" or source.count(sign) < 2


def has_label(source: str, target: str) -> bool:
    """Whether a source begins with a label of its own, as in `Name: …`, which the label of the
    target may translate.
    """
    if LABELS.match(source):
        return True
    has_no_more = len(_COLON.findall(target)) <= len(_COLON.findall(source))
    return has_no_more and bool(_SOME_LABEL.match(source))


def _more_brackets(source: str, target: str, note: re.Match[str]) -> bool:
    if note.group()[0] == "\n":
        return "\n" not in source
    return len(_OPENING_BRACKETS.findall(target)) > len(_OPENING_BRACKETS.findall(source))


def _is_quoted_path(source: str) -> bool:
    return "\\" in source or source.rstrip().endswith(("}", "]"))


def _at(pair: Pair, code: str, message: str, match: re.Match[str]) -> QaFinding:
    return finding(
        code,
        message,
        pair.place_in_plain_text(match.start()),
        pair.place_in_plain_text(match.end()),
    )


def decoded(text: str, source: str) -> str:
    """The text with HTML entities decoded, also entities that were encoded twice; unchanged where
    the source has entities.
    """
    if "&" not in text or _ENTITY.search(source):
        return text
    for _ in range(2):
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    return text

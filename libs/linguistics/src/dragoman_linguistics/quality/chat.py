"""An answer that talks instead of translating: refusals, labels, notes, marks of chat formats, markdown, entities.

"I'm sorry, but I can't assist with that request."        "Translation: Der Kunde zahlt.<|im_end|>"
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

# Beginnings of sentences in which assistants refuse; those that only apologise are said by people as well.
_REFUSALS = tuple(
    line.casefold()
    for line in """\
I can't assist|I cannot assist|I'm unable to|I am unable to|I can't help|I cannot help|I can't translate|I cannot translate
I'm not able to|I am not able to|I can't provide|I cannot provide|I can't fulfill|I cannot fulfill|I can't comply
I won't be able to|I must decline|as an AI|as a language model|I'm just an AI|I am an AI|against my guidelines
I don't feel comfortable|I'm sorry, but I can|I'm sorry, I can|I am sorry, but I can|I apologize, but I|Sorry, I can't
Sorry, but I can't|I can’t assist|I can’t help|I’m sorry, but I can|I’m unable to|I’m sorry, I can|unable to translate this
please provide the text|no text provided|there is no text to translate|please share the text|you haven't provided
dabei kann ich nicht helfen|dabei nicht helfen|ich kann diese anfrage nicht|ich kann diesen text nicht|als KI
ich kann dir dabei nicht|ich kann ihnen dabei nicht|ich bin nicht in der Lage|tut mir leid, aber ich|leider kann ich
es tut mir leid, ich|entschuldigung, aber ich|als Sprachmodell|bei dieser Anfrage|kann ich nicht übersetzen
je ne peux pas|je ne suis pas en mesure|je suis désolé, mais|je suis désolée, mais|désolé, mais je|en tant qu'IA
en tant que modèle|je ne suis pas capable|je regrette, mais je
lo siento, pero no puedo|no puedo ayudar|no puedo asistir|no puedo cumplir|como modelo de lenguaje|lo siento, no puedo
no puedo traducir|como una IA|como IA
desculpe, mas não posso|sinto muito, mas|não posso ajudar|não posso traduzir|como um modelo de linguagem|lamento, mas não
não consigo ajudar|não posso atender
mi dispiace, ma non posso|non posso aiutar|non posso tradurre|come modello linguistico|non sono in grado di
het spijt me, maar ik|ik kan je daar niet|ik kan u daar niet|sorry, maar ik kan|als taalmodel|ik kan niet helpen
jag kan tyvärr inte|jag kan inte hjälpa|tyvärr kan jag inte|jag är ledsen, men|som en språkmodell
jeg kan desværre ikke|jeg kan ikke hjælpe|beklager, men jeg|jeg beklager, men|jeg kan dessverre ikke
valitettavasti en voi|en voi auttaa|olen pahoillani, mutta
przykro mi, ale nie mogę|nie mogę pomóc|nie jestem w stanie|jako model językowy|przepraszam, ale nie mogę
omlouvám se, ale nemohu|nemohu pomoci|bohužel nemohu|je mi líto, ale|ospravedlňujem sa, ale|nemôžem pomôcť
sajnálom, de nem|sajnos nem tudok|nem tudok segíteni|îmi pare rău, dar|nu pot să|nu vă pot ajuta|nu te pot ajuta
üzgünüm, ancak|üzgünüm, ama|yardımcı olamam|bu isteğe|bir yapay zeka
извините, но я|к сожалению, я не могу|я не могу помочь|я не могу выполнить|как языковая модель|простите, но я
я не могу перевести|вибачте, але я|на жаль, я не можу|я не можу допомогти|як мовна модель
съжалявам, но не мога|žao mi je, ali|ne mogu pomoći|жао ми је, али|λυπάμαι, αλλά δεν|δεν μπορώ να βοηθήσω
申し訳ありませんが|申し訳ございませんが|お手伝いできません|対応できません|お答えできません|翻訳できません|ai言語モデル|aiとして
很抱歉，我|抱歉，我无法|抱歉，我不能|对不起，我|我无法协助|我无法提供|我不能协助|我無法|對不起，我|作为一个人工智能|作为ai|作為ai|无法满足
我无法翻译|无法为您翻译|请提供需要翻译
죄송하지만|죄송합니다만|도와드릴 수 없|도움을 드릴 수 없|번역할 수 없|언어 모델로서
ขออภัย ฉันไม่สามารถ|ขอโทษ ฉันไม่สามารถ|ฉันไม่สามารถช่วย|ขออภัยค่ะ|ขออภัยครับ|ผมไม่สามารถ|ไม่สามารถช่วยเหลือ
xin lỗi, nhưng tôi|tôi không thể hỗ trợ|tôi không thể giúp|rất tiếc, tôi|maaf, saya tidak|maaf, tetapi saya|saya tidak dapat membantu
saya tidak boleh membantu|عذرًا، لا أستطيع|عذراً، لا يمكنني|آسف، لا أستطيع|لا يمكنني المساعدة|لا أستطيع المساعدة|أعتذر، لكن
أنا آسف|كنموذج لغوي|לא אוכל לעזור|אני מצטער, אבל|אני מצטערת, אבל|אינני יכול|متأسفم، اما|نمی‌توانم کمک|مجھے افسوس ہے
मुझे खेद है|क्षमा करें, लेकिन|मैं सहायता नहीं|मैं मदद नहीं|em sap greu, però no|no puc ajudar|síntoo, pero non|sentíndoo moito
""".replace("\n", "|").split("|")
    if line.strip()
)
_LONGEST_REFUSAL = 600
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
    r"[\s\"'«„“(\[]*(?:sure|certainly|of course|absolutely|understood)[!,.]\s|\s*here(?:'s|’s| is)\s+(?:the|your)\s+translat"
    r"|\s*(?:let me know if|i hope this helps|please note that i|as requested, )",
    re.IGNORECASE,
)
_CLOSING_TALK = re.compile(
    r"(?:let me know if (?:you|there)|i hope this helps|feel free to ask|is there anything else|would you like me to)[^\n]{0,120}$",
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
_MARKS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|<｜[^｜<>\n]{1,40}｜>|\[/?INST\]|<</?SYS>>|</?(?:s|think|thinking|start_of_turn|end_of_turn|answer|translation"
    r"|source|target|output|pad|eos|bos|unk|mask|sep|cls)>|\[(?:PAD|UNK|CLS|SEP|MASK)\]|###\s?(?:Response|Instruction|Translation|Assistant"
    r"|Human|User|System)\b:?|^\s*(?:assistant|user|human|system)\s*[:\n]|[\u2581\u0120]",
    re.IGNORECASE,
)
_MAY_BE_MARK = re.compile(r"[<\[#`~\u2581\u0120]|^\s*(?:assistant|user|human|system)\s*[:\n]", re.IGNORECASE)
_LABEL_CHARS = 130
_SOME_LABEL = re.compile(r"[^:：\n]{1,40}[:：]")
_COLON = re.compile("[:：]")
_FENCE = re.compile(r"```|~~~")
_JSON = re.compile(
    r"^\s*[\[{]\s*[\"'](?:units|id|target|translation|text)[\"']\s*:|[\"'](?:target|units|translation|source)[\"']\s*:\s*[\"\[{]"
    r"|[\"”']\s*\}\s*[\],}]*\s*$|\\u[0-9a-fA-F]{4}|(?<!\\)\\[\"n](?![A-Za-z]:)",
)
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo|laquo|raquo|euro|copy|reg|deg|middot|bull|shy"
    r"|[AEIOUYaeiouy](?:acute|grave|circ|uml|tilde|ring)|[NnAaOo]tilde|[Cc]cedil|szlig|[Oo]slash|[Aa][Ee]lig|iexcl|iquest"
    r"|#[0-9]{2,7}|#[xX][0-9a-fA-F]{2,6});"
)
_BOLD = re.compile(r"\*\*(?=\S)[^*\n]+?(?<=\S)\*\*|(?<![\w_])__(?=[^\s_])[^_\n]+?(?<=[^\s_])__(?![\w_])")
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
    """A finding where an engine says that it cannot or will not translate, and the source says nothing like it."""
    text = pair.target
    if len(text) > _LONGEST_REFUSAL or not _refuses(text) or _refuses(pair.source):
        return
    yield finding(
        "chat.refusal", "The engine refuses or apologises instead of translating; translate the unit by hand."
    )


def _refuses(text: str) -> bool:
    folded = text.casefold()
    return any(map(folded.__contains__, _REFUSALS))


def check_chat(pair: Pair) -> Iterator[QaFinding]:
    """Findings about what an engine wrote around a translation: labels, notes, small talk, marks of chat formats."""
    source, target = pair.source, pair.target
    label = LABELS.match(target) if ":" in target[:_LABEL_CHARS] or "：" in target[:_LABEL_CHARS] else None
    if label and not has_label(source, target):
        yield _at(pair, "chat.label", "A label stands before the translation; take it off.", label)
    ends = "for" in target or "ask" in target or "this" in target or "you" in target
    talk = None if label else (_TALK.match(target) or (_CLOSING_TALK.search(target) if ends else None))
    if talk and not _TALK.match(source) and not _CLOSING_TALK.search(source):
        yield _at(pair, "chat.talk", "The engine talks to the reader; take its words off.", talk)
    note = _NOTE.search(target) if ":" in target or "：" in target else None
    if note and _more_brackets(source, target, note) and not _NOTE.search(source):
        yield _at(pair, "chat.note", "A note of the engine stands in the translation; take it out.", note)
    for pattern in (_MARKS, _FENCE) if _MAY_BE_MARK.search(target) else ():
        mark = pattern.search(target)
        if mark and not pattern.search(source):
            yield _at(pair, "chat.mark", "A mark of a chat format stands in the translation; take it out.", mark)
            break
    json = _JSON.search(target) if "\\" in target or "{" in target or "}" in target or '"' in target else None
    if json and not _JSON.search(source) and not _is_quoted_path(source):
        yield _at(pair, "chat.json", "Remains of the reply's JSON stand in the translation; take them out.", json)


def check_markup(pair: Pair) -> Iterator[QaFinding]:
    """Findings about markdown, HTML tags and HTML entities that the source does not have."""
    source, target = pair.source, pair.target
    for pattern in _MARKDOWN if _MAY_BE_MARKDOWN.search(target) else ():
        if (match := pattern.search(target)) and not pattern.search(source) and _is_new(match, source):
            yield _at(
                pair, "text.markdown", "Markdown that the source lacks stands in the text; format it instead.", match
            )
            break
    else:
        bullet = _BULLET.match(target)
        if bullet and not _starts_as_list(source) and not bullet.group().lstrip()[0].isdecimal():
            yield _at(pair, "text.markdown", "A list mark that the source lacks stands before the text.", bullet)
    if "&" in target and len(_ENTITY.findall(target)) > len(_ENTITY.findall(source)):
        match = _ENTITY.search(target)
        if match:
            yield _at(pair, "text.entities", "HTML entities that the source lacks stand in the text.", match)
    if "<" in target and len(_HTML.findall(target)) > len(_HTML.findall(source)):
        match = _HTML.search(target)
        if match:
            yield _at(pair, "text.html", "HTML tags that the source lacks stand in the text.", match)


def _starts_as_list(source: str) -> bool:
    return bool(re.match(r"\s*[-*+•–—·◦▪‣\u2010-\u2015\uf0b7]", source))


def _is_new(match: re.Match[str], source: str) -> bool:
    """Whether the marks were made by the engine: a source with as many of the same sign has them for its own ends."""
    sign = match.group().strip()[0]
    return sign == "[" or source.count(sign) < 2


def has_label(source: str, target: str) -> bool:
    """Whether a source begins with a label of its own, as `Name: …` does, that a target's label may translate."""
    if LABELS.match(source):
        return True
    return bool(_SOME_LABEL.match(source)) and len(_COLON.findall(target)) <= len(_COLON.findall(source))


def _more_brackets(source: str, target: str, note: re.Match[str]) -> bool:
    if note.group()[0] == "\n":
        return "\n" not in source
    return len(_OPENING_BRACKETS.findall(target)) > len(_OPENING_BRACKETS.findall(source))


def _is_quoted_path(source: str) -> bool:
    return "\\" in source or source.rstrip().endswith(("}", "]"))


def _at(pair: Pair, code: str, message: str, match: re.Match[str]) -> QaFinding:
    return finding(code, message, pair.place_in_plain_text(match.start()), pair.place_in_plain_text(match.end()))


def decoded(text: str, source: str) -> str:
    """The text with the HTML entities decoded that the source does not have, once more for those encoded twice."""
    if "&" not in text or _ENTITY.search(source):
        return text
    for _ in range(2):
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    return text

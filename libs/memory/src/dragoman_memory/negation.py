"""Words that turn a sentence into its opposite, by language.

"Do not press." and "Do press." read alike to an edit distance, and say the opposite.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from dragoman_contracts.locale import Locale

_WORDS = {
    "en": "no not never none nor neither nobody nothing nowhere cannot without unless except",
    "de": "nicht nichts nie niemals kein keine keinen keinem keiner keines ohne weder noch niemand"
    " außer sofern",
    "es": "no ni nunca jamás nada nadie ningún ninguno ninguna tampoco sin salvo excepto",
    "fr": "ne n pas jamais rien aucun aucune ni sans personne sauf",
    "it": "non né mai nessun nessuno nessuna niente nulla senza neanche salvo tranne",
    "nl": "niet niets nooit geen noch zonder niemand tenzij behalve",
    "pt": "não nem nunca jamais nenhum nenhuma nada ninguém sem salvo exceto",
    "pl": "nie ani nigdy nic nikt żaden żadna żadne bez chyba oprócz",
    "ru": "не нет ни никогда ничего никто нельзя без кроме",
    "uk": "не ні ані ніколи нічого ніхто немає без крім",
    "ar": "لا لم لن ليس ليست غير بدون دون ما إلا",
    "he": "לא אין בלי אל ללא אינו אינה אינם לעולם",
}
# Scripts without spaces have no words to hold these against.
_PARTS = {
    "zh": "不 没 沒 无 無 未 非 勿 别 別 莫 禁",
    "ja": "ない なし ません なかっ ず ぬ 無 未 不 非 禁",
    "ko": "않 없 못 아니 말고 마십 마세 금지 불가",
}
_CONTRACTED = re.compile(r"n['’]t\b")


def negations(text: str, locale: Locale) -> Counter[str]:
    """The negating words of a text, counted; empty for languages that are not known here."""
    pattern = _pattern(locale.language)
    if pattern is None:
        return Counter()
    lowered = text.lower()
    if locale.language == "en":
        lowered = _CONTRACTED.sub(" not ", lowered.replace("cannot", "can not"))
    return Counter(pattern.findall(lowered))


@cache
def _pattern(language: str) -> re.Pattern[str] | None:
    if language in _WORDS:
        return re.compile(rf"\b(?:{'|'.join(_WORDS[language].split())})\b")
    if language in _PARTS:
        return re.compile("|".join(_PARTS[language].split()))
    return None

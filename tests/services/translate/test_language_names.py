"""The prompt calls languages as the console does. They have two lists:
a word of the prompt is on record by version.
"""

from __future__ import annotations

from dragoman_contracts.locale import Locale
from dragoman_gateway.web.languages import LANGUAGES
from dragoman_translate.ports import EngineContext
from dragoman_translate.prompt import system_prompt


def test_the_prompt_calls_a_language_by_the_name_that_the_console_proposes() -> None:
    prompts = {
        tag: (name, system_prompt(Locale(tag), Locale("eo"), EngineContext()))
        for tag, name in LANGUAGES
        if Locale(tag).language == tag
    }
    named = {tag: pair for tag, pair in prompts.items() if f"BCP-47 tag {tag}" not in pair[1]}
    assert [tag for tag, (name, prompt) in named.items() if f"{name} ({tag})" not in prompt] == []
    assert len(named) > 30

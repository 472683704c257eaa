"""Greetings, thanks and questions about the assistant itself: fixed sentences, no documents."""

from __future__ import annotations

from assistant.answering.language import Language
from assistant.answering.wording import say


def reply(topic: str, language: Language) -> str:
    """
    >>> reply("thanks", "en")
    'You are welcome.'
    """
    return say(topic, language)

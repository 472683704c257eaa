"""A follow-up made to stand alone: by rules, and by the model where a pronoun is left and one is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.answering.brains import Brain
from assistant.answering.followups import leans, stand_alone
from assistant.answering.language import language
from assistant.answering.prompting import neutral
from assistant.answering.prompts import PromptLibrary
from assistant.answering.terms import terms
from assistant.types import Message, Question, Sampling, Turn, text_of

TOKENS, LONGEST, TURNS = 64, 300, 4
"""Of a rewritten question: most tokens and characters; turns of the conversation that it is made from."""


def rewritten(question: Question, brain: Brain, prompts: PromptLibrary, stop: Callable[[], bool]) -> str:
    """The question as it would be asked without the conversation."""
    text = stand_alone(question.text, question.history)
    if brain.generator is None or not question.history or not leans(text):
        return text
    near = question.history[-TURNS:]
    said = "\n".join(f"{'Q' if turn.role == 'user' else 'A'}: {neutral(turn.content)[:LONGEST]}" for turn in near)
    asked = (
        Message("system", prompts.get("stand-alone", language(question.text)).text),
        Message("user", f"{said}\nQ: {neutral(question.text)}"),
    )
    made = text_of(brain.generator.stream(asked, Sampling(max_tokens=TOKENS), stop)).strip().removeprefix("Q:").strip()
    return made if usable(made, question.text, near) else text


def usable(made: str, asked: str, history: Sequence[Turn]) -> bool:
    """Whether a rewritten question is one: one line that leans on nothing, in words of the question and the talk.

    >>> talk = [Turn("user", "Who built the Eiffel Tower?"), Turn("assistant", "Gustave Eiffel.")]
    >>> usable("When was the Eiffel Tower built?", "When was it built?", talk)
    True
    >>> usable("When was it built?", "When was it built?", talk)
    False
    >>> usable("Was Big Ben built?", "When was it built?", talk)
    False
    """
    there = terms(" ".join(turn.content for turn in history))
    own, words = terms(asked), terms(made)
    known = words <= there | own
    return (
        bool(made) and "\n" not in made and len(made) <= LONGEST and not leans(made) and known and bool(words & there)
    )

"""`thickshell chat`: a conversation in the terminal, stored like those of the page."""

from __future__ import annotations

import typer

from assistant.cli.questions import BRAIN, PERSONA, TIER, show_notes_and_sources
from assistant.cli.state import emit, say, show, state
from assistant.errors import GeneratorUnavailable
from assistant.types import Delta, Done, Question, Revised


def chat(
    context: typer.Context,
    corpus: str = typer.Option(..., "--corpus", help="Corpus to talk about."),
    tier: int | None = TIER,
    brain: str = BRAIN,
    persona: str = PERSONA,
) -> None:
    """Talk with the documents; an empty line or Ctrl+D ends."""
    with state(context).house() as house:
        house.library.documents(corpus)
        conversation = house.chats.create(corpus)
        say("Ask; an empty line ends.")
        while text := _line():
            asked = house.chats.ask(conversation, text)
            message = house.chats.begin(asked)
            question = Question(
                text,
                (corpus,),
                history=house.chats.history(asked),
                tier=tier or house.settings.tier,
                brain=brain,
                persona=persona,
            )
            try:
                for event in house.assistant.ask(question):
                    if isinstance(event, Delta):
                        house.chats.append(message, event.text)
                        if not state(context).json:
                            typer.echo(event.text, nl=False)
                    elif isinstance(event, Revised):
                        house.chats.take_back(message)
                        if not state(context).json:
                            say("\n(Nothing of that stands in the documents; it is taken back.)")
                    elif isinstance(event, Done):
                        house.chats.finish(message, event.answer)
                        if state(context).json:
                            emit(event.answer.as_json())
                        else:
                            show()
                            show_notes_and_sources(event.answer)
            except GeneratorUnavailable as error:
                house.chats.finish(message, None, "failed")
                say(str(error))
            except BaseException:
                house.chats.finish(message, None, "failed")
                raise


def _line() -> str:
    try:
        return input("> " if typer.get_text_stream("stdin").isatty() else "").strip()
    except EOFError:
        return ""

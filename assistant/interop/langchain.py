"""For LangChain: our search as a `BaseRetriever`, the assistant as a `Runnable` that answers with a message.

house = build(load())
chain = AssistantRunnable(house.assistant, ("reports",)) | StrOutputParser()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig

from assistant.errors import UsageError
from assistant.seams import Asker
from assistant.types import Answer, Delta, Done, Hit, Question, Revised, Turn, citation_json

Asked = str | Sequence[BaseMessage]
TAKEN_BACK = "\n\n---\n\n"
"""Stands in streams between a text that was taken back and the one that holds."""


class CorpusRetriever(BaseRetriever):
    """The nearest passages of some corpora, best first."""

    asker: Any  # an Asker; pydantic cannot check a protocol
    corpora: tuple[str, ...]
    k: int = 10

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [_document(hit) for hit in self.asker.search(Question(query, self.corpora), self.k)]


class AssistantRunnable(Runnable[Asked, AIMessage]):
    """A question, or a conversation that ends with one, to its checked answer.

    `additional_kwargs["citations"]` are the sources, `response_metadata` holds receipt, confidence and whether it
    abstained.
    """

    def __init__(
        self, asker: Asker, corpora: Sequence[str], *, tier: int = 3, brain: str = "", persona: str = ""
    ) -> None:
        self._asker = asker
        self._made = Question("", tuple(corpora), tier=tier, brain=brain, persona=persona)

    def invoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        answer = self._asker.answer(self._question(input))
        return AIMessage(content=answer.answer, additional_kwargs=_cited(answer), response_metadata=_receipt(answer))

    def stream(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        for event in self._asker.ask(self._question(input)):
            if isinstance(event, Delta):
                yield AIMessageChunk(content=event.text)
            elif isinstance(event, Revised):
                yield AIMessageChunk(content=TAKEN_BACK)
            elif isinstance(event, Done):
                answer = event.answer
                yield AIMessageChunk(content="", additional_kwargs=_cited(answer), response_metadata=_receipt(answer))

    def _question(self, asked: Asked) -> Question:
        if isinstance(asked, str):
            return replace(self._made, text=asked)
        turns = [m for m in asked if m.type in {"human", "ai"}]
        if not turns or turns[-1].type != "human":
            raise UsageError("The last message must be the user's question, in text.")
        history = tuple(Turn("user" if m.type == "human" else "assistant", str(m.text)) for m in turns[:-1])
        return replace(self._made, text=str(turns[-1].text), history=history)


def _document(hit: Hit) -> Document:
    passage = hit.passage
    place = {
        "corpus": passage.corpus,
        "document": passage.document,
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "score": hit.score,
    }
    return Document(id=str(passage.id), page_content=passage.text, metadata=place)


def _cited(answer: Answer) -> dict[str, Any]:
    return {"citations": [citation_json(citation) for citation in answer.citations]}


def _receipt(answer: Answer) -> dict[str, Any]:
    return {
        "receipt_id": answer.receipt_id,
        "confidence": answer.confidence,
        "abstained": answer.abstained,
        "notes": list(answer.notes),
        "brain": answer.brain,
        "tier": answer.tier,
    }

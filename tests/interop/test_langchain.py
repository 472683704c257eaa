"""Our search and our answers as parts of LangChain's chains."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser

from assistant import Assistant
from assistant.errors import UsageError
from assistant.interop.langchain import AssistantRunnable, CorpusRetriever
from assistant.readers.extractive import ExtractiveReader
from tests.memory import ByWords, MemoryStore

TEXT = "The Eiffel Tower was finished in 1889.\n\nIt is 330 metres tall."


@pytest.fixture
def assistant() -> Assistant:
    store = MemoryStore({"tower.txt": TEXT})
    return Assistant(ByWords(store), ExtractiveReader(), store)


def test_passages_come_as_documents_with_their_place(assistant: Assistant) -> None:
    (first, *_) = CorpusRetriever(asker=assistant, corpora=("c",), k=2).invoke("When was the Eiffel Tower finished?")
    assert first.page_content == "The Eiffel Tower was finished in 1889."
    place = {name: first.metadata[name] for name in ("corpus", "document", "start", "end")}
    assert place == {"corpus": "c", "document": "tower.txt", "start": 0, "end": 38}


def test_an_answer_is_a_message_with_its_sources(assistant: Assistant) -> None:
    message = AssistantRunnable(assistant, ["c"]).invoke("When was the Eiffel Tower finished?")
    assert "1889" in str(message.content)
    assert message.additional_kwargs["citations"][0]["document"] == "tower.txt"
    assert message.response_metadata["abstained"] is False


def test_it_stands_in_a_chain_and_streams_the_same(assistant: Assistant) -> None:
    asked = "When was the Eiffel Tower finished?"
    whole = (AssistantRunnable(assistant, ["c"]) | StrOutputParser()).invoke(asked)
    chunks = list(AssistantRunnable(assistant, ["c"]).stream(asked))
    assert "".join(str(chunk.content) for chunk in chunks) == whole
    assert chunks[-1].additional_kwargs["citations"]


def test_a_conversation_ends_with_its_question(assistant: Assistant) -> None:
    talk = [HumanMessage("When was the Eiffel Tower finished?"), AIMessage("In 1889."), HumanMessage("How tall is it?")]
    assert "330" in str(AssistantRunnable(assistant, ["c"]).invoke(talk).content)
    with pytest.raises(UsageError, match="last message"):
        AssistantRunnable(assistant, ["c"]).invoke(talk[:2])

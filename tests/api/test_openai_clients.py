"""OpenAI's own client and LangChain's ChatOpenAI talk to the assistant as to a model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI

from assistant.generators.scripted import ScriptedGenerator
from tests.api.served import ScriptedHouse, served

ASKED = [{"role": "user", "content": "When was the Eiffel Tower finished?"}]
SAYS = "The Eiffel Tower was finished in 1889 [1]."


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedHouse, str]]:
    with served(tmp_path_factory.mktemp("api") / "home", ScriptedGenerator(SAYS, delay=0.01)) as made:
        yield made


@pytest.fixture
def url(place: tuple[ScriptedHouse, str]) -> str:
    return place[1]


@pytest.fixture
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)


def test_models_are_the_corpora_by_tier_and_brain(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [
        "corpus/towers",
        "corpus/towers@1+small",
        "corpus/towers@2+small",
        "corpus/towers@3+small",
        "corpus/towers@3+embedded",
        "encoder",
    ]
    assert client.models.retrieve("corpus/towers@3+embedded").owned_by == "thickshell"


def test_an_answer_with_its_citations_and_receipt(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="corpus/towers@3+embedded", messages=ASKED)
    message = whole.choices[0].message
    assert "1889" in str(message.content)
    assert whole.choices[0].finish_reason == "stop"
    (cited, *_) = message.citations  # type: ignore[attr-defined]
    assert cited["document"] == "tower.txt"
    assert "1889" in cited["quote"]
    ours = whole.thickshell  # type: ignore[attr-defined]
    assert (ours["brain"], ours["tier"], ours["abstained"]) == ("embedded", 3, False)
    assert len(ours["receipt_id"]) == 16
    assert whole.usage.total_tokens > 0


def test_a_stream_says_the_same_and_ends_with_citations_and_usage(client: openai.OpenAI) -> None:
    model = "corpus/towers@3+embedded"
    whole = client.chat.completions.create(model=model, messages=ASKED)
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model=model, messages=ASKED, stream=True, stream_options=options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    last, usage = chunks[-2:]
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.citations == whole.choices[0].message.citations  # type: ignore[attr-defined]
    assert usage.usage == whole.usage


@pytest.mark.parametrize("tier", [1, 2])
def test_lower_tiers_are_the_models_own_words(client: openai.OpenAI, tier: int) -> None:
    whole = client.chat.completions.create(model=f"corpus/towers@{tier}+small", messages=ASKED)
    assert str(whole.choices[0].message.content).startswith("The Eiffel Tower was finished in 1889")
    assert whole.choices[0].message.citations == []  # type: ignore[attr-defined]
    assert whole.usage.completion_tokens == 8


def test_a_model_over_passages_is_cited_by_us(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="corpus/towers@3+small", messages=ASKED)
    assert "1889" in str(whole.choices[0].message.content)
    assert whole.choices[0].message.citations[0]["document"] == "tower.txt"  # type: ignore[attr-defined]


def test_langchain_talks_to_it(url: str) -> None:
    chat = ChatOpenAI(base_url=f"{url}/v1", api_key="any", model="corpus/towers@3+embedded", max_retries=0)
    assert "1889" in chat.invoke("When was the Eiffel Tower finished?").text
    streamed = "".join(str(part.text) for part in chat.stream("When was the Eiffel Tower finished?"))
    assert "1889" in streamed


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("corpus/none", "There is no model corpus/none; ask /v1/models for those there are."),
        ("corpus/towers@3+other", "There is no model corpus/towers@3+other; ask /v1/models for those there are."),
        ("towers", "There is no model towers; ask /v1/models for those there are."),
    ],
)
def test_unknown_models_are_404_in_openais_form(client: openai.OpenAI, model: str, sentence: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model=model, messages=ASKED)
    assert caught.value.body["message"] == sentence  # type: ignore[index,call-overload]


def test_what_is_no_question_is_400(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="last message"):
        client.chat.completions.create(
            model="corpus/towers", messages=[*ASKED, {"role": "assistant", "content": "In 1889."}]
        )


def test_embeddings_are_unit_vectors_of_the_encoder(client: openai.OpenAI) -> None:
    made = client.embeddings.create(model="encoder", input=["a tower", "一座塔"])
    assert [row.index for row in made.data] == [0, 1]
    assert all(abs(sum(x * x for x in row.embedding) - 1) < 1e-5 for row in made.data)
    plain = client.embeddings.create(model="encoder", input="a tower", encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(made.data[0].embedding, abs=1e-6)


# --- corpora and search ---------------------------------------------------------------------------------------------
def test_a_corpus_is_made_filled_searched_and_deleted(url: str) -> None:
    with httpx.Client(base_url=url, timeout=30) as web:
        assert web.post("/v1/corpora", json={"name": "laws/old"}).status_code == 201
        text = b"Every dog needs a licence."
        added = web.post("/v1/corpora/laws/old/documents", params={"name": "dogs.txt"}, content=text)
        assert (added.status_code, added.json()["document"]) == (202, "dogs.txt")
        assert eventually(lambda: web.get("/v1/corpora/laws/old/documents").json()[0]["state"] == "ready")
        (hit, *_) = web.post("/v1/corpora/laws/old/search", json={"query": "dog licence"}).json()["hits"]
        assert (hit["document"], hit["text"]) == ("dogs.txt", "Every dog needs a licence.")
        assert web.delete("/v1/corpora/laws/old/documents/dogs.txt").status_code == 204
        assert web.post("/v1/corpora/laws/old/search", json={"query": "dog licence"}).json()["hits"] == []
        assert web.delete("/v1/corpora/laws/old").status_code == 204
        assert web.get("/v1/corpora/laws/old/documents").status_code == 404


# --- watching -------------------------------------------------------------------------------------------------------
def test_metrics_count_without_naming_documents(client: openai.OpenAI, url: str) -> None:
    client.chat.completions.create(model="corpus/towers@1+small", messages=ASKED)
    text = httpx.get(f"{url}/metrics").text
    assert 'thickshell_answers_total{brain="small",outcome="answered",tier="1"}' in text
    assert 'thickshell_model_tokens_total{brain="small",kind="completion"}' in text
    assert "tower" not in text.lower()


def test_metrics_count_the_chats_of_the_page_too(url: str) -> None:
    def answered() -> float:
        label = 'thickshell_answers_total{brain="small",outcome="answered",tier="2"} '
        lines = httpx.get(f"{url}/metrics").text.splitlines()
        return sum(float(line.removeprefix(label)) for line in lines if line.startswith(label))

    before = answered()
    chat = httpx.post(f"{url}/v1/conversations", json={}).json()["id"]
    asked = {"text": "How tall is it?", "tier": 2, "brain": "small"}
    httpx.post(f"{url}/v1/conversations/{chat}/messages", json=asked).raise_for_status()
    assert eventually(lambda: answered() == before + 1)


def test_openapi_describes_the_programs_routes_alone(url: str) -> None:
    paths = json.loads(httpx.get(f"{url}/openapi.json").text)["paths"]
    assert {"/v1/models", "/v1/chat/completions", "/v1/embeddings", "/v1/corpora/{corpus}/search"} <= set(paths)
    assert not any("conversations" in path or "/ui" in path for path in paths)


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True

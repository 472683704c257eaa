"""With the packaged encoder a question finds its passage in the other language, where no word meets."""

from __future__ import annotations

from pathlib import Path

import pytest
from changing_store import ChangingStore

from assistant.embedders.centred import CentredEmbedder
from assistant.embedders.sentence import SentenceEmbedder
from assistant.indexes.corpus import CorpusVectors
from assistant.retrieval.dense import DenseRanker
from assistant.retrieval.hybrid import HybridRetriever
from assistant.retrieval.lexical import TantivyWords
from assistant.types import Question

ENGLISH = (
    "The recommended intake of protein for adult women is 46 grams per day.",
    "The lighthouse was built in 1889 to guide ships through the strait.",
    "Employees may carry over at most five days of unused vacation into the next year.",
)
CHINESE = (
    "公司在二〇二二年的营业收入增长了百分之十二。",
    "大熊猫主要以竹子为食，生活在四川的山区。",
    "考试期间不得使用手机，违者成绩作废。",
)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    folder = tmp_path_factory.mktemp("home")
    embedder = CentredEmbedder(SentenceEmbedder())
    store = ChangingStore(("main",), embedder)
    words = TantivyWords(folder / "words", store.corpus_id)
    for number, text in enumerate((*ENGLISH, *CHINESE)):
        words.add(store.put("main", f"{number}.txt", text))
    return HybridRetriever(
        store, words, DenseRanker(embedder, CorpusVectors(Path(folder) / "vectors", store, embedder.id, embedder.dim))
    )


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("成年女性每天应摄入多少蛋白质？", ENGLISH[0]),
        ("那座灯塔是什么时候建成的？", ENGLISH[1]),
        ("员工未使用的年假可以结转几天？", ENGLISH[2]),
        ("What do giant pandas eat?", CHINESE[1]),
        ("May I use my phone during the exam?", CHINESE[2]),
    ],
)
def test_a_question_finds_the_passage_in_the_other_language(
    retriever: HybridRetriever, question: str, passage: str
) -> None:
    assert retriever.retrieve(Question(question, ("main",)), 3)[0].passage.text == passage

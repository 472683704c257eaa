from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.embedders.hashed import HashedEmbedder
from assistant.tuning import reading_data
from assistant.tuning.mining import NearByBoth
from assistant.tuning.negatives import LESS, add_negatives, exchanged, mine, seeded, without_answer
from assistant.tuning.reading_data import (
    Mix,
    allowed_rows,
    as_typed,
    dev_examples,
    dev_rows,
    is_dev,
    normal,
    reported_texts,
    train_rows,
    training_mix,
)
from assistant.tuning.reading_sets import Row, located, nqswap, qamr
from assistant.tuning.terms import terms

PASSAGE = "Anna Berg was born in Oslo. She moved to Paris in 1999. Paris is large."


def row(question: str, answer: str, passage: str = PASSAGE, source: str = "squad2") -> Row:
    made = located(source, "en", question, passage, [answer])
    assert made is not None
    return made


def gz(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as handle:
        handle.write(text)


# --- the rule of SPLITS ----------------------------------------------------------------------------------------------
@pytest.mark.bench_data
def test_no_training_text_stands_in_a_reported_set(bench: Path) -> None:
    reported = reported_texts(bench)
    assert len(reported) > 100_000
    for part in (train_rows(bench), dev_rows(bench)):
        assert part
        assert not {normal(r.question) for r in part} & reported
        assert not {normal(r.passage) for r in part} & reported


@pytest.mark.bench_data
def test_what_overlaps_was_really_there_and_is_gone(bench: Path) -> None:
    raw = [r for r in nqswap(bench) if normal(r.question) in reported_texts(bench)]
    assert len(raw) > 900  # nqswap repeats QED questions
    assert not {r.question for r in raw} & {r.question for r in allowed_rows(bench) if r.source == "nqswap"}


@pytest.mark.bench_data
def test_train_and_dev_share_no_passage(bench: Path) -> None:
    assert not {r.passage for r in train_rows(bench)} & {r.passage for r in dev_rows(bench)}


@pytest.mark.bench_data
def test_answers_stand_where_the_rows_say(bench: Path) -> None:
    for r in allowed_rows(bench):
        if r.start is not None:
            assert r.passage[r.start : r.start + len(r.answers[0])] == r.answers[0]


@pytest.mark.bench_data
def test_dev_examples_come_in_both_languages_and_kinds(bench: Path) -> None:
    examples = dev_examples(bench, negatives=0.5)
    assert {e.language for e in examples} == {"en", "zh"}
    assert {bool(e.answers) for e in examples} == {True, False}
    assert examples == dev_examples(bench, negatives=0.5)


@pytest.mark.parametrize(
    ("path", "content", "text"),
    [
        ("qed/qed-dev.jsonlines.gz", json.dumps({"question_text": "Who was Anna Berg?"}) + "\n", "who was  anna berg"),
        ("rgb/x.json.gz", json.dumps([{"positive": ["Part one.", "Part two."]}]), "Part one. Part two!"),
        ("wtq/random-split-1-dev.tsv.gz", "id\tWhich team won?\n", None),
        ("aqua/dev.json.gz", json.dumps({"question": "ＡＢ 1?"}), "ab1"),
    ],
)
def test_reported_texts_are_found_in_any_format(tmp_path: Path, path: str, content: str, text: str | None) -> None:
    gz(tmp_path / path, content)
    found = reported_texts(tmp_path)
    assert (text is None and not found) or normal(text or "") in found


def test_an_overlapping_row_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gz(tmp_path / "qed/qed-dev.jsonlines.gz", json.dumps({"q": "Where was Anna born", "p": "A reported passage."}))
    rows = [
        row("Where was Anna born?", "Oslo"),
        row("When did she move?", "1999"),
        row("What is it?", "REPORTED", "a REPORTED passage"),
    ]
    monkeypatch.setattr(reading_data, "SETS", {"made": lambda data: iter(rows)})
    assert [r.question for r in allowed_rows(tmp_path)] == ["When did she move?"]


def test_dev_is_a_tenth_by_hash() -> None:
    # sha256("x") begins 2d711642, that is 762386498 in decimal, not divisible by ten
    assert not is_dev("x")
    share = sum(is_dev(str(number)) for number in range(2000)) / 2000
    assert 0.08 < share < 0.12


# --- loaders ---------------------------------------------------------------------------------------------------------
def test_a_wrong_offset_is_looked_up() -> None:
    found = located("s", "en", "q", "aa bb aa", ["aa", " bb "], start=1)
    assert found is not None
    assert (found.start, found.answers) == (0, ("aa", "bb"))
    assert located("s", "en", "q", "aa", ["zz"]) is None


def test_marks_are_taken_out_of_nqswap(tmp_path: Path) -> None:
    record = {
        "context": "<P> Phasma is played by Andrew Garfield . </P>",
        "question": "who",
        "answer": "Andrew Garfield",
    }
    for name in ("train", "dev"):
        gz(tmp_path / f"nqswap/{name}.json.gz", json.dumps([record] if name == "dev" else []))
    assert [(r.passage, r.start) for r in nqswap(tmp_path)] == [("Phasma is played by Andrew Garfield .", 20)]


def test_qamr_answers_are_words_of_the_sentence(tmp_path: Path) -> None:
    (tmp_path / "qamr").mkdir()
    (tmp_path / "qamr/wiki-sentences.part.tsv").write_text("s:1\tObama told Eric Holder to act .\n")
    lines = [
        "s:1\t0 1\t9\t0\t0\tWho was told?\t2 3\t4:2 3\t5:2 3",
        "s:1\t0 1\t9\t0\t0\tWho was told?\t2 3\t4:2 3\t5:2 3",
        "s:1\t0 1\t9\t0\t0\tWho?\t0 2\t4:0\t5:0",
        "s:1\t0 1\t9\t0\t0\tWhy?\t5\t4:Invalid\t5:5",
    ]
    gz(tmp_path / "qamr/full.dev.tsv.gz", "\n".join(lines))
    gz(tmp_path / "qamr/full.test.tsv.gz", "")
    assert [(r.question, r.answers, r.start) for r in qamr(tmp_path)] == [("Who was told?", ("Eric Holder",), 11)]


# --- negatives -------------------------------------------------------------------------------------------------------
def test_the_sentence_that_answers_is_taken_out() -> None:
    changed = without_answer(row("Where was Anna born?", "Oslo"))
    assert changed is not None
    assert changed.passage == "She moved to Paris in 1999. Paris is large."
    assert (changed.answers, changed.start) == ((), None)


def test_nothing_is_taken_out_where_too_little_is_left() -> None:
    assert without_answer(row("Where did she move?", "Paris", "She moved to Paris. She left.")) is None


def test_a_name_is_exchanged_for_one_the_passage_lacks() -> None:
    changed = exchanged(row("When did Anna Berg move to Paris?", "1999"), {"name": ["Tokyo"], "number": []}, seeded(0))
    assert changed is not None
    assert changed.question in ("When did Tokyo move to Paris?", "When did Anna Berg move to Tokyo?")
    assert changed.passage == PASSAGE
    assert not changed.answerable


def test_a_mined_passage_is_near_and_lacks_the_answer() -> None:
    pool = [
        row("Where was Anna born?", "Oslo"),
        row("Where was Bo born?", "Rome", "Anna Berg and Bo met; Bo was born in Rome."),
        row("Where is it?", "Oslo", "Anna Berg was born in Oslo, says the book."),
        row("What is bread?", "food", "Bread is food."),
    ]
    found = mine(pool[:1], pool, seeded(0))
    assert len(found) == 1
    assert "Oslo" not in found[0].passage
    assert found[0].question == "Where was Anna born?"


def test_a_copy_with_the_answer_exchanged_is_not_mined() -> None:
    """It answers the question too, only differently: nqswap is made of such pairs."""
    told = "Anna Berg was born in {} in May, the third of five children of a smith who soon moved to Lima."
    pool = [
        row("Where was Anna Berg born?", "Oslo", told.format("Oslo")),
        row("Where was Anna Berg born, then?", "Rome", told.format("Rome")),
        row("Who was born?", "Bo", "Bo was born by the sea."),
    ]
    assert [found.passage for found in mine(pool[:1], pool, seeded(0))] == ["Bo was born by the sea."]


def test_what_is_near_by_meaning_can_be_mined() -> None:
    def last(rows: Sequence[Row], passages: Sequence[str], depth: int) -> list[list[int]]:
        return [[len(passages) - 1] for _ in rows]

    pool = [row("Where was Anna born?", "Oslo"), row("q", "x", "Words x."), row("q2", "y", "Nothing shared y.")]
    assert [found.passage for found in mine(pool[:1], pool, seeded(0), last)] == ["Nothing shared y."]


def test_both_rankers_find_the_passage_of_either() -> None:
    near = NearByBoth(HashedEmbedder(64))
    rows = [Row("s", "en", "Where was Anna born?", ""), Row("s", "zh", "中国在哪里", "")]
    passages = ["Bread is food.", "Anna was born in Oslo.", "中国在亚洲。"]
    assert [line[0] for line in near(rows, passages, 2)] == [1, 2]
    assert len(near.kept) == 5


def test_negatives_are_added_not_exchanged_and_repeatable() -> None:
    towns = ["Rome", "Bern", "Lima", "Cairo"] * 10
    rows = [
        row(f"Where was Anna born, {n}?", town, f"Born in {town}. Note {n} says so.") for n, town in enumerate(towns)
    ]
    more = add_negatives(rows, 0.5, seeded(3))
    assert more[:40] == rows
    assert not any(r.answerable for r in more[40:])
    assert 5 <= len(more) - 40 <= 35
    assert more == add_negatives(rows, 0.5, seeded(3))
    assert "dureader_checklist" in LESS


def test_terms_are_words_and_pairs_of_characters() -> None:
    assert terms("The 3 中国人!") == ["the", "3", "中国", "国人"]


# --- what an epoch is made of ----------------------------------------------------------------------------------------
def test_a_typed_question_loses_its_capitals_and_gets_what_the_product_gives_where_it_has_no_mark() -> None:
    asked = row("Where did Anna Berg move in 1999?", "Paris")
    assert as_typed(asked).question == "where did anna berg move in 1999?"
    assert as_typed(row("where did Anna Berg move", "Paris")).question == "Where did anna berg move?"
    assert (as_typed(asked).passage, as_typed(asked).start) == (PASSAGE, asked.start)
    chinese = Row("cmrc2018", "zh", "NBA是什么？", "NBA是篮球联赛。", ("篮球联赛",), 4)
    assert as_typed(chinese) is chinese


@pytest.mark.parametrize(("share", "times"), [(0.0, 0), (1.0, 1), (2.0, 2)])
def test_a_share_says_how_often_a_sets_rows_come(monkeypatch: pytest.MonkeyPatch, share: float, times: int) -> None:
    kept = [row("Where was Anna Berg born?", "Oslo"), row("When did she move?", "1999", source="nqswap")]
    monkeypatch.setattr(reading_data, "train_rows", lambda _: kept)
    mixed = training_mix(Path(), mix=Mix(negatives=0, typed=1, shares={"nqswap": share}))
    assert sorted(r.question for r in mixed) == ["when did she move?"] * times + ["where was anna berg born?"]

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.embedders.int8 import Int8Layer, load_ranges
from assistant.embedders.sentence import SentenceEmbedder
from assistant.embedders.weights import encoder_folder, source_hash
from assistant.errors import NotAvailable
from assistant.readers import span
from assistant.readers.span import PassageReading, SpanModel, Window, best_spans, window_starts
from assistant.readers.span_input import Pieces, as_written, covering, passage_pieces, question_ids, trimmed
from tests.machine import packaged, vnni


@pytest.fixture(scope="module")
def encoder() -> SentenceEmbedder:
    return SentenceEmbedder()


@pytest.fixture(scope="module")
def model(encoder: SentenceEmbedder) -> SpanModel:
    return SpanModel(span.PACKAGED, encoder)


# --- pure parts ------------------------------------------------------------------------------------------------------
PIECES = Pieces([10, 11, 12], [(0, 3), (4, 7), (7, 8)])  # "the cat."


def test_the_best_pair_of_start_and_end_wins() -> None:
    # positions: <s>, question, the, cat, ".", </s>
    window = Window(passage=0, ids=[0, 9, 10, 11, 12, 2], at=2, low=0)
    starts = [0.5, 9.0, 1.0, 3.0, 0.0, 9.0]
    ends = [0.5, 9.0, 0.0, 2.0, 1.0, 9.0]
    scores = np.array([starts, ends], dtype=np.float32).T
    found = best_spans(scores, window, PIECES, max_span_tokens=30, top=3)
    # less "no answer" (0.5 + 0.5): cat 3 + 2, "cat." 3 + 1, "the cat" 1 + 2; "." before "cat" is no span
    assert found == [(4, 7, 4.0), (4, 8, 3.0), (0, 7, 2.0)]


def test_spans_are_not_longer_than_asked() -> None:
    window = Window(0, [0, 9, 10, 11, 12, 2], 2, 0)
    scores = np.zeros((6, 2), dtype=np.float32)
    found = best_spans(scores, window, PIECES, max_span_tokens=1, top=10)
    assert {(start, end) for start, end, _ in found} == {(0, 3), (4, 7), (7, 8)}


def test_windows_cover_a_long_passage() -> None:
    starts = window_starts(700)
    assert starts == [0, 130, 260, 390, 470]
    covered = {token for low in starts for token in range(low, low + span.WINDOW)}
    assert covered == set(range(700))


def test_a_passage_reads_as_its_best_window() -> None:
    reading = span._reading([(0, 3, 1.0), (5, 8, 2.0), (0, 3, 4.0)], [-1.0, 0.5], top=5)
    assert reading == PassageReading(0.5, ((0, 3, 4.0), (5, 8, 2.0)))
    assert reading.best_score == 4.0


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [("a  big cat ", 1, 6, (3, 6)), (" x ", -4, 99, (1, 2)), ("   ", 0, 3, (3, 3)), ("\u3000中 文", 0, 3, (1, 2))],
)
def test_blanks_are_trimmed(text: str, start: int, end: int, expected: tuple[int, int]) -> None:
    assert trimmed(text, start, end) == expected


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("who came to the harbour", "Who came to the harbour?"),
        ("parts of a boat ", "Parts of a boat?"),
        ("谁来了", "谁来了？"),
        ("Who came?", "Who came?"),
        ("谁来了？", "谁来了？"),
        ('Who said "come"', 'Who said "come"?'),
        ("", ""),
    ],
)
def test_a_typed_question_gets_its_capital_and_mark(typed: str, written: str) -> None:
    assert as_written(typed) == written
    assert as_written(written) == written


def test_tokens_that_touch_an_answer_cover_it() -> None:
    assert covering(PIECES, 4, 7) == (1, 1)
    assert covering(PIECES, 2, 5) == (0, 1)
    assert covering(PIECES, 8, 9) is None


# --- with the tokenizer ----------------------------------------------------------------------------------------------
@packaged
@pytest.mark.parametrize(
    ("passage", "answer"),
    [
        ("The tower is 330 m tall.", "330 m"),
        ("  two  blanks\nand a line ", "blanks"),
        ("法国的首都是巴黎，很美。", "巴黎"),
        ("ＡＢＣ ﬁne print ½", "ﬁne"),
        ("caf\u0065\u0301 open", "open"),
        ("😀😀 party at 9", "9"),
    ],
)
def test_offsets_are_code_points_of_the_passage(encoder: SentenceEmbedder, passage: str, answer: str) -> None:
    base = encoder.packaged_bert()
    assert base is not None
    pieces = passage_pieces(base.tokenizer, passage)
    start = passage.index(answer)
    place = covering(pieces, start, start + len(answer))
    assert place is not None
    low, high = pieces.spans[place[0]][0], pieces.spans[place[1]][1]
    assert answer in passage[low:high]
    assert all(passage[a:b] == passage[a:b].strip() != "" for a, b in pieces.spans)


@packaged
def test_long_questions_are_cut(encoder: SentenceEmbedder) -> None:
    base = encoder.packaged_bert()
    assert base is not None
    assert len(question_ids(base.tokenizer, "why " * 500)) == 64 + 3


# --- the network -----------------------------------------------------------------------------------------------------
@packaged
def test_inference_agrees_with_the_trained_network(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from assistant.readers.span_network import SpanNetwork, load_encoder

    torch.manual_seed(0)
    folder = encoder_folder()
    network = SpanNetwork(load_encoder(folder), frozen_layers=10).eval()
    save_file({name: value.half().contiguous() for name, value in network.stored().items()}, tmp_path / span.WEIGHTS)
    digest = span.file_hash(tmp_path / span.WEIGHTS)
    config = {"frozen_layers": 10, "encoder_sha256": source_hash(folder), "sha256": digest}
    (tmp_path / span.CONFIG).write_text(json.dumps(config))
    exact = SentenceEmbedder(precision="fp32")
    _, heads = SpanModel(tmp_path, exact)._models()
    rows = [[0, 41, 1294, 2, 2, 46692, 12, 581, 2], [0, 41, 2, 2, 46692, 2]]
    spans, answers = heads.run(rows)
    ids = torch.tensor([rows[0], rows[1] + [1] * 3])
    with torch.inference_mode():
        expected, expected_answers = network(ids, (ids != 1).long())
    np.testing.assert_allclose(spans[0], expected[0].numpy(), atol=0.01)
    np.testing.assert_allclose(spans[1], expected[1, :6].numpy(), atol=0.01)
    np.testing.assert_allclose(answers, expected_answers.numpy(), atol=0.01)
    assert set(network.stored()) == {name for name in network.stored() if not name.startswith("encoder.")}


@packaged
def test_weights_of_another_encoder_are_refused(tmp_path: Path, encoder: SentenceEmbedder) -> None:
    (tmp_path / span.WEIGHTS).write_bytes(b"weights")
    config = {"frozen_layers": 4, "encoder_sha256": "0" * 64, "sha256": span.file_hash(tmp_path / span.WEIGHTS)}
    (tmp_path / span.CONFIG).write_text(json.dumps(config))
    with pytest.raises(NotAvailable, match="another encoder"):
        SpanModel(tmp_path, encoder).predict("q", ["p"])
    (tmp_path / span.WEIGHTS).write_bytes(b"weightz")
    with pytest.raises(NotAvailable, match="damaged"):
        SpanModel(tmp_path, encoder).predict("q", ["p"])


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="no span reader weights"):
        SpanModel(tmp_path).predict("q", ["p"])


def test_weights_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert SpanModel().folder == span.PACKAGED
    monkeypatch.setenv("THICKSHELL_READER", str(tmp_path))
    assert SpanModel().folder == tmp_path


# --- the shipped weights ---------------------------------------------------------------------------------------------
@packaged
def test_the_shipped_reader_finds_answers_in_both_languages(model: SpanModel) -> None:
    passages = [
        "The Eiffel Tower, finished in 1889, is 330 metres tall and stands in Paris.",
        "埃菲尔铁塔位于法国巴黎，于1889年建成，高330米。",
        "Bananas ripen faster in a warm room.",
    ]
    for question, place, answer in (
        ("How tall is the Eiffel Tower?", 0, "330"),
        ("埃菲尔铁塔是哪一年建成的？", 1, "1889"),
        ("Where do bananas ripen faster?", 2, "warm room"),
    ):
        readings = model.predict(question, passages)
        start, end, _ = readings[place].spans[0]
        assert answer in passages[place][start:end]


@packaged
def test_a_passage_that_answers_beats_one_that_does_not(model: SpanModel) -> None:
    right, wrong = model.predict(
        "Who wrote the report?", ["The report was written by Anna Berg in May.", "The canteen opens at noon."]
    )
    assert right.answerable > wrong.answerable
    assert right.best_score > wrong.best_score


@packaged
def test_order_and_company_change_nothing(model: SpanModel) -> None:
    passages = ["Anna was born in 1980.", "The shop sells bread, cheese and milk. " * 20, "", "短文。"]
    forward = model.predict("When was Anna born?", passages)
    backward = model.predict("When was Anna born?", passages[::-1])[::-1]
    for one, other in zip(forward, backward, strict=True):
        assert one.answerable == pytest.approx(other.answerable, abs=0.15)
        assert one.best_score == pytest.approx(other.best_score, abs=0.3)
    assert forward[2] == PassageReading(float("-inf"), ())


@packaged
def test_a_needle_in_a_long_passage_is_found(model: SpanModel) -> None:
    filler = "The committee met again and discussed several points of minor interest. " * 60
    passage = filler + "The password of the archive is falcon. " + filler
    start, end, _ = model.predict("What is the password of the archive?", [passage])[0].spans[0]
    assert "falcon" in passage[start:end]


@packaged
def test_the_shipped_ranges_are_those_of_the_shipped_weights() -> None:
    weights = span.read_config(span.PACKAGED)["sha256"]
    assert load_ranges(weights, span.PACKAGED / span.RANGES), "new weights? python -m evals fit-ranges --reader"


@packaged
@vnni
def test_whole_numbers_read_alike() -> None:
    question = "Who wrote the report?"
    passages = ["The report was written by Anna Berg in May.", "The canteen opens at noon.", "安娜写了这份报告。" * 40]
    exact, rounded = (SpanModel(span.PACKAGED, SentenceEmbedder(precision=name)) for name in ("fp32", "int8"))
    assert isinstance(rounded.heads.bert.layers[0], Int8Layer)
    assert not isinstance(exact.heads.bert.layers[0], Int8Layer)
    pairs = list(zip(exact.predict(question, passages), rounded.predict(question, passages), strict=True))
    for one, other in pairs:
        assert other.answerable == pytest.approx(one.answerable, abs=0.5)
        assert other.best_score == pytest.approx(one.best_score, abs=1.0)
    assert pairs[0][0].spans[0][:2] == pairs[0][1].spans[0][:2]


@packaged
@settings(max_examples=25, deadline=None)
@given(passage=st.text(max_size=300), question=st.text(max_size=40))
def test_spans_of_any_text_are_trimmed_and_inside(model: SpanModel, passage: str, question: str) -> None:
    reading = model.predict(question, [passage])[0]
    assert len(reading.spans) <= 5
    for start, end, score in reading.spans:
        assert 0 <= start < end <= len(passage)
        assert passage[start:end] == passage[start:end].strip()
        assert np.isfinite(score)


@packaged
def test_threads_share_one_model(encoder: SentenceEmbedder) -> None:
    fresh = SpanModel(span.PACKAGED, encoder)
    with ThreadPoolExecutor(3) as pool:
        readings = list(pool.map(lambda _: fresh.predict("Who?", ["Anna did it."])[0].spans[0][:2], range(3)))
    assert len(set(readings)) == 1

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from embedders import e5_writer
from safetensors.torch import load_file, save_file

from assistant.embedders import weights
from assistant.errors import NotAvailable
from assistant.readers.span import CONFIG, WEIGHTS, file_hash
from assistant.tuning import span_reader
from assistant.tuning.negatives import seeded
from assistant.tuning.reading_sets import Row, located
from assistant.tuning.span_batches import NO_PLACE, WINDOW, Batch, Coded, Coder, collated, packed
from assistant.tuning.span_checkpoint import blend
from assistant.tuning.span_reader import losses
from assistant.tuning.span_recipe import Recipe, rate_factor


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny")
    e5_writer.write(root / "tiny.bin")
    return weights.encoder_folder(root / "tiny.bin", root / "cache")


@pytest.fixture(scope="module")
def coder(folder: Path) -> Coder:
    return Coder(span_reader._tokenizer(folder))


def row(passage: str, answer: str | None, place: bool = True) -> Row:
    if answer is None:
        return Row("s", "en", "a", passage)
    if not place:
        return Row("s", "en", "a", passage, (answer,))
    made = located("s", "en", "a", passage, [answer])
    assert made is not None
    return made


def test_the_coded_span_is_the_answer(coder: Coder) -> None:
    coded = coder.coded(row("b a b a", "b a"), seeded(0))
    assert coded is not None
    tokens = [coder.tokenizer.id_to_token(token) for token in coded.ids]
    # "b a" first stands at the start: one token for each letter, and blanks are no tokens of their own
    assert "".join(tokens[coded.start : coded.end + 1]).replace("▁", "") == "ba"
    assert coded.ids[0] == 0
    assert coded.ids[-1] == 2
    assert coded.passage_at == coded.start


@pytest.mark.parametrize("seed", range(5))
def test_a_window_of_a_long_passage_holds_the_answer(coder: Coder, seed: int) -> None:
    coded = coder.coded(row("a" * 400 + "b" + "a" * 400, "b"), seeded(seed))
    assert coded is not None
    assert len(coded.ids) == coded.passage_at + WINDOW + 1
    assert coder.tokenizer.id_to_token(coded.ids[coded.start]) == "b"
    assert coded.start == coded.end


def test_rows_without_answer_or_place_are_marked(coder: Coder) -> None:
    none = coder.coded(row("a b", None), seeded(0))
    somewhere = coder.coded(row("a b", "free words", place=False), seeded(0))
    assert none is not None
    assert somewhere is not None
    assert (none.start, none.end, none.answerable) == (0, 0, False)
    assert (somewhere.start, somewhere.end, somewhere.answerable) == (NO_PLACE, NO_PLACE, True)
    assert coder.coded(row("   ", None), seeded(0)) is None


def test_batches_are_bounded_in_padded_tokens() -> None:
    items = [Coded([0] * length, 1, 0, 0, False) for length in (3, 4, 5, 9, 30)]
    assert [[len(item.ids) for item in group] for group in packed(items, 12)] == [[3, 4], [5], [9], [30]]


def test_only_the_passage_and_no_answer_may_be_chosen() -> None:
    batch = collated([Coded([0, 7, 2, 2, 8, 5, 6, 2], 5, 5, 6, True), Coded([0, 7, 2, 2, 8, 5, 2], 5, 0, 0, False)])
    assert batch.allowed.int().tolist() == [[1, 0, 0, 0, 0, 1, 1, 0], [1, 0, 0, 0, 0, 1, 0, 0]]
    assert batch.mask.sum(dim=1).tolist() == [8, 7]


def test_the_loss_is_that_of_the_right_places() -> None:
    batch = Batch(
        ids=torch.zeros(2, 3, dtype=torch.long),
        mask=torch.ones(2, 3, dtype=torch.long),
        allowed=torch.tensor([[True, True, False], [True, True, True]]),
        starts=torch.tensor([1, NO_PLACE]),
        ends=torch.tensor([1, NO_PLACE]),
        answerable=torch.tensor([1.0, 1.0]),
    )
    span, answerable = losses(torch.zeros(2, 3, 2), torch.zeros(2), batch)
    # two even places are allowed in the first row, the second has none to learn: ln 2 each
    assert span.item() == pytest.approx(0.6931, abs=1e-4)
    assert answerable.item() == pytest.approx(0.6931, abs=1e-4)


@pytest.mark.parametrize(
    ("share", "factor"), [(0.0, 0.0), (0.015, 0.5), (0.03, 1.0), (0.5, 1.0), (0.8, 0.5), (1.2, 0.0)]
)
def test_the_rate_follows_the_clock(share: float, factor: float) -> None:
    assert rate_factor(share, Recipe(1)) == pytest.approx(factor)


def test_a_short_run_steps_and_leaves_a_checkpoint(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row("a b a", "b"), row("b ab", "ab"), row("a a a", None)] * 20
    monkeypatch.setattr(span_reader, "encoder_folder", lambda: folder)
    recipe = Recipe(minutes=0.05, frozen_layers=1, tokens=200)
    saved = span_reader.train(lambda number: rows, rows[:20], tmp_path / "out", recipe)
    assert (tmp_path / "out/current").resolve() == saved.resolve()
    config = json.loads((saved / "span.json").read_text())
    assert config["encoder_sha256"] == weights.source_hash(folder)
    assert config["steps"] >= 1
    from safetensors import safe_open

    with safe_open(saved / "span.safetensors", framework="pt") as tensors:
        names = set(tensors.keys())
    assert {name.split(".")[1] for name in names if name.startswith("layer.")} == {"1"}
    assert {"span.weight", "answers.0.weight", "answers.2.bias"} <= names


def test_a_run_goes_on_from_an_earlier_reader(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_reader, "encoder_folder", lambda: folder)
    rows = [row("a b a", "b"), row("a a a", None)] * 10
    first = span_reader.train(lambda number: rows, rows, tmp_path / "one", Recipe(minutes=0.02, frozen_layers=1))
    still = Recipe(minutes=1e-9, frozen_layers=1)
    second = span_reader.train(lambda number: rows, rows, tmp_path / "two", still, start=first)
    assert (second / "span.safetensors").read_bytes() == (first / "span.safetensors").read_bytes()
    with pytest.raises(NotAvailable, match="froze other layers"):
        span_reader.train(lambda number: rows, rows, tmp_path / "x", Recipe(1e-9, frozen_layers=0), start=first)


def test_blended_weights_are_the_mean_of_both(tmp_path: Path) -> None:
    for name, value in (("first", 1.0), ("last", 3.0)):
        (tmp_path / name).mkdir()
        save_file({"w": torch.full((2,), value, dtype=torch.float16)}, tmp_path / name / WEIGHTS)
        config = {"format": 1, "sha256": name, "frozen_layers": 4, "encoder_sha256": "e", "dev": {}}
        (tmp_path / name / CONFIG).write_text(json.dumps(config), "utf-8")
    made = blend(tmp_path / "first", tmp_path / "last", 0.25, tmp_path / "made")
    assert load_file(made / WEIGHTS)["w"].tolist() == [1.5, 1.5]
    config = json.loads((made / CONFIG).read_text("utf-8"))
    assert config["blended"] == {"share": 0.25, "with": "first"}
    assert config["sha256"] == file_hash(made / WEIGHTS)
    assert "dev" not in config


def test_readers_of_different_encoders_are_not_blended(tmp_path: Path) -> None:
    for name in ("first", "last"):
        (tmp_path / name).mkdir()
        config = {"sha256": name, "frozen_layers": 4, "encoder_sha256": name}
        (tmp_path / name / CONFIG).write_text(json.dumps(config), "utf-8")
    with pytest.raises(NotAvailable, match="same encoder"):
        blend(tmp_path / "first", tmp_path / "last", 0.5, tmp_path / "made")

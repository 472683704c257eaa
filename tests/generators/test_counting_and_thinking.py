"""Prompts are never counted short, thoughts never shown, whatever way a stream is cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import GeneratorUnavailable, NotAvailable
from assistant.generators.choosing import default_brain, model_name
from assistant.generators.counting import bound, folder_counter
from assistant.generators.local import LocalGenerator
from assistant.generators.thinking import Thoughts
from assistant.settings import Settings
from assistant.types import Delta, Finished, Message, Sampling
from tests.generators.tiny_model import tiny_model


@pytest.mark.parametrize("text", ["<think>a < b</think>\n\nLyon < Paris", "<thinking>x</thinking> Lyon < Paris"])
def test_thoughts_are_left_out_however_the_text_is_cut(text: str) -> None:
    for size in range(1, len(text) + 1):
        thoughts = Thoughts()
        said = "".join(thoughts.feed(text[n : n + size]) for n in range(0, len(text), size)) + thoughts.rest()
        assert said == "Lyon < Paris", size


def test_text_without_thoughts_stays_whole() -> None:
    thoughts = Thoughts()
    assert thoughts.feed("a <b> </think> <th") + thoughts.rest() == "a <b> </think> <th"


def test_a_thought_that_never_ends_says_nothing() -> None:
    thoughts = Thoughts()
    assert thoughts.feed("<think>for ever") + thoughts.rest() == ""


def test_the_folder_counts_exactly_and_the_bound_no_less(tmp_path: Path) -> None:
    asked = (Message("user", "ab c"),)
    count = folder_counter(tiny_model(tmp_path))
    assert count(asked) == len("<user>ab c\n<assistant>")  # a token a byte
    assert bound((Message("user", "里昂 12!"),)) == 12 + 12 + 6 + 0 + 3
    with pytest.raises(NotAvailable, match="no usable tokenizer"):
        folder_counter(tmp_path / "none")


def test_a_prompt_longer_than_the_model_is_said_before_it_is_read(tmp_path: Path) -> None:
    model = LocalGenerator(tiny_model(tmp_path, context=64), threads=1)
    with pytest.raises(GeneratorUnavailable, match="longer than the model"):
        list(model.stream((Message("user", "x" * 80),), Sampling()))


def test_an_answer_ends_where_the_context_does(tmp_path: Path) -> None:
    model = LocalGenerator(tiny_model(tmp_path, context=64), threads=1)
    *parts, last = model.stream((Message("user", "x" * 30),), Sampling(max_tokens=500))
    assert isinstance(last, Finished)
    assert last.usage.prompt + last.usage.completion == 64
    assert all(isinstance(part, Delta) for part in parts)


def test_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    model = LocalGenerator(tiny_model(tmp_path), threads=1)
    warm = Sampling(temperature=1.0, top_p=0.9, max_tokens=12, seed=7)
    first, second = (list(model.stream((Message("user", "x"),), warm)) for _ in range(2))
    assert first == second


# --- which model the settings name ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "environment", "name", "brain"),
    [
        ({}, {}, "", "embedded"),
        ({}, {"OPENAI_BASE_URL": "http://x/v1"}, "", "embedded"),  # an address alone switches nothing on
        ({"model": "qwen"}, {}, "qwen", "qwen"),
        ({"model_url": "http://x/v1"}, {}, "model", "model"),
        ({"model": "qwen", "brain": "embedded"}, {}, "qwen", "embedded"),
        ({"model": "/models/small"}, {}, "small", "small"),
        ({"model": "packaged"}, {}, "smollm2-135m-instruct", "smollm2-135m-instruct"),
    ],
)
def test_the_model_of_the_settings(
    tmp_path: Path, values: dict[str, str], environment: dict[str, str], name: str, brain: str
) -> None:
    settings = Settings(home=tmp_path, **values)  # type: ignore[arg-type]
    assert model_name(settings, environment) == name
    assert default_brain(settings) == brain


def test_a_model_that_is_asked_for_must_be_set(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="none is set"):
        default_brain(Settings(home=tmp_path, brain="model"))

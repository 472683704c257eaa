"""What every Generator owes: whole streams end with Finished, stopped ones stop at once, cut ones say so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.errors import Cancelled, GeneratorUnavailable
from assistant.generators.endpoint import Endpoint
from assistant.generators.local import LocalGenerator
from assistant.generators.openai import ServedModel, ServerGenerator
from assistant.generators.scripted import ScriptedGenerator
from assistant.seams import Generator
from assistant.types import Delta, Finished, Message, Sampling
from tests.generators.fake_server import Plan, serving
from tests.generators.tiny_model import tiny_model
from tests.waiting import eventually

ASKED = (Message("system", "Be brief."), Message("user", "Which rivers does Lyon have?"))
SHORT = Sampling(max_tokens=8)
LONG = Sampling(max_tokens=2000)
LINES = tuple(f" line{n}" for n in range(2000))
SCHEMA = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}


@dataclass
class Made:
    generator: Generator
    upstream_open: Callable[[], int]  # streams that the model is still at work on


class Making:
    """Builders of each implementation, by what its model is to do."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder

    def scripted(self, words: tuple[str, ...], gap: float, cut_after: int | None) -> Made:
        made = ScriptedGenerator("".join(words), delay=gap, cut_after=cut_after)
        return Made(made, lambda: made.running)

    def server(self, words: tuple[str, ...], gap: float, cut_after: int | None) -> Made:
        server = self.stack.enter_context(serving(Plan(words, gap, cut_after=cut_after)))
        return Made(ServerGenerator(ServedModel(Endpoint(server.url))), lambda: server.seen.open)

    def local(self, words: tuple[str, ...], gap: float, cut_after: int | None) -> Made:
        """Says what it says: a made-up model follows no words."""
        made = LocalGenerator(self.folder, threads=1)
        return Made(made, lambda: int(made._turn.locked()))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(params=["scripted", "server", "local"])
def make(request: pytest.FixtureRequest, tiny: Path) -> Iterator[Callable[..., Made]]:
    with ExitStack() as stack:
        build = getattr(Making(stack, tiny), request.param)

        def made(words: tuple[str, ...] = LINES, gap: float = 0.0, cut_after: int | None = None) -> Made:
            if cut_after is not None and request.param == "local":
                pytest.skip("a model in this process has no connection that could be cut")
            if words is not LINES and request.param == "local":
                pytest.skip("a made-up model does not say what it is told to")
            return build(words, gap, cut_after)

        yield made


def text(parts: list[Delta | Finished]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Delta))


def test_a_whole_stream_ends_with_finished_and_its_usage(make: Callable[..., Made]) -> None:
    *parts, last = make().generator.stream(ASKED, SHORT)
    assert isinstance(last, Finished)
    assert last.usage.prompt > 0
    assert last.usage.completion > 0
    assert all(isinstance(part, Delta) and part.text for part in parts)


def test_the_words_come_whole_and_in_order(make: Callable[..., Made]) -> None:
    parts = list(make(("Lyon", " has", " 两", "条", " rivers", ".")).generator.stream(ASKED, LONG))
    assert text(parts) == "Lyon has 两条 rivers."
    assert isinstance(parts[-1], Finished)
    assert parts[-1].reason == "stop"


def test_the_same_prompt_has_the_same_answer(make: Callable[..., Made]) -> None:
    generator = make().generator
    first, second = (text(list(generator.stream(ASKED, SHORT))) for _ in range(2))
    assert first == second


def test_stop_is_cancelled_within_two_seconds_and_upstream_ends(make: Callable[..., Made]) -> None:
    made, wish = make(gap=0.02), threading.Event()
    parts = made.generator.stream(ASKED, LONG, wish.is_set)
    next(parts)
    assert made.upstream_open() == 1
    wish.set()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list(parts)
    assert time.monotonic() - began < 2
    assert eventually(lambda: made.upstream_open() == 0, 2)


def test_stop_is_seen_while_nothing_comes(make: Callable[..., Made]) -> None:
    made, wish = make(gap=30.0), threading.Event()
    threading.Timer(0.2, wish.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list(made.generator.stream(ASKED, LONG, wish.is_set))
    assert time.monotonic() - began < 2.2
    assert eventually(lambda: made.upstream_open() == 0, 2)


def test_a_reader_who_leaves_ends_the_stream_upstream(make: Callable[..., Made]) -> None:
    made = make(gap=0.02)
    parts = made.generator.stream(ASKED, LONG)
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert eventually(lambda: made.upstream_open() == 0, 2)


def test_a_cut_stream_is_a_failure_not_an_answer(make: Callable[..., Made]) -> None:
    got: list[Delta | Finished] = []
    with pytest.raises(GeneratorUnavailable, match="broke off"):
        got.extend(make(("Lyon", " has", " two"), cut_after=2).generator.stream(ASKED, LONG))


def test_an_object_fits_its_schema(make: Callable[..., Made]) -> None:
    generator = make(('{"city":', ' "Lyon"}')).generator
    assert generator.structured(ASKED, SCHEMA, SHORT) == {"city": "Lyon"}


def test_an_object_that_does_not_fit_is_a_failure(make: Callable[..., Made]) -> None:
    with pytest.raises(GeneratorUnavailable, match="form"):
        make(('{"city":', " 3}")).generator.structured(ASKED, SCHEMA, SHORT)


def test_text_that_is_no_object_is_a_failure(make: Callable[..., Made]) -> None:
    with pytest.raises(GeneratorUnavailable, match="form"):
        make().generator.structured(ASKED, SCHEMA, SHORT)


def test_longer_prompts_count_more(make: Callable[..., Made]) -> None:
    generator = make().generator
    once, twice = generator.count(ASKED), generator.count((*ASKED, Message("user", "And Geneva, 日内瓦?")))
    assert 0 < once < twice
    assert generator.info.context >= 2048
    assert generator.info.name


def test_threads_share_it(make: Callable[..., Made]) -> None:
    generator, answers = make().generator, []
    threads = [
        threading.Thread(target=lambda: answers.append(text(list(generator.stream(ASKED, SHORT))))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 4
    assert len(set(answers)) == 1

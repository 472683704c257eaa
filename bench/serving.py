"""What our house adds to a model server: the same prompts through the house and straight, in interleaved pairs.

    python -m bench serving [--model-url URL --model NAME] [--streams 8] [--pairs 9] [--home HOME]

Questions of QED dev at tier 3, greedy. Those whose answer is taken back, so that the embedded reader answers, are left
out, where others are enough, unless --as-they-come is given. The house is first asked them before a stand-in that
records what it sends; these requests go straight to the model's server in the other arm. Every prompt was read once
before the first pair, so both arms find the same prefix cache. Without --model-url the packaged model is served by vLLM
for the time of the run. The key of a server is THICKSHELL_MODEL_KEY.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from assistant.errors import NotAvailable
from assistant.types import Delta, Question
from bench.arms import Address, Arm, Stream, passed
from bench.machine import described
from bench.relay import relay
from evals.answer_sets import qed
from evals.homes import ensure
from evals.load import server

if TYPE_CHECKING:
    from assistant.wiring import House

CORPUS = "qed"
POOL = 3
"""Questions asked once for each that is to be measured."""
ALONE, FEW = 4, 3
"""Questions that are asked one at a time as well, in so many pairs."""


@dataclass(frozen=True)
class Served:
    """A model on a server. `folder`: where its tokenizer lies on this machine, if it does."""

    url: str
    name: str
    key: str = field(default="", repr=False)
    folder: str = ""

    @property
    def address(self) -> Address:
        return Address(self.url, self.key)


@dataclass(frozen=True)
class Pair:
    """One pass of each arm. `cpu`: processor seconds of our server's process during its own."""

    ours: Arm
    straight: Arm
    cpu: float


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model-url", default="", help="address of an OpenAI-compatible server, ending in /v1")
    parser.add_argument("--model", default="", help="the model's name there")
    parser.add_argument("--model-folder", default="", help="folder with its tokenizer, where it lies here")
    parser.add_argument("--streams", type=int, default=8, help="answers at the same time")
    parser.add_argument("--questions", type=int, default=0, help="of one pass (twice the streams when left out)")
    parser.add_argument("--as-they-come", action="store_true", help="take questions too whose answer is taken back")
    parser.add_argument("--stagger", type=float, default=0.0, help="seconds between the streams' first requests")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--tokens", type=int, default=128, help="most tokens of an answer")
    parser.add_argument("--threads", type=int, default=1, help="of our encoder and reader")
    parser.add_argument("--home", type=Path, help="a home that keeps the ingested paragraphs between runs")


def run(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        home = args.home or Path(folder) / "home"
        if args.model_url:
            key = os.environ.get("THICKSHELL_MODEL_KEY", "")
            model = Served(args.model_url, args.model, key, args.model_folder)
            yield measured(model, home, args.data, args)
            return
        try:
            with packaged(Path(folder) / "server") as model:
                yield measured(model, home, args.data, args)
        except NotAvailable as error:
            yield {"left_out": str(error)}


@contextmanager
def packaged(home: Path) -> Iterator[Served]:
    """The packaged model on a vLLM of our own."""
    from assistant.models import serving
    from assistant.models.running import running

    home.mkdir(parents=True)
    launch, profile = serving.launch_of(home, "packaged")
    launch = serving.checked(replace(launch, context=8192, cache_memory="1G"))
    supervisor = serving.start(home, launch, profile.name if profile else "")
    try:
        serving.follow(home, supervisor, lambda now: None)
        found = running(home)
        assert found is not None
        yield Served(found.url, found.name, found.key, found.folder)
    finally:
        serving.stop(home)


def measured(model: Served, home: Path, data: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both arms over one model; `options` as in `arguments`."""
    number = options.questions or 2 * options.streams
    asked, bodies = recorded(model, home, data, number if options.as_they_come else POOL * number, options)
    with server(home, environment(model, options)) as (url, pid):
        us = Address(f"{url}/v1")
        if not options.as_they_come:
            asked, bodies = _holding(us, asked, bodies, model, options, number)
        ours = [_ours(question, model) for question in asked]
        for at, rows in ((model.address, bodies), (us, ours)):  # caches, connections and code are warm
            passed(at, rows, options.streams, model.address)
        pairs = [
            paired(n, us, ours, bodies, model, options.streams, pid, options.stagger) for n in range(options.pairs)
        ]
        few = [paired(n, us, ours[:ALONE], bodies[:ALONE], model, 1, pid) for n in range(min(options.pairs, FEW))]
    alone = apart(model, home, asked, pairs[0], options)
    return figures(pairs, alone) | {
        "one_at_a_time": first_text(few) | {"throughput_ratio": spread([rate(p.ours) / rate(p.straight) for p in few])},
        "model": model.name,
        "streams": options.streams,
        "questions": len(asked),
        "as_they_come": options.as_they_come,
        "stagger": options.stagger,
        "pairs": options.pairs,
        "most_tokens": options.tokens,
        "machine": described(),
        "load": round(os.getloadavg()[0], 1),
    }


def paired(
    n: int,
    us: Address,
    ours: Sequence[dict[str, Any]],
    straight: Sequence[dict[str, Any]],
    model: Served,
    streams: int,
    pid: int,
    stagger: float = 0.0,
) -> Pair:
    """The n-th pair; which arm is first alternates. `pid`: of our server."""
    arms: dict[str, Arm] = {}
    cpu = 0.0
    for name in ("ours", "straight") if n % 2 == 0 else ("straight", "ours"):
        before = processor_seconds(pid)
        at, rows = (us, ours) if name == "ours" else (model.address, straight)
        arms[name] = passed(at, rows, streams, model.address, stagger)
        cpu += processor_seconds(pid) - before if name == "ours" else 0.0
    return Pair(arms["ours"], arms["straight"], cpu)


def _holding(
    us: Address, asked: Sequence[str], bodies: Sequence[dict[str, Any]], model: Served, options: Any, number: int
) -> tuple[list[str], list[dict[str, Any]]]:
    """The first questions whose answer is not taken back; the first of all where they are too few."""
    arm = passed(us, [_ours(question, model) for question in asked], options.streams, model.address)
    kept = [n for n, stream in enumerate(arm.streams) if not stream.house.get("revised")][:number]
    kept = kept if len(kept) == number else list(range(number))
    return [asked[n] for n in kept], [bodies[n] for n in kept]


def environment(model: Served, options: argparse.Namespace) -> dict[str, str]:
    """Settings of our server."""
    values = {
        "MODEL": model.name,
        "MODEL_URL": model.url,
        "MODEL_KEY": model.key,
        "MODEL_FOLDER": model.folder,
        "MODEL_TOKENS": str(options.tokens),
        "MODEL_STREAMS": str(options.streams),
        "THREADS": str(options.threads),
    }
    return {f"THICKSHELL_{name}": value for name, value in values.items() if value}


def house_of(model: Served, home: Path, options: argparse.Namespace) -> House:
    """The same house in this process."""
    from assistant.settings import load
    from assistant.wiring import House

    values = environment(model, options)
    return House(load({"home": home} | {k.removeprefix("THICKSHELL_").lower(): v for k, v in values.items()}))


# --- the requests -----------------------------------------------------------------------------------------------------
def recorded(
    model: Served, home: Path, data: Path, number: int, options: argparse.Namespace
) -> tuple[list[str], list[dict[str, Any]]]:
    """The first questions that reach the model, and the requests that our house makes of them."""
    questions = qed(data)
    asked: list[str] = []
    with relay(model.url, model.key) as between:
        house = house_of(replace(model, url=between.url), home, options)
        try:
            ensure(house, CORPUS, questions.paragraphs)
            for item in questions.items:
                sent = len(between.bodies)
                for event in house.assistant.ask(Question(item.question, (CORPUS,))):
                    if isinstance(event, Delta):
                        break
                asked += [item.question] if len(between.bodies) > sent else []
                if len(asked) == number:
                    break
        finally:
            house.close()
        return asked, list(between.bodies)


def _ours(question: str, model: Served) -> dict[str, Any]:
    return {
        "model": f"corpus/{CORPUS}@3+{model.name}",
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


# --- what is apart ----------------------------------------------------------------------------------------------------
def apart(model: Served, home: Path, asked: Sequence[str], pair: Pair, options: argparse.Namespace) -> dict[str, float]:
    """Processor milliseconds for 1,000 tokens of finding passages, of checking sentences, and of the embedded reader
    where nothing was borne out: each done alone here, over the same questions and the texts that came straight."""
    from assistant.readers.generative import Checked
    from assistant.readers.verify import standing

    streams = pair.straight.streams
    lost = [question for question, stream in zip(asked, pair.ours.streams, strict=True) if stream.house.get("revised")]
    house = house_of(model, home, options)
    try:
        hits = [house.assistant.search(Question(question, (CORPUS,)), house.settings.hits) for question in asked]

        def find() -> None:
            for question in asked:
                house.assistant.search(Question(question, (CORPUS,)), house.settings.hits)

        def check() -> None:
            for question, found, stream in zip(asked, hits, streams, strict=True):
                passages = [hit.passage for hit in found[:6]]
                writing = Checked(
                    question, passages, house.store.document, None, lambda c: standing([c], house.store)[0]
                )
                for word in _parts(stream):
                    list(writing.feed(word))
                list(writing.close())

        def read() -> None:
            for question in lost:
                house.assistant.answer(Question(question, (CORPUS,), brain="embedded"))

        tokens = sum(stream.usage.get("completion_tokens", 0) for stream in streams)
        spent = {"retrieval": _cpu(find), "verification": _cpu(check), "falling_back": _cpu(read)}
        spent["falling_back"] -= spent["retrieval"] * len(lost) / len(asked)
        return {name: 1e6 * seconds / tokens for name, seconds in spent.items()} | {"fell_back": len(lost)}
    finally:
        house.close()


def _parts(stream: Stream) -> Iterator[str]:
    """The text in pieces of about a token."""
    size = max(len(stream.text) // max(stream.usage.get("completion_tokens", 1), 1), 1)
    yield from (stream.text[at : at + size] for at in range(0, len(stream.text), size))


def _cpu(work: Callable[[], None]) -> float:
    work()
    before = time.process_time()
    work()
    return time.process_time() - before


def processor_seconds(pid: int) -> float:
    """Of a process and its children, in user and kernel."""
    import psutil

    own = psutil.Process(pid)
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(t.user + t.system for t in times)


# --- figures ----------------------------------------------------------------------------------------------------------
def figures(pairs: Sequence[Pair], alone: dict[str, float]) -> dict[str, Any]:
    """Medians over the pairs with their least and greatest."""
    last = pairs[-1]
    cpu = [1e6 * pair.cpu / pair.ours.tokens for pair in pairs]
    prompts = [
        (a.usage.get("prompt_tokens"), b.usage.get("prompt_tokens"))
        for a, b in zip(last.ours.streams, last.straight.streams, strict=True)
    ]
    return {
        **first_text(pairs),
        "throughput_ratio": spread([rate(pair.ours) / rate(pair.straight) for pair in pairs]),
        "throughput_ratio_while_streaming": spread([pace(pair.ours) / pace(pair.straight) for pair in pairs]),
        "tokens_per_second": {
            "ours": spread([rate(pair.ours) for pair in pairs]),
            "straight": spread([rate(pair.straight) for pair in pairs]),
        },
        "our_cpu_ms_per_1000_tokens": {"whole": spread(cpu)} | {name: round(value, 1) for name, value in alone.items()},
        "cached_share": {
            "ours": spread([pair.ours.cached_share for pair in pairs]),
            "straight": spread([pair.straight.cached_share for pair in pairs]),
        },
        "taken_back": [sum(bool(s.house.get("revised")) for s in pair.ours.streams) for pair in pairs],
        "same_prompt_tokens": sum(a == b for a, b in prompts),
        "same_text": sum(_same(a, b) for a, b in zip(last.ours.streams, last.straight.streams, strict=True)),
    }


def first_text(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Milliseconds until the first text, a pair's median over its questions."""
    return {
        "added_to_first_text_ms": spread([1000 * median(_added(pair)) for pair in pairs]),
        "first_text_ms": {
            "ours": spread([1000 * median(s.first for s in pair.ours.streams) for pair in pairs]),
            "retrieval": spread([median(_retrieval(s) for s in pair.ours.streams) for pair in pairs]),
            "straight": spread([1000 * median(s.first for s in pair.straight.streams) for pair in pairs]),
        },
    }


def _added(pair: Pair) -> list[float]:
    """Seconds to the first text beyond retrieval and beyond the same request straight, a question at a time."""
    rows = zip(pair.ours.streams, pair.straight.streams, strict=True)
    return [ours.first - _retrieval(ours) / 1000 - straight.first for ours, straight in rows]


def _retrieval(stream: Stream) -> float:
    """Milliseconds, by the receipt."""
    return float(stream.house["timings_ms"]["retrieve"])


def rate(arm: Arm) -> float:
    """Tokens a second over the whole pass: searching, checking and falling back to the embedded reader counted."""
    return arm.tokens / arm.seconds


def pace(arm: Arm) -> float:
    """Tokens a second of a stream from its first text to its last, on average."""
    seconds = sum(stream.last - stream.first for stream in arm.streams)
    return float(sum(stream.usage.get("completion_tokens", 0) for stream in arm.streams)) / max(seconds, 1e-9)


def _same(ours: Stream, straight: Stream) -> bool:
    """Whether the model began alike: its first words, before any mark of ours."""
    return ours.text.split()[:4] == straight.text.split()[:4]


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": round(median(values), 3), "least": round(min(values), 3), "greatest": round(max(values), 3)}

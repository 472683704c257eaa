"""A home that holds the paragraphs of a set, each ingested through the product as a text file of its own."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.readers.extractive import Reading, SpanSource
    from assistant.types import JobInfo
    from assistant.wiring import House

BATCH = 500


class CachedReadings:
    """A span reader that reads a passage once for a question: a twin shares most of its passages."""

    def __init__(self, source: SpanSource) -> None:
        self._source = source
        self._question = ""
        self._known: dict[str, Reading] = {}

    @property
    def id(self) -> str:
        return str(getattr(self._source, "id", ""))

    def predict(self, question: str, passages: Sequence[str]) -> list[Reading]:
        if question != self._question:
            self._question, self._known = question, {}
        new = [text for text in dict.fromkeys(passages) if text not in self._known]
        if new:
            self._known |= dict(zip(new, self._source.predict(question, new), strict=True))
        return [self._known[text] for text in passages]


def house_at(home: Path, **settings: Any) -> House:
    """A house over a home that lasts between runs; its span reader reads a passage once for a question."""
    from assistant.settings import load
    from assistant.wiring import House

    class MeasuredHouse(House):
        def _span_source(self) -> CachedReadings | None:  # type: ignore[override]
            source = super()._span_source()
            if source and not hasattr(self, "readings"):
                self.readings = CachedReadings(source)
            return self.readings if source else None

    return MeasuredHouse(load({"home": home, **settings}))


def ensure(house: House, corpus: str, paragraphs: Mapping[str, str]) -> None:
    """Ingests what the corpus does not hold yet ({document name: text}) and waits until it is ready.

    RuntimeError names the first document that cannot be read.
    """
    if corpus not in {info.name for info in house.library.corpora()}:
        house.library.create(corpus)
    there = {info.name for info in house.library.documents(corpus) if info.state == "ready"}
    missing = [name for name in paragraphs if name not in there]
    for at in range(0, len(missing), BATCH):
        _ingest(house, corpus, {name: paragraphs[name] for name in missing[at : at + BATCH]})
        print(f"{corpus}: {min(at + BATCH, len(missing))} of {len(missing)} paragraphs ingested", file=sys.stderr)


def _ingest(house: House, corpus: str, texts: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for name, text in texts.items():
            file = Path(folder) / name
            file.write_text(text, "utf-8")
            jobs.append(house.library.submit(corpus, file, name))
        done: list[JobInfo] = house.library.wait(jobs)
    bad = [job for job in done if job.state not in ("done", "ready")]
    if bad:
        raise RuntimeError(f"{bad[0].document}: {bad[0].error or bad[0].state}")

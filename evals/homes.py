"""A home that holds the paragraphs of a set, each ingested through the product as a text file of its own."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.readers.span import SpanModel
    from assistant.types import JobInfo
    from assistant.wiring import House

BATCH = 500


@dataclass(frozen=True)
class Kept:
    """A Reading as it was stored."""

    answerable: float
    spans: tuple[tuple[int, int, float], ...]


class CachedReadings:
    """A span reader that reads a passage once for a question and keeps what it read in a file of the home: twins and
    later runs with the same weights share it."""

    def __init__(self, source: SpanModel, file: Path) -> None:
        self._source = source
        self._stored = sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)
        self._stored.execute("CREATE TABLE IF NOT EXISTS readings (key TEXT PRIMARY KEY, reading TEXT NOT NULL)")

    @property
    def id(self) -> str:
        return self._source.id

    def predict(self, question: str, passages: Sequence[str]) -> list[Kept]:
        keys = {text: self._key(question, text) for text in passages}
        known = {text: kept for text, key in keys.items() if (kept := self._find(key))}
        new = [text for text in keys if text not in known]
        for text, reading in zip(new, self._source.predict(question, new) if new else [], strict=True):
            known[text] = Kept(reading.answerable, reading.spans)
            row = (keys[text], json.dumps([reading.answerable, reading.spans]))
            self._stored.execute("INSERT OR REPLACE INTO readings VALUES (?, ?)", row)
        return [known[text] for text in passages]

    def _key(self, question: str, text: str) -> str:
        return hashlib.sha256("\0".join((self.id, question, text)).encode("utf-8", "surrogatepass")).hexdigest()

    def _find(self, key: str) -> Kept | None:
        row = self._stored.execute("SELECT reading FROM readings WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        answerable, spans = json.loads(row[0])
        return Kept(answerable, tuple((start, end, score) for start, end, score in spans))


def house_at(home: Path, **settings: Any) -> House:
    """A house over a home that lasts between runs, and keeps what the span reader read."""
    from assistant.settings import load
    from assistant.wiring import House

    class MeasuredHouse(House):
        def _span_source(self) -> CachedReadings | None:  # type: ignore[override]
            source = super()._span_source()
            if source and not hasattr(self, "readings"):
                self.readings = CachedReadings(source, home / "readings.sqlite3")
            return self.readings if source else None

    return MeasuredHouse(load({"home": home, **settings}))


def ensure(
    house: House, corpus: str, paragraphs: Mapping[str, str], files: Mapping[str, Path] = MappingProxyType({})
) -> None:
    """Ingests what the corpus does not hold yet ({document name: text}, {document name: file}) and waits until it is
    ready.

    A home restored from a backup has no word index yet: the worker's start puts it back before anything is asked.
    RuntimeError names the first document that cannot be read.
    """
    if corpus not in {info.name for info in house.library.corpora()}:
        house.library.create(corpus)
    house.worker.run_until_idle()
    there = {info.name for info in house.library.documents(corpus) if info.state == "ready"}
    _wait(house, [house.library.submit(corpus, file, name) for name, file in files.items() if name not in there])
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
        _wait(house, jobs)


def _wait(house: House, jobs: Sequence[int]) -> None:
    done: list[JobInfo] = house.library.wait(list(jobs)) if jobs else []
    bad = [job for job in done if job.state not in ("done", "ready")]
    if bad:
        raise RuntimeError(f"{bad[0].document}: {bad[0].error or bad[0].state}")

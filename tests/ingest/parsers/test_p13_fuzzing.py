"""Promise 13: whatever comes, a warm parser process gives a Document or a sentence; it neither hangs nor dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from make_files import SEEDS
from mutate import mutate

from assistant.errors import UnreadableFile
from assistant.types import Document, Limits
from ingest.pool import ParserPool

COUNT = 30
FULL = int(os.environ.get("THICKSHELL_FUZZ", "2000"))
BENCH_SEEDS = {"xls": "legacy_sample.xls", "msg": "fake-email.msg"}  # nothing here writes these formats


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(workers=1, limits=Limits(seconds=60)) as started:
        yield started


@pytest.mark.parametrize("format", SEEDS)
def test_p13_mutated_files_give_a_document_or_a_sentence(pool: ParserPool, tmp_path: Path, format: str) -> None:
    _fuzz(pool, tmp_path, format, SEEDS[format], COUNT)


@pytest.mark.bench_data
@pytest.mark.parametrize("format", BENCH_SEEDS)
def test_p13_mutated_binary_files(pool: ParserPool, tmp_path: Path, bench: Path, format: str) -> None:
    _fuzz(pool, tmp_path, format, (bench / "docs" / BENCH_SEEDS[format]).read_bytes(), COUNT)


@pytest.mark.hardening
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("format", SEEDS)
def test_p13_full_count(pool: ParserPool, tmp_path: Path, format: str) -> None:
    _fuzz(pool, tmp_path, format, SEEDS[format], FULL)


@pytest.mark.hardening
@pytest.mark.bench_data
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("format", BENCH_SEEDS)
def test_p13_full_count_of_binary_files(pool: ParserPool, tmp_path: Path, bench: Path, format: str) -> None:
    _fuzz(pool, tmp_path, format, (bench / "docs" / BENCH_SEEDS[format]).read_bytes(), FULL)


def _fuzz(pool: ParserPool, folder: Path, format: str, seed: bytes, count: int) -> None:
    path = folder / "mutated"
    for number in range(count):
        path.write_bytes(mutate(seed, number))
        try:
            document = pool.parse(path, format)
        except UnreadableFile as error:
            sentence = str(error)
            assert sentence.endswith("."), (format, number)
            assert "\n" not in sentence
            assert "crash" not in sentence, (format, number)
            assert "seconds" not in sentence, (format, number)
        else:
            assert isinstance(document, Document)
            document.text.encode()  # nothing that a database or a page would refuse
            assert all(0 <= b.start <= b.end <= len(document.text) for b in document.blocks)

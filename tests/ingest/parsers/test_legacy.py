"""DOC and PPT: read through LibreOffice where it is installed, one sentence where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import UnreadableFile
from assistant.types import Limits
from ingest.parsers import parser_for
from tests.machine import office

pytestmark = pytest.mark.bench_data


@pytest.mark.parametrize(("format", "newer"), [("doc", "DOCX"), ("ppt", "PPTX")])
def test_without_libreoffice_the_sentence_says_what_to_do(
    bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, newer: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreadableFile, match=f"LibreOffice, which is not installed here; install it, or .* {newer}"):
        parser_for(format).parse(bench / "docs" / f"legacy_sample.{format}", Limits())


@office
def test_a_conversion_that_takes_too_long_is_stopped(bench: Path) -> None:
    with pytest.raises(UnreadableFile, match="took more than"):
        parser_for("doc").parse(bench / "docs" / "legacy_sample.doc", Limits(seconds=0.1))


def test_a_damaged_file_is_unreadable(bench: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.doc"
    cut.write_bytes((bench / "docs" / "legacy_sample.doc").read_bytes()[:700])
    with pytest.raises(UnreadableFile):
        parser_for("doc").parse(cut, Limits())

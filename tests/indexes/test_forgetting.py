"""A deleted document's vectors leave the disk with it, through the library as it is wired."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.settings import Settings
from assistant.wiring import build


@pytest.fixture
def text_files(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "tea.txt", tmp_path / "oil.txt"]
    files[0].write_text("Tea grows on hills where mornings are cool and wet.\n", "utf-8")
    files[1].write_text("Oil is pressed from olives in late autumn.\n", "utf-8")
    return files


def test_a_deleted_documents_vectors_leave_the_disk(tmp_path: Path, text_files: list[Path]) -> None:
    house = build(Settings(home=tmp_path / "home", encoder="hashed"))
    try:
        house.library.create("notes")
        jobs = [house.library.submit("notes", file) for file in text_files]
        assert {job.state for job in house.library.wait(jobs)} == {"done"}
        house.vectors.save("notes")
        oil = house.store.document_passages("notes", "oil.txt")[0]
        row = house.store.vectors([oil.id], house.embedder.id)[0].astype(np.float16).tobytes()
        saved = tmp_path / "home" / "vectors"
        assert any(row in file.read_bytes() for file in saved.rglob("vectors.faiss"))
        house.library.delete_document("notes", "oil.txt")
        assert not any(row in file.read_bytes() for file in saved.rglob("*") if file.is_file())
        assert list(saved.rglob("vectors.faiss"))
    finally:
        house.close()

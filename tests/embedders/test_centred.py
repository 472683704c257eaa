"""Without the mean of their language, vectors of two languages meet; other encoders are left as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.embedders.centred import FILE, CentredEmbedder, Centres, centred, load_centres, save_centres, simplified
from assistant.embedders.hashed import HashedEmbedder
from assistant.embedders.weights import encoder_folder, source_hash

ONE, OTHER = np.array([0.9, 0, 0, 0], np.float32), np.array([0, 0.9, 0, 0], np.float32)
MEANS = np.stack([ONE, OTHER])


def unit(*rows: np.ndarray) -> np.ndarray:
    return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


def test_the_same_meaning_in_two_languages_meets() -> None:
    meaning, noise = np.array([0, 0, 0.4, 0]), np.array([0, 0, 0, 0.4])
    rows = unit(ONE + meaning, ONE + noise, OTHER + meaning)
    before, after = rows @ rows.T, centred(rows, MEANS) @ centred(rows, MEANS).T
    assert before[0, 1] > before[0, 2]
    assert after[0, 2] > 0.95 > 0.2 > after[0, 1]
    assert np.allclose(np.linalg.norm(centred(rows, MEANS), axis=1), 1)


def test_chinese_is_read_in_simplified_characters() -> None:
    assert simplified("漢斯研究 Sanskrit") == "汉斯研究 Sanskrit"
    assert simplified("東京タワーの漢字") == "東京タワーの漢字"
    assert simplified("plain") == "plain"


def test_no_rows_and_a_mean_itself_do_no_harm() -> None:
    assert centred(np.zeros((0, 4), np.float32), MEANS).shape == (0, 4)
    assert np.isfinite(centred(unit(ONE), np.stack([unit(ONE)[0], OTHER]))).all()


def test_only_the_encoder_of_the_means_is_changed(tmp_path: Path) -> None:
    inner = HashedEmbedder(4)
    file = tmp_path / "centres.safetensors"
    save_centres(Centres("another", MEANS, MEANS), file, sources="a test")
    other = CentredEmbedder(inner, file)
    assert (other.id, other.dim) == (inner.id, 4)
    assert np.array_equal(other.embed_passages(["red"]), inner.embed_passages(["red"]))
    save_centres(Centres(inner.id, MEANS, MEANS), tmp_path / "own.safetensors")
    own = CentredEmbedder(inner, tmp_path / "own.safetensors")
    assert own.id == f"{inner.id}-centred"
    assert np.array_equal(own.embed_queries(["red"]), centred(inner.embed_queries(["red"]), MEANS))


def test_the_packaged_means_are_of_the_packaged_encoder() -> None:
    centres = load_centres(FILE)
    folder = encoder_folder()
    digest = source_hash(folder)
    assert digest
    assert centres.encoder == f"{folder.name}-{digest[:12]}"
    assert centres.queries.shape == centres.passages.shape == (2, 384)

"""Promise 2 for settings: the one that changes what is stored is the encoder; a kill in the middle loses nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from assistant.embedders.hashed import HashedEmbedder
from ingest.catalog.tables import VectorRow
from tests.ingest import killing
from tests.ingest.homes import Home, home_at
from tests.promises.changing import change_encoder

DOCUMENTS = 60
OLD, NEW = HashedEmbedder(64), HashedEmbedder(32)
COUNTS = [pytest.param(4, id="quick"), pytest.param(50, id="full", marks=pytest.mark.hardening)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    (folder / "in").mkdir()
    for n in range(DOCUMENTS):
        text = "\n\n".join(f"# Part {n}-{k}\n\nThe mill of place {n}-{k} grinds rye. " * 3 for k in range(12))
        (folder / "in" / f"{n}.md").write_text(text)
    with home_at(folder / "home", OLD) as home:
        home.ingest("c", *sorted((folder / "in").iterdir()))
    return folder / "home"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kills", COUNTS)
def test_p02_a_killed_change_of_encoder_is_taken_up_again(template: Path, tmp_path: Path, kills: int) -> None:
    with home_at(template, OLD) as home:
        before = shown(home)
    met = 0
    for n, after in enumerate(killing.moments(kills, 0.6, seed=kills)):
        folder = tmp_path / f"home-{n}"
        shutil.copytree(template, folder)
        met += not killing.run_and_kill(change_encoder, folder, NEW.dim, after=after)
        with home_at(folder, OLD) as home:  # by words all is found whatever the vectors are
            assert shown(home) == before
        with home_at(folder, NEW) as home:
            home.worker.run_until_idle()
            assert shown(home) == before
            ids, _ = home.store.vector_state("c", NEW.id)
            assert len(ids) == len(set(ids.tolist())) == sum(len(texts) for texts in before.values())
            assert max(vectors(home).values()) == 1
        shutil.rmtree(folder)
    assert met >= 1


def shown(home: Home) -> dict[str, list[str]]:
    return {name: [p.text for p in passages] for name, passages in home.passages("c").items()}


def vectors(home: Home) -> Counter[tuple[str, str]]:
    with home.catalog.read() as session:
        return Counter((hash, encoder) for hash, encoder in session.execute(select(VectorRow.hash, VectorRow.encoder)))

"""The seam PassageStore: what every store of live passages does. Rows of STORES are its implementations."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import NotFound
from assistant.seams import PassageStore
from tests.stored import ENCODER, Home, vector

TEA = "Tea grows in Yunnan.\n\nIt is dried.\n\nIt is sold."
OIL = "Oil comes from Norway."


def fill(home: Home) -> None:
    """Corpus "a": tea.txt (3 passages) and oil.txt (1), both ready; draft.txt (words only). Corpus "b": tea.txt."""
    for corpus in ("a", "b"):
        home.library.create(corpus)
    home.put("a", "tea.txt", TEA)
    home.put("a", "oil.txt", OIL)
    home.put("a", "draft.txt", "Not embedded yet.", ready=False)
    home.put("b", "tea.txt", "Another tea.")


STORES: dict[str, Callable[[Path], Home]] = {"sql": Home}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "home"
    home = Home(folder)
    fill(home)
    home.close()
    return folder


@pytest.fixture(params=sorted(STORES))
def home(request: pytest.FixtureRequest, filled: Path, tmp_path: Path) -> Iterator[Home]:
    shutil.copytree(filled, tmp_path / "home")
    made = STORES[request.param](tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def store(home: Home) -> PassageStore:
    return home.store


def texts(store: PassageStore, corpus: str, name: str) -> list[str]:
    return [p.text for p in store.document_passages(corpus, name)]


def test_passages_come_in_the_order_asked_and_only_live_ones(store: PassageStore) -> None:
    one, two, three = store.document_passages("a", "tea.txt")
    assert store.passages([three.id, one.id, 10**9, one.id]) == [three, one, one]
    assert store.passages([]) == []
    assert (two.corpus, two.document, two.text, two.context) == ("a", "tea.txt", "It is dried.", "Top")
    assert TEA[two.start : two.end] == "It is dried."


def test_a_deleted_document_is_gone_for_every_call(home: Home, store: PassageStore) -> None:
    ids = [p.id for p in store.document_passages("a", "tea.txt")]
    assert len(store.passages(ids)) == 3
    home.library.delete_document("a", "tea.txt")
    assert store.passages(ids) == []
    assert [d.name for d in store.documents("a")] == ["draft.txt", "oil.txt"]
    with pytest.raises(KeyError):
        store.vectors(ids, ENCODER)
    for call in (store.document, store.document_passages):
        with pytest.raises(NotFound, match=r"tea\.txt"):
            call("a", "tea.txt")


def test_a_replaced_document_shows_its_new_text_only(home: Home, store: PassageStore) -> None:
    old = [p.id for p in store.document_passages("a", "oil.txt")]
    home.put("a", "oil.txt", "Oil comes from Texas.")
    assert store.passages(old) == []
    assert texts(store, "a", "oil.txt") == ["Oil comes from Texas."]
    assert store.document("a", "oil.txt").text == "Oil comes from Texas."


def test_revisions_grow_with_changes_of_their_own_corpus(home: Home, store: PassageStore) -> None:
    a, b = store.revision("a"), store.revision("b")
    home.library.delete_document("a", "oil.txt")
    assert store.revision("a") > a
    assert store.revision("b") == b
    with pytest.raises(NotFound, match="nope"):
        store.revision("nope")


def test_the_corpus_id_survives_a_rename_and_is_not_used_again(home: Home, store: PassageStore) -> None:
    place = store.corpus_id("b")
    passage = store.document_passages("b", "tea.txt")[0]
    assert store.passages([passage.id])[0].corpus == "b"
    home.library.rename("b", "c")
    assert store.corpus_id("c") == place
    assert store.passages([passage.id])[0].corpus == "c"
    home.library.delete("c")
    assert home.library.create("c").name == "c"
    assert store.corpus_id("c") > place


def test_filters(store: PassageStore) -> None:
    ids = {(c, d.name): d.id for c in "ab" for d in store.documents(c)}
    everything = store.document_ids(["a", "b"])
    assert (everything.only, everything.without) == (None, frozenset())
    tea = store.document_ids(["a", "b"], only=["tea.txt"])
    assert tea.only == {ids["a", "tea.txt"], ids["b", "tea.txt"]}
    hidden = store.document_ids(["a"], without=["oil.txt"])
    assert (hidden.only, hidden.without) == (None, {ids["a", "oil.txt"]})
    both = store.document_ids(["a"], only=["oil.txt", "tea.txt"], without=["oil.txt"])
    assert both.only == {ids["a", "tea.txt"]}
    assert store.document_ids(["a"], formats=["pdf"]).only == frozenset()
    assert len(store.document_ids(["a"], formats=["txt", "pdf"]).only or ()) == 3
    assert len(store.document_ids(["a"], since="2000", until="2999-12-31").only or ()) == 3
    assert store.document_ids(["a"], until="1999").only == frozenset()
    for bad in ({"corpora": ["nope"]}, {"corpora": ["a"], "only": ["nope"]}, {"corpora": ["a"], "without": ["nope"]}):
        with pytest.raises(NotFound, match="nope"):
            store.document_ids(**bad)


def test_thousands_of_names_are_one_call(home: Home, store: PassageStore) -> None:
    names = ["tea.txt"] * 3000 + ["oil.txt"]
    assert len(store.document_ids(["a"], only=names).only or ()) == 2
    stored = [p for c in ("a", "b") for d in store.documents(c) for p in store.document_passages(c, d.name)]
    assert sorted(store.passages(list(range(5000))), key=lambda p: p.id) == sorted(stored, key=lambda p: p.id)


def test_ids_and_vectors(store: PassageStore) -> None:
    tea, oil = store.document_passages("a", "tea.txt"), store.document_passages("a", "oil.txt")
    documents = {d.name: d.id for d in store.documents("a")}
    ids, owners = store.vector_state("a", ENCODER)
    assert ids.tolist() == [p.id for p in (*tea, *oil)]
    assert owners.tolist() == [documents["tea.txt"]] * 3 + [documents["oil.txt"]]
    assert (ids.dtype, owners.dtype) == (np.int64, np.int64)
    assert store.vector_state("a", "another-encoder")[0].tolist() == []
    rows = store.vectors([oil[0].id, tea[0].id], ENCODER)
    assert (rows.shape, rows.dtype) == ((2, 4), np.float32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert len(store.document_passages("a", "draft.txt")) == 1


def test_a_vector_belongs_to_its_text(home: Home, store: PassageStore) -> None:
    from ingest.storing import text_hash

    oil = store.document_passages("a", "oil.txt")[0]
    expected = vector(text_hash("Top", OIL))
    assert np.allclose(store.vectors([oil.id], ENCODER)[0], expected, atol=2e-3)


def test_documents_tell_their_state(store: PassageStore) -> None:
    states = {d.name: (d.state, d.searchable) for d in store.documents("a")}
    assert states == {"draft.txt": ("words", True), "oil.txt": ("ready", True), "tea.txt": ("ready", True)}
    assert store.document("a", "tea.txt").text == TEA
    assert len(store.document("a", "tea.txt").blocks) == 3


def test_a_document_that_was_taken_out_and_read_again_has_its_new_passages(home: Home, store: PassageStore) -> None:
    from sqlalchemy import update

    from ingest.catalog.tables import JobRow
    from ingest.jobs import Queue
    from ingest.storing import parsed, withdraw
    from ingest.storing import store as put_in
    from tests.stored import plain

    job = next(j.id for j in home.library.jobs("a") if j.document == "draft.txt")
    before = [p.id for d in store.documents("a") for p in store.document_passages("a", d.name)]
    home.library.cancel(job)
    withdraw(home.catalog, home.words, [job])
    home.library.retry(job)
    put_in(home.catalog, home.words, [parsed(task, plain("One.\n\nTwo.")) for task in Queue(home.catalog).take(1)])
    with home.catalog.session() as session:
        session.execute(update(JobRow).values(state="done"))
    after = [p.id for d in store.documents("a") for p in store.document_passages("a", d.name)]
    assert (len(before), len(after)) == (5, 6)
    assert texts(store, "a", "draft.txt") == ["One.", "Two."]

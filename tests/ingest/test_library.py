"""Corpora and documents of a home: names, versions, deleting for good, archives."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import select

from assistant.errors import Conflict, LimitExceeded, NotFound, ThickshellError, UnreadableFile, UsageError
from assistant.types import JobInfo
from ingest import names, passwords
from ingest.catalog.tables import PassageRow, VectorRow
from ingest.library import HomeLibrary
from tests.stored import ENCODER, Home, embed, files_with

TEA = "Tea grows in Yunnan.\n\nIt is dried."


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    made.library.create("a")
    yield made
    made.close()


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def shown(home: Home, corpus: str = "a") -> list[str]:
    return [d.name for d in home.library.documents(corpus)]


# --- corpora --------------------------------------------------------------------------------------------------------
def test_corpora_are_created_renamed_and_deleted(home: Home) -> None:
    home.library.create("private", private=True)
    home.put("a", "tea.txt", TEA)
    assert [(c.name, c.documents, c.passages, c.failed) for c in home.library.corpora()] == [("a", 1, 2, 0)]
    assert [c.name for c in home.library.corpora(private=True)] == ["a", "private"]
    with pytest.raises(Conflict, match="“a”"):
        home.library.create("a")
    home.library.rename("a", "b")
    assert [p.text for p in home.store.document_passages("b", "tea.txt")] == ["Tea grows in Yunnan.", "It is dried."]
    with pytest.raises(Conflict):
        home.library.rename("b", "private")
    home.library.delete("b")
    assert home.library.corpora() == []
    for call in (home.library.delete, home.library.documents):
        with pytest.raises(NotFound, match="“b”"):
            call("b")


@pytest.mark.parametrize("bad", ["", "  \n", "x" * 201, "\x00", "importing-12-x"])
def test_a_corpus_needs_a_usable_name(home: Home, bad: str) -> None:
    with pytest.raises(UsageError):
        home.library.create(bad)


# --- submitting -----------------------------------------------------------------------------------------------------
def test_unchanged_content_is_done_at_once_and_queued_content_is_one_job(home: Home, tmp_path: Path) -> None:
    oil = write(tmp_path, "oil.txt", "Oil.")
    job = home.library.submit("a", oil)
    assert home.library.submit("a", oil) == job
    home.put("a", "tea.txt", TEA)
    again = home.library.submit("a", write(tmp_path, "tea.txt", TEA))
    assert [(j.state, j.progress) for j in home.library.jobs(ids=[again])] == [("done", 1.0)]
    assert shown(home) == ["oil.txt", "tea.txt"]


def test_the_same_source_again_is_a_new_version(home: Home, tmp_path: Path) -> None:
    file = write(tmp_path, "tea.txt", TEA)
    home.library.submit("a", file)
    write(tmp_path, "tea.txt", "Other tea.")
    job = home.library.submit("a", file)
    assert shown(home) == ["tea.txt"]
    assert home.library.jobs(ids=[job])[0].state == "queued"
    assert [j.state for j in home.library.jobs("a")] == ["cancelled", "queued"]


def test_a_version_that_was_taken_back_is_not_stored(home: Home, tmp_path: Path) -> None:
    home.put("a", "tea.txt", TEA)
    home.library.submit("a", write(tmp_path, "new", "New tea."), "tea.txt", move=True)
    home.library.submit("a", write(tmp_path, "old", TEA), "tea.txt", move=True)
    assert [j.state for j in home.library.jobs("a")] == ["done", "cancelled", "done"]
    assert home.library.document("a", "tea.txt").text == TEA


def test_a_later_file_of_the_same_name_gets_its_folder_in_front(home: Home, tmp_path: Path) -> None:
    for folder, text in (("2022", "one"), ("2023", "two"), ("x/2023", "three"), ("2022", "one, corrected")):
        home.library.submit("a", write(tmp_path, f"{folder}/report.txt", text))
    assert shown(home) == ["2023/report.txt", "report.txt", "x/2023/report.txt"]
    same = write(tmp_path, "elsewhere/report.txt", "two")
    home.library.submit("a", same)
    assert len(shown(home)) == 4  # the same text under another name is a document of its own


def test_an_upload_of_a_known_name_replaces_and_its_file_is_taken(home: Home, tmp_path: Path) -> None:
    home.put("a", "tea.txt", TEA)
    upload = write(tmp_path, "tmp123", "New tea.")
    home.library.submit("a", upload, "tea.txt", move=True)
    assert not upload.exists()
    assert shown(home) == ["tea.txt"]
    home.library.submit("a", write(tmp_path, "tmp124", "Folder tea."), "green/tea.txt", move=True)
    assert shown(home) == ["green/tea.txt", "tea.txt"]


def test_many_files_at_once_are_like_one_after_the_other(home: Home, tmp_path: Path) -> None:
    files = [write(tmp_path, f"f/{n}.txt", f"text {n % 3}") for n in range(250)] + [tmp_path / "missing.txt"]
    jobs = home.library.submit_all("a", files)
    assert len({job for job in jobs if isinstance(job, int)}) == 250
    assert isinstance(jobs[-1], NotFound)
    assert len(shown(home)) == 250
    assert len(list(home.library.files.stored())) == 3


def test_what_cannot_be_taken_is_said_and_leaves_nothing(home: Home, tmp_path: Path) -> None:
    small = HomeLibrary(home.catalog, home.words, max_upload_mb=1)
    big = tmp_path / "big.txt"
    big.write_bytes(b"x" * (1 << 20) + b"y")
    cases: list[tuple[Path, type[ThickshellError], str]] = [
        (big, LimitExceeded, "larger than 1 MB"),
        (tmp_path / "none.txt", NotFound, "none.txt"),
        (tmp_path, UsageError, "is a folder"),
    ]
    for file, kind, words in cases:
        with pytest.raises(kind, match=words):
            small.submit("a", file)
    with pytest.raises(NotFound, match="“nope”"):
        small.submit("nope", big)
    assert shown(home) == []
    assert [p for p in (home.folder / "files").rglob("*") if p.is_file()] == []


# --- names: promise 6 -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.pdf", "a.pdf"),
        ("a\x00b\x1b[31m\n.txt", "ab[31m .txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ("..", "unnamed"),
        ("/", "unnamed"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
        ("字" * 250, "字" * 200),
    ],
)
def test_p06_file_names_are_data(home: Home, tmp_path: Path, given: str, kept: str) -> None:
    home.library.submit("a", write(tmp_path, "upload", "text"), given, move=True)
    document = home.library.documents("a")[0]
    assert document.name.rsplit("/", 1)[-1] == kept
    assert len(document.name) <= 400
    on_disk = [p.name for p in (home.folder / "files").rglob("*") if p.is_file()]
    assert on_disk == [document.sha256]


def test_p06_names_that_collide_when_cut_stay_apart(home: Home, tmp_path: Path) -> None:
    for n in range(3):
        home.library.submit("a", write(tmp_path, f"{n}/{'x' * 210 + str(n)}.txt", f"text {n}"))
    assert len(set(shown(home))) == 3
    assert next(iter(names.candidates((), "a.txt"))) == "a.txt"


# --- deleting: promise 7 --------------------------------------------------------------------------------------------
def secrets(n: int) -> list[str]:
    return [f"secret{n}x{k} " + "word " * (k % 50) for k in range(40)]


def test_p07_delete_means_gone_from_everywhere(home: Home, tmp_path: Path) -> None:
    for n in range(6):
        home.put("a", f"document-{n}.txt", "\n\n".join(secrets(n)))
    doomed = home.library.info("a", "document-2.txt")
    gone = [p.id for p in home.store.document_passages("a", "document-2.txt")]
    needles = [text.split(" ")[0] for text in secrets(2)] + [doomed.sha256, "document-2.txt"]
    assert home.catalog.scrub()  # so that the text stands in the database, not only in its log
    before = {file for file, _ in files_with(home.folder, needles)}
    assert {"catalog.sqlite3", f"files/{doomed.sha256[:2]}/{doomed.sha256}"} <= before
    home.library.delete_document("a", "document-2.txt")
    assert files_with(home.folder, needles) == []
    assert not home.library.files.path(doomed.sha256).exists()
    assert home.store.passages(gone) == []
    assert doomed.id not in home.words.documents()
    for call in (home.library.info, home.library.show, home.library.original, home.library.document):
        with pytest.raises(NotFound):
            call("a", "document-2.txt")
    archive = tmp_path / "a.zip"
    home.library.export("a", archive)
    with zipfile.ZipFile(archive) as members:
        assert not any(b"secret2x" in members.read(name) for name in members.namelist())
    assert len(home.store.document_passages("a", "document-3.txt")) == 40


def test_p07_a_deleted_corpus_leaves_nothing(home: Home) -> None:
    home.library.create("other")
    home.put("other", "kept.txt", "kept-text")
    for n in range(3):
        home.put("a", f"doc-{n}.txt", "\n\n".join(secrets(n)))
    index = home.folder / "vectors" / str(home.store.corpus_id("a"))
    index.mkdir(parents=True)
    (index / "flat.bin").write_bytes(b"secret-vectors")
    home.library.delete("a")
    assert files_with(home.folder, ["secret", "doc-"]) == []
    assert len(home.words.documents()) == 1
    assert [d.name for d in home.library.documents("other")] == ["kept.txt"]


def test_p07_what_two_documents_share_stays_until_the_second_goes(home: Home) -> None:
    first, second = home.put("a", "one.txt", TEA), home.put("a", "two.txt", TEA)
    sha256 = home.library.info("a", "one.txt").sha256
    home.library.delete_document("a", "one.txt")
    assert home.library.original("a", "two.txt").read_text("utf-8") == TEA
    ids = [p.id for p in home.store.document_passages("a", "two.txt")]
    assert home.store.vectors(ids, ENCODER).shape == (2, 4)
    assert home.words.documents() == {second}
    home.library.delete_document("a", "two.txt")
    assert not home.library.files.path(sha256).exists()
    with home.catalog.read() as session:
        assert session.scalars(select(VectorRow.hash)).all() == []
        assert session.scalars(select(PassageRow.id)).all() == []
    assert first != second


def test_p07_an_unfinished_removal_is_finished_by_the_next_one_who_opens(home: Home, tmp_path: Path) -> None:
    home.put("a", "tea.txt", TEA)
    stray = home.library.files.path("ab" * 32)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text("left behind")
    (home.folder / "files.unfinished").touch()
    home.close()
    again = Home(home.folder)
    assert not stray.exists()
    assert not (home.folder / "files.unfinished").exists()
    assert again.library.original("a", "tea.txt").is_file()
    again.close()


# --- what is shown --------------------------------------------------------------------------------------------------
def test_show_works_for_documents_that_were_read_and_for_those_that_were_not(home: Home, tmp_path: Path) -> None:
    home.put("a", "tea.txt", TEA)
    full = home.library.show("a", "tea.txt")
    assert (full["document"], full["state"], full["error"], full["text"]) == ("tea.txt", "ready", None, TEA)
    assert [(b["kind"], b["start"], b["end"]) for b in full["blocks"]] == [("paragraph", 0, 20), ("paragraph", 22, 34)]
    assert full["report"]["characters"] == len(TEA)
    job = home.library.submit("a", write(tmp_path, "queued.txt", "x"))
    home.library.cancel(job)
    failed = home.library.show("a", "queued.txt")
    assert (failed["state"], failed["text"], failed["tables"]) == ("failed", "", [])
    assert "Cancelled" in failed["error"]
    json.dumps([full, failed])
    with pytest.raises(NotFound, match="Cancelled"):
        home.library.document("a", "queued.txt")


def test_a_cancelled_job_can_be_retried(home: Home, tmp_path: Path) -> None:
    job = home.library.submit("a", write(tmp_path, "x.txt", "x"))
    home.library.cancel(job)
    assert home.library.jobs(ids=[job])[0].state == "cancelled"
    home.library.retry(job, password="pw")
    assert home.library.jobs(ids=[job])[0].state == "queued"
    assert home.library.info("a", "x.txt").state == "queued"
    assert passwords.take(home.folder, job) == "pw"
    assert passwords.take(home.folder, job) is None
    with pytest.raises(NotFound, match="job 99"):
        home.library.cancel(99)


def test_passwords_are_in_no_file(home: Home, tmp_path: Path) -> None:
    job = home.library.submit("a", write(tmp_path, "x.txt", "x"), password="planted-password")
    assert files_with(home.folder, ["planted-password"]) == []
    assert passwords.take(home.folder, job) == "planted-password"


# --- waiting --------------------------------------------------------------------------------------------------------
class InlineWorker:
    """Stores what is queued as soon as it is started."""

    def __init__(self, home: Home, free: bool = True) -> None:
        self.home, self.free, self.stopped = home, free, 0

    def start(self) -> bool:
        if self.free:
            self.home.put("a", "by-worker.txt", "x")
            with self.home.catalog.session() as session:
                from sqlalchemy import update

                from ingest.catalog.tables import JobRow

                session.execute(update(JobRow).values(state="done", progress=1.0))
        return self.free

    def stop(self) -> None:
        self.stopped += 1


def test_wait_runs_the_worker_and_says_how_it_goes(home: Home, tmp_path: Path) -> None:
    worker = InlineWorker(home)
    library = HomeLibrary(home.catalog, home.words, worker=lambda: worker)
    job = library.submit("a", write(tmp_path, "x.txt", "x"))
    looks: list[list[JobInfo]] = []
    rows = library.wait([job], looks.append)
    assert [(row.document, row.state) for row in rows] == [("x.txt", "done")]
    assert worker.stopped == 1
    assert [row.state for row in looks[0]] == ["queued"]
    assert library.wait([job]) == rows
    assert library.wait([]) == []


def test_wait_ends_when_the_document_is_deleted(home: Home, tmp_path: Path) -> None:
    library = HomeLibrary(home.catalog, home.words, worker=lambda: InlineWorker(home, free=False))
    job = library.submit("a", write(tmp_path, "x.txt", "x"))
    library.delete_document("a", "x.txt")
    assert library.wait([job]) == []


# --- archives -------------------------------------------------------------------------------------------------------
def content(home: Home, corpus: str) -> dict[str, object]:
    """Everything of a corpus that an archive carries."""
    found: dict[str, object] = {}
    for info in home.library.documents(corpus):
        passages = home.store.document_passages(corpus, info.name) if info.searchable else []
        rows = home.store.vectors([p.id for p in passages], ENCODER).tolist() if info.state == "ready" else None
        found[info.name] = (
            (info.state, info.sha256, info.bytes, info.created, info.report),
            home.library.original(corpus, info.name).read_bytes(),
            [(p.start, p.end, p.text, p.context, p.page, p.table) for p in passages],
            rows,
            home.library.document(corpus, info.name) if info.searchable else None,
        )
    return found


def jobs_of(home: Home, corpus: str) -> dict[str, str]:
    return {job.document: job.state for job in home.library.jobs(corpus)}


def test_export_and_import_give_the_same_corpus(home: Home, tmp_path: Path) -> None:
    home.put("a", "tea.txt", TEA)
    home.put("a", "oil.txt", "Oil comes from Norway.")
    home.put("a", "draft.txt", "Not embedded.", ready=False)
    home.library.submit("a", write(tmp_path, "new.txt", "Never read."))
    archive = tmp_path / "a.zip"
    home.library.export("a", archive)
    with pytest.raises(Conflict, match=r"a\.zip"):
        home.library.export("a", archive)
    with pytest.raises(Conflict, match="“a”"):
        home.library.import_(archive)
    for target in (home, Home(tmp_path / "other home")):
        info = target.library.import_(archive, "b")
        assert (info.name, info.documents, info.passages, info.private) == ("b", 4, 4, False)
        if target is home:  # whose vectors are its own
            assert content(target, "b") == content(home, "a")
            assert jobs_of(target, "b") == {"draft.txt": "words", "new.txt": "queued"}
            assert len(target.store.vector_state("b", ENCODER)[0]) == 3
        else:
            words = {"draft.txt", "oil.txt", "tea.txt"}
            assert jobs_of(target, "b") == dict.fromkeys(words, "words") | {"new.txt": "queued"}
            with target.catalog.session() as session:
                for name in ("oil.txt", "tea.txt"):
                    embed(session, target.library.info("b", name).id)
            assert content(target, "b") == content(home, "a")
        ids = {d.id for d in target.library.documents("b") if d.searchable}
        assert ids <= target.words.documents()
        target.close()


def tampered(archive: Path, target: Path, member: str, data: bytes | None, *, fix: bool = False) -> Path:
    """A copy of an archive with one member replaced (None: dropped); `fix` corrects its hash in the manifest."""
    import hashlib

    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if fix and name == "manifest.json" and data is not None:
                manifest = json.loads(content)
                manifest["members"][member] = hashlib.sha256(data).hexdigest()
                content = json.dumps(manifest).encode()
            if name != member:
                new.writestr(name, content)
            elif data is not None:
                new.writestr(name, data)
    return target


def test_an_import_takes_no_vectors_from_an_archive(home: Home, tmp_path: Path) -> None:
    """An older archive brings some, and a forged one would turn texts that other corpora hold to where it likes."""
    home.put("a", "tea.txt", TEA)
    archive, forged = tmp_path / "a.zip", tmp_path / "forged.zip"
    home.library.export("a", archive)
    with home.catalog.read() as session:
        hashes = sorted(session.scalars(select(VectorRow.hash)))
    members = {"vectors/0.txt": "\n".join(hashes).encode(), "vectors/0.f16": b"\x00\x3c" + b"\x00" * 6 + b"\x00" * 8}
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(forged, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        manifest["members"] |= {name: sha256(data).hexdigest() for name, data in members.items()}
        vectors = {"encoder": ENCODER, "dim": 4, "hashes": "vectors/0.txt", "rows": "vectors/0.f16"}
        manifest["vectors"] = [vectors]
        for name in old.namelist():
            new.writestr(name, json.dumps(manifest) if name == "manifest.json" else old.read(name))
        for name, data in members.items():
            new.writestr(name, data)
    other = Home(tmp_path / "other home")
    other.library.import_(forged, "b")
    assert jobs_of(other, "b") == {"tea.txt": "words"}
    with other.catalog.read() as session:
        assert session.scalars(select(VectorRow.hash)).all() == []
    other.close()


def test_an_import_trusts_nothing(home: Home, tmp_path: Path) -> None:
    home.put("a", "tea.txt", TEA)
    archive = tmp_path / "a.zip"
    home.library.export("a", archive)
    manifest = json.loads(zipfile.ZipFile(archive).read("manifest.json"))
    sha256 = manifest["documents"][0]["sha256"]
    bad_name = json.loads(json.dumps(manifest))
    bad_name["documents"][0]["sha256"] = "../../../etc/passwd"
    wrong_offsets = b'[0,1,5,null,null,"Tea ","Top"]\n'
    cases = [
        tampered(archive, tmp_path / "1.zip", f"originals/{sha256}", b"other bytes"),
        tampered(archive, tmp_path / "2.zip", f"originals/{sha256}", b"other bytes", fix=True),
        tampered(archive, tmp_path / "3.zip", f"originals/{sha256}", None),
        tampered(archive, tmp_path / "4.zip", "passages/0.jsonl", wrong_offsets, fix=True),
        tampered(archive, tmp_path / "5.zip", "passages/0.jsonl", b"[0,1]\n", fix=True),
        tampered(archive, tmp_path / "6.zip", "passages/0.jsonl", None),
        tampered(archive, tmp_path / "7.zip", "parsed/0.json", b"[]", fix=True),
        tampered(archive, tmp_path / "8.zip", "manifest.json", b"{}"),
        tampered(archive, tmp_path / "9.zip", "manifest.json", json.dumps(bad_name).encode()),
        write(tmp_path, "10.zip", "not a zip"),
    ]
    cut = tmp_path / "11.zip"
    cut.write_bytes(archive.read_bytes()[:-200])
    before = sorted(home.folder.rglob("files/??/*"))
    for case in [*cases, cut]:
        with pytest.raises(UnreadableFile, match="archive"):
            home.library.import_(case, "b")
        assert [c.name for c in home.library.corpora(private=True)] == ["a"], case
    assert sorted(home.folder.rglob("files/??/*")) == before
    assert home.words.documents() == {home.library.info("a", "tea.txt").id}


def test_names_in_an_archive_are_data(home: Home, tmp_path: Path) -> None:
    home.put("a", "tea.txt", TEA)
    archive = tmp_path / "a.zip"
    home.library.export("a", archive)
    manifest = json.loads(zipfile.ZipFile(archive).read("manifest.json"))
    manifest["documents"][0]["name"] = "../../\x1bevil.txt"
    bad = tampered(archive, tmp_path / "b.zip", "manifest.json", json.dumps(manifest).encode())
    home.library.import_(bad, "b")
    assert shown(home, "b") == ["evil.txt"]
    shutil.rmtree(home.folder / "words")  # derived: nothing else depends on it
    assert len(home.store.document_passages("b", "evil.txt")) == 2

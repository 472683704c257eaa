"""The commands on a real home, with the hashed encoder so that no model loads. Their JSON is fixed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import main

Run = Callable[..., tuple[int, list[dict[str, Any]], str]]

TEXTS = {
    "ferry.txt": "The ferry leaves the north pier at 07:40. It carries at most 120 passengers.\n",
    "light.md": "# The lighthouse\n\nThe lighthouse was first lit in 1874.\n\nIts tower is 31 metres high.\n",
    "灯塔.txt": "灯塔建于1874年，高31米。守塔人每天日落时点灯。\n",
}


@pytest.fixture
def run(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("THICKSHELL_ENCODER", "hashed")
    monkeypatch.setenv("THICKSHELL_READER", str(tmp_path))  # no weights there: sentences are chosen by their words

    def call(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--json", "--home", str(tmp_path / "home")])
        out, err = capfdbinary.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), [json.loads(line) for line in out.splitlines()], err.decode()

    return call


@pytest.fixture
def corpus(run: Run, tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, "utf-8")
    code, rows, _ = run("ingest", str(folder), "--corpus", "harbour")
    assert (code, len(rows), rows[0]["documents"], rows[0]["failed"]) == (0, 1, 3, [])
    return folder


def test_ask_gives_the_fixed_object_with_quotes_that_stand_in_the_text(run: Run, corpus: Path) -> None:
    code, rows, _ = run("ask", "When was the lighthouse first lit?", "--corpus", "harbour", "--always-answer")
    (row,) = rows
    assert code == 0
    assert set(row) == {
        "id", "question", "answer", "abstained", "clarify", "confidence", "route", "brain", "tier", "value", "unit",
        "scale", "citations", "program", "hits", "fell_back", "notes", "receipt_id", "timings_ms",
    }  # fmt: skip
    assert (row["brain"], row["tier"], row["route"], row["abstained"]) == ("embedded", 3, "text", False)
    assert "1874" in row["answer"]
    for citation in row["citations"]:
        text = (corpus / citation["document"]).read_text("utf-8")
        assert text[citation["start"] : citation["end"]] == citation["quote"] != ""


def test_questions_from_a_file_keep_their_order_and_say_what_failed(run: Run, corpus: Path, tmp_path: Path) -> None:
    lines = [
        {"id": "a", "question": "When does the ferry leave?", "without": ["light.md"]},
        {"id": "b", "question": "When does the ferry leave?", "only": ["nothing.pdf"]},
        {"id": "c", "question": "灯塔有多高？", "only": ["灯塔.txt"]},
    ]
    file = tmp_path / "q.jsonl"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    code, rows, _ = run("search", "--corpus", "harbour", "--questions", str(file), "-k", "5")
    assert code == 1
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert "light.md" not in {hit["document"] for hit in rows[0]["hits"]}
    assert rows[0]["hits"][0]["document"] == "ferry.txt"
    assert "nothing.pdf" in rows[1]["error"]
    assert {hit["document"] for hit in rows[2]["hits"]} == {"灯塔.txt"}


def test_a_bad_file_fails_with_a_sentence_and_the_others_are_ready(run: Run, corpus: Path) -> None:
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7\nnot really")
    code, rows, _ = run("ingest", str(corpus), "--corpus", "harbour")
    assert code == 1
    assert rows[0]["documents"] == 4 or rows[0]["documents"] == 3
    (failure,) = rows[0]["failed"]
    assert failure["file"].endswith("broken.pdf")
    assert failure["error"].endswith(".")
    code, (shown,), _ = run("documents", "show", "broken.pdf", "--corpus", "harbour")
    assert (code, shown["state"], shown["error"]) == (0, "failed", failure["error"])


def test_a_folder_without_files_is_said_to_be_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "note.txt").symlink_to(__file__)
    code, rows, said = run("ingest", str(tmp_path / "none"), "--corpus", "empty")
    assert (code, rows[0]["documents"]) == (0, 0)
    assert "No files were found there" in said


def test_documents_show_gives_the_files_own_text(run: Run, corpus: Path) -> None:
    code, (row,), _ = run("documents", "show", "light.md", "--corpus", "harbour")
    assert code == 0
    assert row["text"] == TEXTS["light.md"]
    assert row["state"] == "ready"
    assert {"document", "state", "error", "text", "blocks", "tables", "report"} <= set(row)


def test_delete_is_gone_from_search_and_not_found_afterwards(run: Run, corpus: Path) -> None:
    assert run("documents", "delete", "ferry.txt", "--corpus", "harbour")[0] == 0
    _, (row,), _ = run("search", "ferry north pier", "--corpus", "harbour")
    assert "ferry.txt" not in {hit["document"] for hit in row["hits"]}
    code, rows, message = run("documents", "show", "ferry.txt", "--corpus", "harbour")
    assert (code, rows) == (3, [])
    assert "ferry.txt" in message


def test_export_import_rename_and_delete_of_a_corpus(run: Run, corpus: Path, tmp_path: Path) -> None:
    archive = str(tmp_path / "harbour.zip")
    assert run("corpora", "export", "harbour", archive)[0] == 0
    assert run("corpora", "import", archive)[0] == 1  # the name is taken
    assert run("corpora", "import", archive, "--name", "copy")[1][0]["documents"] == 3
    assert run("corpora", "rename", "copy", "second")[0] == 0
    assert [c["name"] for c in run("corpora", "list")[1]] == ["harbour", "second"]
    assert run("corpora", "delete", "second")[0] == 0
    assert [c["name"] for c in run("corpora", "list")[1]] == ["harbour"]


def test_backup_and_restore(run: Run, corpus: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "all.backup")
    assert run("backup", file)[0] == 0
    assert run("corpora", "delete", "harbour")[0] == 0
    assert run("restore", file)[0] == 0
    assert run("corpora", "list")[1][0]["documents"] == 3
    _, (row,), _ = run("search", "lighthouse", "--corpus", "harbour")
    assert row["hits"][0]["document"] == "light.md"


def test_doctor_names_every_check(run: Run) -> None:
    _, (row,), _ = run("doctor")
    assert {"python", "packages", "home", "log", "encoder", "reader", "ocr"} <= {
        check["name"] for check in row["checks"]
    }
    assert all(check["detail"] for check in row["checks"])

"""The command line before any house is opened: order of options, exit codes, reading of question files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli import reordered
from assistant.cli.ingest import files
from assistant.cli.questions import read_questions
from assistant.errors import NotFound


def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant.cli", *words], capture_output=True, text=True, timeout=60, **more
    )  # type: ignore[call-overload, no-any-return]


def test_global_options_may_stand_anywhere() -> None:
    assert reordered(["ask", "why?", "--json", "--corpus", "a", "--home", "/h"]) == [
        "--json", "--home", "/h", "ask", "why?", "--corpus", "a",
    ]  # fmt: skip
    assert reordered(["corpora", "list", "--home=/h"]) == ["--home=/h", "corpora", "list"]


def test_words_after_a_bare_double_dash_stay() -> None:
    assert reordered(["ask", "--corpus", "a", "--", "--json"]) == ["ask", "--corpus", "a", "--", "--json"]


def test_wrong_usage_exits_with_2_and_nothing_on_standard_output() -> None:
    for words in (("bogus",), ("ask",), ("ingest",), ("corpora", "create"), ("search", "--corpus", "a")):
        done = run(*words, "--json")
        assert (done.returncode, done.stdout) == (2, ""), words
        assert done.stderr


def test_an_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text("passage_token = 100\n")
    done = run("config", "show", "--config", str(config))
    assert done.returncode == 2
    assert "passage_tokens" in done.stderr


def test_a_missing_path_exits_with_3(tmp_path: Path) -> None:
    done = run("ingest", str(tmp_path / "nothing.pdf"), "--corpus", "a", "--home", str(tmp_path / "home"))
    assert done.returncode == 3
    assert "nothing.pdf" in done.stderr


def test_config_schema_is_one_json_object() -> None:
    done = run("config", "schema", "--json")
    assert len(done.stdout.splitlines()) == 1
    assert json.loads(done.stdout)["properties"]["port"]["default"] == 7860


def test_question_files_keep_their_order_and_report_bad_lines(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(
        '{"id": "a", "question": "Wo?"}\n\nnot json\n{"id": "c", "question": "\u4f55\u65f6\uff1f"}\n', "utf-8"
    )
    rows = list(read_questions(str(file)))
    assert [row["id"] for row in rows] == ["a", "3", "c"]
    assert rows[1]["error"].startswith("Line 3 is not a question")
    assert rows[2]["question"] == "何时？"


def test_a_missing_question_file_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"nowhere\.jsonl"):
        list(read_questions("nowhere.jsonl"))


def test_folders_are_walked_without_hidden_files_and_outside_links(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    (inside / "b").mkdir(parents=True)
    for name in ("b/two.txt", "one.txt", ".hidden", "~$lock.docx"):
        (inside / name).write_text("x")
    (tmp_path / "secret.txt").write_text("x")
    (inside / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert [f.relative_to(inside).as_posix() for f in files([inside])] == ["b/two.txt", "one.txt"]

"""The room of prompts: every version is listed, what differs is told word by word, saving adds and never overwrites."""

from __future__ import annotations

from pathlib import Path

from assistant.answering.prompts import PromptLibrary
from assistant.ui.prompt_room import by_kind, differences, found
from assistant.ui.templating import render


def test_differences_are_told_by_words_and_chinese_characters() -> None:
    assert differences("请简短回答。", "请详细回答。") == [("=", "请"), ("-", "简短"), ("+", "详细"), ("=", "回答。")]
    assert differences("same", "same") == [("=", "same")]


def test_the_version_asked_for_is_shown_else_the_newest(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path)
    library.save("tutor", "en", "persona", "Ask first, then explain.")
    every = library.list()
    newest, first = found(every, "tutor", "en", 0), found(every, "tutor", "en", 1)
    assert newest is not None
    assert first is not None
    assert (newest.version, newest.own, first.version, first.own) == (2, True, 1, False)
    assert [kind for kind, _ in by_kind(every)] == ["persona", "system", "contract"]
    assert [p.id for p in by_kind(every)[0][1] if p.name == "tutor"] == ["tutor.en@2", "tutor.zh@1"]


def test_a_prompt_s_text_is_text_on_the_page(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path)
    made = library.save("rude", "en", "persona", "<script>x</script>")
    given = {"kinds": by_kind([made]), "one": made, "versions": [made], "other": None, "pieces": [], "models": ()}
    html = render("prompts", "en", **given)
    assert "<script>" not in html
    assert "&lt;script&gt;x&lt;/script&gt;" in html
    assert made.hash in html

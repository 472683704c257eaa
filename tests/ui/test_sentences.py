"""Every sentence of a problem that the page can show stands there in Chinese too, with the same gaps."""

from __future__ import annotations

import re

import pytest

from assistant.errors import CODES
from assistant.settings import Settings
from assistant.types import JobInfo
from assistant.ui.files import rows
from assistant.ui.sentences import CHINESE, SETTINGS, translated

# Sentences of the command line and of the start: they are printed, never shown on the page.
PRINTED = {
    "address-not-local", "backup-cut", "backup-damaged", "backup-newer", "backup-not-one", "corpus-option",
    "engine-unknown", "home-busy", "home-newer", "home-none", "path-folder", "path-missing", "path-unknown",
    "port-taken", "questions-line", "questions-no-file", "questions-none", "setting-unknown", "setting-unusable",
    "settings-file", "settings-toml", "stored-damaged-backup", "watch-disk", "watch-gone", "watch-one-folder",
}  # fmt: skip


def test_every_sentence_of_the_page_has_a_translation() -> None:
    assert set(CODES) - set(CHINESE) == PRINTED
    assert set(CHINESE) <= set(CODES)


@pytest.mark.parametrize("code", CHINESE)
def test_translations_keep_the_gaps(code: str) -> None:
    assert set(re.findall(r"\{(\w+)\}", CHINESE[code])) == set(re.findall(r"\{(\w+)\}", CODES[code]))


def test_sentences_within_sentences_are_translated() -> None:
    said = "The attachment a.pdf was not read: The PDF is encrypted; give its password and try again."
    assert translated(said, "zh") == "附件 a.pdf 没有读取：PDF 已加密，请输入密码后重试。"
    assert translated(said, "en") == said


def test_unknown_sentences_and_braces_pass_unchanged() -> None:
    assert translated("Nobody wrote this {x}.", "zh") == "Nobody wrote this {x}."
    assert translated("There is no corpus named “{x} %s”; check the name, or create it.", "zh") == (
        "没有名为“{x} %s”的资料库。请检查名称，或新建一个。"
    )


def test_rows_say_their_problem_in_the_language_and_whether_a_password_helps() -> None:
    job = JobInfo(
        1, "c", "a.pdf", "failed", 0.0, 0, 0, "The PDF is encrypted; give its password and try again.", "2026"
    )
    row = rows([], [job], "zh")[0]
    assert (row["error"], row["technical"], row["locked"]) == ("PDF 已加密，请输入密码后重试。", job.error, True)
    broken = JobInfo(2, "c", "b.pdf", "failed", 0.0, 0, 0, "The page is empty; save it again in the browser.", "2026")
    assert rows([], [broken])[0]["locked"] is False


def test_settings_are_explained_in_chinese_and_none_is_invented() -> None:
    assert set(SETTINGS) <= set(Settings.model_fields)
    assert all(re.search("[\u4e00-\u9fff]", text) for text in SETTINGS.values())

"""The prompt library: versions are added, never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.answering.prompts import PACKAGED, PromptLibrary, digest
from assistant.errors import NotFound, UsageError


def test_every_packaged_file_is_a_prompt_in_both_languages() -> None:
    there = PromptLibrary().list()
    assert len(there) == len(list(PACKAGED.glob("*.toml")))
    names = {p.name for p in there}
    assert {"base", "assistant", "tutor", "analyst", "contract-reader", "grounded", "plain"} <= names
    assert {(p.name, p.language) for p in there} == {(n, tongue) for n in names for tongue in ("en", "zh")}


@pytest.mark.parametrize(
    "text", ["One line.", "Two\nlines", "It's 'quoted'''\nand \\ ends with '", 'a "b"', "中文\n两行"]
)
def test_an_edited_prompt_is_a_new_version_and_the_packaged_one_stays(tmp_path: Path, text: str) -> None:
    library = PromptLibrary(tmp_path / "prompts")
    before = library.get("tutor", "en")
    made = library.save("tutor", "en", "persona", text)
    assert (made.version, made.own, before.own) == (2, True, False)
    assert library.get("tutor", "en").text == text
    assert library.get("tutor", "en").hash == digest(text)
    assert library.get("tutor", "en", 1) == before
    assert library.get("tutor", "zh").version == 1
    assert library.save("tutor", "en", "persona", "Again.").version == 3


def test_what_cannot_be_a_prompt_is_refused_in_one_sentence(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path)
    for name, text in (("../x", "a"), ("Tutor", "a"), ("tutor", " "), ("tutor", "a\x00b"), ("tutor", "a" * 20_001)):
        with pytest.raises(UsageError):
            library.save(name, "en", "persona", text)
    with pytest.raises(UsageError, match="taken by a persona"):
        library.save("tutor", "en", "contract", "a")
    with pytest.raises(NotFound, match="There is no prompt named “pirate” in that version; choose one of analyst"):
        library.get("pirate")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_prompt_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "bad.en.1.toml").write_text("name = [", "utf-8")
    (tmp_path / "worse.en.1.toml").write_bytes(b"\xff\xfe")
    assert PromptLibrary(tmp_path).list() == PromptLibrary().list()


def test_a_prompt_of_one_language_serves_the_other(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path)
    library.save("pirate", "en", "persona", "Arr.")
    assert library.get("pirate", "zh").text == "Arr."

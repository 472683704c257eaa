"""The composer's choices: what can be served, what a browser starts with, and what is said of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assistant.answering.prompts import Prompt
from assistant.generators.choosing import address
from assistant.settings import Settings
from assistant.types import ModelInfo
from assistant.ui.templating import render
from assistant.ui.ways import about, elsewhere, first_way, newest, ways

BOTH = ("embedded", "small")


def settings(home: Path, **given: Any) -> Settings:
    return Settings(home=home, **given)


def test_only_ways_that_can_be_served_are_offered() -> None:
    assert [way.value for way in ways(("embedded",), "en")] == ["3|embedded"]
    assert [(way.value, way.text) for way in ways(BOTH, "zh")] == [
        ("3|embedded", "依据您的文档（不用模型）"),
        ("3|small", "small，结合您的文档"),
        ("2|small", "small，设定角色"),
        ("1|small", "仅 small"),
    ]


def test_a_new_browser_starts_as_the_settings_say(tmp_path: Path) -> None:
    assert first_way(BOTH, settings(tmp_path, model="small")) == "3|small"
    assert first_way(BOTH, settings(tmp_path, model="small", tier=1)) == "1|small"
    assert first_way(BOTH, settings(tmp_path, model="small", tier=1, brain="embedded")) == "3|embedded"
    assert first_way(("embedded",), settings(tmp_path, tier=2)) == "3|embedded"


def test_words_that_leave_this_machine_are_said_to(tmp_path: Path) -> None:
    def host(**given: Any) -> str:
        return elsewhere(address(settings(tmp_path, **given), {}))

    assert host() == ""
    assert host(model="packaged") == ""
    assert host(model="m", model_url="http://127.0.0.1:8000/v1") == ""
    assert host(model="m", model_url="https://models.example/v1") == "models.example"
    assert host(model="gpt-oss") == "api.openai.com"
    assert host(model="claude", model_provider="anthropic") == "anthropic"


def test_a_model_is_introduced_by_its_size_and_place() -> None:
    small = ModelInfo("small", "local", 4096, provenance={"parameters": 134_515_008})
    assert about(small, "", "en") == (
        "This model is very small (135 million parameters) and often wrong. Check what it says."
    )
    assert about(small, "", "zh") == "此模型很小（1.35 亿参数），常会出错，请核对其回答。"
    large = ModelInfo("large", "server", 4096, provenance={"parameters": 7_615_616_512})
    assert about(large, "models.example", "en") == (
        "7.6 billion parameters. Questions and passages are sent to models.example."
    )
    assert about(ModelInfo("unknown", "server", 4096), "", "en") == ""


def test_the_newest_version_in_the_reader_s_language_is_offered_once() -> None:
    def made(name: str, version: int, language: Any) -> Prompt:
        return Prompt(name, version, language, "persona", f"{name} {version} {language}", "x")

    listed = [made("tutor", 1, "en"), made("tutor", 2, "en"), made("tutor", 1, "zh"), made("clerk", 4, "en")]
    assert [prompt.title for prompt in newest(listed, "en")] == ["clerk 4 en", "tutor 2 en"]
    assert [prompt.title for prompt in newest(listed, "zh")] == ["clerk 4 en", "tutor 1 zh"]


def test_with_the_embedded_brain_alone_there_is_nothing_to_choose() -> None:
    def drawn(brains: tuple[str, ...]) -> str:
        offered = ways(brains, "en")
        given = {"corpora": [], "chosen": "", "ways": offered, "first": "", "personas": [], "persona": ""}
        return render("chooser", "en", **given)

    assert "ts-way" not in drawn(("embedded",))
    assert "small alone" in drawn(BOTH)
    how = render("settings", "en", listed=[], home="x", models=())
    assert "No language model is connected" in how
    assert "thickshell models serve NAME" in how

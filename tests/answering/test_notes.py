"""What is to be known of an answer, in one sentence each, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.answering.notes import notes

MODEL: dict[str, Any] = {"model": {"name": "small"}}


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({}, ()),
        ({"supported": 1, "unsupported": 0, **MODEL}, ()),
        ({"supported": 0, "unsupported": 1, **MODEL}, ("This answer was not found in the documents.",)),
        ({"ended": "length", **MODEL}, ("The answer was cut at its longest length.",)),
        ({"unchecked": True, **MODEL}, ("Not checked against your documents.",)),
        ({"taken_back": True, **MODEL}, ("What the model said was not found in the documents. It was taken back.",)),
        ({"taken_back": True, "fell_back": "So.", "unsupported": 2, **MODEL}, ("So.",)),
        ({"prompt": {"dropped": [3], "start": 0}, **MODEL}, ("One passage did not fit the model and was left out.",)),
        ({"prompt": {"start": 2}, **MODEL}, ("Earlier turns did not fit the model and were left out.",)),
    ],
)
def test_in_english(scores: dict[str, Any], said: tuple[str, ...]) -> None:
    assert notes(scores, "en") == said


def test_in_chinese() -> None:
    scores = {"supported": 3, "unsupported": 2, "prompt": {"dropped": [3, 4]}, **MODEL}
    assert notes(scores, "zh") == ("5 句中有 2 句未在文档中找到依据。", "有 2 段内容超出模型长度，未送入。")

"""The receipt in words: a model's answer tells its model, prompts, passages, tokens, counts; the embedded one less."""

from __future__ import annotations

from typing import Any

from assistant.ui.receipts import sections

SCORES: dict[str, Any] = {
    "model": {"name": "small", "kind": "local", "revision": "abc"},
    "prompt": {"parts": ["base.en@1", "tutor.en@2"], "hash": "f00", "sent": [7, 9], "dropped": [4]},
    "sampling": {"temperature": 0.0, "max_tokens": 512, "stop": []},
    "supported": 3,
    "unsupported": 2,
    "gate": 0.62,
}
ANSWER: dict[str, Any] = {
    "question": "Who?", "answer": "Ada [1].", "brain": "small", "tier": 3, "route": "text", "confidence": 0.6,
    "timings_ms": {"total": 1500.0},
    "receipt": {
        "scores": SCORES,
        "parts": {
            "model architecture": "llama", "model base": "HuggingFaceTB/SmolLM2-135M", "model licence": "Apache-2.0",
            "model limits": "None beyond keeping the notices.", "model parameters": "134515008", "adapter law": "beef",
        },
        "usage": {"prompt": 900, "completion": 40, "cached": 512},
        "cost": {"model_seconds": 1.25, "price": 0.004},
    },
}  # fmt: skip


def shown(answer: dict[str, Any]) -> dict[str, str]:
    return {row.label: row.text for part in sections(answer, "en") for row in part.rows}


def test_a_model_s_answer_tells_all_that_made_it() -> None:
    rows = shown(ANSWER)
    assert rows["Made by"] == "small, with your documents"
    assert (rows["Sentences found"], rows["Sentences not found"]) == ("3", "2")
    assert (rows["Runs"], rows["Revision"]) == ("in this program", "abc")
    assert (rows["Architecture"], rows["Made from"]) == ("llama", "HuggingFaceTB/SmolLM2-135M")
    assert (rows["Licence"], rows["Its limits"]) == ("Apache-2.0", "None beyond keeping the notices.")
    assert (rows["Parameters"], rows["Adapter law"]) == ("135 million", "beef")
    assert (rows["Prompts"], rows["Hash of all it was sent"]) == ("base.en@1, tutor.en@2", "f00")
    assert (rows["Passages sent"], rows["Passages left out"]) == ("2 (7, 9)", "1 (4)")
    assert rows["Drawing"] == "temperature 0.0, max_tokens 512"
    assert (rows["Tokens read"], rows["Tokens written"]) == ("900 (512 read before)", "40")
    assert (rows["Time of the model"], rows["Cost"]) == ("1.25 s", "0.004")


def test_a_number_is_called_what_it_is() -> None:
    rows = shown(ANSWER)
    assert "Confidence" not in rows  # of a model's answer it would be made up
    assert rows["Share of its sentences that were found"] == "60 %"
    assert rows["Chance that a quote of these passages answers, before the model was asked"] == "62 %"
    fallen = ANSWER | {"receipt": {"scores": SCORES | {"supported": 0, "taken_back": True}}}
    assert shown(fallen)["Confidence"] == "60 %"  # the embedded reader's answer, and its probability
    silent = ANSWER | {"abstained": True, "receipt": {"scores": SCORES | {"supported": 0, "unsupported": 0}}}
    assert "Share of its sentences that were found" not in shown(silent)


def test_what_is_not_known_of_a_model_is_said() -> None:
    rows = shown(ANSWER | {"receipt": {"scores": SCORES, "parts": {}}})
    assert (rows["Licence"], rows["Architecture"]) == ("not known here", "not known here")


def test_the_embedded_brain_has_no_model_and_no_prompt() -> None:
    embedded = {"question": "Who?", "brain": "embedded", "tier": 3, "route": "text", "confidence": 0.5, "receipt": {}}
    assert [part.title for part in sections(embedded, "en")] == ["This answer"]
    assert [part.title for part in sections(embedded, "zh")] == ["此回答"]


def test_an_unchecked_answer_claims_no_confidence() -> None:
    alone = ANSWER | {"tier": 1, "receipt": {"scores": {"unchecked": True, "model": {"name": "small"}}}}
    rows = shown(alone)
    assert "Confidence" not in rows
    assert rows["Checked against the documents"] == "Not checked against your documents."

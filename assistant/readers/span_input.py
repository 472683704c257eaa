"""Text to token ids of the span reader, with the way back to code points of the passage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from assistant.answering.language import HAN

PASSAGE_PREFIX, QUERY_PREFIX = "passage: ", "query: "
MAX_QUESTION, MAX_WINDOW = 64, 256
BOS, PAD, EOS = 0, 1, 2

_MARK = re.compile(r"[^\w\s)\]}\"'”’」』）》】]$")


def has_mark(question: str) -> bool:
    """Whether a question ends like a sentence.

    >>> has_mark("Who came?"), has_mark("谁来了？"), has_mark("who came")
    (True, True, False)
    """
    return _MARK.search(question.strip()) is not None


def as_written(question: str) -> str:
    """A typed question the way that the reader's training data is written: with a capital letter and its mark.

    >>> as_written("who came to the harbour"), as_written("谁来了"), as_written("Who came?")
    ('Who came to the harbour?', '谁来了？', 'Who came?')
    """
    text = question.strip()
    if not text or has_mark(text):
        return text
    return f"{text}？" if re.search(f"[{HAN}]", text) else f"{text[0].upper()}{text[1:]}?"


@dataclass(frozen=True)
class Pieces:
    """Tokens of a passage: `spans[i]` are the code points (start, end) of token i in the passage itself."""

    ids: list[int]
    spans: list[tuple[int, int]]


def question_ids(tokenizer: Any, question: str) -> list[int]:
    """`<s> query: QUESTION </s></s>`, cut at MAX_QUESTION tokens."""
    ids = tokenizer.encode(QUERY_PREFIX + question, add_special_tokens=False).ids[:MAX_QUESTION]
    return [BOS, *ids, EOS, EOS]


def passage_pieces(tokenizer: Any, passage: str) -> Pieces:
    """All tokens of a passage, blanks trimmed from their spans; tokens of the prefix or of blanks only are left out."""
    coded = tokenizer.encode(PASSAGE_PREFIX + passage, add_special_tokens=False)
    ids: list[int] = []
    spans: list[tuple[int, int]] = []
    for token, (start, end) in zip(coded.ids, coded.offsets, strict=True):
        start, end = trimmed(passage, start - len(PASSAGE_PREFIX), end - len(PASSAGE_PREFIX))
        if start < end:
            ids.append(token)
            spans.append((start, end))
    return Pieces(ids, spans)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without blanks at its ends; start == end when nothing is left.

    >>> trimmed("a  big cat ", 1, 6)
    (3, 6)
    """
    start, end = max(start, 0), min(end, len(text))
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def prefix_ids(tokenizer: Any) -> list[int]:
    """The tokens of "passage:", put before every window."""
    return list(tokenizer.encode(PASSAGE_PREFIX.strip(), add_special_tokens=False).ids)


def covering(pieces: Pieces, start: int, end: int) -> tuple[int, int] | None:
    """First and last token that touch the code points [start, end); None when no token does."""
    first = next((i for i, span in enumerate(pieces.spans) if span[1] > start), None)
    last = next((i for i in range(len(pieces.spans) - 1, -1, -1) if pieces.spans[i][0] < end), None)
    return None if first is None or last is None or last < first else (first, last)

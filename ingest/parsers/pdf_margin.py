"""Numbers of printed lines down the left margin: transcripts, pleadings, bills, manuscripts.

They would stand in the middle of sentences. A list or a table with a column of ranks is counted too, but its rows do
not go on in lower case from one to the next, and none of its numbers stands alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ingest.parsers.pdf_layout import rows_of
from ingest.parsers.pdf_text import Word

_LEAST = 10  # numbers on a page
_LONG = 30  # characters of a usual line of text


def without_line_numbers(words: list[Word]) -> tuple[list[Word], int]:
    """The words of a page without its line numbers, and how many there were (0: it has none)."""
    rows = rows_of(words)
    counted = _longest_count([row for row in rows if row[0].text.isdigit() and len(row[0].text) < 5])
    if len(counted) < _LEAST or len(counted) * 5 < len(rows) * 3:
        return words, 0
    numbers = {id(row[0]) for row in counted}
    edge = max(row[0].box[2] for row in counted)
    aside = all(word.box[0] > edge for row in counted for word in row[1:])
    if not (aside and _aligned([row[0] for row in counted]) and _is_running([row[1:] for row in counted])):
        return words, 0
    return [word for word in words if id(word) not in numbers], len(numbers)


def _longest_count(rows: Sequence[list[Word]]) -> list[list[Word]]:
    """The longest run of rows whose first words count up by one."""
    best: list[list[Word]] = []
    run: list[list[Word]] = []
    for row in rows:
        run = [*run, row] if run and int(row[0].text) == int(run[-1][0].text) + 1 else [row]
        best = max(best, run, key=len)
    return best


def _aligned(numbers: Sequence[Word]) -> bool:
    """One below the other, on the left or on the right, in equal steps."""
    size = max(word.size for word in numbers)
    spread = min(max(edges) - min(edges) for edges in ([w.box[0] for w in numbers], [w.box[2] for w in numbers]))
    steps = [b.base - a.base for a, b in itertools.pairwise(numbers)]
    return spread < 0.5 * size and max(steps) - min(steps) < 0.5 * size


def _is_running(texts: Sequence[Sequence[Word]]) -> bool:
    """Whether rows are printed lines of running text: sentences go on from one to the next, or lines are empty."""
    alone = sum(not text for text in texts)
    going_on = sum(bool(text) and text[0].text[0].islower() for text in texts)
    lengths = [sum(len(word.text) + 1 for word in text) for text in texts if text]
    long = bool(lengths) and sorted(lengths)[len(lengths) // 2] >= _LONG
    return alone + going_on >= max(3, len(texts) // 4) and (alone > 0 or long)

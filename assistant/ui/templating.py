"""Jinja templates with autoescape: whatever a document, a file name or a title holds, it is text on the page."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assistant.ui.icons import icon
from assistant.ui.sentences import translated
from assistant.ui.words import Language, say

HERE = Path(__file__).parent


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["icon"] = icon
    made.filters["size"] = size
    made.filters["flow"] = flow
    made.filters["enc"] = lambda text: quote(str(text), safe="")
    made.filters["date"] = lambda text: str(text or "")[:10]
    return made


def render(name: str, language: Language, **values: Any) -> str:
    """The template `name`.html; inside it, `t(key, ...)` gives the words of the language, `said(sentence)` the
    library's own sentences in it."""
    template = environment().get_template(f"{name}.html")
    words = {"t": lambda key, **blanks: say(key, language, **blanks), "said": lambda text: translated(text, language)}
    return template.render(lang=language, **words, **values)


def flow(text: str) -> str:
    """Text of a page with its printed lines joined; blank lines, short lines and list items stay apart.

    >>> flow("A line that runs on to the end of the column\\nand goes on.\\n\\nNext.")
    'A line that runs on to the end of the column and goes on.\\nNext.'
    """
    joined = re.sub(r"(?<=[^\n]{40})(?<![:.;!?。！？；：])[ \t]*\n(?=[^\W\d_])", _gap, text)
    return re.sub(r"\s*\n\s*\n\s*", "\n", joined)


def _gap(found: re.Match[str]) -> str:
    """Nothing between Chinese characters, else a blank; rows of a table stay apart."""
    text, start, end = found.string, found.start(), found.end()
    if "|" in text[text.rfind("\n", 0, start) + 1 : start] + text[end : end + 80].split("\n")[0]:
        return "\n"
    before, after = text[start - 1], text[end]
    return "" if before > "\u2e80" and after > "\u2e80" else " "


def size(count: int | None) -> str:
    """Bytes for people.

    >>> size(0), size(999), size(2_400_000), size(None)
    ('0 KB', '1 KB', '2.4 MB', '')
    """
    if count is None:
        return ""
    for unit, step in (("GB", 1e9), ("MB", 1e6)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{max(min(count, 1), round(count / 1e3))} KB"

"""From verified claims to the text that people read: framing, quotes, emphasis, citation marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.language import HAN
from assistant.types import Claim, Span

_WIDE_END = re.compile(rf"[{HAN}。！？；，、：」』”》）]$")


def quoted(span: Span, bold: tuple[int, int] | None = None) -> str:
    """The words of a span on one line; `bold` (document offsets) is set in ** where that leaves the words exact."""
    if bold is None or "*" in span.quote or not span.start <= bold[0] < bold[1] <= span.end:
        return one_line(span.quote)
    start, end = bold[0] - span.start, bold[1] - span.start
    if (start, end) == (0, len(span.quote)):
        return one_line(span.quote)
    inner = one_line(span.quote[start:end])
    return _tight(span.quote[:start]) + f"**{inner}**" + _tight(span.quote[end:])


def one_line(text: str) -> str:
    """Blanks and line breaks as one space; between Chinese characters a line break is nothing."""
    return " ".join(_joined(text).split())


def marked(claim: Claim, numbers: Sequence[int]) -> str:
    """A claim with its citation marks: `46 grams per day [1]`."""
    text = disarmed(claim.text)
    marks = "".join(f"[{n}]" for n in numbers)
    return f"{text}{'' if _WIDE_END.search(text) else ' '}{marks}"


def disarmed(text: str) -> str:
    """Markdown of documents that would load or open something (images, links) shown as its characters.

    >>> disarmed("![a](http://b)")
    '!\\\\[a](http://b)'
    """
    return re.sub(r"(?<!\\)\[(?=[^\]]*\]\()", r"\\[", text)


def join(parts: Sequence[str]) -> str:
    """Answers of one sentence each, in one paragraph."""
    out = ""
    for part in parts:
        out += (
            ""
            if not out or (_WIDE_END.search(re.sub(r"(?:\[\d+\])+$", "", out)) and re.match(rf"[{HAN}《「『“]", part))
            else " "
        ) + part
    return out


def bullets(parts: Sequence[str], head: str = "") -> str:
    """A Markdown list under a framing line."""
    return "\n".join(([head, ""] if head else []) + [f"- {part}" for part in parts])


def _joined(text: str) -> str:
    return re.sub(rf"(?<=[{HAN}。，、；：！？」』”》）])[ \t]*\n\s*(?=[{HAN}「『“《（])", "", text)


def _tight(text: str) -> str:
    """Like one_line, but a blank at either end stays one blank: it stands next to the emphasis."""
    return re.sub(r"\s+", " ", _joined(text))

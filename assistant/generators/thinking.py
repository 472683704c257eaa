"""Keeps what a model says to itself out of its answer, where the server leaves it in the text."""

from __future__ import annotations

OPENING = ("<think>", "<thinking>")
CLOSING = ("</think>", "</thinking>")


class Thoughts:
    """A filter over a stream of text. What may be the beginning of a tag waits for what follows.

    >>> filter = Thoughts()
    >>> [filter.feed(part) for part in ("<thi", "nk>hm", "</think>", "\\n\\nLyon", ".")], filter.rest()
    (['', '', '', 'Lyon', '.'], '')
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._trim = False

    def feed(self, text: str) -> str:
        """What of the text so far may be shown now."""
        self._held += text
        shown = ""
        while True:
            at, tag = _first(self._held, CLOSING if self._inside else OPENING)
            if not tag:
                break
            shown += "" if self._inside else self._held[:at]
            self._held = self._held[at + len(tag) :]
            self._inside, self._trim = not self._inside, self._inside
        waits = _beginning(self._held, CLOSING if self._inside else OPENING)
        ready, self._held = self._held[: len(self._held) - waits], self._held[len(self._held) - waits :]
        return self._trimmed(shown + ("" if self._inside else ready))

    def rest(self) -> str:
        """What was held back when the stream ends."""
        held, self._held = self._held, ""
        return "" if self._inside else self._trimmed(held)

    def _trimmed(self, text: str) -> str:
        if self._trim:
            text = text.lstrip()
            self._trim = not text
        return text


def _first(text: str, tags: tuple[str, ...]) -> tuple[int, str]:
    """Where the first of the tags stands, and which; (-1, "") for none."""
    return min(((text.find(tag), tag) for tag in tags if tag in text), default=(-1, ""))


def _beginning(text: str, tags: tuple[str, ...]) -> int:
    """How many characters at the end may begin a tag."""
    longest = max(map(len, tags)) - 1
    return next((n for n in range(min(longest, len(text)), 0, -1) if any(t.startswith(text[-n:]) for t in tags)), 0)

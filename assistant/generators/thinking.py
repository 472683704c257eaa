"""Keeps what a model says to itself out of its answer, where the server leaves it in the text."""

from __future__ import annotations

OPENING = ("<think>", "<thinking>")
CLOSING = ("</think>", "</thinking>")
TALKED_OF = (" ", "`", '"', "'", "“", "‘")
"""Before an end that nothing began, they make it one that is only talked about."""


class Thoughts:
    """A filter over a stream of text. What may be the beginning of a tag waits for what follows.

    Some templates open the thoughts themselves, so that only their end comes. Where that was not known (`inside`), text
    has been passed on by then: `astray` says so, once, and what came before is to be taken back.

    >>> filter = Thoughts()
    >>> [filter.feed(part) for part in ("<thi", "nk>hm", "</think>", "\\n\\nLyon", ".")], filter.rest()
    (['', '', '', 'Lyon', '.'], '')
    >>> filter = Thoughts()
    >>> filter.feed("Lyon? Yes.</think>Lyon."), filter.astray
    ('Lyon.', True)
    """

    def __init__(self, inside: bool = False) -> None:
        self._held = ""
        self._inside = self._assumed = inside
        self._begun = False  # a tag has come
        self._trim = False
        self._last = ""
        self.unopened = False  # thoughts ended that this text had not begun
        self.astray = False

    def feed(self, text: str) -> str:
        """What of the text so far may be shown now."""
        self.astray = False
        self._held += text
        shown = ""
        while True:
            at, tag = _first(self._held, self._tags)
            if not tag:
                break
            before = self._held[:at]
            if tag in CLOSING and not self._inside:
                if (before or self._last)[-1:] in TALKED_OF:
                    shown, self._held, self._last = shown + before + tag, self._held[at + len(tag) :], tag
                    continue
                shown, self.astray, self.unopened = "", True, True
            else:
                shown += "" if self._inside else before
                self.unopened = self.unopened or (self._inside and self._assumed)
            self._held = self._held[at + len(tag) :]
            self._inside, self._trim = tag in OPENING, tag in CLOSING
            self._begun, self._assumed = True, False
        if self._assumed:
            return ""  # all of it is the answer, where no end comes
        waits = _beginning(self._held, self._tags)
        ready, self._held = self._held[: len(self._held) - waits], self._held[len(self._held) - waits :]
        shown += "" if self._inside else ready
        self._last = shown[-1:] or self._last
        return self._trimmed(shown)

    def rest(self, *, cut: bool = False) -> str:
        """What was held back when the stream ends. `cut`: by its length, so that thoughts may not have ended."""
        held, self._held = self._held, ""
        if self._assumed:
            return "" if cut else held
        return "" if self._inside else self._trimmed(held)

    @property
    def _tags(self) -> tuple[str, ...]:
        """Which tags mean something now; an end without a beginning only as the first of all."""
        if self._inside:
            return CLOSING
        return OPENING if self._begun else OPENING + CLOSING

    def _trimmed(self, text: str) -> str:
        if self._trim:
            text = text.lstrip()
            self._trim = not text
        return text


def opens(prompt: str) -> bool:
    """Whether a prompt ends within thoughts that its template has opened.

    >>> opens("<|im_start|>assistant\\n<think>\\n"), opens("<think>\\n\\n</think>\\n\\n")
    (True, False)
    """
    return prompt.rstrip().endswith(OPENING)


def _first(text: str, tags: tuple[str, ...]) -> tuple[int, str]:
    """Where the first of the tags stands, and which; (-1, "") for none."""
    return min(((text.find(tag), tag) for tag in tags if tag in text), default=(-1, ""))


def _beginning(text: str, tags: tuple[str, ...]) -> int:
    """How many characters at the end may begin a tag."""
    longest = max(map(len, tags)) - 1
    return next((n for n in range(min(longest, len(text)), 0, -1) if any(t.startswith(text[-n:]) for t in tags)), 0)

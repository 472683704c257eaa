# ruff: noqa: E501 - patterns are tables: a row is a line
"""A model's text as it comes: shown at once, its citation marks held back, its sentences told apart.

What comes out never depends on how the text was cut on its way: a place is passed on only once nothing that follows
could change what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from assistant.answering.language import HAN
from assistant.textual import ends_sentence, sentence_ends, word_follows

_LABEL = r"(?:(?:passages?|sources?|documents?|docs?|段落|来源|文档|资料)\s*)"
_NUMBERS = r"\d{1,3}(?:\s*(?:[,，、;；–-]|and|和)\s*\d{1,3})*"
_MARK = re.compile(
    rf"[ \t]*\\?(?:[\[【]\^?{_LABEL}?#?(?P<n>{_NUMBERS})\s*\\?[\]】]|[\[【]\s*\?\s*\\?[\]】]|[(（]{_LABEL}#?(?P<l>{_NUMBERS})\s*[)）])",
    re.IGNORECASE,
)
_MAYBE = re.compile(
    r"[ \t]*\\?(?:[\[【(（][\^A-Za-z段落来源文档资料 \t]{0,14}#?[\d,，、;；–\-\s?andAND和]{0,24}\\?)?", re.IGNORECASE
)
_FENCE = re.compile(r"(`{3,}|~{3,})([^\n]*)")
_THINKING = re.compile(r"\s*<think>.*?(?:</think>\s*|\Z)", re.DOTALL)
_FIRST_CELL = re.compile(r"(?:\|\s*)+(?:\\.|[^|\\])*[^|\\\s]")
_FORGED = re.compile(r"\[[\d?]{1,3}$")
REPEATS, SHORTEST, LONGEST = 4, 5, 160
"""How often in a row, and how many characters, make a text that goes round in circles."""
WIDE_END = re.compile(rf"[{HAN}。！？；，、：」』”》）]$")


@dataclass(frozen=True, slots=True)
class Text:
    """To be shown now."""

    text: str


@dataclass(frozen=True, slots=True)
class End:
    """A sentence has been shown: its words as the model wrote them, and the numbers of the passages it names."""

    sentence: str
    cited: tuple[int, ...]
    fenced: bool = False  # lines of code: a mark stands below them


Piece = Text | End


@dataclass
class SentenceStream:
    """Feed it what comes, close it at the end. `marks` False: the model's own marks are text like any other."""

    marks: bool = True
    _raw: str = ""  # not yet read: may be part of a mark
    _clean: str = ""  # without marks
    _cited: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)  # (place in _clean, numbers)
    _out: int = 0  # shown up to here
    _start: int = 0  # of the sentence under way
    _scan: int = 0  # no end of a sentence before here
    _led: bool = False  # a mark stood before its sentence: the blanks after it go too
    _thought: bool = False  # what stood in <think> is gone

    def feed(self, text: str) -> list[Piece]:
        self._raw += text
        self._read(closing=False)
        return list(self._pieces(closing=False))

    @property
    def repeats(self) -> bool:
        """Whether the text ends in the same words over and over, as small models do until they are stopped."""
        tail = self._clean[-REPEATS * LONGEST :]
        units = (tail[-n:] for n in range(SHORTEST, LONGEST + 1) if tail[-1:] == tail[-1 - n : -n])
        return any(tail.endswith(unit * REPEATS) and any(c.isalpha() for c in unit) for unit in units)

    def close(self) -> list[Piece]:
        """The rest. A sentence that was cut off is given like a whole one: it has to be borne out too."""
        self._read(closing=True)
        return list(self._pieces(closing=True))

    # --- marks ------------------------------------------------------------------------------------------------------
    def _read(self, *, closing: bool) -> None:
        """Moves what is certain from `_raw` to `_clean`, without marks."""
        if not self._thought and not self._past_thinking(closing):
            return
        at, raw = 0, self._raw
        while at < len(raw):
            if self.marks and raw[at] in " \t\\[【(（":
                if mark := _MARK.match(raw, at):
                    self._note(mark)
                    at = mark.end()
                    continue
                if not closing and _MAYBE.fullmatch(raw, at):
                    break
            if self._led and raw[at] in " \t":
                at += 1
                continue
            self._led = False
            self._clean += raw[at]
            at += 1
        self._raw = raw[at:]

    def _past_thinking(self, closing: bool) -> bool:
        """Whether the text is past what a model thinks aloud before it answers."""
        bare = self._raw.lstrip()
        if not closing and ("<think>".startswith(bare) or (bare.startswith("<think>") and "</think>" not in bare)):
            return False
        if bare.startswith("<think>"):
            rest = _THINKING.sub("", self._raw, count=1)
            if not closing and not rest:
                return False
            self._raw = rest
        self._thought = True
        return True

    def _note(self, mark: re.Match[str]) -> None:
        leads = not self._clean or self._clean[-1] == "\n"
        self._led = leads or self._led
        if found := mark["n"] or mark["l"]:
            self._cited.append((len(self._clean), expanded(found)))

    # --- sentences --------------------------------------------------------------------------------------------------
    def _pieces(self, *, closing: bool) -> Iterator[Piece]:
        """Text that is certain, and the ends of sentences in their places."""
        text = self._clean
        frontier = len(text)
        for end in sentence_ends(text, self._scan):
            if not closing and not _settled(text, end):
                frontier = end.start()
                break
            self._scan = end.end()
            if _in_fence(text, end.end() if end["line"] or end["gap"] else end.start()):
                continue
            if _in_row(text, end.start()) and not (end["line"] or end["gap"]):
                continue
            start = self._start + len(text[self._start :]) - len(text[self._start :].lstrip())
            if start < end.start() and ends_sentence(text, start, end):
                yield from self._ended(end.end())
        if closing:
            yield from self._ended(len(text))
            yield from self._show(len(text))
        else:
            yield from self._show(self._safe(frontier))

    def _ended(self, end: int) -> Iterator[Piece]:
        """The sentence under way ends here: the rest of its text, then its end; in a row, behind its first cell."""
        sentence = self._clean[self._start : end]
        stop = self._start + len(sentence.rstrip())
        cited = tuple(n for place, numbers in self._cited if place <= stop for n in numbers)
        self._cited = [row for row in self._cited if row[0] > stop]
        if body := sentence.strip():
            cell = _FIRST_CELL.match(body) if _in_row(self._clean, stop - len(body)) else None
            place = stop - len(body) + cell.end() if cell else stop
            yield from self._show(place)
            yield End(body, tuple(dict.fromkeys(cited)), fenced=_FENCE.match(body) is not None)
        self._start = stop

    def _safe(self, frontier: int) -> int:
        """Without what may still change: blanks at the end, a "<" whose next character decides, a row of a table."""
        text = self._clean
        row = text.rfind("\n", 0, frontier) + 1
        if _in_row(text, frontier):
            frontier = max(row, self._out)
        while frontier > self._out and (text[frontier - 1].isspace() or text[frontier - 1] == "<"):
            frontier -= 1
        return frontier

    def _show(self, end: int) -> Iterator[Piece]:
        if end > self._out:
            shown = disarmed(self._clean, self._out, end, marks=self.marks)
            self._out = end
            yield Text(shown)


def expanded(numbers: str) -> tuple[int, ...]:
    """
    >>> expanded("1, 3-5"), expanded("2和4")
    ((1, 3, 4, 5), (2, 4))
    """
    found: list[int] = []
    for part in re.split(r"[,，、;；和]|and", numbers, flags=re.IGNORECASE):
        ends = [int(n) for n in re.findall(r"\d+", part)]
        if ends:
            found += range(ends[0], min(ends[-1], ends[0] + 20) + 1)
    return tuple(n for n in dict.fromkeys(found) if n)


def disarmed(text: str, start: int = 0, end: int | None = None, *, marks: bool = True) -> str:
    """text[start:end] with what Markdown or HTML would load, open or take for our marks written as mere characters.

    Links and pictures lose the bracket that makes them one, tags their "<", bars outside rows of a table their meaning
    (a row may hide its last cells, and with them a mark); code between fences stays as it is. `marks`: where ours stand in
    the text, nothing else may look like one.

    >>> disarmed("![a](http://b) <img src=x> 1 < 2")
    '![a]\\\\(http://b) \\\\<img src=x> 1 < 2'
    """
    out = ""
    for at in range(start, len(text) if end is None else end):
        c = text[at]
        if c in "(:]<|" and (marks or c != "]") and _armed(text, at) and not _in_fence(text, at):
            out += " " if c == "]" else "\\"
        out += c
    return out


def _armed(text: str, at: int) -> bool:
    c = text[at]
    if c == "<":
        return re.match(r"[A-Za-z/!?]", text[at + 1 : at + 2]) is not None and not _escaped(text, at)
    if c == "|":
        return not _in_row(text, at) and not _escaped(text, at)
    if c == "]":
        return _FORGED.search(text[max(at - 4, 0) : at]) is not None
    if text[at - 1 : at] != "]" or not at:
        return False
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return c == "(" or re.fullmatch(r"[ >\-*]{0,8}\[[^\]]*\]", line) is not None


def _escaped(text: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    return (at - len(text[:at].rstrip("\\"))) % 2 == 1


def _in_row(text: str, at: int) -> bool:
    """Whether the line of a place opens with a bar."""
    return text[text.rfind("\n", 0, at) + 1 : at + 1].lstrip().startswith("|")


def _in_fence(text: str, at: int) -> bool:
    """Whether a place is in code between fences, those that begin a line."""
    open_: str = ""
    for line in text[: text.rfind("\n", 0, at) + 1].split("\n"):
        fence = _FENCE.match(line)
        if not fence:
            continue
        if not open_:
            open_ = fence[1] if "`" not in fence[2] or fence[1][0] == "~" else ""
        elif fence[1][0] == open_[0] and len(fence[1]) >= len(open_) and not fence[2].strip():
            open_ = ""
    return bool(open_)


def _settled(text: str, end: re.Match[str]) -> bool:
    """Whether nothing that may still come changes this end of a sentence."""
    return bool(end["line"]) or word_follows(text, end.end())

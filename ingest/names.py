"""Names are data: what a file or a corpus is called, made safe to show, and never used as a path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from assistant.errors import UsageError

LONGEST = 200
LONGEST_WITH_FOLDERS = 400
UNNAMED = "unnamed"
_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def split_path(name: str) -> tuple[tuple[str, ...], str]:
    """(folders, file name) of a path as any system writes it, each part cleaned."""
    parts = [clean(part) for part in re.split(r"[/\\]+", name)]
    kept = [part for part in parts if part and not re.fullmatch(r"\.+|[A-Za-z]:", part)]
    return tuple(kept[:-1]), kept[-1] if kept else UNNAMED


def clean(text: str) -> str:
    """NFC, one line, no control or direction marks, at most 200 characters with the suffix kept."""
    shown = (" " if unicodedata.category(c) in {"Zl", "Zp"} or c in "\t\n\r" else c for c in text)
    kept = "".join(c for c in shown if unicodedata.category(c) not in {"Cc", "Cs"} and c not in _DIRECTIONS)
    name = " ".join(unicodedata.normalize("NFC", kept).split())
    if len(name) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if dot and stem and len(suffix) <= 16:
        return f"{stem[: LONGEST - len(suffix) - 1]}.{suffix}"
    return name[:LONGEST]


def candidates(folders: Sequence[str], name: str) -> Iterator[str]:
    """The name, then with more and more of its folders in front, then numbered."""
    for depth in range(len(folders) + 1):
        longer = "/".join([*folders[len(folders) - depth :], name])
        if len(longer) <= LONGEST_WITH_FOLDERS:
            yield longer
    stem, dot, suffix = name.rpartition(".")
    number = 2
    while True:
        yield f"{stem} ({number}).{suffix}" if dot and stem else f"{name} ({number})"
        number += 1


def corpus_name(text: str) -> str:
    """A usable corpus name; UsageError in one sentence otherwise."""
    name = clean(text)
    if not name:
        raise UsageError("A corpus needs a name; give it at least one visible character.")
    if re.fullmatch(r"importing-\d+-.*", name):
        raise UsageError("Names that begin with “importing-” are used for imports under way; choose another name.")
    if len(" ".join(text.split())) > LONGEST:
        raise UsageError(f"The name of a corpus has at most {LONGEST} characters; choose a shorter one.")
    return name

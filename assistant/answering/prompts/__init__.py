"""The prompt library: named texts in versions, the packaged ones beside those that the user wrote.

A file a version, `NAME.LANGUAGE.VERSION.toml`; no version is ever changed or overwritten. What the user edits becomes
a new version in the folder of their home, and the newest version of a name is the one that is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from assistant.answering.language import Language
from assistant.errors import NotFound, UsageError

Kind = Literal["system", "persona", "contract"]
PACKAGED = Path(__file__).parent
LONGEST = 20_000
"""Characters of a prompt."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A version of a text. `own`: the user wrote it."""

    name: str
    version: int
    language: Language
    kind: Kind
    title: str
    text: str
    own: bool = False

    @property
    def id(self) -> str:
        return f"{self.name}.{self.language}@{self.version}"

    @property
    def hash(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return digest(self.text)


class PromptLibrary:
    """The packaged prompts and those of a folder, which need not exist. Files are read at each call."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def list(self, kind: Kind | None = None) -> list[Prompt]:
        """Every version, by kind, name and language, newest first."""
        every = [*_packaged(), *(_read(self._folder, own=True) if self._folder else ())]
        shown = [prompt for prompt in every if kind is None or prompt.kind == kind]
        return sorted(shown, key=lambda p: (p.kind, p.name, p.language, -p.version))

    def get(self, name: str, language: Language = "en", version: int | None = None) -> Prompt:
        """The newest (or the given) version in the language, else in the other one; NotFound names those there are."""
        named = [p for p in self.list() if p.name == name and version in (None, p.version)]
        if not named:
            there = ", ".join(sorted({p.name for p in self.list()}))
            raise NotFound(f"There is no prompt named “{name}” in that version; choose one of {there}.")
        return min(named, key=lambda p: (p.language != language, -p.version))

    def save(self, name: str, language: Language, kind: Kind, text: str, title: str = "") -> Prompt:
        """Stores a text as the next version of its name. UsageError where name or text cannot be used."""
        if self._folder is None:
            raise UsageError("Prompts cannot be kept here: there is no home; start thickshell with one.")
        _usable(name, language, kind, text)
        same = [p for p in self.list() if p.name == name]
        if any(p.kind != kind for p in same):
            raise UsageError(f"The name {name} is taken by a {same[0].kind}; choose another name.")
        version = 1 + max((p.version for p in same if p.language == language), default=0)
        made = Prompt(name, version, language, kind, title.strip() or name, text.strip(), own=True)
        _write(self._folder, made)
        return made


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _usable(name: str, language: str, kind: str, text: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError("A prompt's name has small letters, digits and hyphens, at most 40; choose such a name.")
    if language not in get_args(Language) or kind not in get_args(Kind):
        raise UsageError("A prompt is in en or zh, and of the kind system, persona or contract; choose of these.")
    if not text.strip() or len(text) > LONGEST or _CONTROL.search(text.replace("\r\n", "\n")):
        raise UsageError(f"A prompt is plain text of 1 to {LONGEST:,} characters; shorten or mend it.")


@lru_cache(maxsize=1)
def _packaged() -> tuple[Prompt, ...]:
    return tuple(_read(PACKAGED, own=False))


def _read(folder: Path, *, own: bool) -> Iterable[Prompt]:
    """The prompts of a folder; a file that is none is left out."""
    for file in sorted(folder.glob("*.toml")):
        try:
            row = tomllib.loads(file.read_text("utf-8"))
            _usable(row["name"], row["language"], row["kind"], row["text"])
            title = str(row.get("title") or row["name"])
            yield Prompt(
                row["name"], int(row["version"]), row["language"], row["kind"], title, row["text"].strip(), own
            )
        except (OSError, KeyError, TypeError, ValueError, UsageError):  # TOMLDecodeError is a ValueError
            continue


def _write(folder: Path, prompt: Prompt) -> None:
    """Never over a file that is there: of two that save at once, the second is told."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {"name": prompt.name, "version": prompt.version, "language": prompt.language, "kind": prompt.kind}
    lines = [f"{key} = {json.dumps(value)}" for key, value in rows.items()]
    lines += [f"title = {_toml(prompt.title)}", f"text = {_toml(prompt.text)}"]
    file = folder / f"{prompt.name}.{prompt.language}.{prompt.version}.toml"
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except FileExistsError:
        raise UsageError("Another version was saved at the same moment; look at it, then save again.") from None


def _toml(text: str) -> str:
    """A text as TOML: in lines as people would write it, where its characters allow that."""
    text = text.replace("\r\n", "\n")
    if "\n" in text and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    return json.dumps(text, ensure_ascii=False)

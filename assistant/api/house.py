"""What the edge asks of the house that `assistant.wiring.build` puts together."""

from __future__ import annotations

from typing import Protocol

from assistant.seams import Asker, Chats, Embedder, Generator, Keys, Library, Prompts
from assistant.settings import Settings

PRIVATE = "conversation-"
"""Prefix of the private corpus that holds the files attached to one conversation."""


class House(Protocol):
    """`wiring.House`, as far as the edge uses it."""

    @property
    def settings(self) -> Settings: ...
    @property
    def library(self) -> Library: ...
    @property
    def chats(self) -> Chats: ...
    @property
    def assistant(self) -> Asker: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def brains(self) -> tuple[str, ...]: ...
    def generator(self, name: str) -> Generator: ...
    def place(self, name: str) -> str: ...
    @property
    def prompts(self) -> Prompts: ...
    def start(self) -> None: ...
    def close(self) -> None: ...


def private_corpus(conversation: str) -> str:
    return PRIVATE + conversation

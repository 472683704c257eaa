"""What requests say in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, model_validator


class Body(BaseModel):
    """A request's fields. Half a character (a surrogate alone, which JSON can spell) can neither be stored nor sent
    back, so it is refused."""

    @model_validator(mode="before")
    @classmethod
    def whole(cls, value: Any) -> Any:
        for text in texts(value):
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:
                raise ValueError("it holds half a character, which no text may end in") from None
        return value


def texts(value: Any) -> Iterator[str]:
    """All strings in JSON data, names of fields too.

    >>> sorted(texts({"a": ["b", {"c": 1}]}))
    ['a', 'b', 'c']
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.values(), *one]
        elif isinstance(one, list):
            waiting += one

"""Only safetensors: while a library loads a model, nothing is unpickled and no file of pickled weights is opened.

Libraries fall back to pickled weights where a model has no safetensors, and a pickle may run any code. An audit hook
(PEP 578) sees every unpickler and every file that is opened, whoever calls. Hooks stay for the life of a process, so
this one looks away in threads that are not inside `only_safetensors`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import Any

from assistant.errors import NotAvailable

PICKLED = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib"})
_loading = threading.local()


@contextlib.contextmanager
def only_safetensors(model: str) -> Iterator[None]:
    """Within it, in this thread, unpickling and opening pickled weights raise NotAvailable, which names `model`."""
    _install()
    before = getattr(_loading, "model", None)
    _loading.model = model
    try:
        yield
    finally:
        _loading.model = before


@cache
def _install() -> None:
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("open", "pickle.find_class"):
        return
    model = getattr(_loading, "model", None)
    if model is not None and (event != "open" or _holds_pickles(arguments[0])):
        raise NotAvailable(
            f"The model {model} keeps its weights as pickles, which may run code; choose one with safetensors weights."
        )


def _holds_pickles(file: object) -> bool:
    return isinstance(file, str | bytes | os.PathLike) and PurePath(os.fsdecode(file)).suffix.lower() in PICKLED

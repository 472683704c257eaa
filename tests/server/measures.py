"""What a real server says of its own work."""

from __future__ import annotations

import re
import time

import httpx

from assistant.models.running import Running


def on_server(served: Running, name: str) -> float:
    """The sum of a metric of the server."""
    text = httpx.get(served.url.removesuffix("/v1") + "/metrics", trust_env=False).text
    return sum(float(value) for value in re.findall(rf"^vllm:{name}\{{.*?\}} (\S+)$", text, re.MULTILINE))


def wait_idle(served: Running, seconds: float) -> None:
    end = time.monotonic() + seconds
    while on_server(served, "num_requests_running") + on_server(served, "num_requests_waiting"):
        assert time.monotonic() < end, f"still at work after {seconds} s"
        time.sleep(0.05)

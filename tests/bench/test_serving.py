"""Figures of the two arms by hand, and the requests that are recorded."""

from __future__ import annotations

import httpx

from bench.arms import Address, Arm, Stream, passed
from bench.relay import relay
from bench.serving import Pair, first_text, pace, rate, spread
from tests.generators.fake_server import Plan, serving


def stream(first: float, last: float, tokens: int, retrieve: float | None = None) -> Stream:
    house = {} if retrieve is None else {"timings_ms": {"retrieve": retrieve}}
    return Stream(first, last, last + 0.5, "so it is", {"completion_tokens": tokens}, house)


def test_first_text_is_counted_beyond_retrieval() -> None:
    ours = Arm((stream(0.5, 2.5, 40, 300.0), stream(0.25, 2.25, 40, 100.0)), 4.0, 80, 0.5)
    straight = Arm((stream(0.125, 2.125, 40), stream(0.125, 2.125, 40)), 2.0, 80, 0.5)
    found = first_text([Pair(ours, straight, 0.1)])
    assert found["added_to_first_text_ms"]["median"] == 50.0  # of 75 and 25
    assert found["first_text_ms"]["retrieval"]["median"] == 200.0
    assert rate(ours) / rate(straight) == 0.5
    assert pace(ours) == pace(straight) == 20.0


def test_spread() -> None:
    assert spread([3, 1, 2]) == {"median": 2, "least": 1, "greatest": 3}


def test_all_requests_pass_and_usage_is_counted() -> None:
    with serving(Plan(words=("so", " it", " is"))) as server:
        body = {"model": "small", "messages": [{"role": "user", "content": "?"}], "stream": True}
        body |= {"stream_options": {"include_usage": True}}
        arm = passed(Address(server.url), [body] * 5, 2, Address(server.url))
    assert [one.text for one in arm.streams] == ["so it is"] * 5
    assert all(0 < one.first <= one.last <= one.end for one in arm.streams)
    assert arm.tokens == sum(one.usage["completion_tokens"] for one in arm.streams) > 0


def test_the_relay_keeps_what_is_sent_and_passes_on_the_rest() -> None:
    with serving(Plan()) as server, relay(server.url, "") as between:
        names = httpx.get(f"{between.url}/models", trust_env=False).json()["data"]
        body = {"model": "small", "messages": [{"role": "user", "content": "?"}], "stream": True}
        said = httpx.post(f"{between.url}/chat/completions", json=body, trust_env=False).text
        assert [row["id"] for row in names] == ["small"]
        assert between.bodies == [body]
        assert '"Yes."' in said
        assert server.seen.chats == []

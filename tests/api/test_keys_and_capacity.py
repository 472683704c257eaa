"""Promises 22, 23 and 31 at the HTTP API: leavers free their place, over capacity is 429, keys open what they may."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest

from assistant.api.turns import Turns
from assistant.errors import Busy
from assistant.generators.scripted import ScriptedGenerator
from assistant.keys import SqlKeys
from assistant.wiring import House
from ingest.catalog.database import Catalog
from tests.api.served import ScriptedHouse, add, served
from tests.waiting import eventually

SLOW = ScriptedGenerator(" ".join(f"word{n}" for n in range(2000)), delay=0.02)
ASKED = [{"role": "user", "content": "When was the Eiffel Tower finished?"}]
RAW = {"model": "corpus/towers@1+small", "messages": ASKED, "stream": True}
Place = tuple[ScriptedHouse, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two questions at once, one may wait."""
    home = tmp_path_factory.mktemp("keys") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant.api.app.AT_ONCE", 2)
        with served(home, SLOW, model_streams=2, max_waiting=1) as made:
            add(made[0], "secrets", "secret.txt", "The vault code is 4711.\n", home.parent)
            yield made


# --- 22, 23 -----------------------------------------------------------------------------------------------------------
def test_p22_readers_who_leave_end_the_model_and_free_their_place(place: Place) -> None:
    for _ in range(10):
        with (
            httpx.Client(base_url=place[1], timeout=30) as web,
            web.stream("POST", "/v1/chat/completions", json=RAW) as answer,
        ):
            lines = answer.iter_lines()
            assert any('"content": "word' in line for line in lines)
            assert SLOW.running == 1
        assert eventually(lambda: SLOW.running == 0, 2)
    assert eventually(lambda: "thickshell_questions_under_way 0.0" in httpx.get(f"{place[1]}/metrics").text)


def test_p22_whoever_waits_for_the_whole_answer_may_leave_too(place: Place) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{place[1]}/v1/chat/completions", json=RAW | {"stream": False}, timeout=0.5)
    assert eventually(lambda: SLOW.running == 0, 2)


def test_p23_over_capacity_is_429_with_retry_after_and_nobody_accepted_is_lost(place: Place) -> None:
    release, accepted = threading.Event(), []

    def one(_: int) -> int:
        with (
            httpx.Client(base_url=place[1], timeout=30) as web,
            web.stream("POST", "/v1/chat/completions", json=RAW) as answer,
        ):
            if answer.status_code == 200:
                lines = answer.iter_lines()
                accepted.append(next(lines))
                release.wait(60)
            else:
                assert answer.headers["retry-after"] == "5"
                assert "Too many questions" in answer.read().decode()
            return answer.status_code

    with ThreadPoolExecutor(12) as pool:
        results = [pool.submit(one, n) for n in range(12)]
        assert eventually(lambda: sum(r.done() for r in results) == 9, 30)
        release.set()
        codes = sorted(result.result() for result in results)
    assert codes == [200] * 3 + [429] * 9
    assert len(accepted) == 3
    assert eventually(lambda: SLOW.running == 0)


def test_p23_openais_client_understands_it(place: Place) -> None:
    client = openai.OpenAI(base_url=f"{place[1]}/v1", api_key="any", max_retries=0)
    streams = [client.chat.completions.create(model=RAW["model"], messages=ASKED, stream=True) for _ in range(2)]  # type: ignore[call-overload]
    waiting = threading.Thread(target=lambda: _swallowed(place[1]))
    waiting.start()
    assert eventually(lambda: "under_way 3.0" in httpx.get(f"{place[1]}/metrics").text)
    with pytest.raises(openai.RateLimitError, match="Too many questions"):
        client.chat.completions.create(model=RAW["model"], messages=ASKED)  # type: ignore[call-overload]
    for stream in streams:
        stream.close()
    waiting.join()
    assert eventually(lambda: SLOW.running == 0)


def _swallowed(url: str) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{url}/v1/chat/completions", json=RAW | {"stream": False}, timeout=2)


def test_p23_a_place_given_back_is_free() -> None:
    turns = Turns(1, 1)
    turns.take()
    turns.take()
    with pytest.raises(Busy):
        turns.take()
    turns.give()
    turns.take()
    done = threading.Event()
    turns.run(done.set)
    assert done.wait(5)
    assert eventually(lambda: turns.taken == 1)
    turns.close()


# --- 31 ---------------------------------------------------------------------------------------------------------------
def status(place: Place, key: str, method: str, path: str, **body: object) -> int:
    return httpx.request(
        method,
        place[1] + path,
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
        **body,  # type: ignore[arg-type]
    ).status_code


def test_p31_keys_are_kept_as_hashes(place: Place) -> None:
    secret, key = place[0].keys.create("hashed")
    assert secret.startswith("tsk-")
    assert len(secret) > 40
    catalog = (place[0].settings.home / "catalog.sqlite3").read_bytes()
    log = (place[0].settings.home / "catalog.sqlite3-wal").read_bytes()
    assert secret.encode() not in catalog + log
    assert secret not in repr(key)


def test_p31_a_revoked_key_stops_within_a_second(place: Place) -> None:
    secret, key = place[0].keys.create("short-lived")
    assert status(place, secret, "GET", "/v1/models") == 200
    place[0].keys.revoke(key.id)
    began = time.monotonic()
    assert status(place, secret, "GET", "/v1/models") == 401
    assert time.monotonic() - began < 1
    assert status(place, "tsk-made-up", "GET", "/v1/models") == 401
    assert httpx.get(f"{place[1]}/v1/models").status_code == 200  # this machine itself needs none


@pytest.mark.parametrize("stream", [True, False])
def test_p31_what_is_under_way_ends_within_a_second_too(place: Place, stream: bool) -> None:
    """Revoked over the catalog of another process's house, as `thickshell keys revoke` does."""
    secret, key = place[0].keys.create("under way")
    heard: list[str] = []

    def ask() -> None:
        headers = {"Authorization": f"Bearer {secret}"}
        with (
            httpx.Client(base_url=place[1], headers=headers, timeout=30) as web,
            web.stream("POST", "/v1/chat/completions", json=RAW | {"stream": stream}) as answer,
        ):
            heard.append(f"{answer.status_code}")
            try:
                heard.extend(answer.iter_lines())
            except httpx.RemoteProtocolError:
                heard.append("broken off")

    asking = threading.Thread(target=ask)
    asking.start()
    assert eventually(lambda: SLOW.running == 1 and (not stream or len(heard) > 2), 30)
    SqlKeys(Catalog.open(place[0].settings.home)).revoke(key.id)
    began = time.monotonic()
    assert eventually(lambda: SLOW.running == 0, 1)
    asking.join(2)
    assert not asking.is_alive()
    assert time.monotonic() - began < 2
    assert (heard[0], heard[-1]) == ("200", "broken off") if stream else heard[0] == "401"


def test_p31_reading_keys_change_nothing(place: Place) -> None:
    reading, _ = place[0].keys.create("reader")
    writing, _ = place[0].keys.create("writer", write=True)
    assert status(place, reading, "POST", "/v1/corpora", json={"name": "new"}) == 403
    assert status(place, reading, "DELETE", "/v1/corpora/towers") == 403
    assert status(place, reading, "POST", "/v1/corpora/towers/documents?name=a.txt", content=b"a") == 403
    assert status(place, reading, "POST", "/v1/corpora/towers/search", json={"query": "tower"}) == 200
    assert status(place, writing, "POST", "/v1/corpora", json={"name": "new"}) == 201
    assert status(place, writing, "DELETE", "/v1/corpora/new") == 204


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/conversations"), ("GET", "/v1/corpora/export?name=towers"), ("GET", "/v1/jobs"), ("GET", "/ui/words"),
     ("PATCH", "/v1/corpora?name=towers"), ("DELETE", "/v1/corpora?name=towers"), ("POST", "/v1/corpora/import")],
)  # fmt: skip
def test_p31_the_pages_own_routes_are_closed_to_keys(place: Place, method: str, path: str) -> None:
    writing, _ = place[0].keys.create("page", write=True)
    assert status(place, writing, method, path) == 403


def test_p31_a_key_of_one_corpus_sees_no_other(place: Place) -> None:
    secret, key = place[0].keys.create("one", write=True, corpora=["towers"])
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=place[1], headers=headers, timeout=30) as web:
        seen = web.get("/v1/models").text + web.get("/v1/corpora").text
        assert "towers" in seen
        assert "secrets" not in seen
        hidden = web.post("/v1/corpora/secrets/search", json={"query": "vault"})
        absent = web.post("/v1/corpora/nothing/search", json={"query": "vault"})
        assert hidden.status_code == absent.status_code == 404
        assert hidden.json()["detail"] == absent.json()["detail"].replace("nothing", "secrets")
        assert web.get("/v1/corpora/secrets/documents").status_code == 404
        assert web.delete("/v1/corpora/secrets").status_code == 404
        assert web.post("/v1/corpora/secrets/documents?name=a.txt", content=b"a").status_code == 404
        asked = {"model": "corpus/secrets", "messages": ASKED}
        assert web.post("/v1/chat/completions", json=asked).status_code == 404
        assert web.post("/v1/corpora", json={"name": "mine"}).status_code == 400
    assert key.corpora == {"towers"}


def test_p31_the_right_follows_a_rename_and_ends_with_the_corpus(place: Place) -> None:
    house: House = place[0]
    house.library.create("old")
    secret, _ = house.keys.create("follows", corpora=["old"])
    house.library.rename("old", "renamed")
    assert status(place, secret, "GET", "/v1/corpora/renamed/documents") == 200
    house.library.delete("renamed")
    house.library.create("renamed")
    assert status(place, secret, "GET", "/v1/corpora/renamed/documents") == 404
    house.library.delete("renamed")

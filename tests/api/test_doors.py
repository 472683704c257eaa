"""The doors: who may talk to the server, what every answer carries, what never gets in."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from assistant.api.incoming import sweep
from assistant.api.security import host_name, is_loopback, refusal, require_loopback
from assistant.api.serving import listen, serve
from assistant.errors import Conflict, UsageError
from assistant.wiring import House


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_p28_only_this_machine_without_accounts(address: str) -> None:
    with pytest.raises(UsageError, match="this machine only"):
        require_loopback(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", "127.8.9.1"])
def test_p28_loopback_is_served(address: str) -> None:
    require_loopback(address)


def test_p28_serve_refuses_to_start_elsewhere(house: House) -> None:
    class Elsewhere:
        settings = house.settings.model_copy(update={"host": "0.0.0.0"})

    with pytest.raises(UsageError):
        serve(Elsewhere())  # type: ignore[arg-type]


def test_taken_port_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as first:
        first.listen()
        with pytest.raises(Conflict, match="choose another with --port"):
            listen("127.0.0.1", first.getsockname()[1])


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({b"host": b"127.0.0.1:7860"}, False),
        ({b"host": b"localhost:7860", b"origin": b"http://localhost:7860"}, False),
        ({b"host": b"[::1]:7860", b"origin": b"http://[::1]:7860", b"sec-fetch-site": b"same-origin"}, False),
        ({b"host": b"evil.example"}, True),  # DNS rebinding
        ({b"host": b"127.0.0.1.evil.example"}, True),
        ({b"host": b"user@127.0.0.1"}, True),
        ({}, True),
        ({b"host": b"127.0.0.1:7860", b"origin": b"http://evil.example"}, True),
        ({b"host": b"127.0.0.1:7860", b"origin": b"null"}, True),
        ({b"host": b"127.0.0.1:7860", b"origin": b"http://127.0.0.1:9999"}, True),  # another program on this machine
        ({b"host": b"127.0.0.1:7860", b"sec-fetch-site": b"cross-site"}, True),
        ({b"host": b"127.0.0.1:7860", b"sec-fetch-site": b"same-site"}, True),
    ],
)
def test_p28_host_and_origin(headers: dict[bytes, bytes], refused: bool) -> None:
    assert (refusal("POST", headers) is not None) == refused


def test_p28_reading_needs_our_host_too() -> None:
    assert refusal("GET", {b"host": b"evil.example"}) is not None
    assert refusal("GET", {b"host": b"127.0.0.1", b"origin": b"http://evil.example"}) is None
    assert host_name("127.0.0.1:notaport") is None
    assert not is_loopback("127.0.0.1.nip.io")


CHANGING = [
    ("POST", "/v1/corpora"), ("PATCH", "/v1/corpora?name=a"), ("DELETE", "/v1/corpora?name=a"),
    ("POST", "/v1/corpora/import"),
    ("POST", "/v1/documents?corpus=a&name=b"), ("DELETE", "/v1/documents?corpus=a&name=b"),
    ("POST", "/v1/documents/move?corpus=a&name=b"), ("POST", "/v1/jobs/1/cancel"), ("POST", "/v1/jobs/1/retry"),
    ("POST", "/v1/conversations"), ("PATCH", "/v1/conversations/a"), ("DELETE", "/v1/conversations/a"),
    ("POST", "/v1/conversations/a/messages"), ("POST", "/v1/conversations/a/messages/b/again"),
    ("POST", "/v1/conversations/a/stop"), ("POST", "/v1/messages/a/select"), ("POST", "/v1/messages/a/feedback"),
    ("POST", "/v1/chat/completions"), ("POST", "/v1/embeddings"), ("POST", "/v1/corpora/a/search"),
    ("POST", "/v1/corpora/a/documents"), ("DELETE", "/v1/corpora/a/documents/a"), ("DELETE", "/v1/corpora/a"),
    ("POST", "/v1/undo/a"), ("POST", "/ui/better"), ("POST", "/ui/prompts"), ("POST", "/mcp"),
    ("POST", "/gradio_api/queue/join"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_p28_every_changing_route_refuses_other_sites(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert client.request(method, path, headers={"host": "evil.example"}).status_code == 403


def test_p28_list_of_changing_routes_is_complete(client: TestClient) -> None:
    listed = {(method, path.split("?")[0]) for method, path in CHANGING}
    for route in all_routes(client.app):
        for method in route.methods - {"GET", "HEAD", "OPTIONS"}:
            path = route.path.replace("{job}", "1").replace("{conversation}", "a").replace("{token}", "a")
            path = re.sub(r"\{\w+:path\}", "a", path)
            path = path.replace("/messages/{message}/again", "/messages/b/again").replace("{message}", "a")
            assert (method, path) in listed, f"{method} {route.path} has no test here"


def all_routes(app: Any) -> list[Any]:
    return [route for route in app.routes if getattr(route, "methods", None) and route.path.startswith(("/v1", "/ui"))]


def test_p32_policy_on_every_answer(client: TestClient) -> None:
    for path in ("/healthz", "/ui/words", "/nothing", "/v1/conversations/none"):
        policy = client.get(path).headers["content-security-policy"]
        script = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "default-src 'none'" in policy
        assert "unsafe" not in script
        assert "http" not in policy
        assert client.get(path).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/file=/etc/passwd", "/gradio_api/file=http://example.org/", "/gradio_api/upload", "/monitoring",
     "/gradio_api/proxy=http://example.org/", "/gradio_api/file/etc/passwd"],
)  # fmt: skip
def test_routes_of_gradio_that_serve_files_are_closed(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_bodies_are_limited(client: TestClient) -> None:
    assert client.post("/v1/conversations", content=b"x" * (2 << 20)).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 65536

    assert client.post("/v1/conversations", content=pieces()).status_code == 413
    client.post("/v1/corpora", json={"name": "limits"})
    answer = client.post("/v1/documents?corpus=limits&name=large.txt", content=b"x" * ((1 << 20) + 1))
    assert (answer.status_code, answer.json()["detail"]) == (
        413,
        "The file is larger than 1 MB. Split it and try again.",
    )
    assert client.post("/v1/documents?corpus=limits&name=large.txt", content=pieces()).status_code == 413
    assert client.post("/v1/documents?corpus=limits&name=none.txt", content=b"").status_code == 400


def test_refused_uploads_leave_nothing_behind(client: TestClient, house: House) -> None:
    client.post("/v1/documents?corpus=limits&name=large.txt", content=b"x" * ((1 << 20) + 1))
    assert not list((house.settings.home / "incoming").iterdir())


def test_p01_what_a_killed_server_left_is_swept(tmp_path: Path) -> None:
    for name in ("4194399-abc", f"{os.getpid()}-abc", "note.txt"):  # the first belongs to no process
        (tmp_path / name).write_text("x")
    sweep(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {f"{os.getpid()}-abc", "note.txt"}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\evil.txt", "/etc/shadow", "a\x00b.txt", "C:\\x\\y.txt", "."]
)
def test_p06_names_stay_data(client: TestClient, house: House, name: str) -> None:
    client.post("/v1/corpora", json={"name": "names"})
    answer = client.post("/v1/documents", params={"corpus": "names", "name": name}, content=b"some text")
    assert answer.status_code == 202, answer.text
    shown = answer.json()["document"]
    assert not shown.startswith(("/", ".."))
    assert not set(shown) & {"\x00", "\\"}
    assert client.delete("/v1/documents", params={"corpus": "names", "name": shown}).status_code == 204


def test_unknown_things_are_one_sentence(client: TestClient) -> None:
    for path in ("/v1/conversations/none", "/v1/documents?corpus=none", "/v1/documents/page?corpus=none&name=x&page=1"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["detail"].endswith(".")
    assert client.post("/v1/jobs/999/cancel").status_code == 404
    assert client.post("/v1/corpora", json={"name": ""}).status_code == 422
    assert client.post("/v1/corpora", json={"name": "names"}).status_code == 409


def test_p34_an_unexpected_error_says_and_logs_no_content(
    client: TestClient, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(query: str = "") -> list[dict[str, Any]]:
        raise RuntimeError("the secret passage of the document")

    monkeypatch.setattr(house.chats, "list", broken)
    with caplog.at_level(logging.DEBUG):
        answer = client.get("/v1/conversations")
    assert answer.status_code == 500
    assert "secret" not in answer.text + caplog.text
    assert "RuntimeError in GET /v1/conversations" in caplog.text


def test_download_never_runs_as_a_page(client: TestClient, house: House, tmp_path: Path) -> None:
    house.library.create("downloads")
    (tmp_path / "evil.html").write_text("<script>alert(1)</script>")
    house.library.submit("downloads", tmp_path / "evil.html")
    answer = client.get("/v1/documents/original?corpus=downloads&name=evil.html")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.content == b"<script>alert(1)</script>"


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    until = time.monotonic() + 120
    while client.get("/readyz").status_code == 503 and time.monotonic() < until:
        time.sleep(0.2)
    assert client.get("/readyz").json() == {"status": "ready"}

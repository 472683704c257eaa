"""Promise 35: whatever is sent, the server never fails: made up from the OpenAPI file by schemathesis, and by hand.

The house has the embedded brain and a scripted model, so that no other server can be blamed. (503 is what a real
model's server that is gone looks like from here; promise 20 is about that.)
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from assistant.api import conversations
from assistant.generators.scripted import ScriptedGenerator
from assistant.ui import fragments
from tests.api.served import ScriptedHouse, served
from tests.waiting import eventually

SAYS = "The Eiffel Tower was finished in 1889 [1]."
QUICK, FULL = "1", "400"
"""Made-up requests an operation, beside those that try each bound and each type once."""
Place = tuple[ScriptedHouse, str]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with served(tmp_path_factory.mktemp("fuzzed") / "home", ScriptedGenerator(SAYS), max_upload_mb=1) as made:
        assert eventually(lambda: httpx.get(f"{made[1]}/readyz").status_code == 200, 120)
        yield made


@pytest.fixture(scope="module")
def pages_own(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The routes that the published file leaves out: they are the page's own, but anyone here may call them."""
    app = FastAPI()
    for router in (conversations.router, fragments.router):
        app.include_router(router)
    file = tmp_path_factory.mktemp("described") / "page.json"
    file.write_text(json.dumps(app.openapi()), "utf-8")
    return file


def fuzzed(described: str, url: str, checks: str, folder: Path, *options: str) -> None:
    """Runs schemathesis; its report is the failure."""
    told = [sys.executable, "-m", "schemathesis.cli", "run", described, "--url", url, "--checks", checks]
    told += ["--continue-on-failure", "--no-shrink", "--no-color", *options]
    done = subprocess.run(told, capture_output=True, text=True, check=False, cwd=folder)  # it keeps notes
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]


@pytest.mark.timeout(600)
def test_p35_the_published_api_answers_as_it_says(place: Place, pages_own: Path) -> None:
    deterministic = ("--generation-deterministic", "--max-examples", QUICK, "--phases", "coverage,fuzzing")
    fuzzed(f"{place[1]}/openapi.json", place[1], CHECKS, pages_own.parent, *deterministic)


@pytest.mark.timeout(600)
def test_p35_the_pages_own_routes_do_not_fail(place: Place, pages_own: Path) -> None:
    deterministic = ("--generation-deterministic", "--max-examples", QUICK, "--phases", "coverage,fuzzing")
    fuzzed(str(pages_own), place[1], "not_a_server_error", pages_own.parent, *deterministic)


# --- by hand: what a generator of JSON does not send ------------------------------------------------------------------
STRINGS = ['"\\u0000"', '"\\ud800"', '"a\\u0000b/../c"', '"' + "x" * 30_000 + '"', '"\\u202e.exe"', '" "']
NUMBERS = ["1" + "0" * 400, "-1", "1e999", "NaN", "9223372036854775808", "0.1"]
OTHERS = ["null", "[]", "{}", "true", '[["\\ud800"]]', "[" * 400 + "]" * 400]
BROKEN = {
    "nothing": b"",
    "half": b'{"name": "a',
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "a huge number": b'{"k": 1' + b"0" * 5000 + b"}",
    "a list": b"[1, 2]",
    "twice": b'{"name": "a"}{"name": "b"}',
}
KINDS = ["text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "application/xml", "nonsense", ""]


def taking_json(place: Place, pages_own: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, address, schema of the body) of every route that takes JSON."""
    found = []
    for described in (httpx.get(f"{place[1]}/openapi.json").json(), json.loads(pages_own.read_text("utf-8"))):
        for path, methods in described["paths"].items():
            for method, route in methods.items():
                kinds = route.get("requestBody", {}).get("content", {})
                if "application/json" not in kinds:
                    continue
                name = kinds["application/json"]["schema"]["$ref"].split("/")[-1]
                address = path.replace("{job}", "7").replace("{corpus}", "towers").replace("{", "").replace("}", "")
                query = "&".join(f"{q['name']}=towers" for q in route.get("parameters", ()) if q["in"] == "query")
                found.append((method.upper(), f"{address}?{query}", described["components"]["schemas"][name]))
    return found


def check(answer: httpx.Response, what: str) -> None:
    """Below 500; a refusal is one sentence that does not echo what was sent."""
    assert answer.status_code < 500, (what, answer.text)
    if answer.status_code >= 400:
        sentence = answer.json()["detail"]
        assert re.fullmatch(r"[A-Z“][^\n]{5,1200}[.”]", sentence), (what, sentence)
        assert answer.json()["error"]["message"] == sentence


def test_p35_hostile_values_in_every_field(place: Place, pages_own: Path) -> None:
    routes = taking_json(place, pages_own)
    assert len(routes) >= 14
    with httpx.Client(base_url=place[1], timeout=60, headers={"content-type": "application/json"}) as web:
        for method, address, schema in routes:
            for value in [*STRINGS, *NUMBERS, *OTHERS]:
                fields = ", ".join(f'"{name}": {value}' for name in schema["properties"])
                check(web.request(method, address, content="{" + fields + "}"), f"{method} {address} {value[:30]}")


def test_p35_hostile_arguments_of_tools(place: Place) -> None:
    accepted = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    call = '{"jsonrpc": "2.0", "id": %s, "method": "tools/call", "params": {"name": "%s", "arguments": %s}}'
    with httpx.Client(base_url=place[1], timeout=60, headers=accepted) as web:
        for tool in ("search", "ask"):
            for value in [*STRINGS, *NUMBERS, *OTHERS]:
                fields = ", ".join(
                    f'"{name}": {value}' for name in ("query", "question", "corpus", "corpora", "k", "tier")
                )
                for body in (call % (1, tool, "{" + fields + "}"), call % (value, tool, value)):
                    answer = web.post("/mcp", content=body)
                    assert answer.status_code < 500, (tool, value[:30], answer.text)


@pytest.mark.parametrize("what", BROKEN)
def test_p35_bodies_that_are_no_json_are_refused_in_one_sentence(place: Place, pages_own: Path, what: str) -> None:
    with httpx.Client(base_url=place[1], timeout=60, headers={"content-type": "application/json"}) as web:
        for method, address, _ in taking_json(place, pages_own):
            answer = web.request(method, address, content=BROKEN[what])
            check(answer, f"{method} {address}")
            assert answer.status_code in {400, 404, 422}, f"{method} {address} {answer.status_code}"


@pytest.mark.parametrize("kind", KINDS)
def test_p35_other_kinds_of_bodies_are_refused_in_one_sentence(place: Place, pages_own: Path, kind: str) -> None:
    with httpx.Client(base_url=place[1], timeout=60, headers={"content-type": kind}) as web:
        for method, address, _ in taking_json(place, pages_own):
            answer = web.request(method, address, content=b"--x\r\n\r\nname=a\r\n--x--\r\n")
            check(answer, f"{method} {address}")
            assert answer.status_code in {400, 404, 415, 422}, f"{method} {address} {answer.status_code}"


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://["}, {"origin": "\xe9://\xff"}, {"authorization": "Bearer \xff"},
     {"x-document-password": "%00%ff"}, {"accept-language": ",;q=x"}, {"host": "[::1"}],
)  # fmt: skip
def test_p35_odd_headers(place: Place, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    with httpx.Client(base_url=place[1], timeout=30) as web:
        for method, address in (
            ("POST", "/v1/corpora"),
            ("POST", "/v1/documents?corpus=towers&name=a.txt"),
            ("GET", "/ui/words"),
        ):
            assert web.request(method, address, headers=raw, content=b"a").status_code < 500


def test_p35_every_body_has_a_limit(place: Place, pages_own: Path) -> None:
    with httpx.Client(base_url=place[1], timeout=60, headers={"content-type": "application/json"}) as web:
        for method, address, _ in [
            *taking_json(place, pages_own),
            ("POST", "/mcp", {}),
            ("POST", "/v1/jobs/1/cancel", {}),
        ]:
            answer = web.request(method, address, content=b'"' + b"x" * (1 << 20) + b'"')
            assert (answer.status_code, answer.json()["detail"]) == (413, "The request is too large.")
        for address in (
            "/v1/documents?corpus=towers&name=a.txt",
            "/v1/corpora/import",
            "/v1/corpora/towers/documents?name=a",
        ):
            answer = web.post(address, content=b"x" * ((1 << 20) + 1))
            assert answer.status_code == 413
            assert "larger than 1 MB" in answer.json()["detail"]


def test_p35_every_route_of_the_file_says_what_else_it_may_answer(place: Place) -> None:
    for path, methods in httpx.get(f"{place[1]}/openapi.json").json()["paths"].items():
        for method, route in methods.items():
            assert {"401", "403"} <= set(route["responses"]), path
            assert "413" in route["responses"] or "requestBody" not in route, f"{method} {path}"


@pytest.mark.hardening
@pytest.mark.timeout(3 * 3600)
def test_p35_full_count(place: Place, pages_own: Path) -> None:
    made = ("--seed", "35", "--max-examples", FULL)
    fuzzed(f"{place[1]}/openapi.json", place[1], CHECKS, pages_own.parent, *made)
    fuzzed(str(pages_own), place[1], "not_a_server_error", pages_own.parent, *made)

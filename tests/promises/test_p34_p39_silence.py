"""Promises 34 and 39: a day's work with the real commands leaves no text in its logs, and asks no other machine."""

from __future__ import annotations

import io
import json
from pathlib import Path

import httpx
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from assistant.embedders.weights import E5_FILE, E5_PACKAGE, packaged_file
from tests.promises.outside import Outside, Ran, until_answered

SENTENCE = "The vault of Corrievale was opened on 3 May 1931 with the word zephyrlock."
CHINESE = "珊瑚湾灯塔的守塔人名叫欧阳望潮。"
PASSWORD = "wickerbasket-771"
LOCKED = "Only the treasurer Quillfeather knew the sum."
ASKED = "When was the vault of Corrievale opened?"
NAME = "Corrievale minutes.txt"
PLANTED = ("zephyrlock", "Corrievale", "欧阳望潮", "珊瑚湾", PASSWORD, "Quillfeather", "snorkelwort")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outside, dict[str, Ran], str]:
    """Ingests, asks and searches by command line, then serves; everything at log level debug."""
    folder = tmp_path_factory.mktemp("day")
    encoder = "hashed" if packaged_file(E5_PACKAGE, E5_FILE) is None else "packaged"
    outside = Outside(folder, encoder=encoder, log_level="debug")
    papers = folder / "papers"
    papers.mkdir()
    (papers / NAME).write_text(f"{SENTENCE}\n\n{CHINESE}\n")
    (papers / "locked.pdf").write_bytes(locked(LOCKED))
    (papers / "torn.pdf").write_bytes(b"%PDF-1.7 snorkelwort")
    ran = {
        "ingest": outside.run("ingest", str(papers), "--corpus", "vaults", "--password", PASSWORD),
        "ask": outside.run("--json", "ask", ASKED, "--corpus", "vaults"),
    }
    return outside, ran, outside.serve([visit])


def locked(text: str) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=StandardEncryption(PASSWORD, canPrint=0))
    canvas.drawString(100, 700, text)
    canvas.save()
    return buffer.getvalue()


def visit(client: httpx.Client) -> None:
    """What a browser does, and what it should not."""
    assert client.get("/").status_code == 200
    chat = client.post("/v1/conversations", json={}).json()["id"]
    assert until_answered(client, chat, ASKED)["state"] == "done"
    assert until_answered(client, chat, "珊瑚湾灯塔的守塔人是谁？")["state"] == "done"
    header = {"x-document-password": "wrong-" + PASSWORD}
    torn = {"conversation": chat, "name": "locked.pdf"}
    assert client.post("/v1/documents", params=torn, headers=header, content=locked(LOCKED)).status_code == 202
    until_answered(client, chat, "What did Quillfeather know?")
    assert client.get("/v1/documents/show", params={"corpus": "vaults", "name": NAME}).status_code == 200
    assert client.get("/v1/documents", params={"corpus": "zephyrlock"}).status_code == 404
    assert client.post("/v1/corpora", content=b'{"name": zephyrlock').status_code == 422
    assert client.get("/v1/conversations", params={"q": "zephyrlock"}).status_code == 200
    assert client.delete("/v1/documents", params={"corpus": "vaults", "name": NAME}).status_code == 204


def test_p39_nothing_is_asked_of_other_machines(day: tuple[Outside, dict[str, Ran], str]) -> None:
    outside, ran, _ = day
    assert ran["ingest"].code == 1, ran["ingest"].said  # one file is broken
    assert json.loads(ran["ask"].out)["hits"][0]["document"] == NAME
    assert outside.noted() == []


def test_p39_the_hook_sees_what_it_should(tmp_path: Path) -> None:
    import subprocess

    outside = Outside(tmp_path)
    code = "import urllib.request as u; u.urlopen('http://198.51.100.7/', timeout=1)"
    done = subprocess.run(["python3", "-c", code], env=outside.environment, capture_output=True, text=True, check=False)
    assert "Network is unreachable" in done.stderr
    assert outside.noted()[0].endswith("198.51.100.7")


def test_p34_logs_hold_no_secrets_and_no_text(day: tuple[Outside, dict[str, Ran], str]) -> None:
    outside, ran, served = day
    assert "thickshell is at http://127.0.0.1:" in served
    logs = {"server": served, "ask": ran["ask"].said}
    assert "thickshell" in (outside.home / "logs" / "thickshell.log").read_text("utf-8")
    logs |= {str(file): file.read_text("utf-8", "replace") for file in (outside.home / "logs").rglob("*.*")}
    for name, text in logs.items():
        assert [word for word in PLANTED if word in text] == [], name
    # The command line names files to the person who gave them, and nothing of what is in them.
    shown = ran["ingest"].said + ran["ingest"].out
    assert [word for word in PLANTED if word != "Corrievale" and word in shown] == []

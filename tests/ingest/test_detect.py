from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from assistant.errors import UnreadableFile
from ingest.detect import detect
from ingest.encoding import decode


def archive(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return buffer.getvalue()


def content_types(part: str) -> bytes:
    return archive({"[Content_Types].xml": f'<Override ContentType="application/vnd.{part}.main+xml"/>'})


MAIL = b"From: a@example.org\nTo: b@example.org\nSubject: Hello\n\nBody\n"
OFFICE = "openxmlformats-officedocument."


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"%PDF-1.7\n...", "a.txt", "pdf"),
        (b"\n\n%PDF-1.4\n", "a", "pdf"),
        (b"\x89PNG\r\n\x1a\n....", "a.jpg", "png"),
        (b"\xff\xd8\xff\xe0....", "a.png", "jpeg"),
        (b"II*\x00....", "a", "tiff"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a", "webp"),
        (b"{\\rtf1\\ansi Hello}", "a.doc", "rtf"),
        (b"<!DOCTYPE html><html><body>x</body></html>", "a.txt", "html"),
        (b"<div><p>One</p><p>Two</p></div>", "a", "html"),
        (MAIL, "a.txt", "eml"),
        (content_types(OFFICE + "wordprocessingml.document"), "a.zip", "docx"),
        (content_types(OFFICE + "presentationml.presentation"), "a", "pptx"),
        (content_types(OFFICE + "spreadsheetml.sheet"), "a.docx", "xlsx"),
        (archive({"mimetype": "application/vnd.oasis.opendocument.text"}), "a", "odt"),
        (archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "a", "ods"),
        (archive({"mimetype": "application/vnd.oasis.opendocument.presentation"}), "a", "odp"),
        (archive({"mimetype": "application/epub+zip"}), "a", "epub"),
        (b"a,b\n1,2\n3,4\n", "a.txt", "text"),
        (b"a,b\n1,2\n3,4\n", "a.csv", "csv"),
        (b"a,b\n1,2\n3,4\n", "unnamed", "csv"),
        (b"a\tb\n1\t2\n3\t4\n", "unnamed", "tsv"),
        (b"# Title\n\n- one\n- two\n\n[link](x)\n", "unnamed", "markdown"),
        (b"# Title\n\n- one\n- two\n", "notes.txt", "text"),
        (b"Dear all,\nplease come, if you can, on Friday.\nYours, A\n", "unnamed", "text"),
        ("名前,住所\n".encode("utf-16"), "a.csv", "csv"),
    ],
)
def test_the_content_decides(tmp_path: Path, content: bytes, name: str, expected: str) -> None:
    path = tmp_path / "stored"
    path.write_bytes(content)
    assert detect(path, name) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n \n", "blanks"),
        (b"MZ\x90\x00\x03" + bytes(100), "Windows program"),
        (b"\x7fELF" + bytes(100), "Linux program"),
        (archive({"readme.txt": "x"}), "ZIP archive"),
        (b"PK\x03\x04 cut off", "cut-off archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "Office file"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "7z"),
        (bytes(range(256)) * 20, "cannot be read"),
    ],
)
def test_what_nobody_reads_gets_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=said) as caught:
        detect(path)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("Plain words", "ascii", "utf-8"),
        ("Größe 1", "utf-8", "utf-8"),
        ("Größe 1", "utf-8-sig", "utf-8"),
        ("Größe und Gefäß, 15 €", "cp1252", "cp1252"),
        ("Descripción de la legislación", "latin-1", "cp1252"),
        ("name,住所\n佐藤,東京", "utf-16-le", "utf-16-le"),
        ("名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n髙橋淳,35,名古屋\n", "cp932", "cp932"),
        ("今日は天気がとても良いので、散歩に行きましょう。", "euc_jp", "euc_jp"),
        ("中文标题,导演,年份\n我们的世界是大家的", "gb18030", "gb18030"),
        ("中文標題，導演與年份：我們的世界是大家的", "big5", "cp950"),
        ("안녕하세요. 이 문서는 한국어로 되어 있습니다.", "euc_kr", "cp949"),
        ("Съешь же ещё этих мягких французских булок да выпей чаю, пожалуйста.", "cp1251", "cp1251"),
    ],
)
def test_legacy_encodings_are_found(text: str, encoding: str, expected: str) -> None:
    assert decode(text.encode(encoding)) == (text, expected)


def test_what_a_page_declares_wins_where_it_decodes() -> None:
    page = '<html><meta charset="gb2312"><p>搜狐在线 网上魔力宝贝免费玩 镕</p></html>'
    assert decode(page.encode("gb18030")) == (page, "gb18030")
    wrong = '<html><meta charset="utf-8"><p>Größe ž</p></html>'
    assert decode(wrong.encode("cp1252")) == (wrong, "cp1252")


def test_only_windows_line_ends_change() -> None:
    assert decode(b"a\r\nb\rc\n")[0] == "a\nb\rc\n"


def test_any_bytes_become_text() -> None:
    for start in range(0, 256, 7):
        assert isinstance(decode(bytes((start + i * 31) % 256 for i in range(200)))[0], str)

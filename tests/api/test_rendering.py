"""What others wrote is text on the page, never markup (promise 32)."""

from __future__ import annotations

import pytest

from assistant.types import DocumentInfo, JobInfo
from assistant.ui.evidence import around, receipt_rows
from assistant.ui.files import rows
from assistant.ui.page import rewrite
from assistant.ui.render import answer_html
from assistant.ui.templating import render
from assistant.ui.words import WORDS


@pytest.mark.parametrize(
    "text",
    [
        "<script>window.x=1</script>", '<img src=x onerror="x()">', "![p](http://evil.example/p.png)",
        "[c](javascript:x())", "<http://evil.example>", "[a]: http://evil.example\n\n[a]", "<iframe src=//e></iframe>",
        "```\n<b onclick=x()>\n```", "<svg/onload=x()>", "&lt;script&gt;", "| a |\n|---|\n| <img src=x> |",
    ],
)  # fmt: skip
def test_p32_answers_hold_no_foreign_markup(text: str) -> None:
    for styled in (False, True):
        html = answer_html(text, styled=styled)
        assert not any(tag in html for tag in ("<script", "<img", "<a ", "<iframe", "<svg", "<b "))
        assert "onclick" not in html.replace("&lt;b onclick", "")


def test_marks_become_chips_only_where_there_is_a_source() -> None:
    assert answer_html("One [1], two [2].", {1: "<i>1</i>"}) == "<p>One <i>1</i>, two [2].</p>"


def test_quotes_keep_their_own_characters() -> None:
    assert answer_html("snake_case `x` # y ~~z~~ 2*3*4 is **24**").startswith("<p>snake_case `x` # y ~~z~~ ")
    assert "<strong>24</strong>" in answer_html("is **24** [1]")


def test_lists_and_tables_are_drawn() -> None:
    assert answer_html("- a\n- b") == "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"
    assert "<td>1</td>" in answer_html("| n |\n|---|\n| 1 |")


def test_p32_templates_escape() -> None:
    html = render("welcome", "en", examples=["<script>x</script>"], corpora=[1])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_page_gets_nonces_and_loses_outside_metadata() -> None:
    before = (
        '<html lang="en"><head><meta property="og:url" content="https://gradio.app/" />'
        '<link rel="preconnect" href="https://fonts.gstatic.com" /><script>1</script></head><body><gradio-app></body>'
    )
    after = rewrite(before, "abc", "zh-CN")
    assert "https://" not in after
    assert after.count("<script") == after.count('nonce="abc"') == 3
    assert after.startswith('<html lang="zh-CN">')


def test_every_word_has_both_languages_and_the_same_blanks() -> None:
    import re

    for key, (english, chinese) in WORDS.items():
        assert all((english, chinese)), key
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", chinese)), key


def test_context_is_cut_at_words() -> None:
    text = "word " * 400
    before, after = around(text, 1000, 1004)
    assert before.startswith("…word")
    assert after.endswith("word…")
    assert max(len(before), len(after)) <= 322
    assert around("short", 0, 5) == ("", "")


def test_receipt_lines() -> None:
    assert receipt_rows({"a": {"b": 1.23456, "c": [1, 2]}, "d": [{"e": None}]}) == [
        ("a.b", "1.235"),
        ("a.c", "1, 2"),
        ("d.1.e", "–"),
    ]


def document(name: str, state: str, error: str | None = None) -> DocumentInfo:
    return DocumentInfo(1, "c", name, state, error, "pdf", 10, "0" * 64, "2026-01-02T00:00:00+00:00")  # type: ignore[arg-type]


def job(id: int, name: str, state: str, progress: float = 0.0) -> JobInfo:
    return JobInfo(id, "c", name, state, progress, 3, 9, None, "2026-01-03T00:00:00+00:00", 12.0)


def test_file_rows_join_documents_with_their_latest_job() -> None:
    documents = [document("a.pdf", "ready"), document("b.pdf", "parsing"), document("c.pdf", "failed", "It is empty.")]
    jobs = [
        job(1, "a.pdf", "done", 1),
        job(2, "b.pdf", "parsing", 0.4),
        job(3, "c.pdf", "failed"),
        job(4, "d.pdf", "queued"),
    ]
    found = {row["name"]: row for row in rows(documents, jobs)}
    assert list(found) == ["d.pdf", "c.pdf", "b.pdf", "a.pdf"]
    assert (found["a.pdf"]["state"], found["a.pdf"]["open"], found["a.pdf"]["job"]) == ("ready", False, None)
    assert (found["b.pdf"]["page"], found["b.pdf"]["of"], found["b.pdf"]["progress"]) == (3, 9, 0.4)
    assert found["c.pdf"]["job"] == 3
    assert found["d.pdf"]["open"]


def test_replaced_document_shows_the_new_version_on_its_way() -> None:
    found = rows([document("a.pdf", "ready")], [job(1, "a.pdf", "done", 1), job(2, "a.pdf", "parsing", 0.2)])
    assert (found[0]["state"], found[0]["open"], found[0]["progress"]) == ("parsing", True, 0.2)

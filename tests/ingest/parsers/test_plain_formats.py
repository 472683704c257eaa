"""TXT, Markdown, CSV, TSV: the stored text is the file itself, blocks and cells are spans of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_files import written

from assistant.errors import LimitExceeded, UnreadableFile
from assistant.types import Document, Limits
from ingest.parsers import parser_for


def parsed(folder: Path, format: str, data: str | bytes) -> Document:
    raw = data.encode() if isinstance(data, str) else data
    return parser_for(format).parse(written(folder, format, raw), Limits())


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_text_keeps_every_character_but_carriage_returns(tmp_path: Path) -> None:
    document = parsed(tmp_path, "text", b"\xef\xbb\xbfOne \t line\r\n\r\n  Two\x0c\r\nthree ")
    assert document.text == "One \t line\n\n  Two\x0c\nthree "
    assert kinds(document) == [("paragraph", "One \t line"), ("paragraph", "Two"), ("paragraph", "three")]


def test_plain_headings_of_a_text(tmp_path: Path) -> None:
    text = "Guide\n=====\n\n2.1 Scope\n\nIt ends.\n\nChapter IV\n\n3 apples fell.\n\n* a\n* b\n\n---------\n"
    document = parsed(tmp_path, "text", text)
    assert kinds(document) == [
        ("heading", "Guide"),
        ("heading", "2.1 Scope"),
        ("paragraph", "It ends."),
        ("heading", "Chapter IV"),
        ("paragraph", "3 apples fell."),
        ("list", "* a\n* b"),
    ]
    assert document.blocks[2].heading_path == ("Guide", "2.1 Scope")


def test_lines_that_are_paragraphs_become_blocks(tmp_path: Path) -> None:
    long = "他说" * 70
    assert len(parsed(tmp_path, "text", f"{long}\n{long}\n短").blocks) == 3


def test_a_blank_text_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="holds no text"):
        parsed(tmp_path, "text", " \n\n ")


def test_a_text_over_the_limit_says_so(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded, match="10 characters"):
        parser_for("text").parse(written(tmp_path, "text", b"eleven char"), Limits(characters=10))


def test_markdown_blocks_are_spans_of_the_source(tmp_path: Path) -> None:
    source = "---\ntitle: Ducks\ndate: 2024-05-06\n---\n# All *about* ducks #\n\nThey `swim`.\n\n"
    source += "Setext\n---\n\n- a\n- b\n\n<!-- no -->\n"
    document = parsed(tmp_path, "markdown", source)
    assert document.text == source
    assert (document.title, document.date) == ("Ducks", "2024-05-06")
    assert kinds(document)[1:] == [
        ("heading", "All *about* ducks"),
        ("paragraph", "They `swim`."),
        ("heading", "Setext"),
        ("list", "- a\n- b"),
    ]
    assert document.blocks[-1].heading_path == ("All about ducks", "Setext")


def test_markdown_table_cells_point_into_the_source(tmp_path: Path) -> None:
    document = parsed(tmp_path, "markdown", "| Kind | Count |\n|:---|--:|\n| **a** \\| b | 1,200 |\n| `x|y` | 5% |\n")
    table = document.tables[0]
    assert table.header == ("Kind", "Count")
    assert table.rows == (("a | b", "1,200"), ("x|y", "5%"))
    assert [document.text[c.start : c.end] for c in table.cells[2:]] == ["**a** \\| b", "1,200", "`x|y`", "5%"]
    assert [c.value for c in table.cells[2:]] == ["a | b", 1200, "x|y", 0.05]


def test_csv_cells_are_the_characters_inside_the_quotes(tmp_path: Path) -> None:
    source = 'Name;Share;Price\n"Ann; B";12,5%;1.234,50\n"say ""hi""";7%;900,00\nlast\n'
    document = parsed(tmp_path, "csv", source.replace("\n", "\r\n"))
    table = document.tables[0]
    assert document.text == source
    assert table.header == ("Name", "Share", "Price")
    assert table.rows == (("Ann; B", "12,5%", "1.234,50"), ('say "hi"', "7%", "900,00"), ("last", "", ""))
    shown = {(c.row, c.column): (c.value, document.text[c.start : c.end]) for c in table.cells}
    assert shown[2, 1] == ("Ann; B", "Ann; B")
    assert shown[2, 2] == (0.125, "12,5%")
    assert shown[2, 3] == (1234.5, "1.234,50")
    assert shown[3, 1] == ('say "hi"', 'say ""hi""')
    assert (document.blocks[0].start, document.blocks[0].end) == (0, len(source) - 1)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(tmp_path: Path, separator: str) -> None:
    rows = [["Name", "Town", "Age"], ["Li, X", "a;b", "3"], ["Bo", "c", "40"]]
    source = "\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    assert parsed(tmp_path, "csv", source).tables[0].rows[0] == ("Li, X", "a;b", "3")


def test_decimal_commas_do_not_separate(tmp_path: Path) -> None:
    assert parsed(tmp_path, "csv", "1,5;2,5\n3,5;4,5\n").tables[0].rows == (("1,5", "2,5"), ("3,5", "4,5"))


def test_head_lines_stay_outside_the_table(tmp_path: Path) -> None:
    source = "Report of the year,,\n,,\n,2019,2020\nducks,12,14\ngeese,3,4\n"
    document = parsed(tmp_path, "csv", source)
    assert document.tables[0].header == ("", "2019", "2020")
    assert document.tables[0].rows == (("ducks", "12", "14"), ("geese", "3", "4"))
    assert kinds(document)[0][0] == "paragraph"


def test_an_open_quote_swallows_nothing(tmp_path: Path) -> None:
    assert parsed(tmp_path, "csv", 'a,b\n"x,1\ny,2\n').tables[0].rows == (('"x', "1"), ("y", "2"))


def test_codes_dates_and_missing_marks_are_no_numbers(tmp_path: Path) -> None:
    table = parsed(tmp_path, "csv", "code,day,n\n007,2024-01-02,-\n012,2024-01-03,(5)\n").tables[0]
    assert [c.value for c in table.cells[3:]] == ["007", "2024-01-02", None, "012", "2024-01-03", -5]


def test_a_long_table_keeps_the_first_rows_and_says_so(tmp_path: Path) -> None:
    source = "id,n\n" + "".join(f"{i},{i * 2}\n" for i in range(5000))
    document = parsed(tmp_path, "csv", source)
    assert len(document.tables[0].rows) == 2000
    assert document.tables[0].rows[-1] == ("1999", "3998")
    assert source.startswith(document.text)
    assert document.report.warnings == ("About 5,001 rows; the first 2,000 are searchable row by row.",)


def test_wide_encodings(tmp_path: Path) -> None:
    source = "Name\tTown\nJosé\tMünchen\n李\t北京\n"
    for data in (
        source.encode("utf-16"),
        source.encode("utf-8-sig"),
        source.encode("gb18030")[:0] + source.encode("utf-16-be"),
    ):
        if data[:2] not in (b"\xff\xfe", b"\xef\xbb"):
            data = b"\xfe\xff" + data
        assert parsed(tmp_path, "tsv", data).tables[0].rows == (("José", "München"), ("李", "北京"))

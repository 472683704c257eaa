"""Promise 4: compressed files are limited by what they expand to, before they are read; entities are not expanded."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_files import SEEDS, replaced, written, zipped

from assistant.errors import LimitExceeded
from assistant.types import Limits
from ingest.parsers import parser_for

SMALL = Limits(expanded_mb=5)


@pytest.mark.parametrize("format", ["docx", "pptx", "xlsx", "odt", "odp", "ods", "epub"])
def test_p04_a_zip_bomb_is_refused_by_its_expanded_size(tmp_path: Path, format: str) -> None:
    bomb = zipped({"mimetype": "x", "content.xml": b"0" * 6_000_000, "[Content_Types].xml": "x"})
    assert len(bomb) < 20_000
    with pytest.raises(LimitExceeded, match="expands to more than 5 MB"):
        parser_for(format).parse(written(tmp_path, format, bomb), SMALL)


def test_p04_entities_do_not_multiply(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    declared = f'<!DOCTYPE x [<!ENTITY l0 "lollol">{laughs}]><office:document-content '
    data = replaced(SEEDS["odt"], "content.xml", "<office:document-content ", declared)
    data = replaced(data, "content.xml", ">A<", ">A&l11;<")
    assert len(parser_for("odt").parse(written(tmp_path, "odt", data), SMALL).text) < 200


def test_p04_absurd_spans_and_repeats_stay_small(tmp_path: Path) -> None:
    wide = '<table:table-cell table:number-columns-spanned="99999999" table:number-rows-spanned="99999999">'
    data = replaced(SEEDS["odt"], "content.xml", '<table:table-cell table:number-columns-spanned="2">', wide)
    assert len(parser_for("odt").parse(written(tmp_path, "odt", data), SMALL).text) < 20_000
    many = '<table:table-cell office:value-type="string" table:number-columns-repeated="16384">'
    data = replaced(SEEDS["ods"], "content.xml", '<table:table-cell office:value-type="string">', many)
    assert len(parser_for("ods").parse(written(tmp_path, "ods", data), SMALL).text) < 100_000
    page = b"<table><tr><td colspan=9999 rowspan=0>x</td><td>1</td></tr><tr><td>y</td></tr></table>"
    assert len(parser_for("html").parse(written(tmp_path, "html", page), SMALL).text) < 20_000


def test_p04_characters_are_limited(tmp_path: Path) -> None:
    page = b"<p>" + b"words and " * 1000
    with pytest.raises(LimitExceeded, match="more than 5,000 characters"):
        parser_for("html").parse(written(tmp_path, "html", page), Limits(characters=5000))

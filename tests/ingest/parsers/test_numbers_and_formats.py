"""Numbers as written, number formats as shown, headers as found."""

from __future__ import annotations

import pytest

from ingest.parsers.grids import Layout, layout
from ingest.parsers.numbers import column_decimal, parse_number, typed
from ingest.parsers.numfmt import general, iso, render


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("12,345,678", 12345678),
        ("1 234 567", 1234567),
        ("CHF 3'360.00", 3360.0),
        ("(81)", -81),
        ("-$5", -5),
        ("($1,599.99)", -1599.99),
        ("200,00%", 2.0),
        ("12.5 %", 0.125),
        ("−3", -3),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ("€ 7", 7),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text", ["", "abc", "2024-01-02", "1.2.3", "229.077.5154", "12:30", "5 apples", "(5", "1,23,4", "10/12"]
)
def test_no_numbers(text: str) -> None:
    assert parse_number(text) is None


def test_a_column_decides_what_its_points_mean() -> None:
    assert column_decimal(["1,5", "2,25"]) == ","
    assert column_decimal(["1.234,5", "7"]) == ","
    assert column_decimal(["379", "1.133"]) == ","
    assert column_decimal(["0.379", "1.133"]) == "."
    assert column_decimal(["12", "x"]) is None
    assert typed([["n"], ["379"], ["1.133"]], 1) == [["n"], [379], [1133]]


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1599.99, "#,##0.00", "1,599.99"),
        (-1599.99, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "($1,599.99)"),
        (12553, "#,##0\\ ;\\(#,##0\\)", "12,553"),
        (0, '_(* #,##0_);_(* \\(#,##0\\);_(* "—"_);_(@_)', "—"),
        (0.125, "0.0%", "12.5%"),
        (2.675, "0.00", "2.68"),
        (-0.001, "0.00", "0.00"),
        (5, "000", "005"),
        (1234567, '0.0,,"M"', "1.2M"),
        (5551234567, "(000) 000-0000", "(555) 123-4567"),
        (19.99, '0\\ "dollars and"\\ .00\\ "cents"', "19 dollars and .99 cents"),
        (2.5, "# ?/?", "2 1/2"),
        (198356388, "0.00E+00", "1.98E+08 (198356388)"),
        (12, "[$€-407]#,##0.00", "€12.00"),
        (1500, '[>=1000]#,##0,"K";0', "2K"),
        (43831, "d-mmm-yy", "1-Jan-20"),
        (43831.75, "yyyy/mm/dd h:mm AM/PM", "2020/01/01 6:00 PM"),
        (
            39219.180560185,
            '"At"\\ h:mm\\ AM/PM\\ "on"\\ dddd\\ mmmm\\ d","\\ yyyy',
            "At 4:20 AM on Thursday May 17, 2007",
        ),
        (43831, 'yyyy"年"m"月"d"日"', "2020年1月1日"),
        (1.5, "[h]:mm", "36:00"),
        (0.5 / 1440, "mm:ss", "00:30"),
        (3.14159, "General", "3.14159"),
        (1 / 3, "", "0.33333333333"),
    ],
)
def test_number_formats(value: float, code: str, shown: str) -> None:
    assert render(value, code) == shown


def test_dates_in_iso() -> None:
    assert iso(43831, "d mmm yyyy") == "2020-01-01"
    assert iso(43831.5, "d/m/yy h:mm") == "2020-01-01T12:00:00"
    assert iso(0.25, "h:mm") == "06:00:00"
    assert iso(0, "d/m/yyyy", epoch_1904=True) == "1904-01-01"
    assert iso(1e12, "d/m/yyyy") is None


def test_general_numbers() -> None:
    assert [general(v) for v in (3.0, -2.5, 1e20, 0.1 + 0.2)] == ["3", "-2.5", "1E+20", "0.3"]


@pytest.mark.parametrize(
    ("grid", "found"),
    [
        ([["Year", "Ducks"], ["2019", "120"], ["2020", "135"]], Layout(0, 1)),
        ([["", "2019", "2020"], ["Ducks", "120", "135"], ["Geese", "12", "13"]], Layout(0, 1)),
        ([["1", "2"], ["3", "4"]], Layout(0, 0)),
        ([["Title", "Title"], ["a", "b"], ["x", "1"], ["y", "2"]], Layout(1, 1)),
        ([["first", "header", "header"], ["first", "second", "third"], ["1", "2", "3"], ["3", "4", "5"]], Layout(0, 2)),
        ([["name", "town"], ["Ann", "Bern"], ["Bo", "Rome"]], Layout(0, 1)),
        ([["", "A", "A"], ["", "x", "y"], ["R1", "True", "False"], ["R2", "False", "True"]], Layout(0, 2)),
        ([["", "1985", "1993"], ["Surgery", "", ""], ["General", ".", "379"], ["Heart", ".", "1"]], Layout(0, 1)),
        ([["Item 1.", "Business", "4"], ["Item 2.", "Properties", "9"]], Layout(0, 0)),
        ([["header"], ["1"], ["2"]], Layout(0, 1)),
        ([["Region", "2023-01-31", "2023-02-28"], ["North", "5", "6"], ["South", "7", "8"]], Layout(0, 1)),
        ([], Layout(0, 0)),
    ],
)
def test_where_the_header_ends(grid: list[list[str]], found: Layout) -> None:
    assert layout(grid) == found

"""Small files of every format, made from scratch: for literals worked out by hand and as seeds for fuzzing."""
# ruff: noqa: E501 - markup in long lines

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import xlsxwriter
from docx import Document as Word
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def zipped(members: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def replaced(data: bytes, name: str, old: str, new: str) -> bytes:
    """A zip with one text of one member changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members: dict[str, str | bytes] = {each: archive.read(each) for each in archive.namelist()}
    text = bytes(members[name]).decode() if isinstance(members[name], bytes) else str(members[name])
    assert old in text
    return zipped(members | {name: text.replace(old, new)})


def docx() -> bytes:
    """A heading, prose with a tracked change and a page-number field, a list, a merged table, a text box, a page header."""
    word = Word()
    word.core_properties.title = "Yearly report"
    word.add_heading("Results", 1)
    paragraph = word.add_paragraph("Sales rose ")
    paragraph._p.append(parse_xml(f'<w:ins {nsdecls("w")} w:id="1" w:author="A"><w:r><w:t>by 4%</w:t></w:r></w:ins>'))
    paragraph._p.append(
        parse_xml(f'<w:del {nsdecls("w")} w:id="2" w:author="A"><w:r><w:delText>fell</w:delText></w:r></w:del>')
    )
    word.add_paragraph("first", style="List Number")
    word.add_paragraph("second", style="List Number")
    table = word.add_table(rows=3, cols=3)
    for r, texts in enumerate((("Region", "Sales", "Sales"), ("", "2019", "2020"), ("North", "1,200", "1,350"))):
        for c, text in enumerate(texts):
            table.cell(r, c).text = text
    table.cell(0, 1).text, table.cell(0, 2).text = "Sales", ""
    table.cell(0, 1).merge(table.cell(0, 2))
    box = f"""<w:r {nsdecls("w")}><w:pict xmlns:v="urn:schemas-microsoft-com:vml"><v:shape><v:textbox><w:txbxContent>
<w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r>"""
    word.add_paragraph("Beside").runs[0]._r.addnext(parse_xml(box))
    hidden = word.add_paragraph().add_run("secret")
    hidden._r.get_or_add_rPr().append(OxmlElement("w:vanish"))
    assert hidden._r.rPr is not None
    assert hidden._r.rPr.find(qn("w:vanish")) is not None
    word.sections[0].header.paragraphs[0].text = "Page head"
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def pptx() -> bytes:
    """A slide with a table and notes; a slide without a title, with a chart and a group."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Ducks"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for r, texts in enumerate((("Kind", "Count"), ("Mallard", "12"))):
        for c, text in enumerate(texts):
            table.cell(r, c).text = text
    slide.notes_slide.notes_text_frame.text = "Say hello"
    bare = deck.slides.add_slide(deck.slide_layouts[6])
    data = CategoryChartData()
    data.categories = ["Q1", "Q2"]
    data.add_series("Income", (10.5, 20))
    bare.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1), Inches(4), Inches(3), data)
    group = bare.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(5), Inches(2), Inches(1)).text_frame.text = "Grouped"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def xlsx() -> bytes:
    """A title, a merged two-row header, formats, a formula, a second table beside, a hidden sheet, a comment."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Sales")
    percent, money = book.add_format({"num_format": "0.0%"}), book.add_format({"num_format": "$#,##0.00"})
    day = book.add_format({"num_format": "d mmm yyyy"})
    sheet.write("A1", "Sales by region")
    sheet.write("A3", "Region")
    sheet.merge_range("B3:C3", "Amount")
    sheet.write("D3", "Day")
    sheet.write_row("A4", ["", "Total", "Share"])
    sheet.write("A5", "North")
    sheet.write("B5", 1234.5, money)
    sheet.write("C5", 0.125, percent)
    sheet.write("D5", 43831, day)
    sheet.write("A6", "South")
    sheet.write_formula("B6", "=B5*2", money, 2469)
    sheet.write("C6", 0.875, percent)
    sheet.write_comment("B5", "checked by Eva")
    for r, row in enumerate((("Code", "Price"), ("x", 3), ("y", 4), ("z", 5))):
        sheet.write_row(9 + r, 7, row)
    secret = book.add_worksheet("Old")
    secret.write_row("A1", ["k", "v"])
    secret.write_row("A2", [1, 2])
    secret.hide()
    book.close()
    return out.getvalue()


_OFFICE = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def _odf(kind: str, body: str) -> bytes:
    content = f"<office:document-content {_OFFICE}><office:body>{body}</office:body></office:document-content>"
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content})


def odt() -> bytes:
    return _odf(
        "text",
        """<office:text><text:h text:outline-level="2">Part <text:span>one</text:span></text:h>
<text:p>A<text:s text:c="2"/>b<text:note><text:note-body><text:p>the note</text:p></text:note-body></text:note> c</text:p>
<text:list><text:list-item><text:p>x</text:p><text:list><text:list-item><text:p>y</text:p></text:list-item></text:list>
</text:list-item></text:list>
<table:table><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>Wide</text:p></table:table-cell>
<table:covered-table-cell/></table:table-row><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>
<table:table-cell><text:p>7</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>b</text:p>
</table:table-cell><table:table-cell><text:p>8</text:p></table:table-cell></table:table-row></table:table>
</office:text>""",
    )


def odp() -> bytes:
    return _odf(
        "presentation",
        """<office:presentation><draw:page><draw:frame><draw:text-box><text:p>body</text:p></draw:text-box></draw:frame>
<draw:frame presentation:class="title"><draw:text-box><text:p>The title</text:p></draw:text-box></draw:frame>
<presentation:notes><draw:frame presentation:class="notes"><draw:text-box><text:p>said aloud</text:p></draw:text-box></draw:frame>
</presentation:notes></draw:page></office:presentation>""",
    )


def ods() -> bytes:
    return _odf(
        "spreadsheet",
        """<office:spreadsheet><table:table table:name="One"><table:table-row><table:table-cell><text:p>Name</text:p>
</table:table-cell><table:table-cell><text:p>Share</text:p></table:table-cell></table:table-row><table:table-row>
<table:table-cell office:value-type="string"><text:p>Ann</text:p></table:table-cell>
<table:table-cell office:value-type="percentage" office:value="0.125"><text:p>12,5 %</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
</table:table></office:spreadsheet>""",
    )


HTML = """<!doctype html><html><head><title>Ducks - Example</title><meta property="article:published_time" content="2024-02-03T10:00">
<style>p {color: red}</style></head><body><nav><a href="/">Home</a></nav><header><p>Menu</p></header>
<main><h1>Ducks</h1><p>They <b>swim</b>
 well.<br>And fly.</p><div style="display:none">invisible</div><ul><li>one<ol><li>inner</li></ol></li><li>two</li></ul>
<table><caption>Counts</caption><tr><th rowspan="2">Kind</th><th colspan="2">Seen</th></tr><tr><th>2019</th><th>2020</th></tr>
<tr><td>Mallard</td><td>1,200</td><td>(5)</td></tr></table>
<table><tr><td></td><td colspan="2">Income</td></tr><tr><td>Total</td><td>$</td><td>1,234</td></tr></table></main>
<footer>imprint</footer><script>alert(1)</script></body></html>"""


def epub() -> bytes:
    container = '<container><rootfiles><rootfile full-path="O/b.opf"/></rootfiles></container>'
    opf = """<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The book</dc:title><dc:date>2001-02-03</dc:date>
</metadata><manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="b%20b.xhtml" media-type="application/xhtml+xml"/><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>
</manifest><spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
    page = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{}</h1><p>{}</p></body></html>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "O/b.opf": opf,
            "O/nav.xhtml": page.format("Contents", "list"),
            "O/a.xhtml": page.format("First", "alpha"),
            "O/b b.xhtml": page.format("Second", "beta"),
        }
    )


RTF = rb"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset134 SimSun;}}{\stylesheet{\s0 Normal;}
{\s1 heading 1;}}{\info{\title My title}{\author X}}{\header Page head\par}\pard\s1 Chapter one\par\pard Caf\'e9 \u8364?5
{\f1 \'c4\'e3\'ba\'c3} \u-10179?\u-8694? end{\footnote A note.}\par{\v secret}visible\par{\listtext\'b7\tab}item a\par
{\listtext\'b7\tab}item b\par\trowd\cellx1000\cellx2000\pard\intbl Kind\cell Count\cell\row\trowd\cellx1000\cellx2000\pard\intbl
a\par b\cell 15\cell\row\pard after\par}"""


def eml(attachments: dict[str, bytes] | None = None) -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Grüße", "Ann <ann@example.org>", "bob@example.org"
    mail["Date"] = "Fri, 23 Dec 2022 12:08:48 -0600"
    mail.set_content("Dear Bob,\n\nthe figures are attached.\n")
    for name, data in (attachments or {"figures.csv": b"Kind,Count\nMallard,12\nTeal,7\n"}).items():
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


SEEDS: dict[str, bytes] = {
    "text": "INTRODUCTION\n\nA first paragraph.\n\n1.2 Scope of it\n\n- a\n- b\n\n第一章 总则\n\n正文。\n".encode(),
    "markdown": b"---\ntitle: T\n---\n# One\n\npara\n\n| A | B |\n|---|---|\n| x | 1,5 |\n\n```\ncode\n```\n",
    "csv": b'Name;Share;Price\n"Ann; B";12,5%;1.234,50\n"say ""hi""";7%;900,00\n',
    "tsv": b"a\tb\n1\t2\n3\t4\n",
    "html": HTML.encode(),
    "rtf": RTF,
    "docx": docx(),
    "pptx": pptx(),
    "xlsx": xlsx(),
    "odt": odt(),
    "odp": odp(),
    "ods": ods(),
    "epub": epub(),
    "eml": eml(),
}


def written(folder: Path, format: str, data: bytes | None = None) -> Path:
    path = folder / f"sample.{format}"
    path.write_bytes(SEEDS[format] if data is None else data)
    return path

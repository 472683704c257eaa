"""Files for the browser tests, made by hand."""

from __future__ import annotations

TOP, LEFT, LEADING, SIZE = 720, 72, 20, 12
PAGE = (612, 792)


def pdf(pages: list[list[str]]) -> bytes:
    """A PDF of plain lines in Helvetica; line n of a page has its baseline at 720 - 20 n points."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for lines in pages:
        drawn = " ".join(f"1 0 0 1 {LEFT} {TOP - LEADING * n} Tm ({escaped(line)}) Tj" for n, line in enumerate(lines))
        stream = f"BT /F1 {SIZE} Tf {drawn} ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        content = len(objects)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE[0]} {PAGE[1]}] /Contents {content} 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    return assembled(objects)


def assembled(objects: list[str]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    tail = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{tail}".encode("latin-1")


def escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


RULES = pdf(
    [
        ["Harbour rules of Quayside", "", "1 The office",
         "The harbour office opens at eight o'clock on every working day.",
         "Letters go to the harbour master, Old Quay 3."],
        ["2 Visitor berths", "", "Visitor berths lie on the north quay and are marked with blue bollards.",
         "A visiting vessel may stay at a visitor berth for at most fourteen nights.",
         "The daily fee for a visitor berth is 32 euros."],
        ["3 Waste", "", "Oily waste is handed in at the green container behind the crane.",
         "Glass and paper are collected on Tuesdays."],
    ]
)  # fmt: skip
CHINESE = """# 图书馆规则

读者每次最多可以借阅八本书，借期为三十天。逾期未还的图书，每天收取五角钱的滞纳金。

图书馆每周一闭馆，其他日子从上午九点开放到晚上八点。
"""
HOSTILE_TEXT = """name,remark
<img src=x onerror="window.__x=1">,<script>window.__x=2</script>
The lantern keeper,"The lantern keeper is called <b onmouseover=window.__x=3>Amalia Brandt</b> ![p](http://evil.example/p.png)"
"""

"""RTF: paragraphs, headings by outline level or style, lists, tables with merged cells, notes, page headers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from assistant.errors import LimitExceeded, UnreadableFile
from assistant.types import BlockKind, Document, Limits
from ingest.builder import DocumentBuilder
from ingest.parsers.ooxml import DAMAGED
from ingest.parsers.rtf_tokens import Event, events
from ingest.parsers.tables import MAX_SPAN, add_grid

_SKIPPED = {
    "fonttbl", "colortbl", "pict", "object", "fldinst", "themedata", "colorschememapping", "datastore",
    "latentstyles", "generator", "listtable", "listoverridetable", "rsidtbl", "xmlnstbl", "filetbl", "revtbl",
    "nonshppict", "bkmkstart", "bkmkend", "pntxta", "pntxtb", "author", "operator", "company", "comment",
    "keywords", "subject", "doccomm", "manager", "category", "hlinkbase", "atnid", "atnref", "atrfstart", "atrfend",
    "xe", "tc", "txe", "rxe", "pgdsctbl", "mmathPr", "wgrffmtfilter", "pnseclvl",
}  # fmt: skip
_ASIDES: dict[str, BlockKind] = {
    "footnote": "note", "annotation": "comment", "header": "header", "headerl": "header", "headerr": "header",
    "headerf": "header", "footer": "footer", "footerl": "footer", "footerr": "footer", "footerf": "footer",
}  # fmt: skip
_CHARACTERS = {
    "tab": "\t", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "endash": "–", "emdash": "—", "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_MAX_BYTES = 200_000_000


class RtfParser:
    types = frozenset({"rtf"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        if path.stat().st_size > _MAX_BYTES:
            raise LimitExceeded(f"The file is bigger than {_MAX_BYTES // 1_000_000} MB; split it and add the parts.")
        builder = DocumentBuilder("rtf", limits)
        add_rtf(builder, path.read_bytes())
        return builder.build()


def add_rtf(builder: DocumentBuilder, data: bytes) -> None:
    """All blocks of an RTF file."""
    source = data.decode("latin-1").lstrip("\ufeff \r\n")
    if not source.startswith("{\\rtf"):
        raise UnreadableFile(DAMAGED)
    reader = _Reader(builder)
    for event in events(source):
        reader.take(event)
    reader.finish()


@dataclass
class _Flow:
    """Text being collected: the body, or a note beside it."""

    kind: BlockKind
    depth: int
    parts: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Cell:
    merged: bool = False  # continues the cell on its left
    from_above: bool = False


class _Reader:
    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.depth = 0
        self.skip_from: int | None = None  # groups from this depth on are not text
        self.starred = False
        self.hidden: int | None = None
        self.flows = [_Flow("paragraph", 0)]
        self.asides: list[tuple[BlockKind, str]] = []
        self.outline: int | None = None
        self.in_table = False
        self.label = False  # a list mark was printed
        self.items: list[str] = []
        self.cells: list[str] = []
        self.shape: list[_Cell] = []
        self.pending = _Cell()
        self.grid: list[list[str]] = []
        self.styles: dict[int, int] = {}  # style number -> heading level
        self.style = 0
        self.in_styles: int | None = None
        self.style_name: list[str] = []
        self.in_title: int | None = None

    def take(self, event: Event) -> None:
        match event.kind:
            case "open":
                self.depth += 1
                self.starred = False
            case "close":
                self.close()
            case "symbol":
                self.symbol(event.text)
            case "text":
                self.text(event.text)
            case "word" if self.skip_from is None:
                self.word(event.text, event.value)
            case "word" if event.text == "title":
                self.in_title = self.depth

    def close(self) -> None:
        if self.in_styles is not None:
            self._end_style()
        for name in ("skip_from", "hidden", "in_styles", "in_title"):
            at = getattr(self, name)
            if at is not None and self.depth <= at:
                setattr(self, name, None)
        flow = self.flows[-1]
        if len(self.flows) > 1 and self.depth <= flow.depth:
            self.flows.pop()
            text = "\n".join([*flow.lines, "".join(flow.parts)]).strip()
            if flow.kind in ("header", "footer"):
                self.builder.add(flow.kind, _pairs(text))
            elif text:
                self.asides.append((flow.kind, text))
        self.depth -= 1

    def symbol(self, symbol: str) -> None:
        if symbol == "*":
            self.starred = True
        elif symbol in "\r\n":
            self.word("par", None)
        else:
            self.text({"~": "\u00a0", "_": "\u2011", "-": "", "{": "{", "}": "}", "\\": "\\"}.get(symbol, ""))

    def text(self, text: str) -> None:
        if self.in_styles is not None:
            self.style_name.append(text)
        elif self.in_title is not None and self.skip_from is not None:
            self.builder.title += text
        elif self.skip_from is None:
            if self.hidden is not None:
                self.builder.warn("Hidden text was left out.")
            else:
                self.flows[-1].parts.append(text)

    def word(self, word: str, value: int | None) -> None:
        starred, self.starred = self.starred, False
        if word == "stylesheet":
            self.in_styles = self.depth
        elif self.in_styles is not None:
            self.style = (value or 0) if word == "s" else self.style
        elif word == "info":
            self.skip_from = self.depth
        elif word in _ASIDES:
            self.flows.append(_Flow(_ASIDES[word], self.depth))
        elif word in ("listtext", "pntext"):
            self.label = True
        elif word in _SKIPPED or (starred and word not in ("shpinst", "shptxt", "shppict", "nesttableprops")):
            self.skip_from = self.depth
        elif word == "v":
            self.hidden = self.depth if value != 0 else None
        elif word in _CHARACTERS:
            self.text(_CHARACTERS[word])
        else:
            self.structure(word, value)

    def structure(self, word: str, value: int | None) -> None:
        match word:
            case "par" | "sect" | "page":
                self.paragraph()
            case "pard":
                self.outline, self.in_table, self.style = None, False, 0
            case "intbl":
                self.in_table = True
            case "outlinelevel":
                self.outline = value
            case "s":
                self.style = value or 0
            case "trowd":
                self.shape, self.pending = [], _Cell()
            case "clmrg":
                self.pending = _Cell(True, self.pending.from_above)
            case "clvmrg":
                self.pending = _Cell(self.pending.merged, True)
            case "cellx":
                self.shape = [*self.shape[:MAX_SPAN], self.pending]
                self.pending = _Cell()
            case "cell" | "nestcell":
                self.cells.append(self._taken())
            case "row" | "nestrow":
                self.row()

    def paragraph(self) -> None:
        flow = self.flows[-1]
        if len(self.flows) > 1 or self.in_table:
            flow.lines.append("".join(flow.parts))
            flow.parts = []
            return
        text = self._taken()
        self._end_table()
        level = self.styles.get(self.style, 0) if self.outline is None else self.outline + 1
        if self.label and text:
            self.items.append(re.sub(r"^[·•\uf0b7]\s*", "- ", re.sub(r"[ \t]+", " ", text)))
        else:
            self._end_list()
            if 0 < level < 10:
                self.builder.add("heading", text, level=level)
            else:
                self.builder.add("paragraph", text)
        self.label = False
        self._flush_asides()

    def row(self) -> None:
        self._end_list()
        above = self.grid[-1] if self.grid else []
        out: list[str] = []
        for i, text in enumerate(self.cells[:MAX_SPAN]):
            cell = self.shape[i] if i < len(self.shape) else _Cell()
            if cell.merged and out:
                text = out[-1]
            elif cell.from_above and i < len(above):
                text = above[i]
            out.append(text)
        self.cells = []
        if any(out):
            self.grid.append(out)

    def finish(self) -> None:
        self.in_table = False
        while len(self.flows) > 1:  # groups that never closed
            self.depth = self.flows[-1].depth
            self.close()
        if self.cells:
            self.row()
        self.paragraph()
        self._end_table()
        self._end_list()
        self._flush_asides()
        self.builder.title = " ".join(self.builder.title.split())

    def _taken(self) -> str:
        flow = self.flows[-1]
        text = "\n".join([*flow.lines, "".join(flow.parts)]).strip()
        flow.lines, flow.parts = [], []
        return _pairs(text)

    def _end_table(self) -> None:
        if self.cells:
            self.row()
        if self.grid:
            grid, self.grid = self.grid, []
            add_grid(self.builder, grid)

    def _end_list(self) -> None:
        if self.items:
            self.builder.add("list", "\n".join(self.items))
            self.items = []

    def _flush_asides(self) -> None:
        asides, self.asides = self.asides, []
        for kind, text in asides:
            self.builder.add(kind, _pairs(text))

    def _end_style(self) -> None:
        name = "".join(self.style_name).strip(" ;").lower()
        if heading := re.match(r"(?:heading|überschrift|titre|标题|標題)\s*(\d)$", name):
            self.styles[self.style] = int(heading[1])
        self.style_name, self.style = [], 0


def _pairs(text: str) -> str:
    r"""Characters beyond 16 bits come as two \u words; halves that stand alone are dropped."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")

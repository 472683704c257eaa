"""The text of one Word paragraph, and what hangs on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.parsers.omml import linear
from ingest.parsers.ooxml import Element, attribute, child, descendants, elements, local

_SKIPPED = {
    "pPr",
    "rPr",
    "sectPr",
    "instrText",
    "delText",
    "delInstrText",
    "rt",
    "sdtPr",
    "proofErr",
    "lastRenderedPageBreak",
}
_PLAIN = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_SYMBOLS = {
    "f0b7": "•",
    "f0a7": "▪",
    "f0fc": "✓",
    "f0fe": "☒",
    "f06f": "☐",
    "f0a8": "☐",
    "f0e0": "→",
    "f061": "α",
    "f062": "β",
}
_DEPTH = 60


@dataclass
class Inline:
    """`text`, and what hangs on it: text boxes, descriptions, relation ids of charts, (kind, id) of notes, comments."""

    text: str = ""
    boxes: list[Element] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    @property
    def asides(self) -> bool:
        return bool(self.boxes or self.pictures or self.charts or self.notes or self.comments)


class InlineReader:
    """Fields may begin in one paragraph and end in another, so one reader serves a whole part."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._fields: list[str] = []  # codes of the open fields

    def read(self, p: Element) -> Inline:
        found = Inline()
        parts: list[str] = []
        self._walk(p, parts, found, 0)
        found.text = "".join(parts)
        return found

    def note_deleted(self) -> None:
        self._warn("The document holds tracked changes; deleted text was left out.")

    def _walk(self, parent: Element, parts: list[str], found: Inline, depth: int) -> None:
        if depth > _DEPTH:
            return
        for element in elements(parent):
            name = local(element)
            if name in _SKIPPED:
                continue
            if name in _PLAIN:
                parts.append(_PLAIN[name])
            elif name == "t":
                if not self._page_number():
                    parts.append(element.text or "")
            elif name == "r" and _hidden(element):
                self._warn("Hidden text was left out.")
            elif name in ("del", "moveFrom"):
                self.note_deleted()
            elif name in ("oMath", "oMathPara"):
                parts.append(linear(element))
            elif not self._reference(element, name, found) and not self._drawing(element, name, parts, found, depth):
                self._walk(element, parts, found, depth + 1)

    def _reference(self, element: Element, name: str, found: Inline) -> bool:
        match name:
            case "footnoteReference" | "endnoteReference":
                found.notes.append((name.removesuffix("Reference"), attribute(element, "id")))
            case "commentReference":
                found.comments.append(attribute(element, "id"))
            case "fldChar":
                self._field(attribute(element, "fldCharType"), element)
            case "fldSimple":
                return attribute(element, "instr").split()[:1] in (["PAGE"], ["NUMPAGES"])
            case _:
                return False
        return True

    def _field(self, type: str, element: Element) -> None:
        if type == "begin" and len(self._fields) < 50:
            self._fields.append("")
            run = element.getparent()
            following = run.itersiblings() if run is not None else iter(())
            for sibling in following:  # the code stands in the next runs
                code = child(sibling, "instrText")
                if code is not None:
                    self._fields[-1] = (code.text or "").strip()
                    break
                if child(sibling, "fldChar") is not None:
                    break
        elif type == "end" and self._fields:
            self._fields.pop()

    def _page_number(self) -> bool:
        return bool(self._fields) and self._fields[-1].split()[:1] in (["PAGE"], ["NUMPAGES"])

    def _drawing(self, element: Element, name: str, parts: list[str], found: Inline, depth: int) -> bool:
        match name:
            case "sym":
                parts.append(_SYMBOLS.get(attribute(element, "char").lower(), ""))
            case "AlternateContent":  # the same thing twice, new and old
                choice = child(element, "Choice")
                fallback = child(element, "Fallback")
                best = choice if choice is not None and len(choice) else fallback
                if best is not None:
                    self._walk(best, parts, found, depth + 1)
            case "drawing" | "pict" | "object":
                self._picture(element, found)
            case _:
                return False
        return True

    @staticmethod
    def _picture(element: Element, found: Inline) -> None:
        boxes = list(_outermost_boxes(element))
        found.boxes += boxes
        for word_art in descendants(element, "textpath"):
            found.pictures.append(attribute(word_art, "string"))
        found.charts += [attribute(c, "id") for c in descendants(element, "chart") if attribute(c, "id")]
        found.charts += [attribute(c, "dm") for c in descendants(element, "relIds")]
        if not boxes:
            said = dict.fromkeys(attribute(d, "descr").strip() for d in descendants(element, "docPr", "cNvPr"))
            found.pictures += [text for text in said if text]


def _outermost_boxes(element: Element) -> list[Element]:
    boxes: list[Element] = []
    for each in elements(element):
        if local(each) == "txbxContent":
            boxes.append(each)
        elif local(each) == "AlternateContent":
            best = child(each, "Choice")
            boxes += _outermost_boxes(best if best is not None and len(best) else each)
        else:
            boxes += _outermost_boxes(each)
    return boxes


def _hidden(run: Element) -> bool:
    vanish = child(run, "rPr", "vanish")
    return vanish is not None and attribute(vanish, "val", "1") not in ("0", "false", "off")

"""What the paragraph styles of a Word file say: headings, their levels, list numbering."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.parsers.ooxml import Element, attribute, child, elements


@dataclass(frozen=True, slots=True)
class Style:
    name: str = ""
    based_on: str = ""
    outline: int | None = None
    number: str = ""
    level: int = 0


def read_styles(root: Element | None) -> dict[str, Style]:
    """Paragraph styles with what they inherit."""
    raw = {}
    for style in elements(root, "style"):
        properties = child(style, "pPr")
        outline = attribute(child(properties, "outlineLvl"), "val")
        raw[attribute(style, "styleId")] = Style(
            attribute(child(style, "name"), "val").lower(),
            attribute(child(style, "basedOn"), "val"),
            int(outline) if outline.isdigit() else None,
            attribute(child(properties, "numPr", "numId"), "val"),
            int(level) if (level := attribute(child(properties, "numPr", "ilvl"), "val")).isdigit() else 0,
        )
    return {id: _inherit(style, raw) for id, style in raw.items()}


def _inherit(style: Style, raw: dict[str, Style]) -> Style:
    name, outline, number, level, seen = style.name, style.outline, style.number, style.level, 0
    while style.based_on in raw and seen < 20:
        style, seen = raw[style.based_on], seen + 1
        outline = style.outline if outline is None else outline
        if not number:
            number, level = style.number, level or style.level
        if not re.match(r"heading \d|title$|subtitle$", name) and re.match(r"heading \d", style.name):
            name = style.name
    return Style(name, "", outline, number, level)


def heading_level(p: Element, style: Style) -> int:
    """1 and more for headings, 0 for other paragraphs."""
    outline = attribute(child(p, "pPr", "outlineLvl"), "val")
    if outline.isdigit():
        return int(outline) + 1 if int(outline) < 9 else 0
    if named := re.match(r"heading (\d)", style.name):
        return int(named[1])
    if style.name == "title":
        return 1
    return style.outline + 1 if style.outline is not None and style.outline < 9 else 0

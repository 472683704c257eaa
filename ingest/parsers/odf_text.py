"""OpenDocument text: paragraphs, list items, rows and spans, shared by text, slides and sheets."""

from __future__ import annotations

from ingest.parsers.ooxml import Element, attribute, descendants, elements, local

_DEPTH = 40


def count(element: Element, name: str) -> int:
    text = attribute(element, name, "1")
    return max(1, int(text)) if text.isdigit() and len(text) < 9 else 1


def table_rows(parent: Element) -> list[Element]:
    found = []
    for element in elements(parent):
        if local(element) == "table-row":
            found.append(element)
        elif local(element) in ("table-rows", "table-header-rows", "table-row-group"):
            found += table_rows(element)
    return found


def cell_text(cell: Element, mark: str) -> str:
    lines: list[str] = []
    for each in elements(cell):
        match local(each):
            case "p" | "h":
                lines.append(paragraph_text(each))
            case "list":
                lines += list_items(each, 0, mark)
    return "\n".join(line for line in lines if line.strip())


def list_items(element: Element, depth: int, mark: str) -> list[str]:
    """Lines of a list; inner lists are indented."""
    lines: list[str] = []
    for item in elements(element, "list-item", "list-header"):
        for each in elements(item):
            if local(each) == "list" and depth < 10:
                lines += list_items(each, depth + 1, mark)
            elif local(each) in ("p", "h") and (text := paragraph_text(each).strip()):
                lines.append("  " * depth + mark + text)
    return lines


def anchored(element: Element) -> list[Element]:
    """Notes, comments and frames below a paragraph, not those inside other such."""
    found = []
    for each in elements(element):
        if local(each) in ("note", "annotation", "frame", "custom-shape"):
            found.append(each)
        else:
            found += anchored(each)
    return found


def paragraph_text(p: Element, depth: int = 0) -> str:
    """Text of a paragraph with its counted blanks, tabs and breaks; what is anchored in it is left out."""
    parts = [p.text or ""]
    for each in elements(p):
        match local(each):
            case "s":
                parts.append(" " * min(count(each, "c"), 100))
            case "tab":
                parts.append("\t")
            case "line-break":
                parts.append("\n")
            case "note" | "annotation" | "frame" | "custom-shape" | "bookmark" | "ruby-text":
                pass
            case "page-number" | "page-count":
                pass
            case _ if depth < _DEPTH:
                parts.append(paragraph_text(each, depth + 1))
        parts.append(each.tail or "")
    return "".join(parts)


def flat(element: Element | None) -> str:
    """All paragraphs below an element as lines."""
    return "\n".join(text for text in (paragraph_text(p).strip() for p in descendants(element, "p", "h")) if text)

"""Office equations as one line of text: x^2, a_1, (a+b)/2, √(x), ∑_(i=1)^n."""

from __future__ import annotations

from ingest.parsers.ooxml import Element, attribute, child, descendants, elements, local

_DEPTH = 60


def linear(element: Element | None, depth: int = 0) -> str:
    """What an m:oMath element, or any part of one, says."""
    if element is None or depth > _DEPTH:
        return ""
    return "".join(_part(each, depth + 1) for each in elements(element))


def _part(element: Element, depth: int) -> str:
    def sub(name: str) -> str:
        return linear(child(element, name), depth).strip()

    name = local(element)
    match name:
        case "r":
            return "".join(t.text or "" for t in elements(element, "t"))
        case "sSup":
            return f"{sub('e')}^{_group(sub('sup'))}"
        case "sSub":
            return f"{sub('e')}_{_group(sub('sub'))}"
        case "sSubSup" | "sPre":
            return f"{sub('e')}_{_group(sub('sub'))}^{_group(sub('sup'))}"
        case "f":
            return f"{_group(sub('num'))}/{_group(sub('den'))}"
        case "rad":
            return f"{sub('deg')}√{_group(sub('e'))}"
        case "nary":
            low, high = sub("sub"), sub("sup")
            sign = attribute(child(element, "naryPr", "chr"), "val", "∫")
            return sign + (f"_{_group(low)}" if low else "") + (f"^{_group(high)}" if high else "") + f" {sub('e')}"
        case "d":
            begin = attribute(child(element, "dPr", "begChr"), "val", "(")
            end = attribute(child(element, "dPr", "endChr"), "val", ")")
            mark = attribute(child(element, "dPr", "sepChr"), "val", "|")
            return begin + mark.join(linear(e, depth).strip() for e in elements(element, "e")) + end
        case "func":
            return f"{sub('fName')} {sub('e')}"
        case "limLow":
            return f"{sub('e')}_{_group(sub('lim'))}"
        case "limUpp":
            return f"{sub('e')}^{_group(sub('lim'))}"
        case "m":
            rows = [", ".join(linear(e, depth).strip() for e in elements(row, "e")) for row in elements(element, "mr")]
            return f"[{'; '.join(rows)}]"
        case "eqArr":
            return "; ".join(linear(e, depth).strip() for e in elements(element, "e"))
        case "acc" | "bar" | "groupChr":
            return sub("e") + attribute(next(descendants(element, "chr"), None), "val")
        case _ if name.endswith("Pr"):
            return ""
        case "t":
            return element.text or ""
        case _:
            return linear(element, depth)


def _group(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"

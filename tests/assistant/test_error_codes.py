"""Every sentence that is raised, stored or warned with has a code, and comes back from it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from assistant import errors
from assistant.error_codes import CODES, Recognised, recognise
from ingest import work

ROOT = Path(__file__).parents[2]
KINDS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.ThickshellError)
}
GAP = "Zx9"
NO_SENTENCES = {"assistant/tuning"}
"""For those who train, on a terminal; not for users of the page."""


@pytest.mark.parametrize(
    ("sentence", "code", "parameters"),
    [
        ("The file is empty; add one with text in it.", "file-empty", {}),
        ("There is no corpus named “a”; check the name, or create it.", "corpus-unknown", {"corpus": "a"}),
        (
            "Searchable by words; by meaning it waits: No packaged encoder found.",
            "waits-for-meaning",
            {"sentence": "No packaged encoder found."},
        ),
        ("There is no page 7; the document has 3; choose one of these.", "page-unknown", {"page": "7", "pages": "3"}),
        (
            "“x.pdf” has not been read: The file is empty; add one with text in it.",
            "document-failed",
            {"document": "x.pdf", "sentence": "The file is empty; add one with text in it."},
        ),
    ],
)
def test_a_sentence_gives_its_code_and_what_fills_it(sentence: str, code: str, parameters: dict[str, str]) -> None:
    assert recognise(sentence) == Recognised(code, parameters)
    assert CODES[code].format(**parameters) == sentence


def test_what_is_no_sentence_of_ours_has_no_code() -> None:
    assert recognise("") is None
    assert recognise("It rains.") is None


@pytest.mark.parametrize("code", CODES)
def test_each_template_is_recognised_as_itself(code: str) -> None:
    fields = re.findall(r"\{(\w+)\}", CODES[code])
    filled = CODES[code].format(**{field: GAP + field for field in fields})
    assert recognise(filled) == Recognised(code, {field: GAP + field for field in fields})
    assert re.fullmatch(r"[a-z][a-z0-9-]+", code)


def test_an_error_knows_its_code() -> None:
    assert errors.NotFound("There is no file x; check the path.").code == "path-unknown"
    assert errors.NotFound("nothing known").code is None


# --- the sources ----------------------------------------------------------------------------------------------------
def test_every_sentence_of_the_sources_has_a_code() -> None:
    found = list(sentences())
    assert len(found) > 180
    assert [(where, said) for where, said in found if recognise(said) is None] == []


def test_every_code_is_used() -> None:
    internal = {work.internal(what, KeyError()) for what in ("read", "stored")}
    said = {known.code for text in {*all_texts(), *internal} if (known := recognise(text))}
    assert set(CODES) - said == set()


def all_texts() -> Iterator[str]:
    """Every literal text outside the list of codes itself, and everything that is said."""
    for name, tree in trees().items():
        if name != "assistant/error_codes.py":
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant | ast.JoinedStr):
                    yield from texts(node, tree, {})
    yield from (said for _, said in sentences())


@cache
def trees() -> dict[str, ast.Module]:
    files = sorted([*(ROOT / "assistant").rglob("*.py"), *(ROOT / "ingest").rglob("*.py")])
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text("utf-8")) for file in files}


@cache
def assigned(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """Texts given to names anywhere in a module."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.IfExp | ast.JoinedStr):
            found.setdefault(ast.unparse(node.targets[0]), []).append(node.value)
    return found


def sentences() -> Iterator[tuple[str, str]]:
    """(file:line, sentence with its gaps filled) of what errors and warnings are made of."""
    for name, tree in trees().items():
        if any(name.startswith(folder) for folder in NO_SENTENCES):
            continue
        known = constants() | texts_of(tree)
        for node in ast.walk(tree):
            for said in said_by(node, tree, known):
                yield f"{name}:{getattr(node, 'lineno', 0)}", said


def said_by(node: ast.AST, tree: ast.Module, known: dict[str, str]) -> list[str]:
    if isinstance(node, ast.Call) and node.args:
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        return texts(node.args[0], tree, known) if called in KINDS | {"warn"} else []
    if isinstance(node, ast.Dict):  # a parser process's answer
        pairs = {key.value: value for key, value in zip(node.keys, node.values) if isinstance(key, ast.Constant)}
        return texts(pairs["message"], tree, known) if {"error", "message"} <= set(pairs) else []
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs_of = zip(node.targets[0].elts, node.value.elts)
        return [t for to, value in pairs_of if getattr(to, "attr", "") == "error" for t in texts(value, tree, known)]
    return []


def texts(node: ast.expr, tree: ast.Module, known: dict[str, str]) -> list[str]:
    """What a text expression may be, as far as it can be read off the source."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        options = [""]
        for part in node.values:
            inside = part.value if isinstance(part, ast.FormattedValue) else part
            filled = texts(inside, tree, known) if isinstance(inside, ast.Constant | ast.IfExp | ast.Name) else []
            options = [o + (f or GAP) for o in options for f in filled or [GAP]]
        return options
    if isinstance(node, ast.IfExp):
        return texts(node.body, tree, known) + texts(node.orelse, tree, known)
    if isinstance(node, ast.Name):
        if node.id in known:
            return [known[node.id]]
        return [t for value in assigned(tree).get(node.id, ()) for t in texts(value, ast.Module([], []), known)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return [re.sub(r"\{\w*\}", GAP, template) for template in texts(node.func.value, tree, known)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == node.func.id]
        returned = [n.value for f in functions for n in ast.walk(f) if isinstance(n, ast.Return) and n.value]
        return [text for value in returned for text in texts(value, tree, known)]
    return []


@cache
def constants() -> dict[str, str]:
    """Module constants of all rooms that hold sentences."""
    return {name: text for tree in trees().values() for name, text in texts_of(tree).items()}


def texts_of(tree: ast.Module) -> dict[str, str]:
    names = [n for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)]
    pairs = {ast.unparse(n.targets[0]): texts(n.value, ast.Module([], []), {}) for n in names}
    return {name: values[0] for name, values in pairs.items() if len(values) == 1 and name.isupper()}

"""The house keeps its own rules: who imports whom, what stays light, what is documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "faiss",
    "gradio",
    "duckdb",
    "langchain",
    "langchain_core",
    "tantivy",
)

# A room and what it may import of ours, by prefix. A room always sees itself.
FACE = ("assistant", "assistant.types", "assistant.errors", "assistant.seams", "assistant.settings")
RULES: dict[str, tuple[str, ...]] = {
    "assistant/types.py": ("assistant.textual",),
    "assistant/errors.py": ("assistant.error_codes",),
    "assistant/error_codes.py": (),
    "assistant/textual.py": (),
    "assistant/logs.py": (),
    "assistant/seams.py": ("assistant.types",),
    "assistant/settings.py": ("assistant.types", "assistant.errors"),
    "assistant/embedders": (
        "assistant.seams",
        "assistant.types",
        "assistant.errors",
        "assistant.settings",
        "assistant.textual",
    ),
    "assistant/indexes": ("assistant.seams", "assistant.types", "assistant.errors", "assistant.settings"),
    "assistant/retrieval": (
        "assistant.seams",
        "assistant.types",
        "assistant.errors",
        "assistant.settings",
        "assistant.textual",
        "assistant.indexes",
    ),
    "assistant/readers": (
        "assistant.seams",
        "assistant.types",
        "assistant.errors",
        "assistant.settings",
        "assistant.textual",
        "assistant.embedders",
        "assistant.retrieval",
        "assistant.answering",
        "assistant.planning",
    ),
    "assistant/planning": ("assistant.seams", "assistant.types", "assistant.errors", "assistant.textual"),
    "assistant/answering": ("assistant.seams", "assistant.types", "assistant.errors", "assistant.textual"),
    "assistant/asking": (
        "assistant",
        "assistant.seams",
        "assistant.types",
        "assistant.errors",
        "assistant.answering",
        "assistant.planning",
        "assistant.readers",
    ),
    "assistant/models": ("assistant.types", "assistant.errors", "assistant.embedders.weights"),
    "assistant/api": (*FACE, "assistant.ui"),
    "assistant/ui": (*FACE, "assistant.api", "assistant.answering.notes"),
    "assistant/sample": ("assistant.seams",),
    "assistant/cli": (
        *FACE,
        "assistant.logs",
        "assistant.wiring",
        "assistant.api",
        "assistant.embedders",
        "assistant.models",
        "ingest",
    ),
    "ingest": ("assistant.types", "assistant.errors", "assistant.seams", "assistant.settings", "assistant.textual"),
}


def modules_of(room: str) -> list[Path]:
    path = ROOT / room
    return [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))


def own_imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module]
            if node.module in ("assistant", "ingest"):
                room = ROOT / node.module
                names = [
                    f"{node.module}.{alias.name}"
                    if (room / alias.name).exists() or (room / f"{alias.name}.py").exists()
                    else node.module
                    for alias in node.names
                ]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in ("assistant", "ingest", "evals"))


@pytest.mark.parametrize("room", RULES)
def test_a_room_imports_only_what_its_place_allows(room: str) -> None:
    own = room.removesuffix(".py").replace("/", ".")
    allowed = (own, *RULES[room])
    off = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in modules_of(room)
        for name in own_imports(file)
        if not any(name == place or (place != "assistant" and name.startswith(f"{place}.")) for place in allowed)
    }
    assert off == set()


@pytest.mark.parametrize(
    "module", ["assistant", "assistant.types", "assistant.seams", "ingest", "ingest.parsers", "assistant.cli"]
)
def test_importing_a_light_room_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_p36_nothing_is_unpickled() -> None:
    banned = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    off = []
    for room in ("assistant", "ingest", "evals"):
        for file in modules_of(room):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                off += [f"{file.relative_to(ROOT)}: {name}" for name in names if name.split(".")[0] in banned]
                if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "weights_only"):
                    off += (
                        [str(file.relative_to(ROOT))]
                        if ast.unparse(node.value) != str(node.arg == "weights_only")
                        else []
                    )
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "torch.jit.load"):
                    off.append(f"{file.relative_to(ROOT)}: {ast.unparse(node.func)}")
    assert off == []


def test_every_command_is_documented() -> None:
    from assistant.cli import app

    guide = (ROOT / "docs/guide/en/4-command-line.md").read_text("utf-8")
    names = [c.name for c in app.registered_commands] + [g.name for g in app.registered_groups]
    assert [name for name in names if name not in guide] == []


def test_every_setting_is_documented() -> None:
    from assistant.settings import Settings

    text = (ROOT / "docs/settings.md").read_text("utf-8")
    assert [name for name in Settings.model_fields if f"`{name}`" not in text] == []


def test_no_machine_paths_in_the_repository() -> None:
    listed = (
        subprocess.run(["git", "ls-files", "-z"], capture_output=True, cwd=ROOT, check=False)
        .stdout.decode()
        .split("\0")
    )
    if listed == [""]:
        pytest.skip("not a git checkout")
    off = [
        name
        for name in listed
        if name.endswith((".py", ".md", ".toml", ".txt", ".sh", "run", "Makefile", ".js", ".css", ".json"))
        and (ROOT / name).is_file()
        and re.search(r"/(work|root)/[a-z.]|/tmp/b/", (ROOT / name).read_text("utf-8", "replace"))
        and name != "tests/test_house.py"
    ]
    assert off == []


def test_test_modules_have_names_of_their_own() -> None:
    names = [file.name for file in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []

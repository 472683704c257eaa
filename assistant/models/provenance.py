"""What a model folder really is: architecture, size, origin, licence, adapters and hashes, read from its files alone.

Nothing of a model is loaded or executed: JSON, the headers of safetensors files and a few numbers of their norms are
read. All of it was written by others: it is shown as text, shortened, and never believed against the tensors.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.errors import NotFound, UnreadableFile, UsageError
from assistant.models.architectures import TITLES, verdict
from assistant.models.origins import bases, card, commit, licence, limits
from assistant.models.packed import unpacked
from assistant.models.safetensors_header import Tensor, read_header
from assistant.models.structure import structure

LONGEST_JSON = 64 << 20
ADAPTER = "adapter_config.json"
HASHED = (".safetensors", ".json", ".jinja", ".model", ".txt", ".md")
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
DTYPES = {"F64": "fp64", "F32": "fp32", "F16": "fp16", "BF16": "bf16", "F8_E4M3": "fp8", "F8_E5M2": "fp8"}


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter beside or inside a model folder."""

    name: str
    kind: str  # "LORA"
    rank: int
    alpha: float
    targets: tuple[str, ...]
    base: str
    trained_on: tuple[str, ...]  # as its card says; empty where it does not
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """`architecture` is seen from the tensors; `claimed` is what the folder says of itself."""

    folder: str
    architecture: str
    title: str
    claimed: str
    disguised: bool
    because: str
    sizes_of: str
    parameters: int
    layers: int
    hidden: int
    dtype: str
    quantization: str
    vocabulary: int
    context: int
    chat_template: bool
    licence: str
    licence_from: str
    limits: str
    base: tuple[str, ...]
    trained_on: tuple[str, ...]
    adapters: tuple[Adapter, ...]
    own_code: bool  # it brings program files, or asks for some: they are not run
    pickled: tuple[str, ...]  # weights that are not read, because they may run code
    files: dict[str, str]  # name to sha256
    commit: str = ""  # of the hub it was downloaded from, where the folder tells

    @property
    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def inspect(folder: Path, cache: Path | None = None) -> Provenance:
    """What the folder holds. NotFound, UsageError or UnreadableFile in one sentence. `cache` keeps hashes of files by
    size and time."""
    if not folder.is_dir():
        raise NotFound(f"There is no model folder {folder}; check the path.")
    config, head = _json(folder / "config.json"), card(folder)
    files = sorted(folder.glob("*.safetensors"))
    adapters = tuple(_adapters(folder, cache))
    if not (folder / "config.json").is_file() and not adapters:
        raise UsageError(
            f"{folder} holds no model: config.json or safetensors weights are missing; name another folder."
        )
    headers = [] if (folder / ADAPTER).is_file() else [(file, *read_header(file)) for file in files]
    tensors = [tensor for _, each, _, _ in headers for tensor in each]
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else {}
    merged = {**config, **(text or {}), "architectures": config.get("architectures")}
    whole = unpacked(_language(tensors), _bits(config))
    build = structure(whole) if whole is not None else None
    below = _below_zero(
        [(f, t, begin) for f, each, _, begin in headers for t in each], build.first_norms if build else ()
    )
    found = verdict(build, merged, below)
    licensed, where = licence(folder, head)
    return Provenance(
        str(folder),
        found.architecture,
        found.title,
        _text(found.claimed),
        found.disguised,
        found.because,
        found.sizes_of,
        sum(tensor.count for tensor in (tensors if whole is None else unpacked(tensors, _bits(config)) or ())),
        build.layers if build else 0,
        build.hidden if build else 0,
        _dtype(tensors),
        _quantization(config, tensors),
        _vocabulary(folder) or (build.vocabulary if build else 0),
        _number(merged.get("max_position_embeddings")),
        _has_template(folder),
        _text(licensed),
        where,
        limits(licensed),
        tuple(map(_text, bases(config, head))),
        _list(head.get("datasets")),
        adapters,
        "auto_map" in config or any(folder.glob("*.py")),
        tuple(file.name for file in sorted(folder.iterdir()) if file.suffix in PICKLED),
        dict(hashes(folder, cache)),
        commit(folder),
    )


def sentences(found: Provenance) -> Iterator[str]:
    """The same for people, a line each."""
    if found.disguised:
        yield f"It calls itself {found.claimed or 'nothing'}, but it is built as {found.title}: {found.because}."
    elif found.architecture != "unknown":
        yield f"Architecture: {found.title} ({found.because})."
    else:
        yield f"Architecture: unknown; {found.because}. It calls itself {found.claimed or 'nothing'}."
    if found.sizes_of:
        yield f"Its sizes are those of {found.sizes_of}."
    if found.parameters:
        how = f"{found.dtype}, {found.quantization or 'not quantised'}"
        yield f"{found.parameters / 1e6:,.1f} million parameters in {found.layers} layers, {how}."
    template = "with" if found.chat_template else "without"
    context = f"{found.context:,} tokens of context" if found.context else "context not said"
    yield f"Vocabulary of {found.vocabulary:,}, {context}, {template} a chat template."
    yield f"Made from: {', '.join(found.base) or 'not said'}."
    if found.trained_on:
        yield f"Trained on: {', '.join(found.trained_on)}."
    yield f"Commit of the hub: {found.commit or 'not said; the hashes below tell versions apart'}."
    yield f"Licence: {found.licence}" + (f" (says {found.licence_from})" if found.licence_from else "") + "."
    yield f"Limits: {found.limits}"
    for a in found.adapters:
        on = ", ".join(a.trained_on) or "not said"
        yield f"Adapter {a.name}: {a.kind}, rank {a.rank}, on {', '.join(a.targets)}; base {a.base}; trained on {on}."
    if found.own_code:
        yield "It brings program code of its own, which is not run."
    if found.pickled:
        yield f"Not read, because they may run code: {', '.join(map(_text, found.pickled))}."
    for name, digest in found.files.items():
        yield f"{digest}  {_text(name)}"


def hashes(folder: Path, cache: Path | None = None) -> Iterator[tuple[str, str]]:
    """(name, sha256) of the files that make the model."""
    known = _json(cache) if cache else {}
    before = dict(known)
    for file in sorted(folder.iterdir()):
        if file.suffix in HASHED and file.name != "manifest.json" and file.is_file():  # ours, of what was converted
            stat = file.stat()
            key = f"{file.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
            if not isinstance(known.get(key), str):
                with file.open("rb") as handle:
                    known[key] = hashlib.file_digest(handle, "sha256").hexdigest()
            yield file.name, str(known[key])
    if cache and known != before:
        cache.parent.mkdir(parents=True, exist_ok=True)
        beside = cache.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(known), "utf-8")
        beside.replace(cache)


def _language(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """Without what sees pictures: its layers are counted like those of the language model."""
    return [t for t in tensors if not any(word in t.name for word in ("vision", "visual", "image"))]


def _adapters(folder: Path, cache: Path | None) -> Iterator[Adapter]:
    for file in sorted((*folder.glob(ADAPTER), *folder.glob(f"*/{ADAPTER}"))):
        config, head = _json(file), card(file.parent)
        weights = file.with_name("adapter_model.safetensors")
        digest = dict(hashes(file.parent, cache)).get(weights.name, "")
        targets = config.get("target_modules")
        yield Adapter(
            _text(file.parent.name),
            _text(str(config.get("peft_type") or "unknown")),
            _number(config.get("r")),
            float(_number(config.get("lora_alpha"))),
            (_text(targets),) if isinstance(targets, str) else _list(targets),
            _text(str(config.get("base_model_name_or_path") or "not said")),
            _list(head.get("datasets")),
            digest,
        )


def _below_zero(rows: Sequence[tuple[Path, Tensor, int]], names: Sequence[str]) -> float | None:
    """Share of the named vectors' values that are 0 or less; None where there are none in a plain float type."""
    import numpy as np

    values: list[Any] = []
    for file, tensor, begin in rows:
        if tensor.name in names and tensor.dtype in ("F32", "F16", "BF16") and tensor.count < 1 << 20:
            with file.open("rb") as handle:
                handle.seek(begin + tensor.start)
                data = handle.read(tensor.end - tensor.start)
            if tensor.dtype == "BF16":
                values.append((np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4"))
            else:
                values.append(np.frombuffer(data, "<f4" if tensor.dtype == "F32" else "<f2").astype("<f4"))
    return float((np.concatenate(values) <= 0).mean()) if values else None


def _dtype(tensors: Sequence[Tensor]) -> str:
    """The type of most weights."""
    counts: Counter[str] = Counter()
    for tensor in tensors:
        counts[tensor.dtype] += tensor.count
    kind = counts.most_common(1)[0][0] if counts else "unknown"
    return DTYPES.get(kind, kind)


def _quantization(config: Mapping[str, Any], tensors: Sequence[Tensor]) -> str:
    said = config.get("quantization_config")
    if isinstance(said, dict):
        bits = f", {said['bits']} bits" if isinstance(said.get("bits"), int) else ""
        return _text(str(said.get("quant_method") or "quantised")) + bits
    packed = any(t.name.endswith(("qweight", "_blocks", "weight_packed", "weight_scale")) for t in tensors)
    return "quantised, method not said" if packed else ""


def _bits(config: Mapping[str, Any]) -> int:
    """Of a packed weight."""
    said = config.get("quantization_config")
    bits = said.get("bits") if isinstance(said, dict) else None
    return bits if isinstance(bits, int) and bits in (2, 4, 8) else 4


def _vocabulary(folder: Path) -> int:
    tokenizer = _json(folder / "tokenizer.json")
    try:
        words = tokenizer["model"]["vocab"]
        inner = len(words)
        first = {str(token["content"]) for token in tokenizer.get("added_tokens") or ()}
        known = set(words) if isinstance(words, dict) else {str(row[0]) for row in words}
        return inner + len(first - known)
    except (KeyError, TypeError, IndexError):
        return 0


def _has_template(folder: Path) -> bool:
    return (folder / "chat_template.jinja").is_file() or bool(
        _json(folder / "tokenizer_config.json").get("chat_template")
    )


def _json(file: Path) -> dict[str, Any]:
    """A JSON object of a file; {} where there is none. UnreadableFile: it is no such thing."""
    try:
        if file.stat().st_size > LONGEST_JSON:
            raise UnreadableFile(f"{file.name} of the model is too large to be settings; take another copy of it.")
        value = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableFile(f"{file.name} of the model is damaged; take another copy of it.") from error
    return value if isinstance(value, dict) else {}


def _text(value: str) -> str:
    return "".join(c for c in value if c.isprintable())[:200]


def _list(value: Any) -> tuple[str, ...]:
    rows = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(_text(str(row)) for row in rows[:50])


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


__all__ = ["TITLES", "Adapter", "Provenance", "hashes", "inspect", "sentences"]

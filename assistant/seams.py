"""The seams: what one room asks of another, and the least of it. Each has a contract suite under tests/contracts.

Arrays: `F32` rows are float32 and of unit length; `I64` are passage ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from assistant.types import (
    Answer,
    ApiKey,
    CorpusInfo,
    Delta,
    Document,
    DocumentInfo,
    Draft,
    Event,
    Finished,
    Hit,
    JobInfo,
    Limits,
    Message,
    ModelInfo,
    Passage,
    Question,
    Revised,
    Sampling,
    Turn,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]
    I64 = NDArray[np.int64]


# --- meaning -------------------------------------------------------------------------------------------------------
class Embedder(Protocol):
    """Text to unit vectors; adds its own prefixes. `id` changes whenever the vectors would."""

    @property
    def id(self) -> str: ...
    @property
    def dim(self) -> int: ...
    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the prefix and special tokens: for the splitter."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> F32: ...
    def embed_passages(self, texts: Sequence[str]) -> F32: ...


class Index(Protocol):
    """Vectors of one corpus. Adding an id again replaces it; k may exceed the size; ties are broken by id."""

    def __len__(self) -> int: ...
    def add(self, ids: I64, rows: F32) -> None: ...
    def remove(self, ids: I64) -> int: ...
    def search(
        self, queries: F32, k: int, allowed: I64 | None = None, excluded: I64 | None = None
    ) -> list[list[tuple[int, float]]]:
        """(id, cosine) best first, a list per query."""
        ...

    def rows(self, ids: I64) -> F32:
        """The stored vectors of ids that are there (KeyError otherwise)."""
        ...

    def save(self, folder: Path) -> None: ...


# --- words ---------------------------------------------------------------------------------------------------------
class WordIndex(Protocol):
    """BM25 over all corpora of a home; one folder, safe for several processes."""

    def add(self, passages: Sequence[tuple[Passage, int]]) -> None:
        """(passage, document id) pairs; durable and searchable when the call returns. An id again replaces."""
        ...

    def remove(self, documents: Sequence[int], *, purge: bool = True) -> None:
        """All passages of these document ids, gone from disk when the call returns; else with the next `purge`."""
        ...

    def purge(self) -> None:
        """Takes off the disk what was removed without `purge`."""
        ...

    def documents(self) -> set[int]:
        """Ids of the documents that are in the index: to reconcile with the catalog."""
        ...


# --- the catalog, as rankers and readers see it --------------------------------------------------------------------
class PassageStore(Protocol):
    """Live passages: those of documents in state `words` or `ready`. The source of truth behind every index."""

    def revision(self, corpus: str) -> int:
        """Grows with every visible change of the corpus, in every process."""
        ...

    def corpus_id(self, corpus: str) -> int:
        """What indexes call the corpus: it survives a rename and is never used again. NotFound for an unknown name."""
        ...

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """In the order of ids; ids that are not live are left out."""
        ...

    def document_ids(
        self,
        corpora: Sequence[str],
        only: Sequence[str] = (),
        without: Sequence[str] = (),
        formats: Sequence[str] = (),
        since: str = "",
        until: str = "",
    ) -> DocumentFilter:
        """NotFound names an unknown corpus, or a document unknown to all of them. Dates as in `Question`."""
        ...

    def vector_state(self, corpus: str, encoder: str) -> tuple[I64, I64]:
        """(passage ids, document ids) of the corpus's `ready` documents, ascending by passage id."""
        ...

    def vectors(self, ids: Sequence[int], encoder: str) -> F32: ...
    def document(self, corpus: str, name: str) -> Document: ...
    def documents(self, corpus: str) -> list[DocumentInfo]: ...
    def document_passages(self, corpus: str, name: str) -> list[Passage]: ...


class DocumentFilter(Protocol):
    """Ids of live documents a question may see. `only` None: all of the corpora but `without`."""

    @property
    def only(self) -> frozenset[int] | None: ...
    @property
    def without(self) -> frozenset[int]: ...


class Retriever(Protocol):
    def retrieve(self, question: Question, k: int) -> list[Hit]: ...


class Reader(Protocol):
    def read(self, question: Question, hits: Sequence[Hit]) -> Draft: ...


class Generator(Protocol):
    """A language model. Safe to share between threads.

    GeneratorUnavailable in one sentence: it does not answer, takes too long, or broke off. Retried only before
    the first token.
    """

    @property
    def info(self) -> ModelInfo: ...
    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt with the model's own template; an upper bound where its tokenizer is not at hand."""
        ...

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Callable[[], bool] = ...
    ) -> Iterator[Delta | Revised | Finished]:
        """Text as it comes, `Finished` last. Revised: what came before it was the model's thinking.
        Once `stop` says yes, or the iterator is closed, the model stops within 2 s and Cancelled is raised."""
        ...

    def structured(self, messages: Sequence[Message], schema: Mapping[str, Any], sampling: Sampling) -> dict[str, Any]:
        """An object of this JSON Schema, validated; GeneratorUnavailable where the model gives none."""
        ...


class Parser(Protocol):
    """One module per format: `types` are format names of ingest.detect; UnreadableFile with one sentence otherwise."""

    @property
    def types(self) -> frozenset[str]: ...
    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document: ...


# --- services the edge (api, ui, cli) stands on ----------------------------------------------------------------------
@runtime_checkable
class Library(Protocol):
    """Corpora and documents of one home. Names are exact; NotFound and Conflict say which."""

    def corpora(self, *, private: bool = False) -> list[CorpusInfo]: ...
    def names(self, *, private: bool = False) -> list[str]:
        """Of the same corpora; quick, where `corpora` counts what each holds."""
        ...

    def create(self, corpus: str, *, private: bool = False) -> CorpusInfo: ...
    def rename(self, corpus: str, new: str) -> None: ...
    def delete(self, corpus: str) -> None: ...
    def hide(self, corpus: str) -> str:
        """Takes a corpus out of every list and search; the name it goes by until `unhide` or `delete`, or until the
        next start after this process has died, which deletes it."""
        ...

    def unhide(self, hidden: str, corpus: str) -> None: ...
    def export(self, corpus: str, target: Path) -> None: ...
    def import_(self, source: Path, name: str | None = None) -> CorpusInfo: ...
    def documents(self, corpus: str) -> list[DocumentInfo]: ...
    def info(self, corpus: str, name: str) -> DocumentInfo: ...
    def show(self, corpus: str, name: str) -> dict[str, Any]:
        """The command line's `documents show` object."""
        ...

    def document(self, corpus: str, name: str) -> Document: ...
    def delete_document(self, corpus: str, name: str) -> None: ...
    def original(self, corpus: str, name: str) -> Path: ...
    def page_image(self, corpus: str, name: str, page: int, scale: float = 1.5) -> bytes:
        """PNG of a page (PDF, pictures); NotAvailable for formats without pages."""
        ...

    def submit(
        self, corpus: str, file: Path, name: str | None = None, *, password: str | None = None, move: bool = False
    ) -> int:
        """Stores the file under its hash and queues it: a job id. Unchanged content: the job is done at once."""
        ...

    def retry(self, job: int, *, password: str | None = None) -> None: ...
    def jobs(self, corpus: str | None = None, ids: Sequence[int] | None = None) -> list[JobInfo]: ...
    def cancel(self, job: int) -> None: ...
    def wait(self, ids: Sequence[int], progress: Callable[[list[JobInfo]], None] | None = None) -> list[JobInfo]:
        """Blocks until all are closed; runs the worker in this process where no other process does."""
        ...


@runtime_checkable
class Chats(Protocol):
    """Stored conversations. Messages are stored as they happen."""

    def create(self, corpus: str | None = None, title: str = "") -> str: ...
    def list(self, query: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """{"id", "title", "corpus", "created", "updated", "messages"}, newest first.

        `query` searches titles and messages."""
        ...

    def get(self, conversation: str) -> dict[str, Any]:
        """The row above plus "messages", the active branch: {"id", "parent", "role", "content", "state", "answer",
        "created", "siblings": [ids], "feedback"}; state "partial", "done", "stopped" or "failed"."""
        ...

    def rename(self, conversation: str, title: str) -> None: ...
    def delete(self, conversation: str) -> None: ...
    def kept(self, conversation: str) -> Any:
        """Everything stored of a conversation, for `restore` to bring back after a deletion."""
        ...

    def restore(self, kept: Any) -> None: ...
    def ask(self, conversation: str, text: str, parent: str | None = None) -> str:
        """Stores a question (an edit when parent is given: a new branch); its message id."""
        ...

    def begin(self, question: str) -> str:
        """Stores an empty partial answer below a question (a second call: a regenerated branch); its message id."""
        ...

    def append(self, message: str, text: str) -> None: ...
    def take_back(self, message: str) -> None:
        """Empties an open answer; what is appended next begins anew."""
        ...

    def finish(self, message: str, answer: Answer | None, state: str = "done") -> None: ...
    def select(self, message: str) -> None:
        """Makes the branch of this message the active one."""
        ...

    def history(self, message: str) -> tuple[Turn, ...]:
        """The turns before this message, oldest first."""
        ...

    def message(self, message: str) -> dict[str, Any]: ...
    def feedback(self, message: str, rating: str, reason: str = "") -> None: ...
    def export(self, conversation: str, form: str = "markdown") -> str: ...


class Keys(Protocol):
    """Keys of programs that talk to the HTTP API."""

    def find(self, secret: str) -> ApiKey | None:
        """The key in use that this is."""
        ...

    def any(self) -> bool:
        """Whether a key was ever made here."""
        ...


class Asker(Protocol):
    """What answers questions: `assistant.Assistant`."""

    def ask(self, question: Question, stop: Callable[[], bool] = ...) -> Iterator[Event]: ...
    def answer(self, question: Question) -> Answer: ...
    def search(self, question: Question, k: int = 10) -> list[Hit]: ...


class PromptText(Protocol):
    """A version of a text of the prompt library. `own`: the user wrote it; `hash`: SHA-256 of the text."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def language(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def own(self) -> bool: ...
    @property
    def id(self) -> str: ...
    @property
    def hash(self) -> str: ...


class Prompts(Protocol):
    """The prompt library: no version is ever changed; what is saved is a version of its own."""

    def list(self, kind: Literal["system", "persona", "contract"] | None = None) -> Sequence[PromptText]: ...
    def get(self, name: str, language: Literal["en", "zh"] = "en", version: int | None = None) -> PromptText: ...
    def save(
        self,
        name: str,
        language: Literal["en", "zh"],
        kind: Literal["system", "persona", "contract"],
        text: str,
        title: str = "",
    ) -> PromptText: ...

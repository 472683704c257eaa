"""Frozen values that cross the borders between rooms.

Offsets (`start`, `end`) are code points into `Document.text`, end exclusive, so `text[start:end]` is the thing itself.
Pages count from 1. Boxes are points (1/72 inch) from the top left corner of the page as displayed, after rotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeVar

from assistant.textual import plain

E = TypeVar("E")
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1."""
Scalar = str | int | float | bool | None
BlockKind = Literal["heading", "paragraph", "list", "table", "picture", "comment", "note", "header", "footer", "form"]
State = Literal["queued", "parsing", "words", "ready", "failed"]
Route = Literal["text", "table", "maths", "mixed", "summary", "list", "smalltalk"]


# --- documents, as parsed ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Line:
    """Where one run of text (about a printed line) stands on its page."""

    start: int
    end: int
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell. `row` and `column` count from 1, the header included; `text` is what a reader sees."""

    row: int
    column: int
    text: str
    value: Scalar = None
    start: int = 0
    end: int = 0
    address: str | None = None  # "B7" in sheets
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table; merged cells are repeated in each place they cover, several header rows are joined with " / "."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cells: tuple[Cell, ...]
    start: int
    end: int
    page: int | None = None
    sheet: str | None = None
    header_rows: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a document in reading order. `table` is an index into `Document.tables`."""

    kind: BlockKind
    start: int
    end: int
    page: int | None = None
    heading_path: tuple[str, ...] = ()
    level: int = 0
    table: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What parsing found, so that nothing is silently empty or cut."""

    pages: int = 0
    characters: int = 0
    tables: int = 0
    ocr_pages: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    passages: int = 0
    duplicates: int = 0  # passages dropped because the same text stands in the document already


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its stored text and where everything in it stands."""

    format: str  # "pdf", "docx", ...
    text: str
    blocks: tuple[Block, ...] = ()
    tables: tuple[Table, ...] = ()
    lines: tuple[Line, ...] = ()
    report: Report = Report()
    title: str = ""
    date: str | None = None  # ISO date the document states of itself


@dataclass(frozen=True, slots=True)
class Limits:
    """What a parser, or a program, may take."""

    seconds: float = 300.0
    memory_mb: int = 1500
    pages: int = 5000
    characters: int = 50_000_000
    expanded_mb: int = 1000  # of compressed formats, after decompression


# --- how models draw ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model draws its tokens. Temperature 0 is greedy: the same prompt gives the same text on the same server."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 512
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draw:
    """What one question asks for of its sampling; None leaves it to the settings."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None

    def over(self, usual: Sampling) -> Sampling:
        """The sampling of the settings with these wishes; never more tokens than they allow.

        >>> Draw(temperature=0.7, max_tokens=9999).over(Sampling(max_tokens=512))
        Sampling(temperature=0.7, top_p=1.0, max_tokens=512, seed=0, stop=())
        """
        wished = {name: value for name, value in asdict(self).items() if value is not None}
        wished["max_tokens"] = min(wished.get("max_tokens", usual.max_tokens), usual.max_tokens)
        return replace(usual, **wished)


# --- retrieval -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Passage:
    """What is embedded and retrieved. `text` == document text[start:end]."""

    id: int
    corpus: str
    document: str
    start: int
    end: int
    text: str
    context: str = ""  # heading path and, inside tables, the header row: embedded and indexed, never quoted
    page: int | None = None
    table: int | None = None

    @property
    def search_text(self) -> str:
        """What rankers read: without soft hyphens and the like."""
        return plain(f"{self.context}\n{self.text}" if self.context else self.text)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its scores; `score` orders a list, best first."""

    passage: Passage
    score: float
    dense: float | None = None  # cosine
    lexical: float | None = None  # BM25
    rank: int = 0
    held: float | None = None  # rarities (idf) of the question's words that stand in the passage, added up
    coverage: float | None = None  # what that is of the rarities of all words of the question, 0 to 1


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said, and, of a model's answer, what it had been sent: enough to send it once more in the same words."""

    role: Literal["user", "assistant"]
    content: str
    sent: tuple[int, ...] = ()  # passages in the order of their numbers
    cited: tuple[int, ...] = ()  # the passage of each citation, in order
    question: str = ""  # as it was sent, where it was rewritten
    start: int = 0  # question and answer pairs before this one that were no longer sent


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it travels; `corpora` are searched together, `only` and `without` name documents."""

    text: str
    corpora: tuple[str, ...]
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    since: str = ""  # ISO date, or its beginning ("2023"), inclusive: the document's own date, else its upload
    until: str = ""
    history: tuple[Turn, ...] = ()
    tier: int = 3
    always_answer: bool = False
    asked: str = ""  # what the user typed, where `text` was rewritten to stand alone
    brain: str = ""  # "embedded" or a model's name; "" takes the house's default
    persona: str = ""  # a prompt of the library; "" takes the default
    draw: Draw | None = None  # how a model is to draw its tokens; None: as the settings say


# --- language models -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Message:
    """One turn as a model reads it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `cached`: those of the prompt that the server had read before (None: it does not say)."""

    prompt: int = 0
    completion: int = 0
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The last thing that a whole stream yields; a stream that ends without it was cut."""

    reason: Literal["stop", "length"]
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model before it answers. `context`: tokens of prompt and answer together."""

    name: str  # as its server calls it
    kind: Literal["server", "local", "scripted"]
    context: int
    revision: str = ""
    provenance: dict[str, Any] = field(
        default_factory=dict
    )  # architecture, base, licence, parameters, adapters, hashes


# --- answers -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Span:
    """Exact characters of a passage; offsets are the document's."""

    passage: Passage
    start: int
    end: int

    @property
    def quote(self) -> str:
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer and the spans it stands on. `quoted`: its words are the span's, word for word.

    `supported` False: a model's sentence that its passages do not bear out; it is shown with a mark that says so.
    """

    text: str
    spans: tuple[Span, ...]
    quoted: bool = True
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader found; `abstained` keeps the best guess.

    `confidence`: calibrated probability that a quoted answer is right; of what a model wrote, the share of sentences
    that passages bear out; of a summary, how much of the recurring words it holds.
    """

    claims: tuple[Claim, ...] = ()
    confidence: float = 0.0
    abstained: bool = False
    route: Route = "text"
    value: Any = None
    unit: str | None = None
    scale: str | None = None
    program: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)  # scores for the receipt


@dataclass(frozen=True, slots=True)
class Citation:
    n: int
    corpus: str
    document: str
    page: int | None
    start: int
    end: int
    quote: str
    boxes: tuple[Box, ...]
    passage_id: int
    quoted: bool = True  # False: the claim was inferred from the quote


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as shown and stored; `as_json` gives the command line's fixed form (DESIGN: "Command line")."""

    question: str
    answer: str
    abstained: bool
    confidence: float
    route: Route
    brain: str
    tier: int
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    value: Any = None
    unit: str | None = None
    scale: str | None = None
    clarify: dict[str, Any] | None = None
    program: dict[str, Any] | None = None
    followups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # sentences about a model's part in it: what was not found, cut, left out, taken back
    receipt_id: str = ""
    receipt: dict[str, Any] = field(default_factory=dict)
    timings_ms: dict[str, float] = field(default_factory=dict)
    id: str = ""
    asked: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "question": self.asked or self.question,
            "answer": self.answer,
            "abstained": self.abstained,
            "clarify": self.clarify,
            "confidence": round(self.confidence, 4),
            "route": self.route,
            "brain": self.brain,
            "tier": self.tier,
            "value": self.value,
            "unit": self.unit,
            "scale": self.scale,
            "citations": [citation_json(c) for c in self.citations],
            "program": self.program,
            "hits": [hit_json(h) for h in self.hits],
            "fell_back": bool((self.receipt.get("scores") or {}).get("fell_back")),
            "notes": list(self.notes),
            "receipt_id": self.receipt_id,
            "timings_ms": self.timings_ms,
        }


def citation_json(c: Citation) -> dict[str, Any]:
    return {
        "n": c.n,
        "corpus": c.corpus,
        "document": c.document,
        "page": c.page,
        "start": c.start,
        "end": c.end,
        "quote": c.quote,
        "boxes": [[round(x, 1) for x in b] for b in c.boxes],
        "passage_id": str(c.passage_id),
        "quoted": c.quoted,
    }


def hit_json(h: Hit, *, text: bool = False) -> dict[str, Any]:
    row: dict[str, Any] = {
        "rank": h.rank,
        "document": h.passage.document,
        "page": h.passage.page,
        "passage_id": str(h.passage.id),
        "score": round(h.score, 4),
    }
    return row | {"text": h.passage.text} if text else row


# --- events of one question's path ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Searching:
    question: str  # the stand-alone question


@dataclass(frozen=True, slots=True)
class Reading:
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    citation: Citation


@dataclass(frozen=True, slots=True)
class Revised:
    """What was said so far is taken back (nothing of it stands in the documents); Deltas after it begin anew."""


@dataclass(frozen=True, slots=True)
class Done:
    answer: Answer


def text_of(parts: Iterable[Delta | Revised | Finished]) -> str:
    """The text of a stream, without what was taken back."""
    said = ""
    for part in parts:
        said = "" if isinstance(part, Revised) else said + part.text if isinstance(part, Delta) else said
    return said


def joined(events: Iterable[E]) -> Iterator[E | Delta]:
    """The same with texts that follow each other as one, empty ones left out: each costs a message to the reader.

    >>> list(joined([Delta("a"), Delta(""), Delta("b"), Revised(), Delta("")]))
    [Delta(text='ab'), Revised()]
    """
    text = ""
    for event in events:
        if isinstance(event, Delta):
            text += event.text
            continue
        if text:
            yield Delta(text)
            text = ""
        yield event
    if text:
        yield Delta(text)


Event = Searching | Reading | Delta | Cited | Revised | Done


# --- what lists show -----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CorpusInfo:
    name: str
    documents: int
    passages: int
    failed: int
    bytes: int
    created: str  # ISO 8601, UTC
    private: bool = False  # belongs to one conversation


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    id: int
    corpus: str
    name: str
    state: State
    error: str | None
    format: str
    bytes: int
    sha256: str
    created: str
    report: Report = Report()
    searchable: bool = True


@dataclass(frozen=True, slots=True)
class JobInfo:
    """One file on its way in. `state` "done", "cancelled" or a document's state; `progress` 0..1 over the whole way."""

    id: int
    corpus: str
    document: str
    state: str
    progress: float
    page: int
    pages: int
    error: str | None
    created: str
    seconds_left: float | None = None

    @property
    def open(self) -> bool:
        return self.state not in {"done", "failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the HTTP API, without the key itself. `corpora` None: all; names as they are now."""

    id: str
    name: str
    write: bool
    corpora: frozenset[str] | None
    created: str
    revoked: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "scope": "write" if self.write else "read",
            "corpora": None if self.corpora is None else sorted(self.corpora),
            "created": self.created,
            "revoked": self.revoked,
        }


def as_dict(value: Any) -> dict[str, Any]:
    """A frozen value as plain JSON-ready data."""
    return asdict(value)

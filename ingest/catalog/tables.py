"""The catalog's tables (SQLAlchemy 2). SQLite in WAL mode with synchronous=FULL, or PostgreSQL.

A document is a name in a corpus; each upload of it is a version row. The live version is the one in state `words` or
`ready` with `live` set; a new version becomes live, and the old one goes, in one transaction.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

BigId = BigInteger().with_variant(Integer, "sqlite")


Blob = bytes
"""For DocumentRow, where `bytes` is a column."""


class Base(DeclarativeBase):
    pass


class CorpusRow(Base):
    __tablename__ = "corpora"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    private: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(BigInteger, default=0)  # grows with every visible change
    created: Mapped[str] = mapped_column(String(40))
    __table_args__ = ({"sqlite_autoincrement": True},)


class DocumentRow(Base):
    """One version of one document. `parsed` is the zlib-compressed JSON of the parsed Document.

    `source` is where the file came from (an absolute path, or "upload:" and a name): the same source again is a new
    version. Ids are never used again: the word index is keyed by them.
    """

    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    corpus_id: Mapped[int] = mapped_column(ForeignKey("corpora.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(400))
    live: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(20))
    error: Mapped[str | None] = mapped_column(Text)
    format: Mapped[str] = mapped_column(String(20), default="")
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    created: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(Text, default="")
    date: Mapped[str | None] = mapped_column(String(40))
    report: Mapped[str] = mapped_column(Text, default="{}")
    source: Mapped[str] = mapped_column(Text, default="")
    parsed: Mapped[Blob | None] = mapped_column(LargeBinary, deferred=True, nullable=True)
    __table_args__ = (
        Index("documents_by_name", "corpus_id", "name"),
        Index("documents_by_source", "corpus_id", "source"),
        {"sqlite_autoincrement": True},
    )


class PassageRow(Base):
    """`id` grows and is never used again (AUTOINCREMENT): indexes rely on it."""

    __tablename__ = "passages"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    ordinal: Mapped[int] = mapped_column(Integer)
    start: Mapped[int] = mapped_column(Integer)
    end: Mapped[int] = mapped_column(Integer)
    page: Mapped[int | None] = mapped_column(Integer)
    table: Mapped[int | None] = mapped_column("table_index", Integer)
    text: Mapped[str] = mapped_column(Text)
    context: Mapped[str] = mapped_column(Text, default="")
    hash: Mapped[str] = mapped_column(String(64), index=True)  # sha256 of the search text
    __table_args__ = ({"sqlite_autoincrement": True},)


class VectorRow(Base):
    """One vector per text and encoder: float16 little-endian, unit length. Passages are embedded once per content."""

    __tablename__ = "vectors"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    encoder: Mapped[str] = mapped_column(String(120), primary_key=True)
    row: Mapped[bytes] = mapped_column(LargeBinary)


class JobRow(Base):
    """One file on its way in; `state`: queued, parsing, words, done, failed, cancelled."""

    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id", ondelete="SET NULL"), index=True)
    corpus: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(20), index=True)
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    page: Mapped[int] = mapped_column(Integer, default=0)
    pages: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(Text)
    cancel: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    created: Mapped[str] = mapped_column(String(40))
    started: Mapped[float | None] = mapped_column(Float)  # Unix time of the current attempt
    __table_args__ = ({"sqlite_autoincrement": True},)


class ConversationRow(Base):
    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(Text, default="")
    corpus: Mapped[str | None] = mapped_column(String(200))
    head: Mapped[str | None] = mapped_column(String(32))  # last message of the active branch
    created: Mapped[str] = mapped_column(String(40))
    updated: Mapped[str] = mapped_column(String(40))
    touched: Mapped[int] = mapped_column(BigInteger, index=True)  # orders the list, whatever the clock does


class MessageRow(Base):
    """A tree, siblings in order of `position`: an edited question or a regenerated answer is a sibling.

    `answer`: JSON of the Answer with its receipt.
    """

    __tablename__ = "messages"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    parent: Mapped[str | None] = mapped_column(String(32), index=True)
    position: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(String(12))
    content: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(12), default="done")  # partial, done, stopped, failed
    answer: Mapped[str | None] = mapped_column(Text)
    created: Mapped[str] = mapped_column(String(40))


class FeedbackRow(Base):
    __tablename__ = "feedback"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    user: Mapped[str] = mapped_column(String(80), default="local")
    rating: Mapped[str] = mapped_column(String(20))  # up, down
    reason: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[str] = mapped_column(String(40))
    __table_args__ = (UniqueConstraint("message_id", "user"),)


class ApiKeyRow(Base):
    """A key of the HTTP API. `hash`: SHA-256 of the key. `corpora`: JSON list of corpus ids, None for all."""

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(String(64), unique=True, index=True)
    write: Mapped[bool] = mapped_column(default=False)
    corpora: Mapped[str | None] = mapped_column(Text)
    created: Mapped[str] = mapped_column(String(40))
    revoked: Mapped[str | None] = mapped_column(String(40))

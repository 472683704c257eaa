"""Stored chats: the seam Chats over the catalog.

A conversation is a tree of messages; `head` names the last message of the branch that is shown. A question and the
empty answer below it are rows before anything is computed; the answer's text follows at most 150 ms behind the stream.
What a killed process leaves is a message in state "partial", and stays so.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from assistant.errors import NotFound, StorageError, UsageError
from assistant.types import Answer, Turn, hit_json
from ingest.catalog.database import Catalog, now
from ingest.catalog.tables import ConversationRow, FeedbackRow, MessageRow

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)
FLUSH_SECONDS = 0.15
TITLE_LENGTH = 60
STATES = ("done", "stopped", "failed")
RATINGS = ("up", "down", "")


class SqlChats:
    """Chats over a catalog. `forget_corpus` deletes a conversation's private corpus by name, where there is one."""

    def __init__(
        self, catalog: Catalog, *, forget_corpus: Callable[[str], None] | None = None, user: str = "local"
    ) -> None:
        self._catalog = catalog
        self._forget_corpus = forget_corpus
        self._user = user
        self._streams: dict[str, _Stream] = {}
        self._lock = threading.Lock()

    # --- conversations ----------------------------------------------------------------------------------------------
    def create(self, corpus: str | None = None, title: str = "") -> str:
        with self._catalog.session() as session:
            row = ConversationRow(
                id=_new_id(), title=title, corpus=corpus, created=now(), updated=now(), touched=_next_touch(session)
            )
            session.add(row)
        return row.id

    def list(self, query: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """Newest first; with a query, those whose title or any message holds it (case ignored)."""
        rows = select(ConversationRow).order_by(ConversationRow.touched.desc()).limit(limit)
        if query.strip():
            text = query.strip()
            inside = select(MessageRow.conversation_id).where(MessageRow.content.icontains(text, autoescape=True))
            rows = rows.where(
                or_(ConversationRow.title.icontains(text, autoescape=True), ConversationRow.id.in_(inside))
            )
        with self._catalog.read() as session:
            found = session.scalars(rows).all()
            counts = _message_counts(session, [row.id for row in found])
        return [_summary(row, counts.get(row.id, 0)) for row in found]

    def get(self, conversation: str) -> dict[str, Any]:
        with self._catalog.read() as session:
            row = _conversation(session, conversation)
            tree = _Tree(session, conversation)
            ratings = self._ratings(session, [message.id for message in tree.rows])
        branch = [self._shown(message, tree, ratings.get(message.id)) for message in tree.path(row.head)]
        return _summary(row, len(tree.rows)) | {"messages": branch}

    def rename(self, conversation: str, title: str) -> None:
        with self._catalog.session() as session:
            _conversation(session, conversation).title = " ".join(title.split())[:200]

    def delete(self, conversation: str) -> None:
        with self._catalog.read() as session:
            _conversation(session, conversation)
        if self._forget_corpus is not None:
            with contextlib.suppress(NotFound):  # nothing was attached
                self._forget_corpus(private_corpus(conversation))
        with self._catalog.session() as session:
            texts = _texts(session, conversation)
            session.delete(_conversation(session, conversation))
        self._catalog.scrub(texts)

    def export(self, conversation: str, form: str = "markdown") -> str:
        """The active branch as Markdown, or the whole tree as JSON."""
        from assistant.conversation_export import as_json, as_markdown

        if form == "markdown":
            return as_markdown(self.get(conversation))
        if form == "json":
            with self._catalog.read() as session:
                tree = _Tree(session, conversation)
                ratings = self._ratings(session, [message.id for message in tree.rows])
            messages = [self._shown(message, tree, ratings.get(message.id)) for message in tree.rows]
            return as_json(self.get(conversation), messages)
        raise UsageError(f"There is no form {form}; use markdown or json.")

    # --- messages ---------------------------------------------------------------------------------------------------
    def ask(self, conversation: str, text: str, parent: str | None = None) -> str:
        """Stores a question below the active branch.

        For an edit, `parent` is the question that is edited, or the answer under which the new branch starts; ""
        starts over.
        """
        with self._catalog.session() as session:
            row = _conversation(session, conversation)
            below = row.head if parent is None else self._branch_point(session, conversation, parent)
            message = _add(session, row, "user", text, "done", below)
            if not row.title:
                row.title = title_from(text)
        return message

    def begin(self, question: str) -> str:
        with self._catalog.session() as session:
            asked = _message(session, question)
            if asked.role != "user":
                raise UsageError("An answer belongs below a question; give the id of a question.")
            row = _conversation(session, asked.conversation_id)
            message = _add(session, row, "assistant", "", "partial", question)
        with self._lock:
            self._streams[message] = _Stream(lambda text: self._write(message, text))
        return message

    def append(self, message: str, text: str) -> None:
        with self._lock:
            stream = self._streams.get(message)
        if stream is None:
            self.message(message)  # NotFound
            self._write(message, text)
        else:
            stream.append(text)

    def finish(self, message: str, answer: Answer | None, state: str = "done") -> None:
        """Closes an answer. Its text becomes the answer's; without one, what was streamed stays."""
        if state not in STATES:
            raise UsageError(f"A message ends as {', '.join(STATES)}, not as {state}; give one of these.")
        with self._lock:
            stream = self._streams.pop(message, None)
        if stream is not None:
            stream.close()
        with self._catalog.session() as session:
            row = _message(session, message)
            row.state = state
            if answer is not None:
                row.content = answer.answer
                row.answer = json.dumps(stored_answer(answer), ensure_ascii=False)
            _touch(session, _conversation(session, row.conversation_id))

    def select(self, message: str) -> None:
        with self._catalog.session() as session:
            row = _message(session, message)
            tree = _Tree(session, row.conversation_id)
            _conversation(session, row.conversation_id).head = tree.newest_leaf(message)

    def history(self, message: str) -> tuple[Turn, ...]:
        with self._catalog.read() as session:
            row = _message(session, message)
            before = _Tree(session, row.conversation_id).path(row.parent)
        return tuple(Turn("user" if m.role == "user" else "assistant", m.content) for m in before if m.content)

    def message(self, message: str) -> dict[str, Any]:
        with self._catalog.read() as session:
            row = _message(session, message)
            tree = _Tree(session, row.conversation_id)
            shown = self._shown(row, tree, self._ratings(session, [message]).get(message))
        return shown | {"conversation": row.conversation_id}

    def feedback(self, message: str, rating: str, reason: str = "") -> None:
        """One rating a message and user: "up", "down", or "" to take it back."""
        if rating not in RATINGS:
            raise UsageError(f"A rating is up or down, not {rating}; give one of these.")
        with self._catalog.session() as session:
            _message(session, message)
            session.execute(
                delete(FeedbackRow).where(FeedbackRow.message_id == message, FeedbackRow.user == self._user)
            )
            if rating:
                session.add(
                    FeedbackRow(message_id=message, user=self._user, rating=rating, reason=reason, created=now())
                )

    # --- inside -----------------------------------------------------------------------------------------------------
    def _write(self, message: str, text: str) -> None:
        """Adds to an answer that is still open; one that is closed or deleted stays as it is."""
        grown = update(MessageRow).where(MessageRow.id == message, MessageRow.state == "partial")
        with self._catalog.session() as session:
            session.execute(grown.values(content=MessageRow.content + text))

    def _branch_point(self, session: Session, conversation: str, parent: str) -> str | None:
        if not parent:
            return None
        row = _message(session, parent)
        if row.conversation_id != conversation:
            raise NotFound(f"There is no message {parent} in this conversation. Load the conversation again.")
        return row.parent if row.role == "user" else row.id

    def _ratings(self, session: Session, messages: Sequence[str]) -> dict[str, dict[str, str]]:
        rows = session.scalars(
            select(FeedbackRow).where(FeedbackRow.user == self._user, FeedbackRow.message_id.in_(messages))
        )
        return {row.message_id: {"rating": row.rating, "reason": row.reason} for row in rows}

    def _shown(self, row: MessageRow, tree: _Tree, feedback: dict[str, str] | None) -> dict[str, Any]:
        return {
            "id": row.id,
            "parent": row.parent,
            "role": row.role,
            "content": row.content,
            "state": row.state,
            "streaming": row.id in self._streams,  # this process is still writing it
            "answer": json.loads(row.answer) if row.answer else None,
            "created": row.created,
            "siblings": tree.siblings(row),
            "feedback": feedback,
        }


class _Stream:
    """Collects the pieces of one answer and writes them at most every 150 ms, the last ones soon after they came."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._pieces: list[str] = []
        self._timer: threading.Timer | None = None
        self._written = 0.0
        self._lock = threading.RLock()

    def append(self, text: str) -> None:
        with self._lock:
            self._pieces.append(text)
            wait = self._written + FLUSH_SECONDS - time.monotonic()
            if wait <= 0:
                self._flush()
            elif self._timer is None:
                self._timer = threading.Timer(wait, self._flush_later)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._flush()

    def _flush_later(self) -> None:
        with self._lock:
            self._timer = None
            try:
                self._flush()
            except StorageError as error:  # the pieces are kept: the next append or `finish` tries again, and says so
                log.warning("an answer could not be stored yet: %s", error)

    def _flush(self) -> None:
        if self._pieces:
            self._write("".join(self._pieces))
            self._pieces.clear()
        self._written = time.monotonic()


class _Tree:
    """All messages of a conversation and how they hang together."""

    def __init__(self, session: Session, conversation: str) -> None:
        _conversation(session, conversation)
        query = select(MessageRow).where(MessageRow.conversation_id == conversation).order_by(MessageRow.position)
        self.rows = list(session.scalars(query))
        self._by_id = {row.id: row for row in self.rows}
        self._children: dict[str | None, list[MessageRow]] = {}
        for row in self.rows:
            self._children.setdefault(row.parent, []).append(row)

    def path(self, message: str | None) -> list[MessageRow]:
        """From the first message to this one."""
        path = []
        while message is not None:
            row = self._by_id[message]
            path.append(row)
            message = row.parent
        return path[::-1]

    def siblings(self, row: MessageRow) -> list[str]:
        """Messages in the same place, itself among them, oldest first."""
        return [other.id for other in self._children[row.parent] if other.role == row.role]

    def newest_leaf(self, message: str) -> str:
        while children := self._children.get(message):
            message = children[-1].id
        return message


def private_corpus(conversation: str) -> str:
    """The name of the corpus of files attached to a conversation."""
    return f"conversation-{conversation}"


def title_from(question: str) -> str:
    """The first line of a question, cut at a word where it is long."""
    line = " ".join(question.strip().split("\n")[0].split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[: TITLE_LENGTH - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[30:] else cut).rstrip(" ,;:") + "…"


def stored_answer(answer: Answer) -> dict[str, Any]:
    """What is kept: the command line's form, what was searched for, suggestions, receipt, where the hits stand."""
    hits = [
        hit_json(hit) | {"corpus": hit.passage.corpus, "start": hit.passage.start, "end": hit.passage.end}
        for hit in answer.hits
    ]
    extra = {"searched": answer.question, "followups": list(answer.followups), "receipt": answer.receipt}
    return answer.as_json() | {"hits": hits} | extra


def _new_id() -> str:
    return secrets.token_hex(16)


def _conversation(session: Session, conversation: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation)
    if row is None:
        raise NotFound(f"There is no conversation {conversation}; it may have been deleted. Choose another.")
    return row


def _texts(session: Session, conversation: str) -> list[bytes]:
    """What was said, as bytes: to make sure that nothing of it stays on disk."""
    rows = session.scalars(select(MessageRow).where(MessageRow.conversation_id == conversation)).all()
    texts = [
        _conversation(session, conversation).title,
        *(text for row in rows for text in (row.content, row.answer or "")),
    ]
    return [text.encode("utf-8", "surrogatepass") for text in texts if text]


def _message(session: Session, message: str) -> MessageRow:
    row = session.get(MessageRow, message)
    if row is None:
        raise NotFound(f"There is no message {message}; it may have been deleted. Load the conversation again.")
    return row


def _add(session: Session, row: ConversationRow, role: str, text: str, state: str, parent: str | None) -> str:
    """A message at the end of the active branch, within the caller's transaction; its id."""
    last = session.scalar(select(func.max(MessageRow.position)).where(MessageRow.conversation_id == row.id))
    message = MessageRow(
        id=_new_id(),
        conversation_id=row.id,
        parent=parent,
        position=(last or 0) + 1,
        role=role,
        content=text,
        state=state,
        created=now(),
    )
    session.add(message)
    row.head = message.id
    _touch(session, row)
    return message.id


def _touch(session: Session, row: ConversationRow) -> None:
    row.updated = now()
    row.touched = _next_touch(session)


def _next_touch(session: Session) -> int:
    return (session.scalar(select(func.max(ConversationRow.touched))) or 0) + 1


def _message_counts(session: Session, conversations: Iterable[str]) -> dict[str, int]:
    query = (
        select(MessageRow.conversation_id, func.count(MessageRow.id).label("messages"))
        .where(MessageRow.conversation_id.in_(conversations))
        .group_by(MessageRow.conversation_id)
    )
    return {row.conversation_id: row.messages for row in session.execute(query)}


def _summary(row: ConversationRow, messages: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "corpus": row.corpus,
        "created": row.created,
        "updated": row.updated,
        "messages": messages,
    }

"""Stored chats: the seam Chats over the catalog.

A conversation is a tree of messages; `head` names the last message of the branch that is shown. A question and the
empty answer below it are rows before anything is computed; the answer's text follows at most 150 ms behind the stream.
What a killed process leaves is a message in state "partial", and stays so.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Update, delete, or_, select, update
from sqlalchemy.orm import Session

from assistant.conversation_streams import Stream
from assistant.conversation_tree import (
    Tree,
    add_message,
    conversation_row,
    message_counts,
    message_row,
    new_id,
    next_touch,
    summary,
    texts_said,
    touch,
)
from assistant.errors import NotFound, UsageError
from assistant.types import Answer, Turn, hit_json
from ingest.catalog.database import Catalog, now
from ingest.catalog.tables import ConversationRow, FeedbackRow, MessageRow

log = logging.getLogger(__name__)
TITLE_LENGTH = 60
STATES = ("done", "stopped", "failed")
RATINGS = ("up", "down", "")


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of a conversation, its messages and their ratings, as column values."""

    conversation: dict[str, Any]
    messages: list[dict[str, Any]]
    ratings: list[dict[str, Any]]


class SqlChats:
    """Chats over a catalog. `forget_corpus` deletes a conversation's private corpus by name, where there is one."""

    def __init__(
        self, catalog: Catalog, *, forget_corpus: Callable[[str], None] | None = None, user: str = "local"
    ) -> None:
        self._catalog = catalog
        self._forget_corpus = forget_corpus
        self._user = user
        self._streams: dict[str, Stream] = {}
        self._lock = threading.Lock()

    # --- conversations ----------------------------------------------------------------------------------------------
    def create(self, corpus: str | None = None, title: str = "") -> str:
        with self._catalog.session() as session:
            row = ConversationRow(
                id=new_id(), title=title, corpus=corpus, created=now(), updated=now(), touched=next_touch(session)
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
            counts = message_counts(session, [row.id for row in found])
        return [summary(row, counts.get(row.id, 0)) for row in found]

    def get(self, conversation: str) -> dict[str, Any]:
        with self._catalog.read() as session:
            row = conversation_row(session, conversation)
            tree = Tree(session, conversation)
            ratings = self._ratings(session, [message.id for message in tree.rows])
        branch = [self._shown(message, tree, ratings.get(message.id)) for message in tree.path(row.head)]
        return summary(row, len(tree.rows)) | {"messages": branch}

    def rename(self, conversation: str, title: str) -> None:
        with self._catalog.session() as session:
            conversation_row(session, conversation).title = " ".join(title.split())[:200]

    def delete(self, conversation: str) -> None:
        with self._catalog.read() as session:
            conversation_row(session, conversation)
        if self._forget_corpus is not None:
            with contextlib.suppress(NotFound):  # nothing was attached
                self._forget_corpus(private_corpus(conversation))
        with self._catalog.session() as session:
            texts = texts_said(session, conversation)
            session.delete(conversation_row(session, conversation))
        self._catalog.scrub(texts)

    def kept(self, conversation: str) -> Kept:
        """Everything stored of a conversation but its attached files, for `restore`. Rows, so that nothing is lost."""
        with self._catalog.read() as session:
            row = conversation_row(session, conversation)
            messages = session.scalars(select(MessageRow).where(MessageRow.conversation_id == conversation)).all()
            ids = [message.id for message in messages]
            ratings = session.scalars(select(FeedbackRow).where(FeedbackRow.message_id.in_(ids))).all()
            return Kept(_values(row), [_values(m) for m in messages], [_values(rating) for rating in ratings])

    def restore(self, kept: Kept) -> None:
        """Brings a deleted conversation back as it was."""
        with self._catalog.session() as session:
            session.add(ConversationRow(**kept.conversation))
            session.flush()
            session.add_all(MessageRow(**values) for values in kept.messages)
            session.flush()
            session.add_all(FeedbackRow(**values) for values in kept.ratings)

    def export(self, conversation: str, form: str = "markdown") -> str:
        """The active branch as Markdown, or the whole tree as JSON."""
        from assistant.conversation_export import as_json, as_markdown

        if form == "markdown":
            return as_markdown(self.get(conversation))
        if form == "json":
            with self._catalog.read() as session:
                tree = Tree(session, conversation)
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
            row = conversation_row(session, conversation)
            below = row.head if parent is None else self._branch_point(session, conversation, parent)
            message = add_message(session, row, "user", text, "done", below)
            if not row.title:
                row.title = title_from(text)
        return message

    def begin(self, question: str) -> str:
        with self._catalog.session() as session:
            asked = message_row(session, question)
            if asked.role != "user":
                raise UsageError("An answer belongs below a question; give the id of a question.")
            row = conversation_row(session, asked.conversation_id)
            message = add_message(session, row, "assistant", "", "partial", question)
        with self._lock:
            self._streams[message] = Stream(lambda text: self._write(message, text))
        return message

    def append(self, message: str, text: str) -> None:
        with self._lock:
            stream = self._streams.get(message)
        if stream is None:
            self.message(message)  # NotFound
            self._write(message, text)
        else:
            stream.append(text)

    def take_back(self, message: str) -> None:
        """What was stored of an open answer goes, so that one that breaks off now does not keep it."""
        with self._lock:
            stream = self._streams.get(message)
        if stream is None:
            self.message(message)  # NotFound
            self._clear(message)
        else:
            stream.take_back(lambda: self._clear(message))

    def finish(self, message: str, answer: Answer | None, state: str = "done") -> None:
        """Closes an answer. Its text becomes the answer's; without one, what was streamed stays."""
        if state not in STATES:
            raise UsageError(f"A message ends as {', '.join(STATES)}, not as {state}; give one of these.")
        with self._lock:
            stream = self._streams.pop(message, None)
        if stream is not None:
            stream.close()
        with self._catalog.session() as session:
            row = message_row(session, message)
            row.state = state
            if answer is not None:
                row.content = answer.answer
                row.answer = json.dumps(stored_answer(answer), ensure_ascii=False)
            touch(session, conversation_row(session, row.conversation_id))

    def select(self, message: str) -> None:
        with self._catalog.session() as session:
            row = message_row(session, message)
            tree = Tree(session, row.conversation_id)
            conversation_row(session, row.conversation_id).head = tree.newest_leaf(message)

    def history(self, message: str) -> tuple[Turn, ...]:
        with self._catalog.read() as session:
            row = message_row(session, message)
            before = Tree(session, row.conversation_id).path(row.parent)
        return tuple(turn(m.role, m.content, m.answer) for m in before if m.content)

    def message(self, message: str) -> dict[str, Any]:
        with self._catalog.read() as session:
            row = message_row(session, message)
            tree = Tree(session, row.conversation_id)
            shown = self._shown(row, tree, self._ratings(session, [message]).get(message))
        return shown | {"conversation": row.conversation_id}

    def feedback(self, message: str, rating: str, reason: str = "") -> None:
        """One rating a message and user: "up", "down", or "" to take it back."""
        if rating not in RATINGS:
            raise UsageError(f"A rating is up or down, not {rating}; give one of these.")
        with self._catalog.session() as session:
            message_row(session, message)
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
        with self._catalog.session() as session:
            session.execute(_open(message).values(content=MessageRow.content + text))

    def _clear(self, message: str) -> None:
        with self._catalog.session() as session:
            session.execute(_open(message).values(content=""))

    def _branch_point(self, session: Session, conversation: str, parent: str) -> str | None:
        if not parent:
            return None
        row = message_row(session, parent)
        if row.conversation_id != conversation:
            raise NotFound(f"There is no message {parent} in this conversation. Load the conversation again.")
        return row.parent if row.role == "user" else row.id

    def _ratings(self, session: Session, messages: Sequence[str]) -> dict[str, dict[str, str]]:
        rows = session.scalars(
            select(FeedbackRow).where(FeedbackRow.user == self._user, FeedbackRow.message_id.in_(messages))
        )
        return {row.message_id: {"rating": row.rating, "reason": row.reason} for row in rows}

    def _shown(self, row: MessageRow, tree: Tree, feedback: dict[str, str] | None) -> dict[str, Any]:
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


def _open(message: str) -> Update:
    """A change of an answer, where it is still open."""
    return update(MessageRow).where(MessageRow.id == message, MessageRow.state == "partial")


def turn(role: str, content: str, answer: str | None) -> Turn:
    """A stored message as a turn, with what its model had been sent (`receipt.scores.prompt`) where one answered."""
    if role == "user":
        return Turn("user", content)
    stored = json.loads(answer) if answer else {}
    prompt = (stored.get("receipt") or {}).get("scores", {}).get("prompt")
    if not prompt:
        return Turn("assistant", content)
    cited = tuple(int(citation["passage_id"]) for citation in stored.get("citations") or ())
    return Turn("assistant", content, tuple(prompt["sent"]), cited, prompt["question"], int(prompt["start"]))


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


def _values(row: ConversationRow | MessageRow | FeedbackRow) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__mapper__.column_attrs}

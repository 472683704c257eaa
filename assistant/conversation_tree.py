"""Rows of stored chats: the tree of a conversation's messages, and what is read from and added to it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assistant.errors import NotFound
from ingest.catalog.database import now
from ingest.catalog.tables import ConversationRow, MessageRow

if TYPE_CHECKING:
    from collections.abc import Iterable


class Tree:
    """All messages of a conversation and how they hang together."""

    def __init__(self, session: Session, conversation: str) -> None:
        conversation_row(session, conversation)
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


def new_id() -> str:
    return secrets.token_hex(16)


def conversation_row(session: Session, conversation: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation)
    if row is None:
        raise NotFound(f"There is no conversation {conversation}; it may have been deleted. Choose another.")
    return row


def texts_said(session: Session, conversation: str) -> list[bytes]:
    """What was said, as bytes: to make sure that nothing of it stays on disk."""
    rows = session.scalars(select(MessageRow).where(MessageRow.conversation_id == conversation)).all()
    texts = [
        conversation_row(session, conversation).title,
        *(text for row in rows for text in (row.content, row.answer or "")),
    ]
    return [text.encode("utf-8", "surrogatepass") for text in texts if text]


def message_row(session: Session, message: str) -> MessageRow:
    row = session.get(MessageRow, message)
    if row is None:
        raise NotFound(f"There is no message {message}; it may have been deleted. Load the conversation again.")
    return row


def add_message(session: Session, row: ConversationRow, role: str, text: str, state: str, parent: str | None) -> str:
    """A message at the end of the active branch, within the caller's transaction; its id."""
    last = session.scalar(select(func.max(MessageRow.position)).where(MessageRow.conversation_id == row.id))
    message = MessageRow(
        id=new_id(),
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
    touch(session, row)
    return message.id


def touch(session: Session, row: ConversationRow) -> None:
    row.updated = now()
    row.touched = next_touch(session)


def next_touch(session: Session) -> int:
    return (session.scalar(select(func.max(ConversationRow.touched))) or 0) + 1


def message_counts(session: Session, conversations: Iterable[str]) -> dict[str, int]:
    query = (
        select(MessageRow.conversation_id, func.count(MessageRow.id).label("messages"))
        .where(MessageRow.conversation_id.in_(conversations))
        .group_by(MessageRow.conversation_id)
    )
    return {row.conversation_id: row.messages for row in session.execute(query)}


def summary(row: ConversationRow, messages: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "corpus": row.corpus,
        "created": row.created,
        "updated": row.updated,
        "messages": messages,
    }

"""Mail (EML and Outlook MSG): subject, people, date, body, and what is attached."""

from __future__ import annotations

import email
import email.errors
import email.header
import email.policy
from collections.abc import Callable, Iterator
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

from assistant.errors import LimitExceeded, UnreadableFile
from assistant.types import Document, Limits
from ingest.builder import DocumentBuilder
from ingest.encoding import decode
from ingest.parsers.embed import Budget, add_document, add_file
from ingest.parsers.html import add_html, parse_html
from ingest.parsers.html_clean import clean
from ingest.parsers.ooxml import DAMAGED
from ingest.parsers.text import heading_level, pieces

_SHOWN = ("From", "To", "Cc", "Date", "Reply-To")
_MAX_BYTES = 500_000_000
_MAX_PARTS = 2000


class EmlParser:
    types = frozenset({"eml"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        return _parse(path, "eml", limits)


class MsgParser:
    types = frozenset({"msg"})

    def parse(
        self,
        path: Path,
        limits: Limits,
        *,
        password: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Document:
        return _parse(path, "msg", limits)


def _parse(path: Path, format: str, limits: Limits) -> Document:
    if path.stat().st_size > _MAX_BYTES:
        raise LimitExceeded(
            f"The mail is bigger than {_MAX_BYTES // 1_000_000} MB; save its attachments and add those."
        )
    builder = DocumentBuilder(format, limits)
    add_message_file(builder, path, format, Budget(limits), 1)
    return builder.build()


def add_message_file(builder: DocumentBuilder, path: Path, format: str, budget: Budget, level: int) -> None:
    """A mail and its attachments under a heading of its subject."""
    if format == "msg":
        _add_msg(builder, path, budget, level)
    else:
        data = path.read_bytes()
        _add_eml(builder, email.message_from_bytes(data, policy=email.policy.compat32), budget, level)


# --- EML -----------------------------------------------------------------------------------------------------------
def _add_eml(builder: DocumentBuilder, message: Message, budget: Budget, level: int) -> None:
    fields = {name: header(message.get(name)) for name in _SHOWN}
    _add_head(builder, header(message.get("Subject")), fields, _date(message.get("Date")), level)
    bodies: dict[str, list[str]] = {"plain": [], "html": []}
    attached: list[tuple[str, Message]] = []
    for part in _parts(message):
        name = header(part.get_filename())
        kind, _, sub = part.get_content_type().partition("/")
        if (
            part.get_content_disposition() == "attachment"
            or (name and kind not in ("text", "image"))
            or kind == "message"
        ):
            attached.append((name, part))
        elif kind == "text" and sub in bodies:
            bodies[sub].append(_text(part))
        elif kind in ("application", "audio", "video") or (kind == "text" and sub not in ("calendar",)):
            attached.append((name or f"part.{sub}", part))
    _add_body(builder, "\n\n".join(bodies["plain"]), "\n".join(bodies["html"]))
    for name, part in attached:
        _add_attached(builder, name, part, budget, level + 1)


def _parts(message: Message) -> Iterator[Message]:
    """Leaves in order. Mails inside mails are leaves: they are attachments."""
    stack, seen = [message], 0
    while stack and seen < _MAX_PARTS:
        part = stack.pop()
        seen += 1
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            stack += [each for each in reversed(payload) if isinstance(each, Message)]
        else:
            yield part


def _add_attached(builder: DocumentBuilder, name: str, part: Message, budget: Budget, level: int) -> None:
    payload = part.get_payload()
    if (
        part.get_content_maintype() == "message"
        and isinstance(payload, list)
        and payload
        and isinstance(payload[0], Message)
    ):
        data, name = payload[0].as_bytes(), name or "message.eml"
    else:
        raw = part.get_payload(decode=True)
        data = raw if isinstance(raw, bytes) else b""
    if data and part.get_content_type() not in ("application/pgp-signature", "application/pkcs7-signature"):
        add_file(builder, name or "attachment", data, budget, level)


def _text(part: Message) -> str:
    """A text part in its stated encoding where that holds, else in the one found."""
    raw = part.get_payload(decode=True)
    data = raw if isinstance(raw, bytes) else b""
    charset = str(part.get_content_charset() or "")
    if charset and charset not in ("us-ascii", "ascii", "unknown-8bit"):
        try:
            return data.decode(charset).replace("\r\n", "\n")
        except (LookupError, UnicodeDecodeError):
            pass  # the mail says one thing and holds another: look for ourselves
    return decode(data)[0]


def header(value: object) -> str:
    """A header as people read it, on one line; encoded words decoded even where they are broken."""
    if value is None:
        return ""
    parts = []
    try:
        words = email.header.decode_header(str(value))
    except (ValueError, email.errors.HeaderParseError):
        return " ".join(str(value).split())
    for text, charset in words:
        if isinstance(text, str):
            parts.append(text)
        else:
            try:
                parts.append(text.decode(charset or "utf-8"))
            except (LookupError, UnicodeDecodeError):
                parts.append(decode(text)[0])
    return " ".join("".join(parts).encode("utf-8", "replace").decode().split())


def _date(value: object) -> str | None:
    try:
        return parsedate_to_datetime(str(value)).date().isoformat() if value else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# --- MSG -----------------------------------------------------------------------------------------------------------
def _add_msg(builder: DocumentBuilder, path: Path, budget: Budget, level: int) -> None:
    from oxmsg import Message as OutlookMessage

    try:
        message = OutlookMessage.load(str(path))
        sent = message.sent_date
        people = ", ".join(f"{r.name} <{r.email_address}>" if r.name else r.email_address for r in message.recipients)
        fields = {"From": message.sender or "", "To": people, "Date": sent.strftime("%Y-%m-%d %H:%M") if sent else ""}
        subject, plain, html = message.subject or "", message.body or "", message.html_body or ""
        attached = [(a.file_name or "attachment", a.file_bytes) for a in message.attachments]
    except Exception as error:  # damaged compound files make the library raise almost anything
        raise UnreadableFile(DAMAGED) from error
    _add_head(builder, subject, fields, sent.date().isoformat() if sent else None, level)
    _add_body(builder, plain.replace("\r\n", "\n"), html)
    for name, data in attached:
        if data:
            add_file(builder, name, data, budget, level + 1)
        else:
            builder.warn(f"The attachment {name!r} is a link or an embedded Outlook item and was not read.")


# --- both ----------------------------------------------------------------------------------------------------------
def _add_head(builder: DocumentBuilder, subject: str, fields: dict[str, str], date: str | None, level: int) -> None:
    if level == 1:
        builder.title, builder.date = subject, date
    builder.add("heading", subject or "(no subject)", level=level)
    builder.add("paragraph", "\n".join(f"{name}: {text}" for name, text in fields.items() if text))


def _add_body(builder: DocumentBuilder, plain: str, html: str) -> None:
    """The plain text; the HTML where there is no other, or where only it has tables."""
    root = parse_html(html) if html.strip() else None
    tables = root is not None and next(root.iter("th"), None) is not None
    if plain.strip() and not tables:
        for start, end in pieces(plain):
            piece = plain[start:end]
            builder.add("list" if _is_list(piece) and not heading_level(piece.strip()) else "paragraph", piece)
    elif root is not None:
        inner = DocumentBuilder(builder.format, builder.limits)
        add_html(inner, clean(root, builder.warn))
        add_document(builder, inner.build(empty_ok=True), 1)


def _is_list(piece: str) -> bool:
    lines = [line.strip() for line in piece.strip().split("\n")]
    return len(lines) > 1 and all(line.startswith(("-", "*", "•")) for line in lines)

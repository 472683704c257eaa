"""Routes that give the page its parts: escaped HTML fragments, words, file rows, static files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from assistant.api.conversations import has_files
from assistant.api.health import is_ready
from assistant.api.house import House, private_corpus
from assistant.api.needs import AnswersDep, HouseDep
from assistant.errors import NotFound, ThickshellError
from assistant.types import CorpusInfo
from assistant.ui import comparing, prompt_room, static_files
from assistant.ui import evidence as ev
from assistant.ui.files import rows
from assistant.ui.receipts import sections
from assistant.ui.sentences import SETTINGS, translated
from assistant.ui.templating import render
from assistant.ui.transcript import messages
from assistant.ui.ways import about, elsewhere, first_way, newest, ways
from assistant.ui.words import Language, dictionary, language_of

router = APIRouter(prefix="/ui", default_response_class=HTMLResponse)
router.include_router(prompt_room.router)
router.include_router(comparing.router)
SAMPLE = "thickshell guide"
SAMPLE_QUESTIONS: dict[Language, tuple[str, ...]] = {
    "en": ("How many cars travelled in June?", "Which file types can be read?", "What does a monthly pass cost?"),
    "zh": ("扫描件是怎样读取的？", "没有网络也能使用吗？", "有密码的文件怎么办？"),
}
QUESTIONS: dict[Language, tuple[str, ...]] = {"en": ("What is in here?",), "zh": ("这里有哪些内容？",)}
SHOWN = 200_000
"""Characters of a document's text that its view shows."""


@router.get("/static/{version}/{name:path}")
def static(version: str, name: str) -> Response:
    found = static_files.read(name)
    if found is None or version != static_files.version():
        return Response("Not found.", 404, media_type="text/plain")
    return Response(found[0], media_type=found[1])


@router.get("/words")
def words(request: Request) -> Response:
    language = language_of(request)
    data = {
        "language": language,
        "words": dictionary(language),
        "limit_mb": request.app.state.house.settings.max_upload_mb,
    }
    return JSONResponse(data)


@router.get("/model")
def model(house: HouseDep) -> Response:
    return JSONResponse({"ready": is_ready(house)})


@router.get("/rail")
def rail(request: Request, house: HouseDep, q: str = "", current: str = "") -> str:
    found = house.chats.list(q)
    language = language_of(request)
    now = datetime.now(UTC)
    groups = [(key, list(group)) for key, group in groupby(found, key=lambda row: age(row["updated"], now))]
    return render(
        "rail",
        language,
        groups=groups,
        current=current,
        q=q,
        corpora=public(house),
        health=health_of,
        ready=is_ready(house),
        host=next(filter(None, (elsewhere(house.place(name)) for name in house.brains[1:])), ""),
        models=house.brains[1:],
    )


@router.get("/chooser")
def chooser(request: Request, house: HouseDep, chosen: str = "") -> str:
    language = language_of(request)
    return render(
        "chooser",
        language,
        corpora=public(house),
        chosen=chosen,
        ways=ways(house.brains, language),
        first=first_way(house.brains, house.settings),
        personas=newest(house.prompts.list("persona"), language),
        persona=house.settings.persona,
    )


@router.get("/brain")
def brain(request: Request, house: HouseDep, name: str) -> Response:
    """What to know of a model before asking it; `problem` where it cannot be asked."""
    language = language_of(request)
    host = elsewhere(house.place(name))
    try:
        return JSONResponse({"about": about(house.generator(name).info, host, language)})
    except ThickshellError as error:
        return JSONResponse({"problem": translated(str(error), language)})


@router.get("/only")
def only(house: HouseDep, corpus: str = "") -> Response:
    """Names of the documents that a question over this corpus, or over all, may be restricted to."""
    known = [info.name for info in public(house)]
    wanted = [name for name in known if not corpus or name == corpus]
    names = {info.name for name in wanted for info in house.library.documents(name) if info.searchable}
    return JSONResponse({"names": sorted(names, key=str.casefold)})


@router.get("/transcript")
def transcript(request: Request, house: HouseDep, answers: AnswersDep, conversation: str = "", corpus: str = "") -> str:
    language = language_of(request)
    if not conversation:
        return render("welcome", language, examples=examples(house, language, corpus), corpora=public(house))
    running = answers.running(conversation)
    found = house.chats.get(conversation)
    abstained = bool(found["messages"]) and bool((found["messages"][-1].get("answer") or {}).get("abstained"))
    shown = messages(found["messages"], language, running.now.message if running else None)
    files = house.library.documents(private_corpus(conversation)) if has_files(house, conversation) else []
    return render(
        "transcript",
        language,
        messages=shown,
        files=files,
        conversation=conversation,
        running=running,
        corpora=public(house),
        models=house.brains[1:],
        unread=sum(job.open for job in house.library.jobs()) if abstained else 0,
    )


@router.get("/evidence")
def evidence(request: Request, house: HouseDep, message: str = "", n: int = 1, tab: str = "sources") -> str:
    language = language_of(request)
    answer: Mapping[str, Any] | None = house.chats.message(message).get("answer") if message else None
    shown: dict[str, Any] = {"tab": tab, "answer": answer, "sources": [], "one": None, "n": 0, "sheet": None}
    shown |= {"receipt": [], "parts": [], "message": message}
    if answer is None:
        return render("evidence", language, **shown)
    if tab == "receipt":
        shown |= {"receipt": ev.receipt_rows(answer.get("receipt") or {}), "parts": sections(answer, language)}
        return render("evidence", language, **shown)
    found = ev.sources(house.library, answer)
    one = next((source for source in found if source.n == n), found[0] if found else None)
    sheet = None
    if tab == "table" and one is not None and (document := ev.document_of(house.library, one.corpus, one.document)):
        table = ev.table_of(document, one.start, one.end)
        sheet = ev.sheet(table, one.start, one.end, one.said) if table else None
    shown |= {"sources": found, "one": one, "n": one.n if one else 0, "sheet": sheet}
    return render("evidence", language, **shown)


@router.get("/receipt")
def receipt(message: str, house: HouseDep) -> Response:
    """The receipt as a file: all of it, with the answer it made."""
    stored = house.chats.message(message)["answer"]
    if not stored or not stored.get("receipt"):
        raise NotFound(f"The message {message} has no receipt to go by; give the id of a whole answer.")
    kept = ("question", "searched", "answer", "brain", "tier", "receipt_id", "receipt", "timings_ms")
    row = {"message": message} | {name: stored.get(name) for name in kept}
    disposition = f'attachment; filename="receipt-{message[:12]}.json"'
    text = json.dumps(row, ensure_ascii=False, indent=2) + "\n"
    return Response(text, media_type="application/json", headers={"Content-Disposition": disposition})


@router.get("/corpora")
def corpora(request: Request, house: HouseDep, current: str = "") -> str:
    found = public(house)
    chosen = next((info for info in found if info.name == current), found[0] if found else None)
    limit = house.settings.max_upload_mb
    shown = f"{limit // 1024} GB" if limit % 1024 == 0 else f"{limit} MB"
    return render("corpora", language_of(request), corpora=found, current=chosen, limit=shown, health=health_of)


@router.get("/files")
def files(request: Request, corpus: str, house: HouseDep) -> Response:
    """The rows of a corpus's list; null where the corpus is gone: a page that still asks for it has not heard yet."""
    try:
        # Jobs first: one that ends in between is still shown as open, and the page asks again. The other way round, a
        # document would be shown as it was before its job ended, for good.
        jobs, documents = house.library.jobs(corpus), house.library.documents(corpus)
    except NotFound:
        return JSONResponse(None)
    return JSONResponse(rows(documents, jobs, language_of(request)))


@router.get("/document")
def document(request: Request, corpus: str, name: str, house: HouseDep) -> str:
    info = house.library.info(corpus, name)
    text = ""
    if info.searchable and info.state in {"words", "ready"}:
        text = house.library.document(corpus, name).text
    return render("document", language_of(request), info=info, text=text[:SHOWN], cut=len(text) > SHOWN, shown=SHOWN)


@router.get("/settings")
def settings_(request: Request, house: HouseDep) -> str:
    fields = type(house.settings).model_fields
    language = language_of(request)
    meant = SETTINGS if language == "zh" else {}
    listed = [
        (name, getattr(house.settings, name), meant.get(name, field.description)) for name, field in fields.items()
    ]
    return render("settings", language, listed=listed, home=house.settings.home, models=house.brains[1:])


@router.get("/part/{name}")
def part(request: Request, house: HouseDep, name: Literal["top", "composer", "help"]) -> str:
    return render(name, language_of(request), models=house.brains[1:])


def public(house: House) -> list[CorpusInfo]:
    return house.library.corpora()


def health_of(info: CorpusInfo) -> str:
    """The dot beside a corpus: never green where a file failed or nothing is in it."""
    return "bad" if info.failed else "ok" if info.passages else ""


def examples(house: House, language: Language, corpus: str = "") -> list[str]:
    """First questions: those of the sample corpus where it is asked, else one that any documents can answer."""
    names = {info.name for info in public(house)}
    asked = corpus if corpus in names else SAMPLE
    return list((SAMPLE_QUESTIONS if asked == SAMPLE and SAMPLE in names else QUESTIONS)[language]) if names else []


def age(updated: str, now: datetime) -> str:
    """The heading a conversation stands under.

    >>> age("2026-01-05T10:00:00+00:00", datetime(2026, 1, 6, 9, tzinfo=UTC))
    'yesterday'
    """
    try:
        then = datetime.fromisoformat(updated)
    except ValueError:
        return "older"
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    days = (now.astimezone().date() - then.astimezone().date()) / timedelta(days=1)
    return "today" if days < 1 else "yesterday" if days < 2 else "week" if days < 7 else "older"
